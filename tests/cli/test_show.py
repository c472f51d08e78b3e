from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import QUESTIONNAIRE, done, zkperf
from tests.cli.conftest import Town
from tests.service.serving import service
from zkperf.ledger.transactions import ResultPosted
from zkperf.roles.remote import RemoteLedger

ANSWERS = {
    "North/Pool": [
        {"recommend": "yes", "good": ["staff", "rooms"], "stars": 5, "minutes": 10},
        {"recommend": "yes", "good": [], "stars": 4, "minutes": 20},
        {"recommend": "no"},
    ],
    "South/Pool": [{"recommend": "unsure", "stars": 1, "minutes": 3}, {"recommend": "no", "good": ["staff"]}],
    "South/Zoo": [{"recommend": "no", "minutes": 600}],
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A round over a tree of three levels, rated through commands, closed, and still served."""
    import json

    folder = tmp_path_factory.mktemp("published")
    ledger = folder / "L"
    (folder / "q.toml").write_text(QUESTIONNAIRE, "utf-8")
    (folder / "units.csv").write_text("city,district,service\nS,North,Pool\nS,South,Pool\nS,South,Zoo\n")
    numbers = ("--members", "3", "--threshold", "2", "--min-cohort-floor", "2", "--suite", "P-256")
    genesis = done("init", ledger, *numbers).line
    done("scheme", "add", folder / "q.toml", "--ledger", ledger)
    arguments = (
        "--scheme",
        "visit",
        "--name",
        "spring",
        "--units",
        folder / "units.csv",
        "--min-cohort",
        "2",
    )
    identifier = done("round", "open", "--ledger", ledger, *arguments).line
    town = Town(ledger, genesis, folder / "q.toml", identifier)
    with service(ledger) as running:
        town.running = running
        for unit, ratings in ANSWERS.items():
            for answers in ratings:
                arguments = ("--service", town.url, "--voucher", town.voucher(unit), "--now", "--delay", "0")
                sent = ("--answers", "-", "--wallet", folder / "wallet")
                done("rate", *arguments, *sent, stdin=json.dumps(answers))
        early = zkperf("results", "spring", "--ledger", ledger)
        assert early.code == 1 and "no result yet: the round is open" in early.err
        early = zkperf("results", "spring", "--service", town.url)
        assert early.code == 1 and "the round is open" in early.err
        done("round", "close", "spring", "--yes", "--ledger", ledger, "--service", town.url)
        yield town


def figures(unit: dict[str, Any], question: str) -> dict[str, Any]:
    found: dict[str, Any] = unit["questions"][question]
    return found


def test_what_was_published_is_what_was_answered(published: Town) -> None:
    result = done("results", published.round, "--ledger", published.folder, "--json").json
    assert list(result) == ["round", "suite", "genesis", "rehearsal", "until", "units", "total"]
    assert (result["round"], result["suite"], result["genesis"]) == (
        published.round,
        "P-256",
        published.genesis,
    )
    # Of two services below South one is too small: both are withheld, their district is not.
    assert {name: unit["status"] for name, unit in result["units"].items()} == {
        "North": "published",
        "North/Pool": "published",
        "South": "published",
        "South/Pool": "withheld",
        "South/Zoo": "withheld",
    }
    assert {name: unit["counted"] for name, unit in result["units"].items()} == {
        "North": 3,
        "North/Pool": 3,
        "South": 3,
        "South/Pool": 2,
        "South/Zoo": 1,
    }
    zoo = result["units"]["South/Zoo"]
    assert zoo == {"status": "withheld", "reason": "fewer than the minimum", "counted": 1, "lost": 0}
    total = result["total"]
    assert total["counted"] == 6
    assert figures(total, "recommend")["counts"] == {"yes": 2, "unsure": 1, "no": 3}
    assert figures(total, "good") == {
        "status": "published",
        "reason": None,
        "answered": 3,
        "counts": {"staff": 2, "speed": 0, "rooms": 1},
    }
    assert figures(total, "stars")["counts"] == {"1": 1, "2": 0, "3": 0, "4": 1, "5": 1}
    assert (figures(total, "stars")["total"], figures(total, "stars")["mean"]) == (10, "3.333333")
    assert (figures(total, "minutes")["total"], figures(total, "minutes")["mean"]) == (633, "158.250000")
    assert figures(result["units"]["North"], "minutes")["answered"] == 2


def test_folder_and_service_show_the_same(published: Town) -> None:
    near = done("results", "spring", "--ledger", published.folder, "--json")
    far = done("results", "spring", "--service", published.url, "--genesis", published.genesis, "--json")
    assert near.json == far.json and near.err == far.err == ""
    table = done("results", "spring", "--service", published.url)
    assert "Would you recommend us?" in table.out and "South/Zoo" in table.out
    assert "zkperf audit" in table.err


def test_results_of_another_ledger(published: Town) -> None:
    for where in (("--ledger", published.folder), ("--service", published.url)):
        outcome = zkperf("results", "spring", *where, "--genesis", "00" * 32)
        assert (outcome.code, outcome.out) == (1, "")


def test_results_that_are_not_on_the_log(published: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    class Inventing(RemoteLedger):
        def result(self, round_id: bytes) -> dict[str, Any]:
            return super().result(round_id) | {"leaf": 1}

    monkeypatch.setattr("zkperf.cli.show.RemoteLedger", Inventing)
    outcome = zkperf("results", "spring", "--service", published.url)
    assert outcome.code == 1 and "not the round's result" in outcome.err


def test_results_of_another_round_are_not_passed_off(
    published: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zkperf.cli import show

    def other(leaf: bytes) -> object:
        found = decode(leaf)
        assert isinstance(found, ResultPosted)
        return found.model_copy(update={"round": bytes(32)})

    decode = show.decode_transaction
    monkeypatch.setattr(show, "decode_transaction", other)
    outcome = zkperf("results", "spring", "--service", published.url)
    assert outcome.code == 1 and "not the round's result" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [((), "--ledger DIR or --service URL"), (("--service", "http://127.0.0.1:1"), "no answer")],
)
def test_where_results_cannot_be(options: tuple[str, ...], message: str) -> None:
    outcome = zkperf("results", "spring", *options)
    assert (outcome.code, outcome.out) == (2, "") and message in outcome.err


def test_either_a_folder_or_a_service(published: Town, tmp_path: Path) -> None:
    outcome = zkperf("results", "spring", "--ledger", published.folder, "--service", published.url)
    assert outcome.code == 2
    outcome = zkperf("results", "summer", "--service", published.url)
    assert outcome.code == 2 and "no round 'summer'" in outcome.err


def test_the_audit_agrees(published: Town) -> None:
    audit = done("audit", published.folder, "--genesis", published.genesis, "--json").json
    assert audit["ok"] and audit["ratings"] == 6
