"""What units are called: as printed, with the root in front, or by a name that only one has."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pytest

from zkperf.errors import InputError, InvalidName
from zkperf.ledger.paths import SHOWN, check_units, find_unit, full_path, listed, names_to, unit_path


class Unit(NamedTuple):
    name: str
    parent: int | None


TREE = [
    Unit("Springfield", None),
    Unit("North", 0),
    Unit("Library", 1),
    Unit("Surgery", 1),
    Unit("South", 0),
    Unit("Library", 4),
    Unit("Springfield", 0),
    Unit("24/7 hotline", 0),
]
SERVICES = (2, 3, 5, 6, 7)
PATHS = [
    "Springfield",
    "North",
    "North/Library",
    "North/Surgery",
    "South",
    "South/Library",
    "Springfield",
    "24/7 hotline",
]


def find(text: str, among: Collection[int] = SERVICES) -> int:
    return find_unit(TREE, text, among, "service")


def test_paths() -> None:
    assert [unit_path(TREE, unit) for unit in range(len(TREE))] == PATHS
    assert full_path(TREE, 3) == "Springfield/North/Surgery"
    assert names_to(TREE, 3) == ("Springfield", "North", "Surgery")


def test_units_are_found_as_they_are_printed() -> None:
    assert [find(PATHS[unit]) for unit in SERVICES] == list(SERVICES)
    assert [find(full_path(TREE, unit)) for unit in SERVICES] == list(SERVICES)


def test_a_service_called_like_the_root_is_found_among_services_and_the_root_among_groups() -> None:
    assert (find("Springfield"), find("Springfield", (0, 1, 4))) == (6, 0)
    with pytest.raises(InputError, match=r"'Springfield' is one of: Springfield, Springfield/Springfield$"):
        find("Springfield", range(8))


def test_a_name_that_one_service_has_is_enough() -> None:
    assert find("Surgery") == 3


def test_case_and_composition_do_not_count() -> None:
    assert (find("north/SURGERY"), find("２４/7 hotline")) == (3, 7)


def test_several_are_refused_and_listed() -> None:
    with pytest.raises(InputError, match=r"^service 'Library' is one of: North/Library, South/Library$"):
        find("Library")


def test_none_is_refused_with_what_there_is() -> None:
    with pytest.raises(
        InputError, match=r"^the round has no service 'Zoo'; it has: North/Library, North/Surg"
    ):
        find("Zoo")
    with pytest.raises(InputError, match=r"^North is no service; the round has: North/Library"):
        find("North")


def test_long_lists_are_cut() -> None:
    many = [Unit("all", None), *(Unit(f"s{n}", 0) for n in range(SHOWN + 5))]
    assert listed(many, range(1, len(many))).endswith(f"s{SHOWN - 1} and 5 more")


@pytest.mark.parametrize(
    ("units", "match"),
    [
        ([Unit("all", None), Unit("A", 0), Unit("A", 0)], "two units are called 'A'"),
        ([Unit("all", None), Unit("A", 0), Unit("a", 0)], "units 'A' and 'a' read alike"),
        ([Unit("all", None), Unit("A", 0), Unit("B", 1), Unit("A/B", 0)], "two units are called 'A/B'"),
        ([Unit("all ", None)], "unit 0: it begins or ends with a blank"),
        ([Unit("all", None), Unit("", 0)], "unit 1: a name is missing"),
    ],
)
def test_what_could_not_be_told_apart_is_refused(units: list[Unit], match: str) -> None:
    with pytest.raises(InvalidName, match=match):
        check_units(units)


def test_units_of_one_name_under_different_parents_are_told_apart() -> None:
    check_units(TREE)
    with pytest.raises(
        InvalidName, match="units 'North/Library' and 'South/Library' read alike, by their names"
    ):
        check_units(TREE, SERVICES)
