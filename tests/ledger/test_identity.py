"""Who is the same in two rounds."""

from __future__ import annotations

from zkperf.ledger.figure_transactions import FiguresOpened, Place
from zkperf.ledger.identity import paths, providers, services
from zkperf.ledger.transactions import RoundOpened, Unit

ONE, TWO = bytes([1]) * 32, bytes([2]) * 32


def opened(*units: tuple[str, int | None, bytes | None]) -> RoundOpened:
    listed = tuple(Unit(name=name, parent=parent, registrar=key) for name, parent, key in units)
    return RoundOpened(
        signature=bytes(64),
        evaluator=bytes(32),
        scheme=bytes(32),
        name="r",
        min_cohort=2,
        units=listed,
        at=0,
        until=None,
    )


def figures(*units: tuple[str, int | None, bytes | None]) -> FiguresOpened:
    return FiguresOpened(
        signature=bytes(64),
        evaluator=bytes(32),
        scheme=bytes(32),
        period="2024",
        previous=None,
        ratings=(),
        min_cohort=2,
        units=tuple(Place(name=name, parent=parent, provider=key) for name, parent, key in units),
        auditors=(),
        at=0,
        until=None,
    )


def test_a_path_begins_below_the_root() -> None:
    tree = opened(("city", None, None), ("North", 0, None), ("Library", 1, ONE), ("Baths", 0, ONE))
    assert paths(tree.units) == [(), ("north",), ("north", "library"), ("baths",)]


def test_a_root_that_is_the_service_is_called_by_its_own_name() -> None:
    """Else every two rounds of one service each would have the same."""
    alone = opened(("Library", None, ONE))
    assert services(alone) == {(("library",), ONE): 0}
    assert services(alone).keys() == services(opened(("city", None, None), ("LIBRARY", 0, ONE))).keys()
    assert not services(alone).keys() & services(opened(("Baths", None, ONE))).keys()


def test_names_that_read_alike_are_the_same() -> None:
    written = ["Café", "Cafe\u0301", "CAFÉ", "\uff23afé"]
    first, *others = [services(opened(("city", None, None), (name, 0, ONE))) for name in written]
    assert all(other == first for other in others)
    assert services(opened(("city", None, None), ("Cafe", 0, ONE))).keys() != first.keys()


def test_a_service_is_its_path_and_its_registrar() -> None:
    tree = opened(("all", None, None), ("A", 0, ONE), ("B", 0, TWO))
    assert services(tree) == {(("a",), ONE): 1, (("b",), TWO): 2}


def test_a_provider_is_its_path_or_its_key() -> None:
    tree = figures(("all", None, None), ("A", 0, ONE), ("group", 0, None), ("A", 2, TWO))
    assert providers(tree) == {ONE: 1, ("a",): 1, TWO: 3, ("group", "a"): 3}
