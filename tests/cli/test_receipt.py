from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Outcome, done, zkperf
from tests.cli.conftest import Town, found
from tests.service.serving import service
from zkperf.cli import receipt as receipts
from zkperf.cli.voucher import read_voucher
from zkperf.ledger.promises import Promise
from zkperf.roles.remote import NotOnTheLog, RemoteLedger
from zkperf.roles.wallet import Entry, Wallet


@dataclass
class Story:
    """A round that was closed after three had rated, each with a wallet of their own."""

    town: Town
    wallets: list[Path]
    vouchers: list[str]
    promises: list[Path]
    before_close: Outcome
    """What fetching gave while the round was open."""

    def fetch(self, number: int, *options: str | Path) -> Outcome:
        arguments = ("--service", self.town.url, "--wallet", self.wallets[number])
        return zkperf("receipt", "fetch", *arguments, *options)

    def entry(self, number: int) -> Entry:
        entry = Wallet(self.wallets[number]).slot(read_voucher(self.vouchers[number])[0]).load()
        assert entry is not None
        return entry


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    town = found(folder)
    with service(town.folder) as running:
        town.running = running
        wallets, vouchers, promises = [], [], []
        for number in range(3):
            wallets.append(folder / f"wallet-{number}")
            vouchers.append(town.voucher())
            arguments = ("--service", town.url, "--voucher", vouchers[-1], "--wallet", wallets[-1])
            answers = ("--answers", "-", "--now", "--delay", "0")
            promises.append(Path(done("rate", *arguments, *answers, stdin='{"recommend": "no"}').line))
        early = zkperf("receipt", "fetch", "--service", town.url, "--wallet", wallets[0])
        done("round", "close", "spring", "--yes", "--ledger", town.folder, "--service", town.url)
        yield Story(town, wallets, vouchers, promises, early)


def test_before_the_batch_there_is_only_the_promise(story: Story) -> None:
    assert (story.before_close.code, story.before_close.out) == (0, "")
    assert "Not on the log yet" in story.before_close.err


def test_a_receipt_is_fetched_and_verified_offline(story: Story, tmp_path: Path) -> None:
    path = Path(story.fetch(0).line)
    assert path.parent == story.promises[0].parent and path.suffix == ".tlog-proof"
    for options in ((), ("--genesis", story.town.genesis)):
        facts = done("receipt", "verify", path, *options, "--json").json
        assert facts["ok"] and facts["kind"] == "receipt" and facts["transaction"] == "rating"
        assert facts["genesis"] == story.town.genesis and facts["round"] == story.town.round
        assert facts["origin_verified"] is bool(options) and (facts["unit"], facts["sequence"]) == (1, 0)
    shown = done("receipt", "verify", path)
    assert f"leaf {facts['index']} of a log of {facts['size']} leaves" in shown.out
    assert "origin is unverified" in shown.err
    assert done("receipt", "verify", path, "--genesis", story.town.genesis).err == ""


def test_after_close_only_the_receipt_is_left_to_keep(story: Story) -> None:
    story.fetch(0)
    entry = story.entry(0)
    assert entry.secret is None and entry.token is None and entry.rated is not None
    again = zkperf(
        *("rate", "--service", story.town.url, "--voucher", story.vouchers[0]),
        *("--wallet", story.wallets[0], "--answers", "-", "--now", "--delay", "0"),
        stdin='{"recommend": "no"}',
    )
    assert again.code == 1 and "round is over" in again.err and "zkperf receipt fetch" in again.err


def test_a_promise_is_verified_offline(story: Story) -> None:
    facts = done("receipt", "verify", story.promises[1], "--genesis", story.town.genesis, "--json").json
    assert (facts["kind"], facts["index"], facts["origin_verified"]) == ("promise", None, True)
    assert facts["digest"] == Promise.decode(story.promises[1].read_bytes()).digest.hex()
    assert "will be on the log" in done("receipt", "verify", story.promises[1]).out


