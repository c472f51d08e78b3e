"""A complete round from a file of responses: every step a deployment would take, one citizen per row.

Vouchers, issuance, tokens, proofs, sealed shares and tally are the real ones. All tokens are drawn
first; ratings follow in random order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from typing import Any

from circuits.questionnaire import Questionnaire
from zkperf.errors import RuleViolation, ZkperfError
from zkperf.files import create_private, write_private
from zkperf.ledger.paths import unit_path
from zkperf.ledger.promises import Promise
from zkperf.ledger.rules.sizes import most_ratings
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase, Round
from zkperf.ledger.transactions import Genesis, RoundOpened, Unit, UnitResult, digest
from zkperf.roles.consortium import Consortium
from zkperf.roles.evidence import GENESIS_RECEIPT
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.registrar import Voucher
from zkperf.surveys.devices import DevicePark, Foundations
from zkperf.surveys.responses_file import Response
from zkperf.surveys.results import QuestionResult, SurveyResult
from zkperf.surveys.results import UnitResult as UnitFigures

CHUNK = 100
ROOT_NAME = "all"

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, in all)."""
STAGES = ("keys", "tokens", "ratings", "tally", "receipts")


@dataclass
class Replay:
    """One round made from ``responses``."""

    folder: LedgerFolder
    consortium: Consortium
    questionnaire: Questionnaire
    responses: Sequence[Response]
    min_cohort: int
    progress: Progress

    def run(self) -> SurveyResult:
        """The published result. Raises the reason if anything is refused."""
        self.progress("keys", 0, 1)
        found = self._open_round()
        self.progress("keys", 1, 1)
        park = DevicePark()
        try:
            self._draw_tokens(park, found)
            digests = self._rate(park)
            self._close(found)
            self._hand_out_receipts(park, found, digests)
        finally:
            park.close()
        assert found.result is not None
        state = self.consortium.ledger.state
        return survey_result(state.rules, state.ledger, found.opened, found.result)

    # -- the round --------------------------------------------------------------------------------

    def _open_round(self) -> Round:
        """Scheme and round on the ledger; the trustees make the cohorts' keys."""
        state = self.consortium.ledger.state
        evaluator = self.folder.evaluator(state.ledger)
        self.consortium.submit(evaluator.post_scheme(self.questionnaire))
        [scheme] = state.schemes
        units = _units(self.folder, self.responses)
        self.consortium.submit(evaluator.open_round(scheme, self.questionnaire.id, self.min_cohort, units))
        [found] = state.rounds.values()
        _expect_phase(self.consortium, found, Phase.OPEN)
        return found

    def _draw_tokens(self, park: DevicePark, found: Round) -> None:
        """One voucher per response; every device draws its token at once."""
        ledger, registrar = self.consortium.ledger, self.folder.registrar()
        units = {unit.name: number for number, unit in enumerate(found.opened.units) if number > 0}
        leaves = self.consortium.round_leaves(found.digest)
        places = (0, leaves.scheme, leaves.round, *leaves.keys)
        foundations = Foundations(leaves, {leaf: ledger.receipt(leaf) for leaf in places})
        vouchers = [
            registrar.voucher(ledger.state.ledger, found.digest, units[response.service])
            for response in self.responses
        ]
        work = {number: (voucher.text(), foundations) for number, voucher in enumerate(vouchers)}
        waiting: list[Future[Any]] = []
        done = 0
        for numbers, issues in self._in_chunks(park, "start", work):
            for verdict in self.consortium.submit_all(issues):
                if isinstance(verdict, ZkperfError):
                    raise verdict
            shares = {number: (self._shares_for(vouchers[number]),) for number in numbers}
            waiting += park.send("finish", shares).values()
            done += len(numbers)
            self.progress("tokens", done, len(vouchers))
        _join(waiting)

    def _shares_for(self, voucher: Voucher) -> dict[int, bytes]:
        return self.consortium.token_shares(public_bytes(voucher.key()))

    def _rate(self, park: DevicePark) -> dict[int, bytes]:
        """Ratings in random order. Gives each device's rating's digest."""
        order = list(range(len(self.responses)))
        SystemRandom().shuffle(order)
        work = {number: (self.responses[number].answers,) for number in order}
        digests: dict[int, bytes] = {}
        waiting: list[Future[Any]] = []
        for numbers, ratings in self._in_chunks(park, "rate", work):
            promises: dict[int, tuple[object, ...]] = {}
            for number, verdict in zip(numbers, self.consortium.submit_ratings(ratings), strict=True):
                if not isinstance(verdict, Promise):
                    raise verdict
                digests[number] = verdict.digest
                promises[number] = (verdict.encode(),)
            waiting += park.send("check promise", promises).values()
            self.progress("ratings", len(digests), len(order))
        _join(waiting)
        return digests

    def _close(self, found: Round) -> None:
        """Close; the trustees check, sum and publish."""
        self.progress("tally", 0, 1)
        evaluator = self.folder.evaluator(self.consortium.ledger.state.ledger)
        self.consortium.submit(evaluator.close_round(found.digest))
        _expect_phase(self.consortium, found, Phase.PUBLISHED)
        self.progress("tally", 1, 1)

    def _hand_out_receipts(self, park: DevicePark, found: Round, digests: Mapping[int, bytes]) -> None:
        """Every device checks that its rating is on the log; kept by the ratings' digests."""
        indices = {
            rating.digest: rating.index
            for cohort in found.cohorts.values()
            for rating in cohort.ratings.values()
        }
        genesis = self.folder.receipts / GENESIS_RECEIPT
        write_private(genesis, self.consortium.receipt(0).encode("utf-8"))
        waiting: list[Future[Any]] = []
        done = 0
        for numbers in _chunks(sorted(digests)):
            texts = {number: self.consortium.receipt(indices[digests[number]]) for number in numbers}
            for number, text in texts.items():
                path = self.folder.receipts / f"{digests[number].hex()}.tlog-proof"
                with open(create_private(path), "w", encoding="utf-8") as file:
                    file.write(text)
            waiting += park.send("check receipt", {n: (text,) for n, text in texts.items()}).values()
            done += len(numbers)
            self.progress("receipts", done, len(digests))
        _join(waiting)

    def _in_chunks(
        self, park: DevicePark, task: str, work: Mapping[int, tuple[object, ...]]
    ) -> Iterator[tuple[list[int], list[Any]]]:
        """Sends all work to the devices and gives their answers chunk by chunk, as they come."""
        sent = [
            park.send(task, {number: work[number] for number in numbers}) for numbers in _chunks(list(work))
        ]
        for futures in sent:
            numbers: list[int] = []
            answers: list[Any] = []
            for covered, future in futures.items():
                numbers += covered
                answers += future.result()
            yield numbers, answers


