"""The rules without an engine: a state to try transactions on, with everybody's keys at hand.

`Bench` applies leaves and shows that what is refused changes nothing. `a_round` gives one whose round is
open, with issuances on the log and ratings made but not posted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.layout import Answer, Layout
from circuits.questionnaire import Questionnaire
from circuits.rating import Bundle, Core
from tests.world import World, number, questionnaire, single
from zkperf.encoding import Record
from zkperf.errors import RuleViolation, ZkperfError
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.log.merkle import root_of
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.prepared import everything
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import BEFORE_OPEN, Phase, Round, State
from zkperf.ledger.transactions import (
    Batch,
    Checked,
    Deadline,
    DealCommitted,
    DealPosted,
    DealsAccepted,
    RoundAbandoned,
    RoundClosed,
    RoundDrained,
    RoundKeys,
    decode_transaction,
    digest,
    encode_transaction,
)
from zkperf.roles.citizen import Citizen, Token
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.keystore import KeyStore
from zkperf.roles.trustee import Trustee

Leaf = Record | bytes


class Rated(NamedTuple):
    """A rating that was made, and by whom."""

    citizen: Citizen
    token: Token
    core: Core
    bundle: Bundle


class Bench:
    """A state of the rules, the leaves that led to it, and the folder with everybody's keys."""

    def __init__(
        self, folder: LedgerFolder, leaves: Sequence[bytes] = (), ratings: Sequence[Rated] = ()
    ) -> None:
        self.folder = folder
        self.leaves = list(leaves)
        self.ratings = list(ratings)
        self.state = State(
            leaf=self.leaves.__getitem__,
            root=lambda size: root_of(self.leaves.__getitem__, size),
            pairing=BLS12381,
        )
        apply(self.state, self.leaves, trusted=everything)

    def fork(self) -> Bench:
        """Another bench with the same leaves."""
        return Bench(self.folder, self.leaves, self.ratings)

    # -- who is there -----------------------------------------------------------------------------

    def key(self, holder: str | int) -> Ed25519PrivateKey:
        """The signing key of a holder, or of a member by number."""
        name = f"member-{holder}" if isinstance(holder, int) else holder
        return self.folder.keys(name).signing_key()

    @property
    def evaluator(self) -> bytes:
        return public_bytes(self.key("evaluator"))

    @cached_property
    def trustees(self) -> dict[int, Trustee]:
        """The members, with stores of their own that hold the folder's keys."""
        place = Path(tempfile.mkdtemp(dir=_folder().name))
        for j in range(1, self.state.members + 1):
            for name in ("signing.pem", "sealing.key"):
                KeyStore(place / str(j)).write(name, self.folder.keys(f"member-{j}").read(name))
        group = self.state.commitment_group
        return {j: Trustee(j, KeyStore(place / str(j)), group) for j in range(1, self.state.members + 1)}

    @property
    def round(self) -> Round:
        """The latest round."""
        return list(self.state.rounds.values())[-1]

    def of(self, unit: int) -> list[Rated]:
        """The ratings made for a service."""
        return [rated for rated in self.ratings if rated.core.unit == unit]

    # -- applying ---------------------------------------------------------------------------------

    def apply(self, *transactions: Leaf) -> None:
        """Applies transactions as one block."""
        block = [encoded(transaction) for transaction in transactions]
        self.leaves += block
        apply(self.state, block)

    def refuse(
        self,
        transaction: Leaf,
        check: str,
        match: str | None = None,
        error: type[ZkperfError] = RuleViolation,
    ) -> ZkperfError:
        """Shows that the transaction is refused by this error, and that nothing has changed."""
        before = fingerprint(self.state)
        self.leaves.append(encoded(transaction))
        with pytest.raises(ZkperfError, match=match) as caught:
            apply(self.state, self.leaves[-1:])
        self.leaves.pop()
        assert type(caught.value) is error
        assert caught.value.check == check
        assert fingerprint(self.state) == before
        return caught.value

    def signed(self, holder: str | int, cls: type[Signed], **values: Any) -> Any:
        """A transaction signed with the holder's key."""
        return signed(cls, self.key(holder), self.state.ledger, **values)

    def resigned(self, holder: str | int, transaction: Signed, **changes: Any) -> Any:
        """The transaction with some fields changed, signed by the holder."""
        values = {name: getattr(transaction, name) for name in type(transaction).model_fields}
        del values["signature"]
        return self.signed(holder, type(transaction), **values | changes)

    def settle(self, *members: int, until: Callable[[], bool] = lambda: False) -> None:
        """These members (all, if none is given) do what the state asks of them, until nothing is left."""
        progress = True
        while progress:
            progress = False
            for j in members or tuple(self.trustees):
                for duty in self.duties(j):
                    if until():
                        return
                    self.apply(duty)
                    progress = True

    def duties(self, member: int) -> Iterator[Any]:
        """What a member would post, one transaction after the other."""
        known = {digest(rated.core): rated.bundle.encode() for rated in self.ratings}

        def fetch(digests: Sequence[bytes]) -> dict[bytes, bytes]:
            return {wanted: known[wanted] for wanted in digests if wanted in known}

        for duty in self.trustees[member].duties(self.state, fetch):
            yield decode_transaction(duty)

    def duty(self, member: int) -> Any:
        """The next transaction that a member would post."""
        return next(self.duties(member))

    # -- what the sequencer and the evaluator post ------------------------------------------------

    def batch(
        self, cores: Sequence[Core], *, count: int | None = None, final: bool = False, unit: int | None = None
    ) -> list[Record]:
        """A batch of these ratings, as the sequencer would announce it."""
        header = self.signed(
            "sequencer",
            Batch,
            round=self.round.digest,
            unit=cores[0].unit if unit is None else unit,
            count=len(cores) if count is None else count,
            final=final,
        )
        return [header, *sorted(cores, key=lambda core: core.pseudonym)]

    def close(self, *, at: int | None = None) -> RoundClosed:
        """The round's closing, now."""
        at = self.round.last_time if at is None else at
        closed: RoundClosed = self.signed(
            "evaluator", RoundClosed, evaluator=self.evaluator, round=self.round.digest, at=at
        )
        return closed

    def deadline(self, *, late: int = 0) -> Deadline:
        """The end of the present stage, at the earliest time plus ``late``."""
        at = self.round.last_time + self.state.rules.stage_seconds + late
        deadline: Deadline = self.signed(
            "evaluator", Deadline, signer=self.evaluator, round=self.round.digest, at=at
        )
        return deadline

    def drained(self) -> RoundDrained:
        """The mark that ends draining."""
        mark: RoundDrained = self.signed("sequencer", RoundDrained, round=self.round.digest)
        return mark

    def checked(self, member: int, **changes: Any) -> Checked:
        """A member's word that it has checked everything on this log."""
        mark = self.round.mark
        assert mark is not None
        said = {"mark": mark.index, "root": mark.root(self.state), "entries": mark.entries} | changes
        word: Checked = self.signed(member, Checked, round=self.round.digest, trustee=member, **said)
        return word

    def abandoned(self, member: int, *, late: int = 0) -> RoundAbandoned:
        """A member's giving the round up, at the earliest time plus ``late``."""
        at = self.round.last_time + self.state.rules.abandon_seconds + late
        given_up: RoundAbandoned = self.signed(
            member, RoundAbandoned, round=self.round.digest, trustee=member, at=at
        )
        return given_up

    def rate_all(self, *units: int) -> None:
        """Closes the round, all ratings of these services (all, if none is given) entering at close."""
        self.apply(self.close())
        for unit in units or self.round.tree.leaves():
            if self.of(unit):
                self.apply(*self.batch([rated.core for rated in self.of(unit)], final=True))
        self.apply(self.drained())