def test_receipts_can_lie_anywhere_with_their_genesis(story: Story, tmp_path: Path) -> None:
    path = Path(done("receipt", "fetch", *_of(story, 1), "--output", tmp_path / "mine").line)
    assert path.parent == tmp_path / "mine"
    assert {item.name for item in path.parent.iterdir()} == {path.name, "genesis.tlog-proof"}
    done("receipt", "verify", path, "--genesis", story.town.genesis)
    first = done("receipt", "verify", path.with_name("genesis.tlog-proof"), "--json").json
    assert (first["transaction"], first["index"]) == ("Genesis", 0)
    # Away from it, the ledger's folder or its export serves as well.
    alone = tmp_path / "alone" / path.name
    alone.parent.mkdir()
    shutil.copy(path, alone)
    outcome = zkperf("receipt", "verify", alone)
    assert outcome.code == 2 and "genesis.tlog-proof is missing" in outcome.err
    done("receipt", "verify", alone, "--ledger", story.town.folder)
    done("export", story.town.folder, "-o", tmp_path / "export")
    done("receipt", "verify", alone, "--ledger", tmp_path / "export")
    assert zkperf("receipt", "verify", alone, "--ledger", tmp_path / "none").code == 2


def test_a_rating_is_found_by_voucher_file_and_name(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "voucher.txt"
    file.write_text(story.vouchers[2])
    name = story.promises[2].stem
    paths = {story.fetch(2, "--voucher", which).line for which in (story.vouchers[2], str(file), name)}
    assert len(paths) == 1
    unknown = story.fetch(2, "--voucher", story.vouchers[1])
    assert unknown.code == 2 and "nothing was rated with this voucher" in unknown.err
    assert story.fetch(2, "--voucher", "0" * 32).code == 2


def test_several_ratings_are_not_fetched_at_once(story: Story, tmp_path: Path) -> None:
    for source in story.wallets[1:]:
        shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    arguments = ("receipt", "fetch", "--service", story.town.url, "--wallet", tmp_path)
    outcome = zkperf(*arguments)
    assert outcome.code == 2 and "one person's" in outcome.err
    assert story.promises[1].stem in outcome.err and story.promises[2].stem in outcome.err
    done(*arguments, "--voucher", story.promises[1].stem)


def test_a_wallet_without_ratings(story: Story, tmp_path: Path) -> None:
    outcome = zkperf("receipt", "fetch", "--service", story.town.url, "--wallet", tmp_path)
    assert outcome.code == 2 and "holds no rating" in outcome.err
    missing = tmp_path / "mistyped"
    for options in ((), ("--voucher", story.vouchers[0]), ("--voucher", "0" * 32)):
        outcome = zkperf("receipt", "fetch", "--service", story.town.url, "--wallet", missing, *options)
        assert outcome.code == 2 and "mistyped: there is no wallet here" in outcome.err
        assert not missing.exists()


def test_the_service_is_not_asked_for_the_rating_itself(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Listening(RemoteLedger):
        def _request(self, method: str, path: str, accept: str, body: bytes | None = None) -> bytes:
            asked.append(path)
            return super()._request(method, path, accept, body)

    monkeypatch.setattr("zkperf.roles.remote.RemoteLedger", Listening)
    digest = Promise.decode(story.promises[1].read_bytes()).digest.hex()
    done("receipt", "fetch", *_of(story, 1), "--output", tmp_path)
    assert asked and not any(digest in path or "/receipts/by-digest" in path for path in asked)


def test_that_a_round_is_abandoned_is_believed_with_proof_only(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A promise is void by a member's leaf on the log, not by the service's saying so."""
    leaf: int | None = None

    class Excusing(RemoteLedger):
        def find_receipt(self, digest: bytes, start: int = 0) -> str:
            raise NotOnTheLog("it is not there")

        def round(self, round_id: bytes) -> dict[str, Any]:
            return {**super().round(round_id), "phase": "abandoned", "abandoned": leaf}

    monkeypatch.setattr("zkperf.roles.remote.RemoteLedger", Excusing)
    outcome = story.fetch(1)
    assert outcome.code == 1 and "no leaf is named that says so" in outcome.err
    leaf = 1
    outcome = story.fetch(1)
    assert outcome.code == 1 and "expected a RoundAbandoned leaf" in outcome.err
    # With one it is told who did it.
    monkeypatch.setattr("zkperf.cli.receipt.who_abandoned", lambda *_: "Audit Office")
    outcome = story.fetch(1)
    assert outcome.code == 1 and "abandoned by Audit Office (leaf 1)" in outcome.err
    assert "the promise about it is void" in outcome.err


def test_a_broken_promise_is_called_one(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hiding(RemoteLedger):
        def find_receipt(self, digest: bytes, start: int = 0) -> str:
            raise NotOnTheLog("it is not there")

    monkeypatch.setattr("zkperf.roles.remote.RemoteLedger", Hiding)
    outcome = story.fetch(1)
    assert outcome.code == 1 and "broke its word" in outcome.err and str(story.promises[1]) in outcome.err


def test_another_ledger_than_the_one_known(story: Story) -> None:
    outcome = story.fetch(1, "--genesis", "00" * 32)
    assert outcome.code == 1 and "(genesis)" in outcome.err
    outcome = zkperf("receipt", "verify", story.promises[1], "--genesis", "00" * 32)
    assert outcome.code == 1 and "(genesis)" in outcome.err
    assert zkperf("receipt", "verify", story.promises[1], "--genesis", "xyz").code == 2


def test_what_another_rating_s_receipt_is_worth(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mixing(RemoteLedger):
        def find_receipt(self, digest: bytes, start: int = 0) -> str:
            other = Promise.decode(story.promises[2].read_bytes()).digest
            return super().find_receipt(other, start)

    monkeypatch.setattr("zkperf.roles.remote.RemoteLedger", Mixing)
    outcome = zkperf("receipt", "fetch", *_of(story, 1), "--output", tmp_path)
    assert outcome.code == 1 and "another rating" in outcome.err
    assert not list(tmp_path.iterdir())


def test_every_byte_of_a_receipt_and_a_promise_counts(story: Story, tmp_path: Path) -> None:
    path = Path(story.fetch(2).line)
    shutil.copy(path.with_name("genesis.tlog-proof"), tmp_path)
    for source, step in ((path, 97), (story.promises[2], 13)):
        data = source.read_bytes()
        file = tmp_path / source.name
        for place in range(0, len(data), step):
            changed = bytearray(data)
            changed[place] ^= 1
            file.write_bytes(changed)
            outcome = zkperf("receipt", "verify", file)
            assert outcome.code in (1, 2) and outcome.out == "", f"byte {place} of {source.name}"
        for shorter in (b"", data[:-1], data + b"\n"):
            file.write_bytes(shorter)
            assert zkperf("receipt", "verify", file).code in (1, 2)


def test_a_genesis_beside_that_is_not_this_ledger_s(story: Story, town: Town, tmp_path: Path) -> None:
    path = Path(story.fetch(2).line)
    receipt = tmp_path / path.name
    shutil.copy(path, receipt)
    from zkperf.roles.folder import LedgerFolder

    _, consortium = LedgerFolder.open(town.folder)
    other = consortium.receipt(0)
    consortium.close()
    (tmp_path / "genesis.tlog-proof").write_text(other)
    outcome = zkperf("receipt", "verify", receipt)
    assert outcome.code == 1 and "another origin" in outcome.err
    assert zkperf("receipt", "verify", receipt, "--genesis", story.town.genesis).code == 1
    (tmp_path / "genesis.tlog-proof").write_text(path.read_text())
    outcome = zkperf("receipt", "verify", receipt)
    assert outcome.code == 2 and "first leaf" in outcome.err
    # Nor is a receipt put beside another ledger's genesis.
    (tmp_path / "genesis.tlog-proof").write_text(other)
    outcome = zkperf("receipt", "fetch", *_of(story, 2), "--output", tmp_path)
    assert outcome.code == 2 and "another ledger's" in outcome.err


def test_files_that_are_no_evidence(tmp_path: Path) -> None:
    for data in (b"", b"\x80", b"c2sp.org/tlog-proof@v1\n\xff", b"x" * 300_000, b"c2sp.org/tlog-proof@v1\n"):
        (tmp_path / "file").write_bytes(data)
        outcome = zkperf("receipt", "verify", tmp_path / "file")
        assert outcome.code == 2 and "file" in outcome.err
    assert zkperf("receipt", "verify", tmp_path / "none").code == 2
    assert zkperf("receipt", "verify", tmp_path).code == 2


def _of(story: Story, number: int) -> tuple[str | Path, ...]:
    return ("--service", story.town.url, "--wallet", story.wallets[number])


def test_the_phases_in_which_ratings_enter_are_those_of_the_service() -> None:
    assert receipts.RATED_IN == ("committing", "dealing", "accepting", "keyed", "open", "draining")
