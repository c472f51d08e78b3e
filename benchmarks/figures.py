"""Providers' figures: reports made and verified, and claims about them: time, and bytes on the ledger.

Twenty indicators of 32 bits. Batches of many reports go round a few that were really made: verification
knows nothing of what it has seen before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import cycle, islice
from typing import Literal

from benchmarks import measure
from benchmarks._peers import BatchedRange
from benchmarks.measure import Effort, Figure, Parameters, Work, once, timed
from circuits.claims import (
    Asked,
    ClaimContext,
    Grades,
    Opening,
    ProvedClaim,
    Published,
    Setting,
    check_claims,
    index_outcome,
    needs,
    prove_claim,
    verify_claims,
)
from circuits.indicators import Claim, Grade, Index, Indicator, IndicatorScheme, Ratio, Target
from circuits.report import Report, ReportContext, ReportForm, build_report, verify_reports
from zkperf.groups import suite
from zkperf.groups.base import Group
from zkperf.proofs.bulletproofs import Bulletproofs
from zkperf.proofs.forms import Form
from zkperf.proofs.intervals import Interval, IntervalClaim, figure_key, interval_system
from zkperf.randomness import uniform_below

INDICATORS, BITS = 20, 32
MEMBERS, THRESHOLD = 5, 3
PADDED = 32
"""Values of an aggregated proof: a power of two."""
MADE = 8
"""Reports and claims that are really made for a batch."""
BY_CRATE = 8
"""Proofs that the crate verifies one after the other, to compare with."""
PROVING_SECONDS, PROOF_BYTES, CLAIM_SECONDS = 0.150, 1024, 0.005
OF_RANGES = 2
"""Verifying reports, divided by a straight batch of their range proofs."""
AS_ONE = "its range proofs as one batch"
PLUS = "tari_bulletproofs_plus"
PARAMETERS: Parameters = {"indicators": INDICATORS, "bits": BITS}


def figures(effort: Effort) -> Iterator[Figure]:
    """Range proofs, reports and every kind of claim on ristretto255; reports on P-256."""
    yield from _range_proofs(effort)
    for with_bits in (False, True):
        yield from _reports(World.make("ristretto255", with_bits), effort)
    yield from _claims(World.make("ristretto255", False), effort)
    yield from _reports(World.make("P-256", False), effort, few=True)


@dataclass(frozen=True)
class World:
    """A scheme of twenty indicators, trustees, and a provider's figures."""

    group: Group
    form: ReportForm
    context: ReportContext
    trustees: tuple[object, ...]
    with_bits: bool

    @staticmethod
    def make(name: str, with_bits: bool) -> World:
        group = suite(name)
        trustees = tuple(group.random_nonzero_scalar() * group.generator for _ in range(MEMBERS))
        context = ReportContext(b"L" * 32, b"S" * 32, b"R" * 32, 1, b"P" * 32, THRESHOLD, MEMBERS)
        return World(group, ReportForm(scheme(with_bits), "2026"), context, trustees, with_bits)

    @property
    def parameters(self) -> Parameters:
        return {"suite": self.group.name, **PARAMETERS, "bits at targets": str(self.with_bits)}

    def report(self) -> tuple[Report, dict[int, Opening]]:
        values = {k: 1 + uniform_below(2**BITS - 1) for k in range(INDICATORS)}
        report, _, openings = build_report(self.group, self.form, self.context, self.trustees, 0, values)
        return report, openings


