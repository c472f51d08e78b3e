"""Announced ends, as they are written and shown."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.cli.command import done, zkperf
from tests.cli.conftest import Town
from zkperf.cli.times import parse_end, show_time
from zkperf.errors import InputError

NOON = 1_767_268_800
"""2026-01-01 12:00 UTC."""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Shanghai."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-01-02", NOON + 28 * 3600),  # to the end of the day, here
        ("2026-01-02T18:30", NOON + 22 * 3600 + 1800),
        ("2026-01-02 18:30:15", NOON + 22 * 3600 + 1815),
        ("2026-01-02T18:30+01:00", NOON + 29 * 3600 + 1800),
        ("2026-01-02T18:30Z", NOON + 30 * 3600 + 1800),
    ],
)
def test_a_day_or_a_time_here_or_in_the_zone_given(text: str, end: int) -> None:
    assert parse_end(text, lambda: NOON) == end


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-02-30", "20260601", "2026-W23-1", "2026-06-01T25:00", "31.5.2026", "9999-12-31"],
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(InputError, match="--until: "):
        parse_end(text, lambda: NOON)


def test_the_past_and_another_decade_are_refused_before_anything_is_sent(town: Town) -> None:
    arguments = (
        "round",
        "open",
        "--ledger",
        town.folder,
        "--scheme",
        "visit",
        "--name",
        "n",
        "--unit",
        "Zoo",
    )
    before = done("round", "show", "--ledger", town.folder, "--json").out
    for until, why in (("2020-01-01", "is over"), ("2062-01-01", "more than 731 days from now")):
        outcome = zkperf(*arguments, "--until", until)
        assert outcome.code == 2 and why in outcome.err
    assert done("round", "show", "--ledger", town.folder, "--json").out == before


def test_times_are_shown_with_their_zone_in_both_languages() -> None:
    assert show_time(NOON) == "2026-01-01 20:00 (UTC+08:00)"
    assert show_time(NOON, "zh") == "2026年01月01日 20:00（UTC+08:00）"
    os.environ["TZ"] = "America/St_Johns"
    time.tzset()
    assert show_time(NOON) == "2026-01-01 08:30 (UTC-03:30)"
    os.environ["TZ"] = "UTC"
    time.tzset()
    assert show_time(NOON) == "2026-01-01 12:00 (UTC)"
    assert show_time(2**62) == f"{2**62} (Unix)"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_announced_end_is_shown_to_operators_and_citizens_and_keeps_the_round_open(
    served: Town, tmp_path: object, language: str
) -> None:
    end = int(time.time()) // 60 * 60 + 86_400
    until = time.strftime("%Y-%m-%dT%H:%M", time.localtime(end))
    through = ("--ledger", served.folder, "--service", served.url)
    name = f"announced {language}"
    opened = done(
        "round", "open", *through, "--scheme", "visit", "--name", name, "--unit", f"Zoo {language}",
        "--until", until,
    )  # fmt: skip
    assert f"Open until {show_time(end)}" in opened.err
    identifier = opened.line
    facts = done("round", "show", identifier, "--ledger", served.folder, "--json").json
    assert facts["until"] == end
    shown = done("round", "show", identifier, "--ledger", served.folder)
    assert show_time(end) in " ".join(shown.out.split())
    town = Town(served.folder, served.genesis, served.questionnaire, identifier, served.running)
    told = done(
        "rate", "--service", served.url, "--voucher", town.voucher(f"Zoo {language}"), "--lang", language,
        "--wallet", f"{tmp_path}", "--now", "--delay", "0", "--answers", "-", stdin='{"recommend": "yes"}',
    )  # fmt: skip
    assert show_time(end, language) in told.err
    early = zkperf("round", "close", identifier, "--yes", *through)
    assert early.code == 1 and f"open until {show_time(end)}" in early.err
