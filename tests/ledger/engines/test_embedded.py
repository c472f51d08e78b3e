"""The embedded engine: what it promises, how ratings enter the log, what it keeps and what it deletes."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.complaint import FalseComplaint, complain
from circuits.rating import Bundle, Core
from tests.ledger.bench import Rated
from tests.ledger.forgeries import garbage_for, rating_with
from tests.world import World, audit_leaves, questionnaire, single
from zkperf.errors import InputError, InvalidLogProof, RuleViolation, ZkperfError
from zkperf.ledger.engines.clock import CLOCK_SKEW
from zkperf.ledger.engines.embedded import EmbeddedLedger
from zkperf.ledger.log.checkpoint import Checkpoint, Signer
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.promises import Promise
from zkperf.ledger.signing import log_origin, public_bytes, signed
from zkperf.ledger.state import Abandonment, Phase, Round
from zkperf.ledger.store.block import Block
from zkperf.ledger.store.store import Store
from zkperf.ledger.transactions import (
    Batch,
    ComplaintPosted,
    ComplaintRefused,
    Deadline,
    Genesis,
    RoundClosed,
    RoundDrained,
    RoundOpened,
    decode_transaction,
    digest,
    encode_transaction,
    signed_digest,
)
from zkperf.roles.stages import abandonment
from zkperf.roles.view import ledger_policy

GOOD = {"recommend": "good"}
PROJECT = Path(__file__).parents[3]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.create(tmp_path / "ledger")
    yield world
    world.consortium.close()


def draw(world: World, found: Round, count: int, unit: int = 1) -> list[Rated]:
    """Devices that have drawn their tokens and made a rating, not sent yet."""
    made = []
    for _ in range(count):
        citizen, token = world.citizen(found, unit)
        made.append(Rated(citizen, token, *citizen.rate(token, GOOD)))
    return made


def again(rated: Rated, sequence: int) -> tuple[Core, Bundle]:
    return rated.citizen.rate(rated.token.model_copy(update={"next_sequence": sequence}), GOOD)


def on_the_log(world: World) -> list[Any]:
    return [decode_transaction(leaf) for leaf in world.leaves()]


def batches(world: World) -> list[tuple[int, bool, list[Core]]]:
    """The batches on the log: (unit, final, ratings)."""
    found: list[tuple[int, bool, list[Core]]] = []
    for transaction in on_the_log(world):
        if isinstance(transaction, Batch):
            found.append((transaction.unit, transaction.final, []))
        if isinstance(transaction, Core):
            found[-1][2].append(transaction)
    return found


# -- promises -----------------------------------------------------------------------------------------


def test_every_rating_that_is_taken_gets_a_promise(world: World) -> None:
    found = world.open_round()
    for rated in draw(world, found, 5):
        promise = world.send(rated.core, rated.bundle)
        promise.verify(world.state.rules.log_key)
        assert (promise.ledger, promise.round, promise.unit) == (world.state.ledger, found.digest, 1)
        assert (promise.pseudonym, promise.sequence) == (rated.core.pseudonym, 0)
        assert promise.digest == digest(rated.core)
        rated.citizen.check_promise(rated.core, promise)
        world.promises.append(promise)
    world.close_round(found)
    kept = {digest(leaf) for leaf in on_the_log(world) if isinstance(leaf, Core)}
    assert {promise.digest for promise in world.promises} == kept


# -- batches ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k_min", [2, 3])
def test_twice_k_min_wait_and_k_min_stay(world: World, k_min: int) -> None:
    found = world.open_round(min_cohort=k_min)
    made, ledger = draw(world, found, 2 * k_min), world.consortium.ledger
    for rated in made[:-1]:
        world.send(rated.core, rated.bundle)
    assert batches(world) == [] and ledger.waiting(found.digest, 1) == 2 * k_min - 1
    world.send(made[-1].core, made[-1].bundle)
    [(unit, final, entered)] = batches(world)
    assert (unit, final, len(entered)) == (1, False, k_min)
    assert ledger.waiting(found.digest, 1) == k_min
    assert {core.pseudonym for core in entered} == set(found.cohort(1).ratings)


class Chooser:
    """Random choice that can be foreseen, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[set[bytes], int]] = []

    def sample(self, population: Any, count: int) -> Any:
        self.asked.append(({item.pseudonym for item in population}, count))
        return sorted(population, key=lambda item: sha256(item.pseudonym).digest())[:count]


