"""Shares, texts by language, and names that could deceive."""

from __future__ import annotations

import pytest

from zkperf.surveys.results import label, share, visible, withheld_reason


def test_shares() -> None:
    assert share(195, 406, 2) == "48.03%"
    assert share(1, 3) == "33.3%"
    assert share(0, 0) == "–"


def test_labels_fall_back_to_english_then_to_any_language_then_to_the_identifier() -> None:
    texts = {"fr": "oui", "en": "yes", "zh": "是"}
    assert label(texts, "y", "zh") == "是"
    assert label(texts, "y", "de") == "yes"
    assert label({"fr": "oui"}, "y", "zh") == "oui"
    assert label({}, "y", "zh") == "y"


@pytest.mark.parametrize("character", ["\x1b", "\n", "\0", "\x9b", "\u2028", "\u202e", "\u2066", "\ud800"])
def test_characters_that_deceive_are_replaced(character: str) -> None:
    assert visible(f"a{character}b") == "a\ufffdb"


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Emperor's Gate Surgery", "市民服务中心", "Clínica São João", "مرکز بهداشت", "a b 👩‍⚕️"):
        assert visible(name) == name


def test_withheld_reason() -> None:
    assert withheld_reason({"status": "published", "reason": None, "counted": 12}) is None
    assert withheld_reason({"status": "withheld", "reason": "few", "counted": 2}) == "few"
    assert withheld_reason({"status": "withheld", "counted": 2}) == "withheld"