def _units(folder: LedgerFolder, responses: Iterable[Response]) -> list[Unit]:
    """The services that were rated, under one root."""
    registrar = public_bytes(folder.registrar().key)
    names = sorted({response.service for response in responses})
    root = Unit(name=ROOT_NAME, parent=None, registrar=None)
    return [root, *(Unit(name=name, parent=0, registrar=registrar) for name in names)]


def rehearse(
    questionnaire: Questionnaire, responses: Sequence[Response], suite_name: str, min_cohort: int
) -> None:
    """Opens the round on a ledger that is thrown away: what the rules refuse of scheme and round is raised
    before anything exists. RuleViolation too if the questionnaire's ranges do not leave room for so many."""
    room = most_ratings(questionnaire)
    if len(responses) > room:
        raise RuleViolation(
            f"there are {len(responses):,} responses, but the questionnaire's numbers are so large that a "
            f"total of more than {room:,} may not fit into 64 bits: choose smaller numbers",
            check="rounds",
        )
    with TemporaryDirectory() as place:
        folder, consortium = LedgerFolder.create(
            Path(place) / "ledger",
            suite_name=suite_name,
            members=1,
            threshold=1,
            min_cohort_floor=min_cohort,
            name=questionnaire.id,
        )
        try:
            state = consortium.ledger.state
            evaluator = folder.evaluator(state.ledger)
            consortium.trustees = []
            consortium.submit(evaluator.post_scheme(questionnaire))
            [scheme] = state.schemes
            units = _units(folder, responses)
            consortium.submit(evaluator.open_round(scheme, questionnaire.id, min_cohort, units))
        finally:
            consortium.close()


def _chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), CHUNK):
        yield numbers[start : start + CHUNK]


def _join(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.result()


def _expect_phase(consortium: Consortium, found: Round, phase: Phase) -> None:
    if found.phase is not phase:
        reasons = "; ".join(f"member {j}: {error}" for j, error in consortium.refusals) or "nobody says why"
        raise RuleViolation(f"the round stopped at “{found.phase}” ({reasons})", check="rounds")


# -- results as the command line prints them --------------------------------------------------------


def survey_result(
    rules: Genesis, ledger: bytes, opened: RoundOpened, published: Sequence[UnitResult]
) -> SurveyResult:
    """A published round as the JSON object that `zkperf survey --json` prints.

    ``published`` are the figures of every unit, in the order of the tree. A unit is named by its path
    from below the root: by its name, where all units are children of the root.
    """
    total, *units = published
    return {
        "round": digest(opened).hex(),
        "suite": rules.suite,
        "genesis": ledger.hex(),
        "rehearsal": rules.rehearsal,
        "until": opened.until,
        "units": {unit_path(opened.units, unit.unit): unit_figures(unit) for unit in units},
        "total": unit_figures(total),
    }


def unit_figures(unit: UnitResult) -> UnitFigures:
    """One unit's figures as plain data. A withheld unit has a reason and no questions."""
    if unit.reason is not None:
        return {"status": "withheld", "reason": unit.reason, "counted": unit.counted, "lost": unit.lost}
    questions: dict[str, QuestionResult] = {}
    for item in unit.questions:
        if item.reason is not None:
            questions[item.question] = {"status": "withheld", "reason": item.reason}
            continue
        figures: QuestionResult = {"status": "published", "reason": None, "answered": item.answered}
        if item.counts is not None:
            figures["counts"] = {entry.option: entry.count for entry in item.counts}
        if item.total is not None:
            figures["total"], figures["mean"] = item.total, item.mean
        questions[item.question] = figures
    return {
        "status": "published",
        "reason": None,
        "counted": unit.counted,
        "lost": unit.lost,
        "questions": questions,
    }
