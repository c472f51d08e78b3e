"""Rounds whose announced end has come are closed, where the evaluator's key lies beside the ledger.

The rules close nothing by themselves: they only refuse to close a round before (protocol, section 6.2).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from service.figures import FigureRoundView
from service.problems import Problem, report
from service.views import RoundView
from service.worker import Worker
from zkperf.errors import ZkperfError
from zkperf.ledger.state import Phase
from zkperf.roles.evaluator import Evaluator

LOOK_SECONDS = 5.0
"""How often one looks whether an end has come."""
OPEN = Phase.OPEN.name.lower()

log = logging.getLogger("zkperf.service")


@dataclass
class Ends:
    """Closes the rounds of one ledger at the ends that they have announced."""

    worker: Worker
    evaluator: Evaluator
    clock: Callable[[], float] = time.time
    _said: set[tuple[bytes, str]] = field(default_factory=set)
    """What was said already of a round that could not be closed."""

    async def keep(self) -> None:
        """Looks for ends that have come, until it is cancelled."""
        while True:
            try:
                await self.close_due()
            except Exception as error:
                # Whatever it is, the other rounds are to be closed all the same.
                report(error)
            await asyncio.sleep(LOOK_SECONDS)

    async def close_due(self) -> None:
        """Closes every round whose announced end has come. What fails is tried again at the next look."""
        for round_id in list(self._due()):
            try:
                future = self.worker.submit([(self.evaluator.close_round(round_id), None)])
                [verdict] = await asyncio.wrap_future(future)
            except Problem as problem:
                self._say(round_id, f"not closed at its announced end: {problem.detail}")
                continue
            if isinstance(verdict, ZkperfError):
                self._say(round_id, f"not closed at its announced end: {verdict}")
            else:
                self._say(round_id, "closed at its announced end")

    def _due(self) -> Iterator[bytes]:
        snapshot, now = self.worker.snapshot, self.clock()
        rounds: list[RoundView | FigureRoundView] = [
            *snapshot.rounds.values(),
            *snapshot.figures.rounds.values(),
        ]
        for view in rounds:
            if view.phase == OPEN and view.until is not None and view.until <= now:
                yield view.id

    def _say(self, round_id: bytes, what: str) -> None:
        if (round_id, what) not in self._said:
            self._said.add((round_id, what))
            log.warning("round %s: %s", round_id.hex()[:16], what)
