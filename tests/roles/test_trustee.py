"""Trustees, honest and lying: a liar is named, harms nobody but itself, and never stops the others."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from circuits.complaint import FalseComplaint, complain
from circuits.possession import verify_possession
from circuits.rating import Bundle
from tests.ledger.bench import Bench, Rated, a_new_round, in_phase
from tests.ledger.forgeries import cheating_deal, garbage_for, rating_with, wrong_share_for
from tests.suites import REAL
from tests.world import World, number, questionnaire, single
from zkperf.encoding import Record
from zkperf.errors import InputError, InvalidOpening, InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.rules.genesis import founding_message, possession_context
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import Keygen, Phase, Round, State
from zkperf.ledger.transactions import (
    BundlesLost,
    Checked,
    ComplaintPosted,
    ComplaintRefused,
    DealChallenged,
    Genesis,
    Member,
    decode_transaction,
    digest,
)
from zkperf.roles import citizen as citizen_module
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.keystore import KeyStore
from zkperf.roles.trustee import Trustee
from zkperf.signatures import verify
from zkperf.tokens.blind import LyingTrustees, verify_token
from zkperf.tokens.keygen import Deal

GOOD = {"recommend": "good"}
POOR = {"recommend": "poor"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three members, threshold 2."""
    world = World.create(tmp_path / "ledger")
    yield world
    world.consortium.close()


@pytest.fixture
def four(tmp_path: Path) -> Iterator[World]:
    """Four members, threshold 2: one of them may lie or be silent."""
    world = World.create(tmp_path / "ledger", members=4)
    assert world.state.enough == 3
    yield world
    world.consortium.close()


def put(world: World, kind: type[Trustee], *members: int) -> None:
    """Replaces members by others with the same keys."""
    trustees = list(world.consortium.trustees)
    for j in members:
        old = trustees[j - 1]
        trustees[j - 1] = kind(j, old.store, old.group)
    world.consortium.trustees = trustees


def refusals(world: World) -> dict[int, set[type[Exception]]]:
    """What kinds of refusals there were, by member."""
    found: dict[int, set[type[Exception]]] = {}
    for member, error in world.consortium.refusals:
        found.setdefault(member, set()).add(type(error))
    return found


def counts(found: Round, unit: int = 1) -> dict[str, int]:
    assert found.result is not None
    listed = found.result[unit].questions[0].counts
    assert listed is not None
    return {entry.option: entry.count for entry in listed if entry.count}


def end_stage(world: World, found: Round) -> None:
    world.clock.now += world.state.rules.stage_seconds
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    world.consortium.submit(evaluator.end_stage(found.digest))


# -- joining ------------------------------------------------------------------------------------------


def draft_of(*entries: Member, **changes: Any) -> Genesis:
    """The draft of a genesis of these members."""
    fixed = {
        "version": 1, "name": "ledger", "suite": "ristretto255", "members": entries, "threshold": 1,
        "log_key": bytes(32), "evaluators": (bytes(32),), "min_cohort_floor": 2, "max_sequence": 3,
        "stage_seconds": 3600, "abandon_seconds": 14400, "rehearsal": False, "nonce": bytes(32),
    }  # fmt: skip
    return Genesis(**fixed | changes)


@pytest.mark.parametrize("group", REAL)
def test_who_enrols_gets_keys_and_shows_that_it_has_them(tmp_path: Path, group: Group) -> None:
    first, store = KeyStore(tmp_path / "first"), KeyStore(tmp_path / "second")
    entries = Trustee.enrol("finance", first, group), Trustee.enrol("audit", store, group)
    draft = draft_of(*entries)
    trustee = Trustee(2, store, group)
    member = trustee.join(draft)
    assert (member.name, member.signing_key) == ("audit", public_bytes(store.signing_key()))
    element = group.decode(member.sealing_key)
    assert element == store.sealing_key(group) * group.generator
    charter = draft.charter()
    verify_possession(group, element, possession_context(charter, 2), member.possession)
    verify(member.signing_key, founding_message(charter), member.signature, whose="the member")
    # What it has joined is what all the others have: whoever joined first changes nothing.
    joined = draft_of(Trustee(1, first, group).join(draft), entries[1])
    assert trustee.join(joined).signature == member.signature
    assert repr(trustee) == "<trustee 2>"


