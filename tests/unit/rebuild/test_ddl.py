"""A CREATE TABLE text comes apart into exactly the characters it is made of."""

from __future__ import annotations

import pytest

from drydock.rebuild.ddl import join, parse

TEXTS = [
    "CREATE TABLE t(a)",
    "CREATE TABLE t(a,\n b /* , ) */, -- about b, too\n c -- about c\n)",
    'CREATE TABLE "t (x)"(a DEFAULT \'(,\', "b,c" [d e](10, 2) NOT NULL ON CONFLICT ROLLBACK)',
    "CREATE TABLE t(a, PRIMARY KEY(a) CONSTRAINT u UNIQUE(a) CHECK(a IN (1, 2))) STRICT",
    "CREATE TABLE t(a REFERENCES p(x) ON DELETE SET NULL NOT DEFERRABLE NOT NULL) WITHOUT ROWID",
    "CREATE TABLE t(a generated, b AS (a || ')') STORED, c INT GENERATED ALWAYS AS (1))",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_parsed_and_rendered_is_itself(text):
    assert parse(text).render() == text


def test_constraints_are_known_by_kind_name_and_place():
    """Names, conflict clauses, actions and deferral belong to the constraint they follow."""
    create = parse(
        "CREATE TABLE t(a INT CONSTRAINT nn NOT NULL ON CONFLICT FAIL DEFAULT -1 COLLATE nocase, "
        "b REFERENCES p(x) ON DELETE SET NULL ON UPDATE CASCADE NOT DEFERRABLE UNIQUE, "
        "CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p MATCH full)"
    )
    item, a = create.column("A")
    assert (a.name, a.type) == ("a", "INT")
    assert [(one.kind, one.name) for one in a.constraints] == [
        ("NOT NULL", "nn"), ("DEFAULT", None), ("COLLATE", None),
    ]  # fmt: skip
    assert item.inner(a.find("DEFAULT")) == "-1"
    _, b = create.column("b")
    assert [one.kind for one in b.constraints] == ["REFERENCES", "UNIQUE"]
    [(_, foreign)] = create.constraints
    assert (foreign.kind, foreign.name) == ("FOREIGN KEY", "fk")


def test_a_type_may_be_called_generated_and_hold_quoted_words():
    create = parse('CREATE TABLE t(a generated, b "check" VARYING (1, 2) NULL, c)')
    assert [column.type for _, column in create.columns] == [
        "generated", '"check" VARYING (1, 2)', "",
    ]  # fmt: skip


def test_a_comment_on_an_items_line_is_the_items():
    """It goes where the item goes; a comment on its own line stands before the next item."""
    create = parse("CREATE TABLE t(a, -- of a\n  -- of b\n  b -- of b, too\n)")
    first, second = create.items
    assert first.trail == " -- of a"
    assert second.before == "\n  -- of b\n  "
    assert second.gap == " -- of b, too"


@pytest.mark.parametrize("text", ["CREATE VIEW v AS SELECT 1", "CREATE VIRTUAL TABLE f USING x(a)"])
def test_what_is_no_table_is_refused(text):
    with pytest.raises(ValueError, match="not a CREATE TABLE"):
        parse(text)


def test_code_never_lands_in_a_line_comment():
    assert join(["a -- x", " b"]) == "a -- x\n b"
    assert join(["'-- x'", " b"]) == "'-- x' b"