def encoded(transaction: Leaf) -> bytes:
    return transaction if isinstance(transaction, bytes) else encode_transaction(transaction)


def fingerprint(value: Any) -> Any:
    """All that a state holds, in a form that can be kept and compared."""
    if isinstance(value, State):
        kept = [f.name for f in fields(value) if f.name not in ("leaf", "root")]
        return {name: fingerprint(getattr(value, name)) for name in kept}
    if (
        is_dataclass(value)
        and not isinstance(value, type)
        and type(value).__module__.startswith("zkperf.ledger")
    ):
        # These are made of what the round and the log hold anyway.
        derived = ("verifier", "registrars", "form", "_allowed", "_root")
        held = [f.name for f in fields(value) if f.name not in derived]
        return type(value).__name__, [fingerprint(getattr(value, name)) for name in held]
    if isinstance(value, Layout):
        return value.digest
    if isinstance(value, Mapping):
        return [(key, fingerprint(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [fingerprint(item) for item in value]
    return set(value) if isinstance(value, set) else value


# -- where most tests begin -----------------------------------------------------------------------------

ANSWERS = {
    1: ["good", "good", "fair", "poor", "very good", "good"],
    2: ["poor", "good", "poor"],
}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="zkperf-bench-")


@cache
def _story(name: str) -> tuple[LedgerFolder, list[bytes], list[Rated]]:
    """A ledger of three members, threshold 2, k_min 2; services A and B, and C that nobody used."""
    suite = "P-256" if name == "P-256" else "ristretto255"
    world = World.create(Path(_folder().name) / name, suite=suite)
    found = world.open_round(("A", "B", "C"), FORMS[name])
    drawn = [(*world.citizen(found, unit), answer) for unit, answers in ANSWERS.items() for answer in answers]
    ratings = []
    for position, (citizen, token, answer) in enumerate(drawn):
        answers = {"recommend": answer} | (TOTALS.get(position, {}) if name == "totals" else {})
        ratings.append(Rated(citizen, token, *citizen.rate(token, answers)))
    leaves = world.leaves()
    world.consortium.close()
    return world.folder, leaves, ratings


TOTALS: dict[int, dict[str, Answer]] = {
    0: {"minutes": 0, "visits": 1},
    1: {"minutes": 10, "visits": 1},
    2: {"minutes": 20, "visits": 1},
    3: {"minutes": 30, "visits": 3},
    4: {"minutes": 40},
    6: {"minutes": 50},
}
"""What the raters of A (0 to 5) and B (6 to 8) say in the form "totals"."""

FORMS: dict[str, Questionnaire] = {
    "plain": questionnaire(single()),
    "P-256": questionnaire(single()),
    "totals": questionnaire(single(), number(), number("visits")),
}


def a_round(name: str = "plain") -> Bench:
    """An open round: six of A and three of B have drawn their tokens and made their ratings."""
    return Bench(*_story(name))


def before(kind: type[Record], name: str = "plain", place: int = 0) -> tuple[Bench, Any]:
    """The bench just before the leaf of this kind with this place among its like, and that transaction."""
    folder, leaves, ratings = _story(name)
    places = [i for i, leaf in enumerate(leaves) if type(decode_transaction(leaf)) is kind]
    return Bench(folder, leaves[: places[place]], ratings), decode_transaction(leaves[places[place]])


@cache
def in_phase(phase: Phase, name: str = "totals") -> Bench:
    """A bench whose round has just come to this phase, all ratings in and all members at work.

    Shared: nothing may be applied to it. Take a `fork`.
    """
    if phase in BEFORE_OPEN or phase is Phase.ABANDONED:
        bench, _ = before(
            {Phase.DEALING: DealPosted, Phase.ACCEPTING: DealsAccepted, Phase.KEYED: RoundKeys}.get(
                phase, DealCommitted
            ),
            name,
        )
        if phase is Phase.ABANDONED:
            bench.apply(bench.close())
    else:
        bench = a_round(name)
        if phase is not Phase.OPEN:
            if phase is Phase.DRAINING:
                bench.apply(bench.close())
            else:
                bench.rate_all()
            bench.settle(until=lambda: bench.round.phase is phase)
    assert bench.round.phase is phase
    return bench


@cache
def _foundation(members: int, threshold: int) -> tuple[LedgerFolder, list[bytes]]:
    world = World.create(
        Path(_folder().name) / f"{members}-{threshold}", members=members, threshold=threshold
    )
    world.consortium.trustees = []
    world.open_round(("A", "B"))
    leaves = world.leaves()
    world.consortium.close()
    return world.folder, leaves


def a_new_round(members: int = 4, threshold: int = 2) -> Bench:
    """A round with services A and B that has just been opened: nobody has committed to a deal yet."""
    return Bench(*_foundation(members, threshold))