def test_who_enters_is_chosen_at_random_and_sorted(world: World) -> None:
    found = world.open_round()
    chooser = Chooser()
    world.consortium.ledger._random = chooser  # type: ignore[assignment]
    made = draw(world, found, 6)
    for rated in made:
        world.send(rated.core, rated.bundle)
    names = [rated.core.pseudonym for rated in made]
    first, second = chooser.asked
    assert first == (set(names[:4]), 2)
    chosen = sorted(names[:4], key=lambda name: sha256(name).digest())[:2]
    # Of the second four, two had waited before: they may well wait on.
    assert second == (set(names) - set(chosen), 2)
    entered = [[core.pseudonym for core in ratings] for _, _, ratings in batches(world)]
    assert entered[0] == sorted(chosen)
    assert all(ratings == sorted(ratings) for ratings in entered)


def test_the_choice_comes_from_the_operating_system(world: World) -> None:
    assert type(world.consortium.ledger._random) is SystemRandom


def test_cohorts_do_not_wait_for_each_other(world: World) -> None:
    found = world.open_round(("A", "B"))
    a, b = draw(world, found, 4, 1), draw(world, found, 3, 2)
    for rated in (*a[:3], *b):
        world.send(rated.core, rated.bundle)
    assert batches(world) == []
    world.send(a[3].core, a[3].bundle)
    assert [(unit, len(ratings)) for unit, _, ratings in batches(world)] == [(1, 2)]
    assert [world.consortium.ledger.waiting(found.digest, unit) for unit in (1, 2)] == [2, 3]


def test_many_ratings_in_one_request_enter_as_far_as_they_may(world: World) -> None:
    found = world.open_round(("A", "B"))
    made = draw(world, found, 5, 1) + draw(world, found, 4, 2)
    items = [(encode_transaction(rated.core), rated.bundle.encode()) for rated in made]
    verdicts = world.consortium.submit_ratings(items)
    assert all(isinstance(verdict, Promise) for verdict in verdicts)
    assert [(unit, len(ratings)) for unit, _, ratings in batches(world)] == [(1, 3), (2, 2)]


def test_one_overtaken_while_waiting_never_enters(world: World) -> None:
    found = world.open_round()
    first, second, *_ = made = draw(world, found, 3)
    world.send(first.core, first.bundle)
    newer = again(first, 1)
    world.send(*newer)
    world.send(second.core, second.bundle)
    assert world.consortium.ledger.waiting(found.digest, 1) == 2
    assert world.consortium.ledger.bundles([digest(first.core)]) == {}
    world.send(made[2].core, made[2].bundle)
    world.close_round(found)
    logged = {digest(core) for _, _, ratings in batches(world) for core in ratings}
    assert logged == {digest(newer[0]), digest(second.core), digest(made[2].core)}


def test_a_replacement_waits_for_close_and_does_not_fill_a_batch(world: World) -> None:
    found = world.open_round()
    made, ledger = draw(world, found, 6), world.consortium.ledger
    for rated in made[:4]:
        world.send(rated.core, rated.bundle)
    logged = [rated for rated in made[:4] if rated.core.pseudonym in found.cohort(1).ratings]
    assert len(logged) == 2
    for rated in logged:
        world.send(*again(rated, 1))
    # Two newcomers and two replacements wait: that is no batch.
    assert ledger.waiting(found.digest, 1) == 4 and len(batches(world)) == 1
    world.send(*again(logged[0], 2))
    world.send(made[4].core, made[4].bundle)
    world.send(made[5].core, made[5].bundle)
    assert len(batches(world)) == 2
    assert all(core.sequence == 0 for _, _, ratings in batches(world) for core in ratings)
    world.close_round(found)
    _, final, ratings = batches(world)[-1]
    assert final
    latest = {core.pseudonym: core.sequence for core in ratings}
    assert (latest[logged[0].core.pseudonym], latest[logged[1].core.pseudonym]) == (2, 1)
    assert len(latest) == len(ratings) == 4


def test_at_close_everything_that_waits_enters_in_one_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.open_round(("A", "B", "C"))
    for unit, count in ((1, 3), (2, 1)):
        for rated in draw(world, found, count, unit):
            world.send(rated.core, rated.bundle)
    appended: list[int] = []
    real = Store.append

    def append(store: Store, block: Block, **rest: Any) -> None:
        appended.append(len(block.leaves))
        real(store, block, **rest)

    monkeypatch.setattr(Store, "append", append)
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    ledger = world.consortium.ledger
    index = ledger.submit(evaluator.close_round(found.digest))
    # The closing, two headers, four ratings, the mark: C has none and no batch.
    assert appended == [8]
    assert isinstance(decode_transaction(ledger.leaf(index + 7)), RoundDrained)
    assert isinstance(decode_transaction(ledger.leaf(index)), RoundClosed)
    assert [(unit, final, len(ratings)) for unit, final, ratings in batches(world)] == [
        (1, True, 3),
        (2, True, 1),
    ]
    assert [ledger.waiting(found.digest, unit) for unit in (1, 2, 3)] == [0, 0, 0]


