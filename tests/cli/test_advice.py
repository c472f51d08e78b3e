"""Messages say exactly what is wrong and what to do; printed commands can be pasted."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest

from tests.cli.command import done, zkperf
from tests.cli.conftest import Town
from zkperf.cli import output
from zkperf.cli.voucher import read_voucher
from zkperf.roles import evaluator
from zkperf.roles.wallet import Wallet


def test_a_misspelt_folder_is_called_one(town: Town) -> None:
    misspelt = town.folder.with_name("legder")
    for command in (
        ("round", "open", "--scheme", "visit", "--name", "r", "--unit", "A"),
        ("registrar", "voucher", "--round", "spring", "--unit", "Library"),
        ("round", "show"),
        ("serve", "--port", "0"),
    ):
        outcome = zkperf(*command, "--ledger", misspelt)
        assert outcome.code == 2 and f"{misspelt}: there is no such folder" in outcome.err
        assert "key" not in outcome.err


@pytest.mark.parametrize(("away", "which"), [(86_400, "ahead of"), (-86_400, "behind")])
def test_a_clock_that_is_a_day_off(
    town: Town, monkeypatch: pytest.MonkeyPatch, away: int, which: str
) -> None:
    monkeypatch.setattr(evaluator.Evaluator, "_now", lambda self: int(time.time()) + away)
    outcome = zkperf("round", "close", "spring", "--yes", "--ledger", town.folder)
    assert outcome.code == 1 and "is your clock right?" in outcome.err
    told = re.search(r"It is ([\d,]+) seconds (ahead of|behind) the ledger's", outcome.err)
    # The two clocks are read one after the other, however long that takes.
    assert told is not None and told[2] == which and told[1].startswith("86,")
    assert "set the one that is wrong" in outcome.err


def test_a_damaged_wallet_says_what_is_lost(served: Town, tmp_path: Path) -> None:
    word = served.voucher()
    rate = ("rate", "--service", served.url, "--voucher", word, "--wallet", tmp_path, "--delay", "0")
    done(*rate, "--answers", "-", stdin='{"recommend": "yes"}')
    slot = Wallet(tmp_path).slot(read_voucher(word)[0])
    state = slot.folder / f"{slot.name}.state"
    state.write_bytes(state.read_bytes()[:-5])
    for command in (
        (*rate, "--answers", "-"),
        ("receipt", "fetch", "--service", served.url, "--voucher", word, "--wallet", tmp_path),
    ):
        outcome = zkperf(*command, stdin='{"recommend": "yes"}')
        assert outcome.code == 2 and f"{state}: this wallet's entry is damaged" in outcome.err
        assert "Put back a copy" in outcome.err


def test_a_receipt_that_an_editor_has_changed(town: Town, tmp_path: Path) -> None:
    receipt = tmp_path / "genesis.tlog-proof"
    receipt.write_bytes(b"c2sp.org/tlog-proof@v1\r\nindex 0\r\n")
    outcome = zkperf("receipt", "verify", receipt, "--ledger", town.folder)
    assert outcome.code == 2 and "(CRLF)" in outcome.err and "set the line ends to LF" in outcome.err


def test_printed_commands_can_be_pasted(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "it's mine; rm -rf $HOME"
    odd.mkdir()
    outcome = done("export", town.folder, "-o", odd / "a b.zkperf")
    printed = outcome.err.split("Check it with: ")[1]
    assert shlex.split(printed) == ["zkperf", "audit", str(odd / "a b.zkperf")]
    said: list[str] = []
    monkeypatch.setattr(output, "say", said.append)
    output.say_where(odd, "00")
    [line] = [text for text in said if text.startswith("Audit:")]
    assert shlex.split(line)[-4:] == ["audit", str(odd), "--genesis", "00"]


def test_the_next_command_of_a_rater_can_be_pasted(served: Town, tmp_path: Path) -> None:
    wallet = tmp_path / "my wallet"
    outcome = done(
        "rate", "--service", served.url, "--voucher", served.voucher(), "--wallet", wallet, "--now",
        "--delay", "0", "--lang", "en", "--answers", "-", stdin='{"recommend": "yes"}',
    )  # fmt: skip
    [line] = [line for line in outcome.err.splitlines() if "receipt fetch" in line]
    assert shlex.split(line)[-2:] == ["--wallet", str(wallet)]
