"""A cohort to rate in: a ledger in a folder, five trustees, an open round with one service, and devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from circuits.layout import Answer
from circuits.questionnaire import Option, Question, Questionnaire
from circuits.rating import Bundle, Core
from zkperf.groups.base import Group
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Round, State
from zkperf.ledger.transactions import Unit
from zkperf.roles.citizen import Citizen, Token, draw_token
from zkperf.roles.consortium import Consortium
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.view import RoundView

MEMBERS, THRESHOLD = 5, 3
MIN_COHORT = 10
SERVICE = 1
"""The number of the one service; 0 is the root of the tree of units."""


@dataclass(frozen=True)
class Form:
    """A questionnaire, answers to it, and how many bytes a rating's core may have."""

    questionnaire: Questionnaire
    answers: Mapping[str, Answer]
    core_bytes: int

    @property
    def name(self) -> str:
        return self.questionnaire.id


def choice(identifier: str, kind: Literal["single", "multi"], options: int) -> Question:
    """A required question with so many options."""
    named = tuple(Option(id=f"{identifier}{number}", text={}) for number in range(1, options + 1))
    return Question(
        id=identifier,
        text={},
        kind=kind,
        options=named,
        min=None,
        max=None,
        disclose="histogram",
        required=True,
    )


def form(name: str, core_bytes: int, answers: Mapping[str, Answer], *questions: Question) -> Form:
    """A form with these questions."""
    return Form(Questionnaire(id=name, title={}, questions=questions), answers, core_bytes)


FIVE = form("five levels", 700, {"a": "a4"}, choice("a", "single", 5))
LONG = form(
    "5 + 11 levels + 7 choices",
    1300,
    {"a": "a4", "b": "b9", "c": ["c2", "c3", "c7"]},
    choice("a", "single", 5),
    choice("b", "single", 11),
    choice("c", "multi", 7),
)


@dataclass(frozen=True)
class Cohort:
    """One service in one round of a ledger of its own."""

    form: Form
    consortium: Consortium
    folder: LedgerFolder
    found: Round
    device: Citizen
    """Every citizen here uses this device: how it comes to know the round is measured in the survey."""

    @property
    def state(self) -> State:
        return self.consortium.ledger.state

    @property
    def group(self) -> Group:
        return self.state.commitment_group

    @property
    def parameters(self) -> dict[str, str | int]:
        return {
            "suite": self.group.name,
            "form": self.form.name,
            "members": MEMBERS,
            "threshold": THRESHOLD,
        }

    def draw_token(self) -> Token:
        """A token, through voucher and issuance."""
        voucher = self.folder.registrar().voucher(self.state.ledger, self.found.digest, SERVICE)
        return draw_token(self.device, self.consortium, voucher)

    def rate(self, token: Token) -> tuple[Core, Bundle]:
        """A rating: everything a device does from the answers to what it sends."""
        return self.device.rate(token, self.form.answers)

    def ratings(self, count: int) -> list[tuple[Core, Bundle]]:
        """Ratings of so many citizens, each with a token of its own. Nothing is sent."""
        return [self.rate(self.draw_token()) for _ in range(count)]


@contextmanager
def open_cohort(form: Form, suite: str = "ristretto255") -> Iterator[Cohort]:
    """A cohort, and its ledger in a folder that goes when it is done with."""
    with TemporaryDirectory(prefix="zkperf-benchmark-") as folder_name:
        folder, consortium = LedgerFolder.create(
            Path(folder_name) / "ledger",
            suite_name=suite,
            members=MEMBERS,
            threshold=THRESHOLD,
            min_cohort_floor=MIN_COHORT,
        )
        try:
            state = consortium.ledger.state
            evaluator = folder.evaluator(state.ledger)
            consortium.submit(evaluator.post_scheme(form.questionnaire))
            [scheme] = state.schemes
            registrar = public_bytes(folder.registrar().key)
            root = Unit(name="all", parent=None, registrar=None)
            service = Unit(name="service", parent=0, registrar=registrar)
            consortium.submit(evaluator.open_round(scheme, "benchmark", MIN_COHORT, [root, service]))
            [found] = state.rounds.values()
            device = Citizen(RoundView.load(consortium, state.ledger, found.digest))
            yield Cohort(form, consortium, folder, found, device)
        finally:
            consortium.close()