def test_a_round_that_was_closed_and_not_drained_is_drained_when_the_ledger_opens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.open_round(("A", "B"))
    for rated in draw(world, found, 3):
        world.send(rated.core, rated.bundle)
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    with monkeypatch.context() as patch:
        # As if the process had ended between two blocks.
        patch.setattr(EmbeddedLedger, "_drain", lambda self, block: None)
        world.consortium.ledger.submit(evaluator.close_round(found.digest))
    assert found.phase is Phase.DRAINING
    world.consortium.close()
    ledger = EmbeddedLedger.open(world.folder.path, world.folder.keys("sequencer").signing_key())
    again = ledger.state.rounds[found.digest]
    assert again.phase is Phase.CHECKING and again.cohort(1).counted == 3
    assert ledger.waiting(found.digest, 1) == 0
    ledger.close()


# -- transactions -------------------------------------------------------------------------------------


def test_ratings_batches_and_refusals_are_not_posted_like_other_transactions(world: World) -> None:
    found = world.open_round()
    [rated] = draw(world, found, 1)
    ledger, size = world.consortium.ledger, world.state.size
    key = world.folder.keys("sequencer").signing_key()
    header = signed(Batch, key, world.state.ledger, round=found.digest, unit=1, count=2, final=False)
    refusal = ComplaintRefused(signature=bytes(64), round=found.digest, trustee=1, digest=bytes(32))
    mark = signed(RoundDrained, key, world.state.ledger, round=found.digest)
    for transaction in (rated.core, header, mark, refusal):
        with pytest.raises(
            RuleViolation, match="ratings come with their bundle; batches are the sequencer's"
        ):
            ledger.submit(encode_transaction(transaction))
    assert world.state.size == size and world.state.batch is None


def test_many_transactions_are_stored_in_one_write_each_with_its_verdict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.open_round()
    citizen, _ = world.citizen(found)
    issues = [citizen.request_token(world.voucher(found)).issue for _ in range(3)]
    ledger, size = world.consortium.ledger, world.state.size
    appended: list[int] = []
    real = Store.append

    def append(store: Store, block: Block, **rest: Any) -> None:
        appended.append(len(block.leaves))
        real(store, block, **rest)

    monkeypatch.setattr(Store, "append", append)
    verdicts = ledger.submit_all([issues[0], b"?", issues[1], issues[0], issues[2]])
    assert [v if isinstance(v, int) else v.check for v in verdicts] == [
        size, "encoding", size + 1, "issuance", size + 2
    ]  # fmt: skip
    assert appended == [3] and world.state.size == size + 3
    assert [ledger.leaf(size + i) for i in range(3)] == issues
    # Nothing but refusals: nothing to store.
    assert all(isinstance(verdict, ZkperfError) for verdict in ledger.submit_all([b"?", issues[0]]))
    assert appended == [3]


def complaint(world: World, member: int, core: Core, bundle: Bundle) -> bytes:
    ledger, group, keys = world.state.ledger, world.state.group, world.folder.keys(f"member-{member}")
    assert group is not None
    shown = complain(group, ledger, digest(core), core, bundle, member, keys.sealing_key(group))
    key = keys.signing_key()
    return encode_transaction(signed(ComplaintPosted, key, ledger, complaint=shown))


def test_of_a_false_complaint_the_log_keeps_digest_and_signer(world: World) -> None:
    found = world.open_round()
    made = draw(world, found, 4)
    for rated in made:
        world.send(rated.core, rated.bundle)
    logged = next(rated for rated in made if rated.core.pseudonym in found.cohort(1).ratings)
    ledger, size = world.consortium.ledger, world.state.size
    posted = complaint(world, 3, logged.core, logged.bundle)
    with pytest.raises(FalseComplaint):
        ledger.submit(posted)
    transaction = decode_transaction(posted)
    [refused] = on_the_log(world)[size:]
    assert refused == ComplaintRefused(
        signature=transaction.signature,
        round=found.digest,
        trustee=3,
        digest=signed_digest(transaction),
    )
    assert not any(transaction.complaint.sealed in leaf for leaf in world.leaves())
    assert ledger.bundles([digest(logged.core)]) != {}
    assert found.refused_complaints == {3: 1}
    # Posted again it is refused, and leaves nothing more.
    with pytest.raises(RuleViolation, match="judged before"):
        ledger.submit(posted)
    assert world.state.size == size + 1
    assert world.audit().ok


