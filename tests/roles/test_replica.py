"""A replica: nothing that a service shows is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from circuits.rating import Core
from tests.roles.figures import QUALITY, TURNOVER, FigureWorld
from zkperf.errors import (
    EncodingError,
    InputError,
    InvalidLogProof,
    InvalidProof,
    InvalidSignature,
    RuleViolation,
)
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.log.checkpoint import Checkpoint, Signer
from zkperf.ledger.log.merkle import Tree, leaf_hash
from zkperf.ledger.log.tiles import TILE_WIDTH, framed
from zkperf.ledger.rules.figures import reports
from zkperf.ledger.signing import log_origin
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import RoundDrained, decode_transaction, encode_transaction
from zkperf.roles.audit_parts import Known
from zkperf.roles.auditor import PublicLog
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.remote_log import RemoteLog
from zkperf.roles.replica import Seen, replicate


@dataclass
class Shown:
    """A ledger's leaves, and its log key: whoever holds it can sign anything."""

    world: FigureWorld
    leaves: list[bytes]

    @property
    def genesis(self) -> bytes:
        digest: bytes = self.world.world.state.ledger
        return digest

    def note(self, leaves: list[bytes], key: str = "sequencer") -> str:
        tree = Tree()
        tree.extend(map(leaf_hash, leaves))
        origin = log_origin(self.genesis)
        signer = Signer(origin, self.world.world.folder.keys(key).signing_key())
        return signer.sign(Checkpoint(origin, tree.size, tree.root()))

    def log(self, leaves: list[bytes] | None = None, note: str | None = None) -> PublicLog:
        leaves = self.leaves if leaves is None else leaves
        signed = self.note(leaves) if note is None else note
        return PublicLog(len(leaves), leaves, leaves.__getitem__, lambda: signed)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    world = FigureWorld.create(tmp_path_factory.mktemp("replica"))
    found = world.world.open_round()
    world.world.rate(found, [{"recommend": "good"}] * 2)
    world.world.close_round(found)
    for number in range(3):
        world.report(number, {QUALITY: 200, TURNOVER: 2000})
    yield Shown(world, world.world.leaves())
    world.world.consortium.close()


def test_the_state_that_follows_from_the_log(shown: Shown, tmp_path: Path) -> None:
    replica = replicate(shown.log(), shown.genesis)
    [found] = replica.state.figure_rounds.values()
    assert (found.phase, len(found.reports), replica.state.size) == (Phase.OPEN, 3, len(shown.leaves))
    assert replica.seen.size == len(shown.leaves)
    replica.seen.save(tmp_path / "seen")
    again = replicate(shown.log(), None, Seen.load(tmp_path / "seen"))
    assert again.state.figure_rounds.keys() == replica.state.figure_rounds.keys()


def test_another_ledger_is_refused_before_anything_else(shown: Shown) -> None:
    seen = replicate(shown.log(), shown.genesis).seen
    broken = shown.log([shown.leaves[0], b"nonsense"])
    with pytest.raises(RuleViolation, match="expected the ledger 0000"):
        replicate(broken, bytes(32))
    with pytest.raises(RuleViolation, match="expected the ledger 0000"):
        replicate(broken, None, replace(seen, genesis=bytes(32)))
    with pytest.raises(EncodingError):
        replicate(broken, shown.genesis)


