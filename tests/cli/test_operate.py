from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.command import QUESTIONNAIRE, done, zkperf
from tests.cli.conftest import Town
from zkperf.cli import output
from zkperf.cli.operate import reading
from zkperf.roles.folder import LedgerFolder

HEX = re.compile(r"[0-9a-f]{64}")


def test_a_ledger_is_founded(tmp_path: Path) -> None:
    outcome = done("init", tmp_path / "new" / "L", "--suite", "P-256", "--members", "4", "--threshold", "2")
    assert HEX.fullmatch(outcome.line)
    assert "Publish this genesis digest" in outcome.err and "no answer is secret" in outcome.err
    described = json.loads((tmp_path / "new" / "L" / "ledger.json").read_text())
    assert described["genesis"] == outcome.line and described["suite"] == "P-256"
    assert done("audit", tmp_path / "new" / "L", "--genesis", outcome.line, "--json").json["ok"]
    for path in (tmp_path / "new" / "L" / "keys").glob("*/*"):
        assert path.stat().st_mode & 0o077 == 0


def members(ledger: Path) -> list[str]:
    with reading(ledger) as (state, _):
        return [member.name for member in state.rules.members]


def test_members_are_called_as_the_founder_says(tmp_path: Path) -> None:
    names = ("--member", "Audit Office", "--member", "财政局")
    outcome = done("init", tmp_path / "L", *names, "--threshold", "1")
    assert "A ledger of 2 members" in outcome.err and "any 1 of them" in outcome.err
    assert members(tmp_path / "L") == ["Audit Office", "财政局"]
    # Nobody's office is put into a genesis unasked.
    done("init", tmp_path / "M", "--members", "3")
    assert members(tmp_path / "M") == ["member 1", "member 2", "member 3"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--suite", "P-257"), "P-257"),
        (("--members", "2", "--threshold", "3"), "threshold"),
        (("--members", "0"), "members"),
        (("--members", "many"), "members"),
        (("--min-cohort-floor", "1"), "min-cohort-floor"),
        (("--members", "3", "--member", "Audit Office"), "--member names 1"),
        (("--member", "A", "--member", "A"), "--member 'A' occurs twice"),
        (("--member", "A", "--member", "a"), "--member 'a' reads like --member 'A'"),
        (("--name", "a\x1bb"), "--name: it has a control character"),
        (("--member", "a\x1b"), "--member"),
        (("--member", "A", "--threshold", "2"), "threshold"),
        (("--min-cohort-floor", str(10**30)), "min-cohort-floor"),
        (("--name", " "), "--name"),
        (("--name", "a\nb"), "--name"),
        (("--colour", "red"), "colour"),
    ],
)
def test_what_makes_no_ledger_leaves_nothing(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    outcome = zkperf("init", tmp_path / "L", *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert not (tmp_path / "L").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    outcome = zkperf("init", tmp_path)
    assert outcome.code == 2 and "not empty" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    outcome = zkperf("init", tmp_path / "mine.txt")
    assert outcome.code == 2 and (tmp_path / "mine.txt").read_text() == "mine"
    outcome = zkperf("init", tmp_path / "mine.txt" / "L")
    assert outcome.code == 2 and "mine.txt" in outcome.err


def test_schemes(tmp_path: Path) -> None:
    ledger = tmp_path / "L"
    done("init", ledger, "--members", "1", "--threshold", "1")
    file = tmp_path / "q.toml"
    file.write_text(QUESTIONNAIRE, "utf-8")
    posted = done("scheme", "add", file, "--ledger", ledger)
    assert HEX.fullmatch(posted.line)
    # A command that was interrupted and is run again finishes the same.
    again = done("scheme", "add", file, "--ledger", ledger)
    assert again.line == posted.line and "on the ledger already" in again.err
    file.write_text("id = \n")
    broken = zkperf("scheme", "add", file, "--ledger", ledger)
    assert broken.code == 2 and "q.toml: not TOML" in broken.err
    missing = zkperf("scheme", "add", tmp_path / "none.toml", "--ledger", ledger)
    assert missing.code == 2 and "none.toml" in missing.err


@pytest.mark.parametrize(
    "command",
    [
        ("scheme", "add", "{q}"),
        ("round", "open", "--scheme", "visit", "--name", "r", "--unit", "A"),
        ("round", "close", "r"),
        ("round", "deadline", "r"),
        ("round", "show"),
        ("registrar", "voucher", "--round", "r", "--unit", "A"),
        ("results", "r"),
        ("serve", "--port", "0"),
    ],
)
def test_where_there_is_no_ledger(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "q.toml").write_text(QUESTIONNAIRE, "utf-8")
    words = [word.format(q=tmp_path / "q.toml") for word in command]
    for folder in (tmp_path / "none", tmp_path, tmp_path / "q.toml"):
        outcome = zkperf(*words, "--ledger", folder)
        assert (outcome.code, outcome.out) == (2, ""), outcome.err
        assert str(folder) in outcome.err
    assert not (tmp_path / "none").exists()


def test_a_folder_whose_description_is_damaged(town: Town) -> None:
    for text in ("", "[]", "{}", '{"genesis": "xyz"}', '{"genesis": 5}'):
        (town.folder / "ledger.json").write_text(text)
        outcome = zkperf("round", "close", "spring", "--yes", "--ledger", town.folder)
        assert outcome.code == 2 and "ledger.json" in outcome.err, text


def test_rounds_are_shown(town: Town) -> None:
    shown = done("round", "show", "--ledger", town.folder, "--json").json
    [facts] = shown["rounds"]
    assert facts["round"] == town.round
    assert (facts["name"], facts["phase"], facts["min_cohort"]) == ("spring", "open", 2)
    assert facts["questionnaire"] == "visit" and HEX.fullmatch(facts["scheme"])
    library = {"unit": 1, "name": "Library", "path": "Library", "parent": 0}
    numbers = {"issued": 0, "on_log": 0, "counted": None, "lost": 0, "enough": False}
    assert facts["units"][0] == {
        "unit": 0,
        "name": "all",
        "path": "all",
        "parent": None,
        "counted": None,
        "lost": 0,
        "enough": False,
    }
    assert facts["units"][1] == library | numbers
    assert done("round", "show", town.round, "--ledger", town.folder, "--json").json == facts
    table = done("round", "show", "--ledger", town.folder)
    assert "spring" in table.out and table.err == ""
    assert town.round[:16] in table.out
    assert "Surgery" in done("round", "show", "spring", "--ledger", town.folder).out


def test_a_round_with_a_tree(town: Town, tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("city,district,service\nS,North,Pool\nS,South,Pool\n")
    arguments = ("--ledger", town.folder, "--scheme", "visit", "--min-cohort", "2")
    done("round", "open", *arguments, "--name", "deep", "--units", tmp_path / "units.csv")
    units = done("round", "show", "deep", "--ledger", town.folder, "--json").json["units"]
    assert [unit["path"] for unit in units] == ["S", "North", "North/Pool", "South", "South/Pool"]
    assert ["issued" in unit for unit in units] == [False, False, True, False, True]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--name", "r"), 2, "--unit NAME"),
        (("--name", "r", "--unit", "A", "--units", "u.csv"), 2, "--unit NAME"),
        (("--name", "r", "--units", "none.csv"), 2, "none.csv"),
        (("--name", "r", "--unit", "A", "--unit", "A"), 2, "--unit 'A' occurs twice"),
        (("--name", "r", "--unit", "A", "--unit", "a"), 2, "--unit 'a' reads like --unit 'A'"),
        (("--name", "", "--unit", "A"), 2, "--name: a name is missing"),
        (("--name", "r", "--unit", "\u3000"), 2, "--unit 1: it has a line break, a tab or a blank other"),
        (("--name", "SPRING", "--unit", "A"), 1, "has a round 'spring' already: choose another name"),
        (("--period", "", "--providers", "P.csv"), 2, "P.csv"),
        (("--name", "", "--unit", "A"), 2, "--name"),
        (("--name", "r", "--unit", "A", "--scheme", "other"), 2, "no scheme 'other'"),
        (("--name", "r", "--unit", "A", "--min-cohort", "1"), 2, "min-cohort"),
        (("--name", "r", "--unit", "A", "--min-cohort", "0"), 2, "min-cohort"),
        (("--name", "r", "--unit", "Library"), 1, "'all/Library' is in another open round"),
    ],
)
def test_rounds_that_cannot_be_opened(town: Town, options: tuple[str, ...], code: int, message: str) -> None:
    defaults = () if "--scheme" in options else ("--scheme", "visit")
    defaults += () if "--min-cohort" in options else ("--min-cohort", "2")
    outcome = zkperf("round", "open", "--ledger", town.folder, *defaults, *options)
    assert (outcome.code, outcome.out) == (code, ""), outcome.err
    assert message in outcome.err


def test_services_that_may_be_the_same_are_asked_about(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "at_a_terminal", lambda: True)
    (tmp_path / "units.csv").write_text("city,district,service\nS,North,LIBRARY\n")
    arguments = ("--ledger", town.folder, "--scheme", "visit", "--min-cohort", "2", "--name", "again")
    units = ("--units", tmp_path / "units.csv")
    for said in ("", "n\n", "what?\n"):
        refused = zkperf("round", "open", *arguments, *units, stdin=said)
        assert (refused.code, refused.out) == (2, "")
        assert f"spring ({town.round[:12]}) is still open." in refused.err
        assert "the same name and registrar, different places in the tree" in refused.err
        assert "Library, North/LIBRARY" in refused.err and "nothing was done" in refused.err
    assert len(done("round", "show", "--ledger", town.folder, "--json").json["rounds"]) == 1
    done("round", "open", *arguments, *units, stdin="y\n")
    done("round", "close", "again", "--yes", "--ledger", town.folder)
    third = done("round", "open", *arguments[:-1], "third", *units, "--yes")
    # Whoever closes the others first is not asked.
    for which in ("spring", third.line):
        done("round", "close", which, "--yes", "--ledger", town.folder)
    other = ("--ledger", town.folder, "--scheme", "visit", "--min-cohort", "2", "--name", "next")
    assert "still open" not in done("round", "open", *other, "--unit", "Library", "--unit", "Pool").err


def test_rounds_are_named_by_identifier_beginning_or_name(town: Town) -> None:
    arguments = ("--ledger", town.folder, "--scheme", "visit", "--min-cohort", "2")
    # A round that is called by the beginning of another's identifier is not told from it.
    second = done("round", "open", *arguments, "--name", town.round[:8], "--unit", "Pool").line
    other = town.open_round("autumn", "Kiosk")
    for which in (town.round, town.round[:10], town.round.upper()):
        assert done("round", "show", which, "--ledger", town.folder, "--json").json["round"] == town.round
    assert done("round", "show", "Spring", "--ledger", town.folder, "--json").json["round"] == town.round
    ambiguous = zkperf("round", "show", town.round[:8], "--ledger", town.folder)
    assert ambiguous.code == 2 and town.round[:12] in ambiguous.err and second[:12] in ambiguous.err
    assert other[:12] not in ambiguous.err and "use the beginning of an identifier" in ambiguous.err
    short = zkperf("round", "show", town.round[:5], "--ledger", town.folder)
    assert short.code == 2


def test_a_round_without_ratings_is_closed_once(town: Town) -> None:
    closed = done("round", "close", "spring", "--yes", "--ledger", town.folder)
    assert "spring: published; every figure is withheld (no ratings)" in closed.err
    size = done("audit", town.folder, "--json").json["size"]
    again = done("round", "close", "spring", "--ledger", town.folder)
    assert "spring is closed already" in again.err and "spring: published" in again.err
    assert done("audit", town.folder, "--json").json["size"] == size
    result = done("results", "spring", "--ledger", town.folder, "--json").json
    assert result["total"] == {"status": "withheld", "reason": "no ratings", "counted": 0, "lost": 0}


def test_a_member_abandons_a_round_that_does_not_go_on(tmp_path: Path) -> None:
    ledger, file = tmp_path / "L", tmp_path / "q.toml"
    file.write_text(QUESTIONNAIRE, "utf-8")
    init = ("init", ledger, "--members", "3", "--threshold", "2", "--min-cohort-floor", "2")
    short = zkperf(*init, "--stage-hours", "0")
    assert short.code == 2 and "but in a rehearsal" in short.err and not ledger.exists()
    done(*init, "--stage-hours", "0", "--rehearsal")
    done("scheme", "add", file, "--ledger", ledger)
    done(
        "round",
        "open",
        "--ledger",
        ledger,
        "--scheme",
        "visit",
        "--name",
        "r",
        "--unit",
        "A",
        "--min-cohort",
        "2",
    )
    early = zkperf("round", "abandon", "r", "--yes", "--ledger", ledger)
    assert early.code == 1 and "does not allow this" in early.err
    folder, consortium = LedgerFolder.open(ledger)
    consortium.trustees = []
    [found] = consortium.ledger.state.rounds
    consortium.submit(folder.evaluator(consortium.ledger.state.ledger).close_round(found))
    consortium.close()
    # All three are needed to finish a stage, and one is away.
    (ledger / "keys" / "member-3" / "sealing.key").unlink()
    asked = zkperf("round", "abandon", "r", "--ledger", ledger)
    assert asked.code == 2 and "gives it up for good" in asked.err and "nothing was done" in asked.err
    given_up = done("round", "abandon", "r", "--member", "3", "--yes", "--ledger", ledger)
    assert "r: abandoned" in given_up.err
    audited = done("audit", ledger, "--json").json
    assert audited["ok"] and audited["rehearsal"] and audited["open_rounds"] == []
    [listed] = audited["abandoned"]
    assert (listed["round"], listed["member"]) == ("r", "member 3")
    text = done("audit", ledger).out
    assert "Abandoned by member 3" in text and "REHEARSAL" in text
    again = zkperf("round", "abandon", "r", "--member", "4", "--yes", "--ledger", ledger)
    assert again.code == 2 and "the members 1 to 3" in again.err


def test_deadlines(tmp_path: Path) -> None:
    ledger, file = tmp_path / "L", tmp_path / "q.toml"
    file.write_text(QUESTIONNAIRE, "utf-8")
    done(
        "init",
        ledger,
        "--members",
        "4",
        "--threshold",
        "2",
        "--stage-hours",
        "0",
        "--rehearsal",
        "--min-cohort-floor",
        "2",
    )
    done("scheme", "add", file, "--ledger", ledger)
    arguments = ("--scheme", "visit", "--name", "r", "--unit", "A", "--min-cohort", "2")
    done("round", "open", "--ledger", ledger, *arguments)
    outcome = zkperf("round", "deadline", "r", "--ledger", ledger)
    assert outcome.code == 1 and "does not allow this" in outcome.err
    # One member of four may be away: its keys are gone, the others close without it.
    shutil.rmtree(ledger / "keys" / "member-1")
    closed = zkperf("round", "close", "r", "--yes", "--ledger", ledger)
    assert closed.code == 1 and "r is not finished: closed; members check their shares" in closed.err
    assert "Still to finish their checks: member 1 (1). 3 members are enough." in closed.err
    shown = done("round", "show", "r", "--ledger", ledger)
    assert "Still to finish their checks: member 1 (1)" in shown.err
    ended = done("round", "deadline", "r", "--member", "4", "--ledger", ledger)
    assert "published" in ended.err
    later = ("--scheme", "visit", "--name", "later", "--unit", "A", "--min-cohort", "2")
    opened = done("round", "open", "--ledger", ledger, *later)
    assert "Not open yet" in opened.err
    for outcome in (closed, ended, opened):
        assert "Member 1 (member 1) takes no part: " in outcome.err
        assert "member-1/signing.pem is missing" in outcome.err
        assert "3 of 4 members are here, 3 are enough for a round." in outcome.err
        assert "0 hours a stage, then zkperf round deadline" in outcome.err
    # Nor does it take another: two of four open totals, and no rounds.
    shutil.rmtree(ledger / "keys" / "member-3")
    again = zkperf("round", "open", "--ledger", ledger, *later[:-3], "B", *later[-2:])
    assert again.code == 1 and "no round is opened or closed until a key is restored" in again.err
    assert "member-3/signing.pem is missing" in again.err
    shutil.rmtree(ledger / "keys" / "member-2")
    last = zkperf("round", "deadline", "later", "--ledger", ledger)
    assert last.code == 2 and "2 of the 4 members are needed and 1 is here" in last.err
    assert done("audit", ledger, "--json").json["ok"]


def test_a_ledger_in_use_says_how_to_reach_it(town: Town) -> None:
    another = town.folder.parent / "another.toml"
    another.write_text(QUESTIONNAIRE.replace('"visit"', '"another"'), "utf-8")
    _, consortium = LedgerFolder.open(town.folder)
    try:
        for command in (
            ("scheme", "add", another),
            ("round", "open", "--scheme", "visit", "--name", "x", "--unit", "X", "--min-cohort", "2"),
            ("round", "close", "spring", "--yes"),
            ("round", "deadline", "spring"),
        ):
            outcome = zkperf(*command, "--ledger", town.folder)
            assert (outcome.code, outcome.out) == (2, "")
            assert "in use by another process" in outcome.err and "--service http" in outcome.err
        outcome = zkperf("serve", "--ledger", town.folder, "--port", "0")
        assert outcome.code == 2 and "another process" in outcome.err
        # Reading needs no lock, and vouchers are not written to the ledger.
        done("round", "show", "--ledger", town.folder)
        town.voucher()
        done("audit", town.folder)
        done("export", town.folder, "-o", town.folder.parent / "export")
    finally:
        consortium.close()


def test_a_served_ledger_is_written_to_through_its_service(served: Town, town: Town) -> None:
    name = f"pool {os.urandom(4).hex()}"
    identifier = served.open_round(name, name)
    assert done("round", "show", name, "--ledger", served.folder, "--json").json["phase"] == "open"
    outcome = zkperf("round", "close", identifier, "--yes", "--ledger", served.folder)
    assert outcome.code == 2 and "--service" in outcome.err
    outcome = zkperf("round", "close", "spring", "--yes", "--ledger", town.folder, "--service", served.url)
    assert outcome.code == 2 and "serves another ledger" in outcome.err
    assert (
        "published"
        in done("round", "close", identifier, "--yes", "--ledger", served.folder, "--service", served.url).err
    )
    again = done("round", "close", identifier, "--ledger", served.folder, "--service", served.url)
    assert "closed already" in again.err


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "not an address", "ftp://x", ""])
def test_services_that_are_not_there(town: Town, address: str) -> None:
    outcome = zkperf("round", "close", "spring", "--yes", "--ledger", town.folder, "--service", address)
    assert (outcome.code, outcome.out) == (2, "")
    assert address in outcome.err
