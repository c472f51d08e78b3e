"""A cohort to rate in: a questionnaire, trustees with their secrets, and everything public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from circuits.kinds import Answer
from circuits.layout import compile_questionnaire
from circuits.questionnaire import Questionnaire
from circuits.rating import Bundle, Core, RatingContext, build_rating, commitment_keys
from tests.circuits.strategies import question, questionnaire
from tests.toygroup import TOY
from zkperf.groups.base import Group
from zkperf.randomness import RandomBytes, system

TOKEN = bytes(range(48))

EVERY_KIND = questionnaire(
    question("one", "single", options=["a", "b", "c"]),
    question("one?", "single", options=["a", "b", "c"], required=False),
    question("any", "multi", options=["a", "b", "c"], bounds=(1, 2)),
    question("any?", "multi", options=["a", "b", "c"], bounds=(1, 3), required=False),
    question("score", "score", bounds=(1, 3)),
    question("score?", "score", bounds=(1, 3), disclose="total", required=False),
    question("number", "number", bounds=(-5, 5)),
    question("number?", "number", bounds=(0, 4), required=False),
)
"""Five commitments, of one slot and of several, auxiliary bits, pivots of every sort."""

FULL: dict[str, Answer] = {
    "one": "b",
    "one?": "a",
    "any": ["a", "c"],
    "any?": ["b"],
    "score": 3,
    "score?": 2,
    "number": -1,
    "number?": 3,
}
SPARSE: dict[str, Answer] = {"one": "c", "any": ["b"], "score": 1, "number": 5}


class World:
    """One cohort of n trustees, threshold t."""

    def __init__(
        self,
        form: Questionnaire = EVERY_KIND,
        group: Group = TOY,
        threshold: int = 3,
        members: int = 4,
    ) -> None:
        self.group = group
        self.layout = compile_questionnaire(form)
        self.keys = commitment_keys(group, self.layout)
        self.context = RatingContext(
            ledger=b"L" * 32, round=b"R" * 32, unit=7, scheme=b"S" * 32, threshold=threshold, members=members
        )
        self.secrets = [group.random_nonzero_scalar() for _ in range(members)]
        self.trustees = [t * group.generator for t in self.secrets]

    def rate(
        self,
        answers: Mapping[str, Answer] = FULL,
        *,
        x: int | None = None,
        sequence: int = 0,
        source: RandomBytes = system,
    ) -> tuple[Core, Bundle]:
        return build_rating(
            self.group,
            self.layout,
            self.keys,
            self.context,
            self.trustees,
            self.group.random_nonzero_scalar() if x is None else x,
            TOKEN,
            sequence,
            self.layout.bits(answers),
            source,
        )

    def shared_point(self, core: Core, j: int) -> Any:
        """D = t_j·Y, as trustee j computes it."""
        return self.secrets[j - 1] * self.group.decode(core.ephemeral)
