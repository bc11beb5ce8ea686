"""What is pending follows from sets, never from a high-water mark."""

from __future__ import annotations

from pathlib import Path

import pytest

from drydock import plan
from drydock.ledger import Entry
from drydock.migration import Migration, order
from drydock.plan import UnknownMigration


def files(*names, checksum="same"):
    found = [Migration(name, Path(f"{name}.sql"), "", checksum) for name in names]
    return tuple(sorted(found, key=order))


def applied(*names):
    return tuple(Entry(n, name, "same", "", 0.0, "") for n, name in enumerate(names, start=1))


def named(found):
    return [each.name for each in found]


def test_what_is_not_in_the_ledger_is_pending_wherever_it_stands():
    """A branch merged late brings a lower number; it is run, and told."""
    made = plan.make(applied("001_a", "003_c"), files("001_a", "002_b", "003_c", "004_d"))
    assert named(made.pending) == ["002_b", "004_d"]
    assert named(made.out_of_order) == ["002_b"]
    assert made.is_clean


def test_edited_and_missing_files_are_told():
    """Either means that files and database tell two histories."""
    made = plan.make(applied("001_a", "002_b"), files("001_a", checksum="other"))
    assert (named(made.edited), named(made.missing)) == (["001_a"], ["002_b"])
    assert not made.is_clean
    assert made.pending == ()


def test_files_that_share_a_number_are_told_as_twins():
    """Padding does not make another number; names without one have no twin."""
    made = plan.make((), files("7_a", "007_b", "8_c", "a", "b"))
    assert [named(group) for group in made.twins] == [["007_b", "7_a"]]


def test_nothing_applied_is_nothing_out_of_order():
    """A new database runs them all."""
    made = plan.make((), files("2", "1", "x"))
    assert named(made.pending) == ["1", "2", "x"]
    assert made.out_of_order == made.edited == made.missing == ()


@pytest.mark.parametrize("target", ["002_b", "002_b.sql", "2", "002", "0002"])
def test_a_target_is_a_name_a_file_or_a_number(target):
    """Up to it, and with it."""
    made = plan.make(applied("001_a"), files("001_a", "002_b", "003_c"))
    assert named(plan.up_to(made, target)) == ["002_b"]
    assert named(plan.up_to(made, None)) == ["002_b", "003_c"]


@pytest.mark.parametrize("target", ["001_a", "1", "001"])
def test_a_target_that_was_applied_leaves_nothing_to_do(target):
    """It is no error to ask twice."""
    assert plan.up_to(plan.make(applied("001_a"), files("001_a", "002_b")), target) == ()


def test_an_unknown_target_is_told_with_the_nearest_names():
    """A typing error must not run everything."""
    made = plan.make(applied("001_create_trips"), files("001_create_trips", "002_add_trip_tags"))
    with pytest.raises(
        UnknownMigration, match="there is no migration named '002_add_trip_tag'"
    ) as e:
        plan.up_to(made, "002_add_trip_tag")
    assert e.value.hint.startswith("did you mean: 002_add_trip_tags")
    with pytest.raises(UnknownMigration) as caught:
        plan.up_to(made, "9999999")
    assert caught.value.hint == "list them: inv status"


def test_a_number_names_a_file_that_is_only_a_number_or_has_another_mark():
    """Prefixes end where the digits end, as for the order."""
    made = plan.make((), files("1-first", "2.second", "3"))
    for target, count in (("1", 1), ("2", 2), ("3", 3)):
        assert len(plan.up_to(made, target)) == count


def test_a_name_that_is_in_both_is_offered_once():
    """In the ledger and among the files."""
    error = UnknownMigration("002_ad", ("001_a", "002_add", "001_a", "002_add"))
    assert error.hint.count("002_add") == 1
