"""By what names published figures are traced."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zkperf.errors import InputError
from zkperf.roles.trace import Meant, figure_of

TREE = (
    ("all", None, False),
    ("North", 0, False),
    ("Central", 1, False),
    ("South", 0, False),
    ("Central", 3, False),
    ("Ash", 2, True),
    ("Oak", 4, True),
    ("25", 0, False),
    ("Elm/Fir", 7, True),
)


def round_of(digits: str, period: str, result: bytes | None, tree: Any = TREE) -> Any:
    named = [SimpleNamespace(id=name) for name in ("quality", "turnover")]
    scheme = SimpleNamespace(indicators=named, claims=[SimpleNamespace(id="improved")], index=object())
    units = [
        SimpleNamespace(name=name, parent=parent, provider=b"" if leaf else None)
        for name, parent, leaf in tree
    ]
    return SimpleNamespace(
        digest=bytes.fromhex(digits.ljust(64, "0")),
        opened=SimpleNamespace(period=period, units=units),
        scheme=SimpleNamespace(scheme=scheme),
        result=result,
    )


def state_of(*rounds: Any) -> Any:
    return SimpleNamespace(figure_rounds={item.digest: item for item in rounds})


STATE = state_of(
    round_of("aaaaaa", "2023", b""),
    round_of("bbbbbb", "2023", b""),
    round_of("cccccc", "Q1 2024", b""),
    round_of("dddddd", "2024/25", b""),
    round_of("eeeeee", "2025", None),
    round_of("ffffff", "Q1 2024", None),
    round_of("abcdef", "2024", b""),
)


def meant(result: str) -> tuple[str, int, int, str | None]:
    found = figure_of(STATE, result)
    return found.round.digest.hex()[:6], found.unit, found.number, found.kind


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("Q1 2024/North/quality.mean", ("cccccc", 1, 0, "mean")),
        ("q1 2024/NORTH/Turnover.share", ("cccccc", 1, 1, "share")),
        ("Q1 2024/South/Central/turnover.sum", ("cccccc", 4, 1, "sum")),
        ("Q1 2024/all/South/Central/turnover.sum", ("cccccc", 4, 1, "sum")),
        ("Q1 2024/total/quality", ("cccccc", 0, 0, "mean")),
        ("Q1 2024/all/quality", ("cccccc", 0, 0, "mean")),
        ("Q1 2024/Ash/improved", ("cccccc", 5, 0, None)),
        ("Q1 2024/North/Central/Ash/improved", ("cccccc", 5, 0, None)),
        ("Q1 2024/Ash/grade", ("cccccc", 5, 1, None)),
        ("Q1 2024/Elm/Fir/index", ("cccccc", 8, 1, None)),
        ("2024/25/Ash/grade", ("dddddd", 5, 1, None)),
        ("2024/Ash/grade", ("abcdef", 5, 1, None)),
        ("aaaaaa/Ash/grade", ("aaaaaa", 5, 1, None)),
        ("bbbbbb00/North/quality.mean", ("bbbbbb", 1, 0, "mean")),
    ],
)
def test_a_figure_goes_by_its_round_and_its_unit_as_printed(
    result: str, expected: tuple[str, int, int, str | None]
) -> None:
    assert meant(result) == expected


@pytest.mark.parametrize(
    ("result", "names"),
    [
        ("2023/Ash/grade", ["aaaaaa000000/Ash/index", "bbbbbb000000/Ash/index"]),
        (
            "Q1 2024/Central/quality.mean",
            ["cccccc000000/North/Central/quality.mean", "cccccc000000/South/Central/quality.mean"],
        ),
        # the group 25 of 2024, or all of 2024/25
        ("2024/25/quality", None),
    ],
)
def test_no_figure_hides_another(result: str, names: list[str] | None) -> None:
    if names is None:
        assert meant(result) == ("abcdef", 7, 0, "mean")
        return
    with pytest.raises(InputError) as refused:
        figure_of(STATE, result)
    assert str(refused.value) == f"{result!r} is more than one figure; name one of: {', '.join(names)}"
    found = [figure_of(STATE, name) for name in names]
    assert [item.name() for item in found] == names


def test_a_group_called_total_is_told_from_all_together() -> None:
    tree = (("all", None, False), ("Total", 0, False), ("Ash", 1, True))
    state = state_of(round_of("aaaaaa", "2023", b"", tree))
    with pytest.raises(
        InputError, match=r"name one of: aaaaaa000000/all/quality\.sum, aaaaaa000000/Total/qual"
    ):
        figure_of(state, "2023/total/quality.sum")
    assert figure_of(state, "2023/all/quality.sum").unit == 0
    assert figure_of(state, "2023/all/Total/quality.sum").unit == 1


@pytest.mark.parametrize(
    "result", ["2025/Ash/grade", "eeeeee/Ash/grade", "aaaaa/Ash/grade", "2022/Ash/grade", ""]
)
def test_what_is_not_published_is_not_there(result: str) -> None:
    with pytest.raises(InputError, match=r"periods are: 2023, Q1 2024, 2024/25, 2024$"):
        figure_of(STATE, result)


@pytest.mark.parametrize(
    "result",
    ["Q1 2024/Zoo/grade", "Q1 2024/Ash/quality.mean", "Q1 2024/North/grade", "Q1 2024/Ash/", "Q1 2024/x"],
)
def test_figures_that_there_are_not(result: str) -> None:
    with pytest.raises(
        InputError, match=r"no such figure in Q1 2024; .*all together \(North, North/Central, South"
    ):
        figure_of(STATE, result)


def test_names_of_figures_mean_them() -> None:
    [found] = [one for one in STATE.figure_rounds.values() if one.opened.period == "2024/25"]
    for unit, place in enumerate(found.opened.units):
        for number, kind in ((1, None),) if place.provider is not None else ((0, "sum"), (1, "mean")):
            figure = Meant(found, unit, number, kind)
            assert figure_of(STATE, figure.name()) == figure
