from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drydock.schema.cards import Card, Reference, Row, cards_of, references_of
from drydock.schema.diagram import mermaid, svg
from drydock.schema.difference import difference
from drydock.schema.layout import CARD_WIDTH, arranged

BEFORE = """
CREATE TABLE trips(id INTEGER PRIMARY KEY, name TEXT NOT NULL, cost DECIMAL(10,2), old TEXT);
INSERT INTO trips VALUES (1, 'x', 2.5, 'o');
CREATE TABLE legs(id INTEGER PRIMARY KEY, trip INTEGER REFERENCES trips);
INSERT INTO legs VALUES (1, 1);
CREATE TABLE gone(id INTEGER PRIMARY KEY, leg REFERENCES legs(id));
CREATE INDEX idx_name ON trips(name);
"""
AFTER = """
CREATE TABLE trips(id INTEGER PRIMARY KEY, name TEXT NOT NULL, cost REAL, tag TEXT);
CREATE TABLE legs(id INTEGER PRIMARY KEY, trip INTEGER REFERENCES trips);
CREATE TABLE fresh(id INTEGER PRIMARY KEY, trip NOT NULL REFERENCES trips(id));
"""
ODD = """
CREATE TABLE "<b>&'\"\"x"(id INTEGER PRIMARY KEY, "]]>" "A <TYPE>", "new
line" TEXT, "bell\a" INT);
CREATE TABLE child("a b" REFERENCES "<b>&'\"\"x", UNIQUE ("a b"));
"""

SPACE = "{http://www.w3.org/2000/svg}"


def texts(picture):
    return [element.text for element in ET.fromstring(picture).iter(f"{SPACE}text")]


def group(picture, title):
    """Return the group of a card, row or line by its title."""
    for element in ET.fromstring(picture).iter(f"{SPACE}g"):
        if element.findtext(f"{SPACE}title") == title:
            return element
    raise AssertionError(f"nothing is titled {title!r}")


def test_every_table_column_type_and_key_is_drawn(schema_of):
    shown = texts(svg(schema_of(BEFORE)))
    for text in ("trips", "legs", "gone", "name*", "cost", "DECIMAL(10,2)", "PK", "FK"):
        assert text in shown
    key = "legs: FOREIGN KEY (trip) REFERENCES trips (id)"
    assert group(svg(schema_of(BEFORE)), key) is not None


def test_changes_are_marked_by_sign_and_colour(schema_of):
    """Colour alone would not reach everyone, nor a black and white print."""
    before, after = schema_of(BEFORE), schema_of(AFTER)
    picture = svg(after, difference(before, after))
    for title, css, sign in (
        ("fresh (added)", "added", "+ fresh"),
        ("gone (removed)", "removed", "− gone"),  # noqa: RUF001 - the sign as drawn
        ("trips (changed)", "changed", "~ trips"),
    ):
        card = group(picture, title)
        assert card.get("class") == css
        assert card.find(f"{SPACE}text").text == sign
    for title, css, sign in (
        ("tag TEXT", "added", "+"),
        ("old TEXT", "removed", "−"),  # noqa: RUF001
        ("cost REAL (type DECIMAL(10,2) → REAL)", "changed", "~"),
        ("index:idx_name ON trips (name)", "removed", "−"),  # noqa: RUF001
    ):
        first, second = list(group(picture, title).iter(f"{SPACE}text"))[:2]
        assert first.text == sign
        assert css in first.get("class")
        assert ("gone" in second.get("class")) is (css == "removed")
    added = "fresh: FOREIGN KEY (trip) REFERENCES trips (id) (added)"
    assert group(picture, added) is not None
    removed = "gone: FOREIGN KEY (leg) REFERENCES legs (id) (removed)"
    assert group(picture, removed) is not None
    assert not group(picture, "legs").get("class")