def test_a_rating_that_enters_at_close_can_be_complained_about_in_the_same_request(world: World) -> None:
    found = world.open_round()
    [rated] = draw(world, found, 1)
    core, bundle = rating_with(rated, GOOD, **garbage_for(2))
    ledger = world.consortium.ledger
    [promise] = ledger.submit_ratings([(encode_transaction(core), bundle.encode())])
    assert isinstance(promise, Promise)
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    block = [evaluator.close_round(found.digest), complaint(world, 2, core, bundle)]
    verdicts = ledger.submit_all(block)
    assert all(isinstance(verdict, int) for verdict in verdicts)
    assert found.cohort(1).ratings[core.pseudonym].struck
    assert ledger.bundles([digest(core)]) == {}


@pytest.mark.parametrize("kind", [RoundOpened, RoundClosed, Deadline])
def test_a_transactions_time_is_now(world: World, kind: type[Any]) -> None:
    found = world.open_round()
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    now = int(world.clock())
    if kind is RoundOpened:
        opened = found.opened
        units = [unit.model_copy(update={"name": f"other {unit.name}"}) for unit in opened.units]

    def dated(at: int) -> bytes:
        world.clock.now = at
        if kind is RoundOpened:
            made = evaluator.open_round(opened.scheme, "other", 2, units)
        else:
            made = (evaluator.close_round if kind is RoundClosed else evaluator.end_stage)(found.digest)
        world.clock.now = now
        return made

    ledger, size = world.consortium.ledger, world.state.size
    for at in (now + CLOCK_SKEW + 1, now - CLOCK_SKEW - 1, now + 10**9, 0):
        with pytest.raises(RuleViolation, match="its time is not now: is your clock right") as caught:
            ledger.submit(dated(at))
        assert caught.value.check == "rounds"
    assert world.state.size == size
    if kind is Deadline:
        with pytest.raises(RuleViolation, match="does not allow this"):
            ledger.submit(dated(now))
    else:
        ledger.submit(dated(now + CLOCK_SKEW))


# -- bundles ------------------------------------------------------------------------------------------


def test_bundles_are_kept_until_everything_is_opened(world: World) -> None:
    found = world.open_round()
    made = draw(world, found, 6)
    digests = [digest(rated.core) for rated in made]
    ledger, trustees = world.consortium.ledger, world.consortium.trustees
    for rated in made:
        world.send(rated.core, rated.bundle)
    assert ledger.bundles(digests) == {digest(rated.core): rated.bundle.encode() for rated in made}
    world.consortium.trustees = []
    world.close_round(found)
    assert len(ledger.bundles(digests)) == 6
    for trustee in trustees:
        for duty in trustee.duties(ledger.state, ledger.bundles):
            ledger.submit(duty)
    assert found.phase is Phase.SUMMING and len(ledger.bundles(digests)) == 6
    for trustee in trustees[:2]:
        [duty] = trustee.duties(ledger.state, ledger.bundles)
        ledger.submit(duty)
    assert found.phase is Phase.OPENED and ledger.bundles(digests) == {}