def bent(leaf: bytes) -> bytes:
    posted = decode_transaction(leaf)
    assert isinstance(posted, ReportPosted)
    return encode_transaction(posted.model_copy(update={"signature": bytes(64)}))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda s: s.log([*s.leaves[:-1], bent(s.leaves[-1])]), InvalidSignature, "this provider"),
        (lambda s: s.log(note=s.note(s.leaves[:-1])), InvalidLogProof, "not that of these leaves"),
        (lambda s: s.log(note=s.note(s.leaves, "evaluator")), InvalidLogProof, "unknown key"),
        (lambda s: s.log([]), InvalidLogProof, "empty"),
        (
            lambda s: replace(s.log(), check_nodes=fails),
            InvalidLogProof,
            "a node is another",
        ),
        (lambda s: replace(s.log(), leaves=breaks_off(s.leaves)), EncodingError, "breaks off"),
    ],
)
def test_what_does_not_hold_is_refused(
    shown: Shown, make: Callable[[Shown], PublicLog], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        replicate(make(shown), shown.genesis)


def fails(nodes: object) -> None:
    raise InvalidLogProof("a node is another")


def breaks_off(leaves: list[bytes]) -> Iterator[bytes]:
    yield from leaves[:-1]
    raise EncodingError("the log breaks off")


def test_an_older_log_is_stale(shown: Shown) -> None:
    seen = replicate(shown.log(), shown.genesis).seen
    with pytest.raises(InvalidLogProof, match="stale"):
        replicate(shown.log(shown.leaves[:-1]), shown.genesis, seen)


def test_a_log_that_does_not_continue_what_was_seen(shown: Shown) -> None:
    """The log key has signed two histories: the reports came in another order."""
    seen = replicate(shown.log(shown.leaves[:-1]), shown.genesis).seen
    other = [*shown.leaves[:-2], shown.leaves[-1], shown.leaves[-2]]
    assert replicate(shown.log(other), shown.genesis).state.size == len(other)
    with pytest.raises(InvalidLogProof, match="does not continue"):
        replicate(shown.log(other), shown.genesis, seen)


def test_what_this_software_has_verified_is_not_verified_again(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = replicate(shown.log(), shown.genesis).seen
    verified: list[int] = []
    original = reports.verify_reports

    def counted(*arguments: Any) -> Any:
        verified.append(len(arguments[-1]))
        return original(*arguments)

    monkeypatch.setattr(reports, "verify_reports", counted)
    replicate(shown.log(), shown.genesis, seen)
    assert sum(verified) == 0
    replicate(shown.log(), shown.genesis, replace(seen, software="another"))
    assert sum(verified) == 3


def test_what_was_seen_is_not_what_an_audit_keeps(shown: Shown, tmp_path: Path) -> None:
    replicate(shown.log(), shown.genesis).seen.save(tmp_path / "seen")
    with pytest.raises(InputError, match="--state"):
        Known.load(tmp_path / "seen")
    (tmp_path / "seen").write_text("{}")
    with pytest.raises(InputError, match="move it away"):
        Seen.load(tmp_path / "seen")


def test_ratings_are_verified_if_they_are_asked_for(shown: Shown) -> None:
    """A rating with another's proof, under a signed checkpoint: until members have said which log they have
    checked, only who looks at proofs sees it."""
    transactions = [decode_transaction(leaf) for leaf in shown.leaves]
    places = [place for place, item in enumerate(transactions) if isinstance(item, Core)]
    [mark] = [place for place, item in enumerate(transactions) if isinstance(item, RoundDrained)]
    first, second = (transactions[place] for place in places)
    leaves = list(shown.leaves)
    leaves[places[0]] = encode_transaction(first.model_copy(update={"proof": second.proof}))
    replicate(shown.log(leaves[: mark + 1]), shown.genesis)
    with pytest.raises(InvalidProof, match="proof"):
        replicate(shown.log(leaves[: mark + 1]), shown.genesis, ratings=True)
    with pytest.raises(RuleViolation, match="checked another log"):
        replicate(shown.log(leaves), shown.genesis)


# -- far away ---------------------------------------------------------------------------------------


@dataclass
class FakeService:
    """Serves leaves as the service does, and counts what is asked for."""

    leaves: list[bytes]
    note: str
    asked: list[str]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/v1/log/checkpoint":
            return httpx.Response(200, text=self.note)
        number = int(path.split("/")[5].removesuffix(".p"))
        leaves = self.leaves[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
        return httpx.Response(200, content=b"".join(map(framed, leaves)))


def remote(service: FakeService, folder: Path) -> RemoteLog:
    return RemoteLog(RemoteLedger("http://service", transport=httpx.MockTransport(service)), folder)


def test_full_bundles_are_kept(tmp_path: Path, shown: Shown) -> None:
    leaves = [bytes([1 + n % 250]) for n in range(TILE_WIDTH + 3)]
    service = FakeService(leaves, shown.note(leaves), [])
    log = remote(service, tmp_path / "log").public()
    assert list(log.leaves) == leaves and log.size == len(leaves) and log.leaf(256) == leaves[256]
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["000000.entries"]
    asked = len(service.asked)
    again = remote(service, tmp_path / "log")
    assert list(again.public().leaves) == leaves
    assert service.asked[asked:] == ["/v1/log/checkpoint", "/v1/log/tile/entries/001.p/3"]
    again.forget()
    assert not (tmp_path / "log").exists()


def test_a_bundle_of_too_few_leaves(tmp_path: Path, shown: Shown) -> None:
    service = FakeService(shown.leaves[:-1], shown.note(shown.leaves), [])
    with pytest.raises(InvalidLogProof, match="bundle 0 has"):
        replicate(remote(service, tmp_path).public(), shown.genesis)


def test_a_replica_of_a_log_far_away(tmp_path: Path, shown: Shown) -> None:
    service = FakeService(shown.leaves, shown.note(shown.leaves), [])
    state = replicate(remote(service, tmp_path).public(), shown.genesis).state
    assert state.size == len(shown.leaves)
