"""A small ledger to play with: members, a round, citizens, and ways to misbehave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from circuits.layout import Answer
from circuits.questionnaire import Option, Question, Questionnaire
from circuits.rating import Bundle, Core
from zkperf.errors import ZkperfError
from zkperf.ledger.promises import Promise
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Round
from zkperf.ledger.transactions import Unit, encode_transaction
from zkperf.roles.auditor import Audit, PublicLog, audit
from zkperf.roles.citizen import Citizen, Token, draw_token
from zkperf.roles.consortium import Consortium
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.registrar import Voucher
from zkperf.roles.view import RoundView

LEVELS = ("very good", "good", "fair", "poor", "very poor")


def single(
    identifier: str = "recommend", options: Sequence[str] = LEVELS, *, required: bool = True
) -> Question:
    return Question(
        id=identifier,
        text={},
        kind="single",
        options=tuple(Option(id=option, text={}) for option in options),
        min=None,
        max=None,
        disclose="histogram",
        required=required,
    )


def number(identifier: str = "minutes", low: int = 0, high: int = 240, *, required: bool = False) -> Question:
    return Question(
        id=identifier,
        text={},
        kind="number",
        options=(),
        min=low,
        max=high,
        disclose="total",
        required=required,
    )


def questionnaire(*questions: Question) -> Questionnaire:
    return Questionnaire(id="test", title={"en": "Test"}, questions=questions or (single(),))


class FakeClock:
    """Unix time that moves only when told to."""

    def __init__(self, now: float = 1_800_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """A ledger in a folder, with all its members, in this process."""

    folder: LedgerFolder
    consortium: Consortium
    clock: FakeClock
    promises: list[Promise] = field(default_factory=list)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        suite: str = "ristretto255",
        members: int = 3,
        threshold: int = 2,
        floor: int = 2,
    ) -> World:
        clock = FakeClock()
        folder, consortium = LedgerFolder.create(
            path, suite_name=suite, members=members, threshold=threshold, min_cohort_floor=floor, clock=clock
        )
        return cls(folder, consortium, clock)

    @property
    def state(self):  # type: ignore[no-untyped-def]
        return self.consortium.ledger.state

    def open_round(
        self,
        services: Sequence[str] = ("A",),
        asked: Questionnaire | None = None,
        *,
        min_cohort: int = 2,
        name: str | None = None,
        until: int | None = None,
    ) -> Round:
        """A round with these services under one root, ready for issuance. Without a name it gets one."""
        name = name or " ".join(["round", *(["again"] * len(self.state.rounds))])
        before = set(self.state.schemes), set(self.state.rounds)
        evaluator = self.folder.evaluator(self.state.ledger, self.clock)
        self.consortium.submit(evaluator.post_scheme(asked or questionnaire()))
        [scheme] = set(self.state.schemes) - before[0]
        registrar = public_bytes(self.folder.registrar().key)
        units = [Unit(name="all", parent=None, registrar=None)]
        units += [Unit(name=service, parent=0, registrar=registrar) for service in services]
        self.consortium.submit(evaluator.open_round(scheme, name, min_cohort, units, until))
        [opened] = set(self.state.rounds) - before[1]
        return self.state.rounds[opened]

    def close_round(self, found: Round) -> None:
        evaluator = self.folder.evaluator(self.state.ledger, self.clock)
        self.consortium.submit(evaluator.close_round(found.digest))

    def voucher(self, found: Round, unit: int = 1) -> Voucher:
        return self.folder.registrar().voucher(self.state.ledger, found.digest, unit)

    def citizen(self, found: Round, unit: int = 1) -> tuple[Citizen, Token]:
        """A device that has drawn its token."""
        citizen = Citizen(RoundView.load(self.consortium, self.state.ledger, found.digest))
        return citizen, draw_token(citizen, self.consortium, self.voucher(found, unit))

    def rate(
        self, found: Round, answers: Sequence[Mapping[str, Answer]], unit: int = 1
    ) -> list[tuple[Citizen, Token, Core]]:
        """One citizen for each answer: all tokens are drawn first, then all rate."""
        drawn = [self.citizen(found, unit) for _ in answers]
        rated = []
        for (citizen, token), answer in zip(drawn, answers, strict=True):
            core, bundle = citizen.rate(token, answer)
            self.promises.append(self.send(core, bundle))
            rated.append((citizen, token, core))
        return rated

    def send(self, core: Core, bundle: Bundle) -> Promise:
        """Submits a rating. Raises the reason if it is refused."""
        return self.consortium.submit_rating(encode_transaction(core), bundle.encode())

    def refusal(self, core: Core, bundle: Bundle) -> ZkperfError:
        """The reason for which a rating is refused."""
        [verdict] = self.consortium.submit_ratings([(encode_transaction(core), bundle.encode())])
        assert isinstance(verdict, ZkperfError), "the rating was taken"
        return verdict

    def leaves(self) -> list[bytes]:
        ledger = self.consortium.ledger
        return [ledger.leaf(index) for index in range(ledger.state.size)]

    def audit(self) -> Audit:
        """What an auditor finds who knows the genesis digest."""
        return audit_leaves(self.leaves(), self.consortium.ledger.checkpoint(), self.state.ledger)


def audit_leaves(leaves: Sequence[bytes], note: str, genesis: bytes | None = None) -> Audit:
    return audit(PublicLog(len(leaves), leaves, leaves.__getitem__, lambda: note), genesis)