def scheme(with_bits: bool = False) -> IndicatorScheme:
    """Twenty indicators of equal weight, and a claim of each kind."""
    names = [f"indicator{k}" for k in range(INDICATORS)]
    indicators = tuple(
        Indicator(
            id=name,
            title={},
            unit="points",
            scale=0,
            min=1,
            max=2**BITS,
            better="higher",
            targets=(Target(period=None, value=2**31),) if with_bits or k == 0 else (),
            weight=Ratio.of(1),
            missing=Ratio.of(0),
            floor=None,
        )
        for k, name in enumerate(names)
    )
    grades = tuple(
        Grade(name=n, least=Ratio.of(Fraction(v))) for n, v in (("A", "0.8"), ("B", "0.5"), ("C", 0))
    )
    index = Index(publish="grade", grades=grades, step=None, max_share=Ratio.of(Fraction(2, 3)), parts=())

    def claim(kind: str, count: int, *numbers: int, least: bool = False) -> Claim:
        sense: Literal["at least"] | None = "at least" if least else None
        ratios = tuple(Ratio.of(number) for number in numbers)
        return Claim(id=kind, kind=kind, indicators=tuple(names[:count]), sense=sense, numbers=ratios)

    claims: tuple[Claim, ...] = (
        claim("target", 1),
        claim("band", 1, 2, 2**BITS - 1),
        claim("ratio", 2, 0, least=True),
        claim("improved", 1, 0),
        claim("parts", INDICATORS, 0, INDICATORS * 2**BITS),
    )
    if with_bits:
        claims = ()
    made = IndicatorScheme(
        id="bench", title={}, indicators=indicators, claims=claims, index=index, floor=1, draw=0
    )
    check_claims(made)
    return made


# -- range proofs ------------------------------------------------------------------------------------


def _range_proofs(effort: Effort) -> Iterator[Figure]:
    """What is asked of the kernel: committing and proving, the size, and batches beside the crate."""
    group, system = suite("ristretto255"), Bulletproofs()
    key = figure_key(group)
    values = [uniform_below(2**BITS) for _ in range(INDICATORS)]
    intervals = [
        Interval(Form(((k, 1),), 0, None, None), 2**BITS - 1, capped=False) for k in range(INDICATORS)
    ]

    def make() -> tuple[tuple[object, ...], bytes]:
        pairs = [key.commit_random([value]) for value in values]
        proof = system.prove(intervals, b"context", values, [r for _, r in pairs])
        return tuple(commitment for commitment, _ in pairs), proof

    _, proof = make()
    plus = BatchedRange(BITS, PADDED, MADE)
    yield once(
        "figures.proof",
        "Range proof of 20 figures of 32 bits",
        PARAMETERS,
        len(proof),
        "bytes",
        measure.Target(PROOF_BYTES),
    )
    yield timed(
        "figures.prove",
        "Commit to 20 figures of 32 bits and prove their ranges",
        PARAMETERS,
        Work(make),
        effort,
        {PLUS: Work(plus.prove)},
        target=measure.Target(PROVING_SECONDS),
    )
    made = [IntervalClaim(b"context", tuple(intervals), *make()) for _ in range(MADE)]
    for batch in effort.batches:
        claims = list(islice(cycle(made), batch))
        yield timed(
            "figures.ranges",
            f"Verify range proofs of 20 figures of 32 bits, {batch} at once, each",
            {**PARAMETERS, "batch": batch},
            Work(partial(system.verify_each, claims), batch),
            effort,
            {
                "the crate, one proof after the other": _by_crate(system, made),
                PLUS: Work(partial(plus.verify, batch), batch),
            },
            few=batch > 1,
        )


def _by_crate(system: Bulletproofs, claims: Sequence[IntervalClaim]) -> Work:
    some = list(islice(cycle(claims), BY_CRATE))
    return Work(lambda: system.accepted_by_crate(some), len(some))


# -- reports -----------------------------------------------------------------------------------------


def _reports(world: World, effort: Effort, *, few: bool = False) -> Iterator[Figure]:
    group, form = world.group, world.form
    name = f"{group.name}, {'with' if world.with_bits else 'without'} bits at targets"
    made = [world.report()[0] for _ in range(1 if few else MADE)]
    size = len(made[0].encode())
    yield once("figures.report", f"Report of 20 indicators: {name}", world.parameters, size, "bytes")
    yield timed(
        "figures.report.make",
        f"Make a report of 20 indicators, shares dealt and sealed: {name}",
        world.parameters,
        Work(world.report),
        effort,
        few=True,
    )
    for batch in effort.batches[:1] if few else effort.batches:
        reports = [(world.context, report) for report in islice(cycle(made), batch)]
        yield timed(
            "figures.report.verify",
            f"Verify reports of 20 indicators, {batch} at once, each: {name}",
            {**world.parameters, "batch": batch},
            Work(partial(verify_reports, group, form, reports), batch),
            effort,
            _floors(world, made, batch),
            few=True,
            ratio_targets={AS_ONE: measure.Target(OF_RANGES)} if batch == effort.block else {},
        )


