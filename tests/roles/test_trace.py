"""By what names published figures are traced."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zkperf.errors import InputError
from zkperf.roles.trace import round_of


def state_of(*rounds: tuple[str, str, bytes | None]) -> Any:
    """Rounds by the beginning of their identifier, their period and their result."""
    found = [
        SimpleNamespace(
            digest=bytes.fromhex(digits.ljust(64, "0")), opened=SimpleNamespace(period=period), result=result
        )
        for digits, period, result in rounds
    ]
    return SimpleNamespace(figure_rounds={item.digest: item for item in found})


STATE = state_of(
    ("aaaaaa", "2023", b""), ("bbbbbb", "2023", b""), ("cccccc", "2024", b""), ("dddddd", "2024/25", b""),
    ("eeeeee", "2025", None), ("ffffff", "2024", None),
)  # fmt: skip


@pytest.mark.parametrize(
    ("result", "digits", "rest"),
    [
        ("2024/Ash/grade", "cccccc", "Ash/grade"),
        ("2024/25/Ash/grade", "dddddd", "Ash/grade"),
        ("aaaaaa/Ash/grade", "aaaaaa", "Ash/grade"),
        ("bbbbbb00/North/quality.mean", "bbbbbb", "North/quality.mean"),
    ],
)
def test_a_round_goes_by_its_period_or_its_identifier(result: str, digits: str, rest: str) -> None:
    period, found, left = round_of(STATE, result)
    assert (found.digest.hex()[:6], found.opened.period, left) == (digits, period, rest)


def test_no_round_hides_another_of_its_period() -> None:
    with pytest.raises(InputError, match=r"more than one round of this name.*: aaaaaa000000, bbbbbb000000"):
        round_of(STATE, "2023/Ash/grade")


@pytest.mark.parametrize(
    "result", ["2025/Ash/grade", "eeeeee/Ash/grade", "aaaaa/Ash/grade", "2022/Ash/grade"]
)
def test_what_is_not_published_is_not_there(result: str) -> None:
    with pytest.raises(InputError, match=r"periods are: 2023, 2024, 2024/25$"):
        round_of(STATE, result)