def test_a_removed_table_is_drawn_with_the_columns_it_had(schema_of):
    before, after = schema_of(BEFORE), schema_of(AFTER)
    cards = {card.name: card for card in cards_of(after, difference(before, after))}
    assert [row.name for row in cards["gone"].rows] == ["id", "leg"]
    assert [row.sign for row in cards["gone"].rows] == ["", ""]  # the card's sign says it


def test_without_a_difference_nothing_is_marked(schema_of):
    picture = svg(schema_of(BEFORE))
    assert not [one for one in texts(picture) if one.startswith(("+", "~"))]
    assert "added" not in texts(picture)[-1]


@pytest.mark.parametrize("more", ["", "ALTER TABLE one ADD COLUMN tag"])
def test_one_table_is_as_wide_as_the_legend_beneath_it(schema_of, more):
    """A letter of 12px monospace is 7.2 pixels wide."""
    before, after = (schema_of(f"CREATE TABLE one(id); {text}") for text in ("", more))
    picture = ET.fromstring(svg(after, difference(before, after)) if more else svg(before))
    legend = list(picture.iter(f"{SPACE}text"))[-1]
    end = float(legend.get("x")) + 7.2 * len(legend.text)
    assert end <= float(picture.get("width")) < end + 60
    assert picture.get("viewBox").split()[2] == picture.get("width")


def test_f_every_text_is_escaped_and_nothing_is_fetched(schema_of):
    """A name is data: markup in it must not become markup, and XML must stay well formed."""
    picture = svg(schema_of(ODD))
    shown = texts(picture)
    assert "<b>&'\"x" in shown
    assert "]]>" in shown
    assert "new\N{REPLACEMENT CHARACTER}line" in shown
    assert not list(ET.fromstring(picture).iter(f"{SPACE}script"))
    assert re.findall(r"https?://[^\"]+", picture) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in picture


def test_the_picture_is_accessible_and_follows_the_readers_theme(schema_of):
    root = ET.fromstring(svg(schema_of(BEFORE)))
    assert root.get("role") == "img"
    assert root.findtext(f"{SPACE}title") == root.get("aria-label") == "Database schema: 3 tables"
    assert root.findtext(f"{SPACE}desc") == "trips, legs, gone"
    style = root.findtext(f"{SPACE}style")
    assert "prefers-color-scheme:dark" in style
    # In a page of several, the style must reach nothing else.
    selectors = re.findall(r"(?:^|[},])\s*([^@{},]+)\{", style)
    assert {one.split()[0] for one in selectors} == {".drydock-diagram"}


def test_the_same_schema_gives_the_same_picture(everything):
    assert svg(everything) == svg(everything)


def test_an_empty_schema_is_a_picture_too(schema_of):
    assert "0 tables" in svg(schema_of(""))
    assert mermaid(schema_of("")) == "erDiagram\n"


def test_shadow_tables_and_hidden_columns_are_left_out(everything):
    names = [card.name for card in cards_of(everything)]
    assert "search" in names
    assert "search_data" not in names
    search = next(card for card in cards_of(everything) if card.name == "search")
    assert [row.name for row in search.rows] == ["body"]
    assert search.kind == "fts5"


def names_and_links():
    names = [f"t{n}" for n in range(9)]
    pair = st.tuples(st.sampled_from(names), st.sampled_from(names))
    return st.tuples(
        st.lists(st.integers(1, 30), min_size=9, max_size=9), st.lists(pair, max_size=14)
    )


def crosses(start, end, place):
    """Return whether the straight way between two corners enters the inside of a card."""
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    return (
        left < place.x + CARD_WIDTH - 1
        and right > place.x + 1
        and top < place.y + place.height - 1
        and bottom > place.y + 1
    )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(names_and_links())
