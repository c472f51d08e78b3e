"""A round whose secrets the benchmark knows: it makes tokens itself instead of having them issued.

Only for measuring. What is made so is the same to every verifier, but nobody drew it blindly. It leaves
out 2.5 ms of issuance for each rating, and the key generation where there are a thousand cohorts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.cohort import MEMBERS, MIN_COHORT, THRESHOLD, Form
from circuits.rating import Bundle, Core, build_rating, build_rating_in_kernel
from zkperf._native import RatingProver
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.verification import rating_context, round_verifier
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase, Round, State
from zkperf.ledger.transactions import Unit, decode_transaction, encode_transaction
from zkperf.randomness import RandomBytes, system
from zkperf.roles.folder import LedgerFolder
from zkperf.tokens.blind import message_point, sign_share
from zkperf.tokens.keys import CohortKeys

AT_ONCE = 100
"""Ratings that a process makes before it hands them over."""


class Made(NamedTuple):
    """A rating, as it is sent."""

    core: Core
    leaf: bytes
    bundle: bytes


class Newcomer(NamedTuple):
    """Somebody who has a token and has not rated yet."""

    unit: int
    secret: int
    """x"""
    token: bytes


@dataclass(frozen=True)
class KnownRound:
    """An open round, and every secret of it. Can be sent to another process."""

    form: Form
    leaves: tuple[bytes, ...]
    """The ledger up to the round's opening, or up to its keys."""
    secrets: dict[int, int] = field(repr=False)
    """The cohorts' keys k, by unit."""
    sealing: tuple[int, ...] = field(repr=False)
    """The trustees' t_1 … t_n."""

    @classmethod
    def create(
        cls,
        form: Form,
        *,
        suite: str = "ristretto255",
        members: int = MEMBERS,
        threshold: int = THRESHOLD,
        services: int = 1,
    ) -> KnownRound:
        """A round of so many services. Nobody generates keys for it: the benchmark draws them."""
        with TemporaryDirectory(prefix="zkperf-benchmark-") as name:
            folder, consortium = LedgerFolder.create(
                Path(name) / "ledger",
                suite_name=suite,
                members=members,
                threshold=threshold,
                min_cohort_floor=MIN_COHORT,
            )
            consortium.trustees = []
            try:
                state = consortium.ledger.state
                evaluator = folder.evaluator(state.ledger)
                consortium.submit(evaluator.post_scheme(form.questionnaire))
                [scheme] = state.schemes
                registrar = public_bytes(folder.registrar().key)
                units = [Unit(name="all", parent=None, registrar=None)]
                units += [Unit(name=f"{i}", parent=0, registrar=registrar) for i in range(1, services + 1)]
                consortium.submit(evaluator.open_round(scheme, "benchmark", MIN_COHORT, units))
                leaves = tuple(consortium.ledger.leaf(index) for index in range(state.size))
                group = state.commitment_group
                sealing = tuple(folder.keys(f"member-{j}").sealing_key(group) for j in range(1, members + 1))
            finally:
                consortium.close()
        secrets = {unit: BLS12381.g2.random_nonzero_scalar() for unit in range(1, services + 1)}
        return cls(form, leaves, secrets, sealing)

    @cached_property
    def state(self) -> State:
        """The ledger's state, with the keys that would have come of a key generation if there was none."""
        state = State(leaf=self.leaves.__getitem__, root=lambda size: b"", pairing=BLS12381)
        apply(state, self.leaves)
        [found] = state.rounds.values()
        if found.keyed:
            return state
        g2 = state.pairing.g2
        for keygen in found.keygens:
            keys = tuple(
                g2.encode(g2.msm([self.secrets[unit]], [g2.generator])) for unit in keygen.context.cohorts
            )
            keygen.keys = CohortKeys(round=found.digest, part=keygen.context.part, keys=keys, shares=())
        found.verifier, found.phase = round_verifier(state, found), Phase.OPEN
        return state

    @property
    def found(self) -> Round:
        [found] = self.state.rounds.values()
        return found

    @property
    def units(self) -> Sequence[int]:
        """The services."""
        return sorted(self.secrets)

    @property
    def parameters(self) -> dict[str, str | int]:
        rules = self.state.rules
        return {
            "suite": rules.suite,
            "form": self.form.name,
            "members": len(rules.members),
            "threshold": rules.threshold,
        }

    def sent(self) -> KnownRound:
        """The same without its state, which cannot be sent: another process makes its own."""
        return replace(self)

    def newcomer(self, unit: int, source: RandomBytes = system) -> Newcomer:
        """Somebody new, with a token σ = k·H(…, X)."""
        state, group = self.state, self.state.commitment_group
        secret = group.random_nonzero_scalar(source)
        pseudonym = group.encode(secret * group.generator)
        point = message_point(state.pairing, state.ledger, self.found.digest, unit, pseudonym)
        token = state.pairing.g1.encode(sign_share(state.pairing, self.secrets[unit], point))
        return Newcomer(unit, secret, token)

    @cached_property
    def prover(self) -> RatingProver | None:
        """What makes ratings in the kernel. None where the kernel has not got the suite."""
        state, verifier = self.state, self.found.verifier
        return None if verifier is None else RatingProver(verifier, state.sealing_keys)

    def rate(self, rater: Newcomer, source: RandomBytes = system) -> tuple[Core, Bundle]:
        """Everything a device does from the answers to what it sends."""
        state, scheme = self.state, self.found.scheme
        context = rating_context(state, self.found, rater.unit)
        bits = scheme.layout.bits(self.form.answers)
        if self.prover is not None:
            secret = state.commitment_group.encode_scalar(rater.secret)
            return build_rating_in_kernel(self.prover, context, secret, rater.token, 0, bits, source)
        return build_rating(
            state.commitment_group,
            scheme.layout,
            scheme.keys,
            context,
            state.sealing_keys,
            rater.secret,
            rater.token,
            0,
            bits,
            source,
        )

    def rating(self, unit: int, source: RandomBytes = system) -> Made:
        """A rating by somebody new."""
        core, bundle = self.rate(self.newcomer(unit, source), source)
        return Made(core, encode_transaction(core), bundle.encode())

    def ratings(self, count: int) -> Iterator[Made]:
        """So many ratings, each of the services having its share of them, made on all cores."""
        if count <= AT_ONCE:
            yield from (self.rating(unit) for unit in self._spread(0, count))
            return
        starts = range(0, count, AT_ONCE)
        parts = [self._spread(start, min(start + AT_ONCE, count)) for start in starts]
        # Not by fork: the kernel's threads would not be there.
        context = get_context("spawn")
        with ProcessPoolExecutor(mp_context=context, initializer=_start, initargs=(self.sent(),)) as pool:
            for part in pool.map(_make, parts):
                for leaf, bundle in part:
                    yield Made(decode_transaction(leaf), leaf, bundle)

    def _spread(self, start: int, stop: int) -> list[int]:
        return [self.units[number % len(self.units)] for number in range(start, stop)]


_round: KnownRound


def _start(known: KnownRound) -> None:
    global _round
    _round = known


def _make(units: Sequence[int]) -> list[tuple[bytes, bytes]]:
    made = [_round.rating(unit) for unit in units]
    return [(leaf, bundle) for _, leaf, bundle in made]
