"""A whole round, as `zkperf survey` runs it: seconds by stage, the audit, and bytes that remain."""

from __future__ import annotations

import resource
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from time import perf_counter

from benchmarks.cohort import MEMBERS, MIN_COHORT, THRESHOLD
from benchmarks.machine import ROOT
from benchmarks.measure import Effort, Figure, Parameters, Samples, Target, once
from circuits.questionnaire import Option, Question, Questionnaire
from circuits.rating import Core
from zkperf.cli.audit import export_folder, public_log
from zkperf.ledger.store.store import Store
from zkperf.ledger.transactions import Issue, decode_transaction
from zkperf.roles.auditor import audit
from zkperf.roles.folder import LedgerFolder
from zkperf.surveys.replay import Replay
from zkperf.surveys.report import Report, write_report
from zkperf.surveys.responses_file import Response, load_responses

DATA = ROOT / ".." / "shared" / "data" / "fft_gp_ratings.csv"
LEVELS = (
    "Extremely likely",
    "Likely",
    "Neither likely nor unlikely",
    "Unlikely",
    "Extremely unlikely",
    "Don't know",
)
WEIGHTS = (68, 23, 4, 2, 2, 1)
"""Per cent, about as in the published data."""
SERVICES = (1121, 440, 355, 284, 140, 87, 82, 35, 5, 3, 3)
"""Responses to each service; the last three are too small to be published."""

SURVEY_SECONDS, AUDIT_SECONDS = 60, 10
"""Targets for 2,555 responses, five members and threshold three, on two cores."""

STAGE_WORDS = {
    "keys": "Members make the cohorts' keys",
    "tokens": "Citizens draw their tokens",
    "ratings": "Citizens rate",
    "tally": "Members check, sum and publish",
    "receipts": "Citizens find their ratings on the log",
    "audit": "Everything is audited",
    "report": "The report is drawn",
}


def questionnaire() -> Questionnaire:
    """The one question of the NHS Friends and Family Test."""
    question = Question(
        id="recommend",
        text={},
        kind="single",
        options=tuple(Option(id=level, text={}) for level in LEVELS),
        min=None,
        max=None,
        disclose="histogram",
        required=True,
    )
    return Questionnaire(id="friends-and-family", title={}, questions=(question,))


def responses() -> tuple[list[Response], str]:
    """The published responses if they are at hand, else made-up ones of the same shape; and which."""
    if DATA.exists():
        return load_responses(DATA, questionnaire()), "the published responses of fft_gp_ratings.csv"
    random = Random(2555)
    services = [f"service {number}" for number, size in enumerate(SERVICES, 1) for _ in range(size)]
    answers = random.choices(LEVELS, WEIGHTS, k=len(services))
    rows = list(zip(services, answers, strict=True))
    random.shuffle(rows)
    made = [Response(service, {"recommend": answer}, row) for row, (service, answer) in enumerate(rows, 2)]
    return made, "synthetic responses"


def figures(effort: Effort) -> Iterator[Figure]:
    """One survey from an empty folder to the report, then its audit a few times, then its sizes."""
    everybody, source = responses()
    chosen = everybody[: effort.responses]
    parameters: dict[str, str | int] = {
        "suite": "ristretto255",
        "members": MEMBERS,
        "threshold": THRESHOLD,
        "responses": len(chosen),
        "services": len({response.service for response in chosen}),
        "source": source,
    }
    complete = len(chosen) == len(everybody)
    with tempfile.TemporaryDirectory(prefix="zkperf-benchmark-") as temporary:
        directory = Path(temporary) / "ledger"
        yield from _run(directory, chosen, parameters, complete)
        yield _audits(directory, parameters, effort, complete)
        yield from _sizes(directory, parameters, len(chosen))


def _run(
    directory: Path, chosen: Sequence[Response], parameters: Parameters, complete: bool
) -> Iterator[Figure]:
    processor = _processor_seconds()
    marks = [perf_counter()]
    ends: dict[str, float] = {}

    def progress(stage: str, done: int, total: int) -> None:
        ends[stage] = perf_counter()

    folder, consortium = LedgerFolder.create(
        directory, members=MEMBERS, threshold=THRESHOLD, min_cohort_floor=MIN_COHORT
    )
    try:
        result = Replay(folder, consortium, questionnaire(), chosen, MIN_COHORT, progress).run()
    finally:
        consortium.close()
    with public_log(directory) as log:
        verdict = audit(log, bytes.fromhex(result["genesis"]))
    ends["audit"] = perf_counter()
    report = Report(
        result=result,
        questionnaire=questionnaire(),
        audit=verdict.to_json(),
        comparison=None,
        note={},
        ledger=str(directory),
        min_cohort=MIN_COHORT,
        members=MEMBERS,
        threshold=THRESHOLD,
    )
    write_report(folder.report, report)
    ends["report"] = perf_counter()
    assert verdict.ok and verdict.ratings == len(chosen)

    marks += ends.values()
    yield once(
        "survey",
        f"A survey of {len(chosen):,} from an empty folder to the report",
        parameters,
        marks[-1] - marks[0],
        "s",
        Target(SURVEY_SECONDS) if complete else None,
    )
    for (stage, end), start in zip(ends.items(), marks, strict=False):
        yield once("survey.stage", STAGE_WORDS[stage], {**parameters, "stage": stage}, end - start, "s")
    yield once(
        "survey.processor",
        "Processor time of it, all processes together",
        parameters,
        _processor_seconds() - processor,
        "s",
    )


def _processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _audits(directory: Path, parameters: Parameters, effort: Effort, complete: bool) -> Figure:
    seconds = []
    for _ in range(effort.few):
        started = perf_counter()
        with public_log(directory) as log:
            assert audit(log).ok
        seconds.append(perf_counter() - started)
    return Figure(
        "survey.audit",
        f"Audit of the {parameters['responses']:,} ratings",
        parameters,
        "s",
        Samples(tuple(seconds)),
        target=Target(AUDIT_SECONDS) if complete else None,
    )


def _sizes(directory: Path, parameters: Parameters, ratings: int) -> Iterator[Figure]:
    def size(name: str, what: str, value: float) -> Figure:
        return once(f"survey.bytes.{name}", what, parameters, value, "bytes")

    database, export = directory / "ledger.db", directory / "export"
    leaves = export_folder(directory, export)
    with Store.open(directory, read_only=True) as store:
        log = list(store.leaves(0, leaves))
    kinds = [type(decode_transaction(leaf)) for leaf in log]
    cores = [len(leaf) for leaf, kind in zip(log, kinds, strict=True) if kind is Core]
    issues = [len(leaf) for leaf, kind in zip(log, kinds, strict=True) if kind is Issue]
    yield size("core", "A rating in the log (six levels)", sum(cores) / len(cores))
    yield size("issue", "An issuance in the log", sum(issues) / len(issues))
    yield size("export", "The export", export.stat().st_size)
    yield size("export.rating", "The export, per rating", export.stat().st_size / ratings)
    yield size("database", "ledger.db", database.stat().st_size)
    yield size("database.used", "ledger.db without the pages that are free again", used_bytes(database))
    yield size("database.rating", "ledger.db without free pages, per rating", used_bytes(database) / ratings)


def used_bytes(database: Path) -> int:
    """Bytes of the pages in use: those of deleted bundles stay in the file, zeroed, for what comes next."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        page, pages, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count")
        )
    return int(page * (pages - free))