def test_nobody_joins_under_keys_that_are_not_its_own(tmp_path: Path) -> None:
    group, store = RISTRETTO255, KeyStore(tmp_path / "own")
    entry = Trustee.enrol("audit", store, group)
    other = Trustee.enrol("finance", KeyStore(tmp_path / "other"), group)
    trustee = Trustee(1, store, group)
    for changes in ({"signing_key": other.signing_key}, {"sealing_key": other.sealing_key}):
        with pytest.raises(InputError, match="member 1: the genesis does not name this member's keys"):
            trustee.join(draft_of(entry.model_copy(update=changes), other))


# -- token shares -------------------------------------------------------------------------------------


def test_only_recorded_points_are_signed_and_asking_again_is_harmless(world: World) -> None:
    found = world.open_round()
    citizen, _ = world.citizen(found)
    voucher = world.voucher(found)
    request = citizen.request_token(voucher)
    key, trustee = public_bytes(voucher.key()), world.consortium.trustees[0]
    with pytest.raises(RuleViolation, match="no point is recorded for this voucher") as caught:
        trustee.token_share(world.state, key)
    assert caught.value.check == "issuance"
    with pytest.raises(RuleViolation, match="no point is recorded for this voucher"):
        world.consortium.token_shares(key)
    world.consortium.submit(request.issue)
    share = trustee.token_share(world.state, key)
    assert share == trustee.token_share(world.state, key)
    again = Trustee(1, trustee.store, trustee.group)
    assert share == again.token_share(world.state, key)
    share_key = BLS12381.g2.decode(found.keygens[0].share_key(1, 1))
    blinded = BLS12381.g1.decode(decode_transaction(request.issue).blinded)
    verify_token(BLS12381, share_key, blinded, BLS12381.g1.decode(share))


class Garbler(Trustee):
    """Signs another point."""

    def token_share(self, state: State, voucher: bytes) -> bytes:
        share = BLS12381.g1.decode(super().token_share(state, voucher))
        return BLS12381.g1.encode(share + share)