def test_no_card_overlaps_another_and_no_line_runs_behind_one(drawn):
    """For any schema, cycles and self references included; every line joins its two rows."""
    sizes, links = drawn
    cards = [
        Card(f"t{n}", tuple(Row(f"c{i}") for i in range(size))) for n, size in enumerate(sizes)
    ]
    rows = {card.name: len(card.rows) for card in cards}
    references = [
        Reference(child, at % rows[child], parent, 0, "")
        for at, (child, parent) in enumerate(links)
    ]
    layout = arranged(cards, references)
    places = {place.card.name: place for place in layout.places}
    assert places.keys() == rows.keys()
    for place in layout.places:
        assert 0 <= place.x <= layout.width - CARD_WIDTH
        assert 0 <= place.y <= layout.height - place.height
        for other in layout.places:
            if other is not place and other.column == place.column:
                assert place.y + place.height < other.y or other.y + other.height < place.y
    for wire in layout.wires:
        child, parent = places[wire.reference.child], places[wire.reference.parent]
        assert wire.points[0] == (child.x, child.row_middle(wire.reference.child_row))
        assert wire.points[-1][1] == parent.row_middle(0)
        for start, end in zip(wire.points, wire.points[1:], strict=False):
            assert start[0] == end[0] or start[1] == end[1]
            assert not [p.card.name for p in layout.places if crosses(start, end, p)]


def test_parents_stand_left_of_their_children(schema_of):
    schema = schema_of(BEFORE)
    layout = arranged(cards_of(schema), references_of(schema))
    column = {place.card.name: place.column for place in layout.places}
    assert column["trips"] < column["legs"] < column["gone"]


def test_a_reference_to_itself_does_not_move_a_parent(schema_of):
    """Cycles are cut by name; a table that refers to itself alone is no cycle to cut."""
    table = "CREATE TABLE z(id PRIMARY KEY, up REFERENCES z);"
    schema = schema_of(f"{table} CREATE TABLE a(z REFERENCES z)")
    layout = arranged(cards_of(schema), references_of(schema))
    assert [place.card.name for place in layout.places] == ["z", "a"]


@pytest.mark.parametrize("count", [14, 25])
def test_lone_tables_fill_a_page_and_not_a_tower(count):
    cards = [Card(f"t{n}", tuple(Row(f"c{i}") for i in range(8))) for n in range(count)]
    layout = arranged(cards, [])
    assert 0.3 < layout.height / layout.width < 1.3


def test_mermaid_has_tables_keys_and_relations(schema_of):
    assert mermaid(schema_of(BEFORE)) == (
        "erDiagram\n"
        '    "gone" {\n'
        "        INTEGER id PK\n"
        "        any leg FK\n"
        "    }\n"
        '    "legs" {\n'
        "        INTEGER id PK\n"
        "        INTEGER trip FK\n"
        "    }\n"
        '    "trips" {\n'
        "        INTEGER id PK\n"
        '        TEXT name "NOT NULL"\n'
        '        DECIMAL(10_2) cost "DECIMAL(10,2)"\n'
        "        TEXT old\n"
        "    }\n"
        '    "legs" |o--o{ "gone" : "leg"\n'
        '    "trips" |o--o{ "legs" : "trip"\n'
    )


def test_mermaid_keeps_odd_names_in_what_it_can_hold(schema_of):
    """Checked by hand against mermaid 11: this text parses and draws."""
    text = mermaid(schema_of(ODD))
    assert "    \"<b>&''x\" {\n" in text
    assert '        A__TYPE_ _]]_ "]]> A <TYPE>"\n' in text
    assert '        TEXT new_line "new line"\n' in text
    assert '        any a_b FK, UK "a b"\n' in text
    assert '    "<b>&\'\'x" |o--o{ "child" : "a b"\n' in text


@pytest.mark.parametrize("name", ["pk", "FK", "Uk"])
def test_mermaid_columns_are_not_taken_for_keys(schema_of, name):
    text = mermaid(schema_of(f"CREATE TABLE class({name} INT)"))
    assert f'    "class" {{\n        INT _{name} "{name}"\n' in text


@pytest.mark.parametrize(("name", "entity"), [("50% \\ x", '"50_ _ x"'), ("", '"_"')])
def test_mermaid_tables_hold_only_what_its_quotes_can(schema_of, name, entity):
    assert f"    {entity} {{\n" in mermaid(schema_of(f'CREATE TABLE "{name}"(a)'))