@pytest.mark.parametrize("phase", [Phase.DRAINING, Phase.CHECKING])
def test_of_an_abandoned_round_nothing_sealed_is_kept(
    world: World, phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.open_round()
    made = draw(world, found, 5)
    for rated in made:
        world.send(rated.core, rated.bundle)
    ledger, trustees = world.consortium.ledger, world.consortium.trustees
    world.consortium.trustees = []
    with monkeypatch.context() as patch:
        if phase is Phase.DRAINING:
            patch.setattr(EmbeddedLedger, "_drain", lambda self, block: None)
        world.close_round(found)
    digests = [digest(rated.core) for rated in made]
    assert found.phase is phase and len(ledger.bundles(digests)) == 5
    assert ledger.waiting(found.digest, 1) == (3 if phase is Phase.DRAINING else 0)
    key = world.folder.keys("member-2").signing_key()

    def give_up() -> int:
        at = int(world.clock())
        return ledger.submit(abandonment(key, world.state.ledger, found.digest, 2, at))

    with pytest.raises(RuleViolation, match="may be abandoned from"):
        give_up()
    world.clock.now += world.state.rules.abandon_seconds
    leaf = give_up()
    assert found.phase is Phase.ABANDONED and found.abandoned == Abandonment(leaf, 2)
    assert ledger.bundles(digests) == {} and ledger.waiting(found.digest, 1) == 0
    assert list(ledger._store.all_pending()) == []
    world.consortium.trustees = trustees
    world.consortium.settle()
    assert all(found.digest not in trustee._shares._pages for trustee in trustees)
    report = world.audit()
    assert report.ok and report.open_rounds == []
    [listed] = report.abandoned
    assert (listed.round, listed.index, listed.member) == (found.opened.name, leaf, "member 2")


def test_the_bundle_of_a_replaced_rating_is_deleted(world: World) -> None:
    found = world.open_round()
    made = draw(world, found, 4)
    for rated in made:
        world.send(rated.core, rated.bundle)
    logged = next(rated for rated in made if rated.core.pseudonym in found.cohort(1).ratings)
    newer = again(logged, 1)
    world.send(*newer)
    ledger, both = world.consortium.ledger, [digest(logged.core), digest(newer[0])]
    # Until close the old one still counts.
    assert len(ledger.bundles(both)) == 2
    world.consortium.trustees = []
    world.close_round(found)
    assert set(ledger.bundles(both)) == {both[1]}


def test_when_a_round_ends_its_bundles_are_deleted_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.open_round()
    world.rate(found, [GOOD] * 4)
    deleted: list[int] = []
    real = Store.append

    def append(store: Store, block: Any, **options: Any) -> None:
        deleted.extend(block.needless)
        real(store, block, **options)

    monkeypatch.setattr(Store, "append", append)
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED
    assert sorted(deleted) == sorted(rating.index for rating in found.counted_below(0))
    deleted.clear()
    world.open_round(("B",), questionnaire(single("again")), name="next")
    assert deleted == []


def test_the_bundle_of_a_rating_struck_out_is_deleted(world: World) -> None:
    found = world.open_round()
    made = draw(world, found, 4)
    core, bundle = rating_with(made[0], GOOD, **garbage_for(2))
    made[0] = made[0]._replace(core=core, bundle=bundle)
    world.consortium.trustees = []
    for rated in made:
        world.send(rated.core, rated.bundle)
    world.close_round(found)
    ledger, bad = world.consortium.ledger, made[0]
    assert set(ledger.bundles([digest(bad.core)])) == {digest(bad.core)}
    # A false complaint deletes nothing.
    with pytest.raises(FalseComplaint):
        ledger.submit(complaint(world, 1, bad.core, bad.bundle))
    assert set(ledger.bundles([digest(bad.core)])) == {digest(bad.core)}
    ledger.submit(complaint(world, 2, bad.core, bad.bundle))
    assert ledger.bundles([digest(bad.core)]) == {}
    assert len(ledger.bundles([digest(rated.core) for rated in made])) == 3


# -- reading ------------------------------------------------------------------------------------------


def test_every_leaf_has_a_receipt_under_the_latest_checkpoint(world: World) -> None:
    found = world.open_round()
    world.rate(found, [GOOD] * 4)
    ledger = world.consortium.ledger
    policy = ledger_policy(world.state.ledger, world.state.rules.log_key)
    for index, leaf in enumerate(world.leaves()):
        receipt = Receipt.parse(ledger.receipt(index))
        checkpoint = receipt.verify(policy)
        assert (receipt.leaf, receipt.index, checkpoint.size) == (leaf, index, world.state.size)
    assert list(ledger.leaves(2, 5)) == world.leaves()[2:5]
    file = io.BytesIO()
    assert ledger.export(file) == world.state.size
    assert all(leaf in file.getvalue() for leaf in world.leaves())
    tile = ledger.tile(f"tile/0/000.p/{world.state.size}")
    assert len(tile) == 32 * world.state.size
    entries = ledger.tile(f"tile/entries/000.p/{world.state.size}")
    assert all(leaf in entries for leaf in world.leaves())


# -- opening ------------------------------------------------------------------------------------------


def test_a_second_process_is_told_that_the_ledger_is_in_use(world: World, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from zkperf.roles.folder import LedgerFolder\n"
        "from zkperf.errors import InputError\n"
        "try: LedgerFolder.open(Path(sys.argv[1]))\n"
        "except InputError as error: print(error); sys.exit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "ledger")], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 3, done.stderr
    assert "another process" in done.stdout and str(tmp_path / "ledger") in done.stdout
    # Nor does this process open it twice.
    with pytest.raises(InputError, match="another process"):
        EmbeddedLedger.open(tmp_path / "ledger", world.folder.keys("sequencer").signing_key())
    world.open_round()


def test_a_ledger_is_opened_with_its_own_key(world: World, tmp_path: Path) -> None:
    world.consortium.close()
    for other in ("evaluator", "member-1"):
        with pytest.raises(InputError, match="the sequencer's key is not this ledger's"):
            EmbeddedLedger.open(tmp_path / "ledger", world.folder.keys(other).signing_key())
    EmbeddedLedger.open(tmp_path / "ledger", world.folder.keys("sequencer").signing_key()).close()


def test_only_what_its_key_has_signed_is_believed(world: World, tmp_path: Path) -> None:
    world.open_round()
    world.consortium.close()
    origin, path = log_origin(world.state.ledger), tmp_path / "ledger"
    with Store.open(path) as store:
        honest = Checkpoint.unverified(store.checkpoint())
        store.append(Block(store.size), note=Signer(origin, Ed25519PrivateKey.generate()).sign(honest))
    own = world.folder.keys("sequencer").signing_key()
    with pytest.raises(InvalidLogProof, match="not signed by the log's key"):
        EmbeddedLedger.open(path, own)
    with Store.open(path) as store:
        other = Checkpoint("zkperf/other", honest.size, honest.root)
        store.append(Block(store.size), note=Signer(other.origin, own).sign(other))
    with pytest.raises(InvalidLogProof, match="of another origin"):
        EmbeddedLedger.open(path, own)


def test_a_ledger_without_a_genesis_is_none(tmp_path: Path) -> None:
    Store.create(tmp_path).close()
    with pytest.raises(InputError, match="the sequencer's key is not this ledger's"):
        EmbeddedLedger.open(tmp_path, Ed25519PrivateKey.generate())


def test_a_ledger_is_founded_by_the_key_that_its_genesis_names(world: World, tmp_path: Path) -> None:
    genesis = decode_transaction(world.leaves()[0])
    assert isinstance(genesis, Genesis)
    with pytest.raises(InputError, match="the sequencer's key is not this ledger's"):
        EmbeddedLedger.create(tmp_path / "a", genesis, Ed25519PrivateKey.generate())
    key = Ed25519PrivateKey.generate()
    own = genesis.model_copy(update={"log_key": public_bytes(key), "threshold": 0})
    with pytest.raises(RuleViolation, match="expected a threshold"):
        EmbeddedLedger.create(tmp_path / "b", own, key)
    # Neither is held any longer.
    for name in ("a", "b"):
        Store.open(tmp_path / name).close()


# -- threads ------------------------------------------------------------------------------------------


def test_many_threads_write_at_once(world: World) -> None:
    found = world.open_round(("A", "B"))
    made = draw(world, found, 10, 1) + draw(world, found, 6, 2)
    citizen, ledger = made[0].citizen, world.consortium.ledger
    issues = [citizen.request_token(world.voucher(found)).issue for _ in range(8)]
    results: list[Any] = []
    barrier = threading.Barrier(4)

    def send(part: list[Rated], vouchers: list[bytes]) -> None:
        barrier.wait()
        for rated in part:
            results.extend(ledger.submit_ratings([(encode_transaction(rated.core), rated.bundle.encode())]))
        for issue in vouchers:
            results.append(ledger.submit(issue))
            ledger.receipt(0)

    threads = [threading.Thread(target=send, args=(made[i::4], issues[i::4])) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 24 and not any(isinstance(result, Exception) for result in results)
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED and found.numbers == {0: 16, 1: 10, 2: 6}
    assert {p.digest for p in results if isinstance(p, Promise)} == {digest(rated.core) for rated in made}
    assert audit_leaves(world.leaves(), ledger.checkpoint(), world.state.ledger).ok


def test_the_same_rating_from_many_threads_is_taken_once(world: World) -> None:
    found = world.open_round()
    [rated] = draw(world, found, 1)
    item = encode_transaction(rated.core), rated.bundle.encode()
    verdicts: list[Any] = []
    threads = [
        threading.Thread(target=lambda: verdicts.extend(world.consortium.ledger.submit_ratings([item])))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(verdict).__name__ for verdict in verdicts) == ["Promise", *["RuleViolation"] * 3]