class Mumbler(Trustee):
    """Answers with what is no point at all."""

    def token_share(self, state: State, voucher: bytes) -> bytes:
        return b"no share"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The trustees that devices found to be lying, token by token."""
    liars: list[tuple[int, ...]] = []
    real = citizen_module.finish

    def finish(*arguments: Any) -> Any:
        token, found = real(*arguments)
        liars.append(found)
        return token, found

    monkeypatch.setattr(citizen_module, "finish", finish)
    return liars


@pytest.mark.parametrize("liar", [1, 2, 3])
def test_a_device_gets_its_token_and_knows_who_lied(
    world: World, named: list[tuple[int, ...]], liar: int
) -> None:
    found = world.open_round()
    put(world, Garbler, liar)
    rated = world.rate(found, [GOOD] * 3)
    assert len(rated) == 3
    # The third share is looked at only where the first two do not make a token.
    assert named == [(liar,) if liar < 3 else ()] * 3
    world.close_round(found)
    assert counts(found) == {"good": 3} and world.audit().ok


def test_noise_in_place_of_a_share_is_as_good_as_silence(world: World, named: list[tuple[int, ...]]) -> None:
    found = world.open_round()
    put(world, Mumbler, 1)
    world.rate(found, [GOOD] * 2)
    assert named == [(), ()]


def test_with_too_many_liars_there_is_no_token_and_all_are_named(world: World) -> None:
    found = world.open_round()
    put(world, Garbler, 1, 3)
    with pytest.raises(LyingTrustees) as caught:
        world.citizen(found)
    assert caught.value.liars == (1, 3)


# -- deals --------------------------------------------------------------------------------------------


class Cheat(Trustee):
    """Deals member 1 a share that it cannot open."""

    def _deal(self, keygen: Keygen) -> Deal:
        name = f"bad-{keygen.context.part}"
        if not self.store.has(name):
            self.store.write(name, cheating_deal(keygen.context, self.index, 1).encode())
        return Deal.decode(self.store.read(name))


def test_who_deals_badly_is_disqualified_and_the_round_opens(world: World) -> None:
    put(world, Cheat, 3)
    found = world.open_round()
    [challenge] = [t for t in map(decode_transaction, world.leaves()) if isinstance(t, DealChallenged)]
    assert (challenge.complaint.accuser, challenge.complaint.dealer) == (1, 3)
    assert found.keygens[0].disqualified == {3} and found.phase is Phase.OPEN
    # It still is a trustee: its share of the others' deals is good.
    world.rate(found, [GOOD] * 3)
    world.close_round(found)
    assert counts(found) == {"good": 3} and world.audit().ok


def test_a_deal_is_made_once_and_deleted_when_it_is_posted(world: World) -> None:
    bench = a_new_round(3, 2)
    trustee = bench.trustees[1]
    commitment = bench.duty(1).commitment
    [name] = [path.name for path in trustee.store._folder.iterdir() if path.name.startswith("deal-")]
    # After a restart it commits to the same deal.
    bench.trustees[1] = Trustee(1, trustee.store, trustee.group)
    assert bench.duty(1).commitment == commitment
    bench.settle(until=lambda: bench.round.phase is Phase.DEALING)
    assert trustee.store.has(name)
    bench.settle(1)
    assert bench.round.keygens[0].deals[1].digest == commitment.digest
    assert not trustee.store.has(name)


class Absent(Trustee):
    """Does nothing."""

    def duties_in(self, *arguments: object) -> Iterator[bytes]:
        return iter(())


def test_who_is_dealt_a_bad_share_and_misses_the_stage_stops_nobody(four: World) -> None:
    """Member 1 is dealt a bad share and does not say so in time: it can sign no tokens, the others can."""
    put(four, Cheat, 4)
    put(four, Absent, 1)
    found = four.open_round()
    assert found.phase is Phase.COMMITTING
    end_stage(four, found)
    assert found.phase is Phase.ACCEPTING
    end_stage(four, found)
    assert found.phase is Phase.OPEN and found.keygens[0].disqualified == set()
    put(four, Trustee, 1)
    four.rate(found, [GOOD] * 3)
    assert refusals(four) == {1: {InvalidShare}}
    four.close_round(found)
    assert counts(found) == {"good": 3} and four.audit().ok


# -- silence ------------------------------------------------------------------------------------------


def test_a_silent_member_holds_nobody_up_longer_than_the_deadline(four: World) -> None:
    put(four, Absent, 3)
    found = four.open_round()
    for phase in (Phase.COMMITTING, Phase.ACCEPTING):
        assert found.phase is phase
        end_stage(four, found)
    assert found.phase is Phase.OPEN
    four.rate(found, [GOOD] * 2 + [POOR])
    four.close_round(found)
    assert found.phase is Phase.CHECKING and found.checked == {1, 2, 4}
    end_stage(four, found)
    assert found.phase is Phase.PUBLISHED and counts(found) == {"good": 2, "poor": 1}
    assert four.audit().ok


def test_two_silent_members_of_four_are_too_many(four: World) -> None:
    found = four.open_round()
    four.rate(found, [GOOD] * 3)
    put(four, Absent, 3, 4)
    four.close_round(found)
    with pytest.raises(RuleViolation, match="only 2 members have finished, 3 are needed"):
        end_stage(four, found)
    assert found.phase is Phase.CHECKING and found.openings == {}


# -- wrong sums ---------------------------------------------------------------------------------------


class Inflater(Trustee):
    """Adds one to every sum."""

    def _sums(self, state: State, found: Round) -> Record:
        posted: Any = super()._sums(state, found)
        one_more = self.group.encode_scalar
        sums = tuple(
            item.model_copy(
                update={"values": (one_more(self.group.decode_scalar(item.values[0]) + 1), *item.values[1:])}
            )
            for item in posted.sums
        )
        return signed(
            type(posted),
            self._signing,
            state.ledger,
            round=found.digest,
            trustee=self.index,
            stage=posted.stage,
            counted=posted.counted,
            sums=sums,
        )


@pytest.mark.parametrize("liar", [1, 2])
def test_a_wrong_sum_is_refused_and_the_others_finish(world: World, liar: int) -> None:
    put(world, Inflater, liar)
    found = world.open_round(asked=questionnaire(single(), number()))
    world.rate(found, [GOOD | {"minutes": 3}] * 3)
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED and counts(found) == {"good": 3}
    assert refusals(world) == {liar: {InvalidOpening}}
    assert all(f"member {liar}'s sum" in str(error) for _, error in world.consortium.refusals)
    assert world.audit().ok


# -- false complaints ---------------------------------------------------------------------------------


class Accuser(Trustee):
    """Complains about every rating there is."""

    def receive(self, state: State, ratings: Sequence[Any]) -> None:
        super().receive(state, ratings)
        read = [(decode_transaction(leaf.data), Bundle.decode(bundle)) for leaf, bundle in ratings]
        self.seen = [*getattr(self, "seen", []), *read]

    def _checking(self, state: State, found: Any, *_: Any) -> Iterator[Record]:
        logged = {rating.digest for rating in found.counted_below(1)}
        for core, bundle in getattr(self, "seen", []):
            if digest(core) in logged:
                complaint = complain(
                    self.group, state.ledger, digest(core), core, bundle, self.index, self._secret
                )
                yield signed(ComplaintPosted, self._signing, state.ledger, complaint=complaint)


def test_false_complaints_are_refused_and_change_nothing(four: World) -> None:
    put(four, Accuser, 2)
    found = four.open_round()
    four.rate(found, [GOOD] * 6)
    four.close_round(found)
    assert refusals(four)[2] == {FalseComplaint}
    on_the_log = [t for t in map(decode_transaction, four.leaves()) if isinstance(t, ComplaintRefused)]
    assert {t.trustee for t in on_the_log} == {2} and len(on_the_log) == found.refused_complaints[2] > 0
    assert found.cohort(1).counted == 6
    # It has never said that it has checked: the others go on without it.
    assert found.checked == {1, 3, 4}
    end_stage(four, found)
    assert found.phase is Phase.PUBLISHED and counts(found) == {"good": 6}
    assert four.audit().ok


def test_no_rating_is_lost_to_a_flood_of_false_complaints(four: World) -> None:
    put(four, Accuser, 2)
    found = four.open_round()
    four.rate(found, [GOOD] * 6)
    for _ in range(12):
        four.consortium.settle()
    assert found.refused_complaints == {2: 10}
    assert refusals(four)[2] == {FalseComplaint, RuleViolation}
    size = four.state.size
    four.consortium.settle()
    assert four.state.size == size
    assert found.cohort(1).counted == len(found.cohort(1).ratings)


# -- bad shares from citizens -------------------------------------------------------------------------


@pytest.mark.parametrize("how", [garbage_for, wrong_share_for])
def test_who_sends_a_bad_share_falls_out_alone_with_the_proof_on_the_ledger(world: World, how: Any) -> None:
    found = world.open_round()
    drawn = [world.citizen(found) for _ in range(6)]
    for place, (citizen, token) in enumerate(drawn):
        if place == 2:
            honest = Rated(citizen, token, *citizen.rate(token, POOR))
            core, bundle = rating_with(honest, POOR, **how(2))
        else:
            core, bundle = citizen.rate(token, GOOD)
        world.send(core, bundle)
        if place == 2:
            cheat = core
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED and counts(found) == {"good": 5}
    posted = [t.complaint for t in map(decode_transaction, world.leaves()) if isinstance(t, ComplaintPosted)]
    assert [(complaint.trustee, complaint.rating) for complaint in posted] == [(2, digest(cheat))]
    assert found.cohort(1).ratings[cheat.pseudonym].struck
    assert list(world.consortium.refusals) == [] and world.audit().ok


def test_who_was_struck_out_while_the_round_is_open_can_rate_properly(world: World) -> None:
    found = world.open_round()
    world.consortium.ledger._random = FirstComeFirstServed()  # type: ignore[assignment]
    citizen, token = world.citizen(found)
    world.send(*rating_with(Rated(citizen, token, *citizen.rate(token, POOR)), POOR, **garbage_for(2)))
    world.rate(found, [GOOD] * 3)
    cohort = found.cohort(1)
    assert [rating.struck for rating in cohort.ratings.values()].count(True) == 1
    core, bundle = citizen.rate(token.model_copy(update={"next_sequence": 1}), POOR)
    world.send(core, bundle)
    world.close_round(found)
    assert counts(found) == {"good": 3, "poor": 1}
    assert not cohort.ratings[core.pseudonym].struck and world.audit().ok


class FirstComeFirstServed:
    """Lets those enter who came first."""

    def sample(self, population: Sequence[Any], count: int) -> list[Any]:
        return list(population)[:count]


def test_several_cheats_and_one_share_bad_for_all(world: World) -> None:
    """Each of two trustees finds a bad share; a rating that is bad for both is struck out once."""
    found = world.open_round()
    for_all = {"sealed": lambda sealed: tuple(bytes(len(item)) for item in sealed)}
    for how in (garbage_for(1), garbage_for(3), for_all):
        citizen, token = world.citizen(found)
        world.send(*rating_with(Rated(citizen, token, *citizen.rate(token, POOR)), POOR, **how))
    world.rate(found, [GOOD] * 4)
    world.close_round(found)
    assert counts(found) == {"good": 4}
    posted = [t.complaint for t in map(decode_transaction, world.leaves()) if isinstance(t, ComplaintPosted)]
    assert len({complaint.rating for complaint in posted}) == len(posted) == 3
    assert list(world.consortium.refusals) == [] and world.audit().ok


def test_who_misses_a_bad_share_cannot_sum_and_the_others_can(four: World) -> None:
    """Member 2 sleeps through the check. Its sum would be wrong, so it posts none."""
    found, awake = four.open_round(), four.consortium.trustees
    put(four, Absent, 2)
    citizen, token = four.citizen(found)
    four.send(*rating_with(Rated(citizen, token, *citizen.rate(token, POOR)), POOR, **garbage_for(2)))
    four.rate(found, [GOOD] * 3)
    four.close_round(found)
    four.consortium.trustees = [awake[1]]
    end_stage(four, found)
    assert found.phase is Phase.SUMMING and found.sums == {}
    assert "trustee 2 has no good share of a counted rating" in str(four.consortium.refusals[-1][1])
    four.consortium.trustees = [awake[0], awake[3]]
    four.consortium.settle()
    # The shares of the others were good, so the rating counts.
    assert counts(found) == {"good": 3, "poor": 1}


# -- a ledger that was set back ---------------------------------------------------------------------


def test_two_counted_sets_of_a_round_are_never_opened(tmp_path: Path) -> None:
    """Restored from a backup and closed again, a round would count one rating less: the difference tells."""
    path, backup = tmp_path / "ledger", tmp_path / "backup"
    world = World.create(path)
    found = world.open_round()
    drawn = [world.citizen(found) for _ in range(6)]
    for citizen, token in drawn[:5]:
        world.send(*citizen.rate(token, GOOD))
    world.consortium.close()
    shutil.copy(path / "ledger.db", backup)
    world.folder, world.consortium = LedgerFolder.open(path, world.clock)
    citizen, token = drawn[5]
    world.send(*citizen.rate(token, POOR))
    world.close_round(world.state.rounds[found.digest])
    assert counts(world.state.rounds[found.digest]) == {"good": 5, "poor": 1}
    world.consortium.close()
    for file in path.glob("ledger.db*"):
        file.unlink()
    shutil.copy(backup, path / "ledger.db")
    # Who operates the folder can also make it forget how far it is signed.
    for file in world.folder.last_signed(world.state.ledger):
        file.unlink()
    world.folder, world.consortium = LedgerFolder.open(path, world.clock)
    again = world.state.rounds[found.digest]
    world.close_round(again)
    assert (again.phase, again.checked) == (Phase.CHECKING, set())
    match = "this member has checked another log of the round"
    everybody = {(member, match) for member in (1, 2, 3)}
    assert {(member, str(error)) for member, error in world.consortium.refusals} == everybody
    # Nor do they sum another set that others have checked.
    for word in path.glob("keys/member-*/checked-*"):
        word.unlink()
    world.consortium.refusals.clear()
    world.consortium.settle()
    assert (again.phase, again.sums, again.numbers[1]) == (Phase.SUMMING, {}, 5)
    match = "this member knows another counted set of the round"
    everybody = {(member, match) for member in (1, 2, 3)}
    assert {(member, str(error)) for member, error in world.consortium.refusals} == everybody
    world.consortium.close()


def test_a_member_sums_the_same_set_as_often_as_it_is_asked() -> None:
    bench = in_phase(Phase.SUMMING).fork()
    assert bench.duty(1) == bench.duty(1)
    trustee = bench.trustees[1]
    bench.trustees[1] = Trustee(1, trustee.store, trustee.group)
    bench.settle()
    assert bench.round.phase is Phase.PUBLISHED


# -- lost bundles -------------------------------------------------------------------------------------


def test_who_lacks_a_bundle_says_so_and_not_that_it_has_checked(world: World) -> None:
    found = world.open_round()
    made = world.rate(found, [GOOD] * 3)
    ledger, trustees = world.consortium.ledger, world.consortium.trustees
    world.consortium.trustees = []
    world.close_round(found)
    [other] = [t for t in trustees if t.index == 2]
    fresh = Trustee(2, other.store, other.group)
    [duty] = fresh.duties(ledger.state, lambda digests: {})
    lost = decode_transaction(duty)
    assert isinstance(lost, BundlesLost)
    assert lost.entries == tuple(sorted(digest(core) for _, _, core in made))
    [duty] = fresh.duties(ledger.state, ledger.bundles)
    assert isinstance(decode_transaction(duty), Checked)


def test_nobody_sums_without_a_bundle_that_counts(world: World) -> None:
    found = world.open_round()
    world.rate(found, [GOOD] * 3)
    ledger, trustees = world.consortium.ledger, world.consortium.trustees
    world.consortium.trustees = []
    world.close_round(found)
    for trustee in trustees:
        for duty in trustee.duties(ledger.state, ledger.bundles):
            ledger.submit(duty)
    assert found.phase is Phase.SUMMING
    first = min(rating.index for rating in found.counted_below(0))
    fresh = Trustee(2, trustees[1].store, trustees[1].group)
    match = f"the bundle of leaf {first} and of 2 more is missing or damaged"
    with pytest.raises(RuleViolation, match=match) as caught:
        list(fresh.duties(ledger.state, lambda digests: {}))
    assert caught.value.check == "counted set"
    [duty] = fresh.duties(ledger.state, ledger.bundles)


def test_a_round_that_is_stuck_does_not_hold_up_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.open_round(("A",), name="first")
    world.rate(first, [GOOD] * 3)
    ledger = world.consortium.ledger
    lost = {item.digest for item in ledger._store.all_pending()}
    real = ledger.bundles
    monkeypatch.setattr(
        ledger, "bundles", lambda digests: {d: b for d, b in real(digests).items() if d not in lost}
    )
    # Two of three have lost what the third has.
    put(world, Trustee, 1, 2)
    world.close_round(first)
    assert first.phase is Phase.CHECKING and first.checked == {3}
    assert set(first.lost) == lost and set(map(frozenset, first.lost.values())) == {frozenset({1, 2})}
    second = world.open_round(("B",), questionnaire(single("again")), name="second")
    world.rate(second, [{"again": "good"}] * 3)
    world.close_round(second)
    assert (first.phase, second.phase) == (Phase.CHECKING, Phase.PUBLISHED)


def test_one_damaged_bundle_ends_no_round(world: World) -> None:
    """One byte of one bundle in the database: its rating falls out, the others are published."""
    found = world.open_round()
    world.rate(found, [GOOD] * 9)
    world.consortium.close()
    [leaf, *_] = (rating.index for rating in found.counted_below(0))
    with sqlite3.connect(world.folder.path / "ledger.db") as database:
        [[data]] = database.execute('SELECT data FROM bundle WHERE "index" = ?', [leaf]).fetchall()
        spoilt = bytes([*data[:200], data[200] ^ 1, *data[201:]])
        database.execute('UPDATE bundle SET data = ? WHERE "index" = ?', [spoilt, leaf])
    database.close()
    world.folder, world.consortium = LedgerFolder.open(world.folder.path, world.clock)
    # It is named long before the round is closed.
    while world.consortium.check_bundles():
        pass
    assert list(world.consortium.damaged) == [leaf]
    assert world.consortium.damaged[leaf].startswith("its bundle is damaged: ")
    found = world.state.rounds[found.digest]
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED and counts(found) == {"good": 8}
    assert found.result is not None
    assert [(unit.counted, unit.lost) for unit in found.result] == [(8, 1), (8, 1)]
    report = world.audit()
    assert report.ok and [(item.round, item.entries) for item in report.lost] == [(found.opened.name, 1)]
    assert world.consortium.ledger.bundles([rating.digest for rating in found.taken()]) == {}


def test_a_published_rounds_shares_are_deleted(world: World) -> None:
    found = world.open_round()
    world.rate(found, [GOOD] * 3)
    trustee = world.consortium.trustees[0]
    assert trustee._shares._pages[found.digest].good
    world.close_round(found)
    assert found.digest not in trustee._shares._pages


def test_an_honest_trustee_has_nothing_to_do_when_all_is_done() -> None:
    told = in_phase(Phase.PUBLISHED)
    bench = Bench(told.folder, told.leaves, told.ratings)
    assert [list(bench.duties(j)) for j in (1, 2, 3)] == [[], [], []]