def _floors(world: World, reports: Sequence[Report], batch: int) -> dict[str, Work]:
    """The reports' range proofs alone: by the crate as it is, and as one batch in the kernel."""
    system = interval_system(world.group)
    if not isinstance(system, Bulletproofs):
        return {}
    claims = [_ranges(world, system, report) for report in reports]
    many = list(islice(cycle(claims), batch))
    return {
        "its range proofs in the crate, one after the other": _by_crate(system, claims),
        AS_ONE: Work(lambda: system.verify_each(many), batch),
    }


def _ranges(world: World, system: Bulletproofs, report: Report) -> IntervalClaim:
    """A range proof as long as the report's, about as many values."""
    statement = world.form.statement(report.reported)
    values = [2**31] * INDICATORS + [1] * (statement.given - INDICATORS)
    pairs = [figure_key(world.group).commit_random([value]) for value in values]
    proof = system.prove(statement.intervals, b"context", values, [r for _, r in pairs])
    return IntervalClaim(b"context", tuple(statement.intervals), tuple(c for c, _ in pairs), proof)


# -- claims ------------------------------------------------------------------------------------------


def _claims(world: World, effort: Effort) -> Iterator[Figure]:
    made = world.form.scheme
    values = {k: 2**20 + k for k in range(INDICATORS)}
    before = {k: 2**19 for k in range(INDICATORS)}
    values[0] = 2**31
    setting = Setting(made, "2026")
    context = ClaimContext(b"L" * 32, b"S" * 32, b"R" * 32, 1, b"P" * 32, b"D" * 32, b"E" * 32, b"T" * 32)
    kinds = [claim.kind for claim in made.claims] + ["index"]
    grade = index_outcome(setting, list(values.values()))
    assert grade is not None
    outcomes: list[Published | None] = [None] * (len(kinds) - 2)
    outcomes += [sum(values.values()), Grades(grade, grade)]
    for number, (kind, outcome) in enumerate(zip(kinds, outcomes, strict=True)):
        wanted = needs(setting, number)
        needed = [(before if need.previous else values)[made.number(need.indicator)] for need in wanted]
        pairs = [figure_key(world.group).commit_random([value]) for value in needed]
        commitments = tuple(commitment for commitment, _ in pairs)
        encoded = tuple(world.group.encode(commitment) for commitment in commitments)
        openings = [Opening(value, r) for value, (_, r) in zip(needed, pairs, strict=True)]
        asked = Asked(setting, number, outcome)

        def prove(
            asked: Asked = asked,
            openings: Sequence[Opening] = openings,
            commitments: tuple[object, ...] = commitments,
        ) -> bytes:
            return prove_claim(world.group, asked, context, openings, commitments)

        proof = prove()
        parameters: Parameters = {"suite": world.group.name, "kind": kind, "indicators": len(needed)}
        about = f"{kind} over {len(needed)} figures"
        yield once("figures.claim", f"Proof of a claim: {about}", parameters, len(proof), "bytes")
        yield timed(
            "figures.claim.prove", f"Prove a claim: {about}", parameters, Work(prove), effort, few=True
        )
        items = [ProvedClaim(asked, context, commitments, encoded, proof)] * min(100, effort.block)
        yield timed(
            "figures.claim.verify",
            f"Verify claims, {len(items)} at once, each: {about}",
            {**parameters, "batch": len(items)},
            Work(partial(verify_claims, world.group, items), len(items)),
            effort,
            target=measure.Target(CLAIM_SECONDS) if len(needed) == INDICATORS else None,
            few=True,
        )
