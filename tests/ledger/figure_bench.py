"""A round of figures on the bench: providers that report and claim, and members that check and sum.

Two groups, North with four providers and South with three, k_min 2. Members here are doubles of the
trustees: they do with their keys what the rules ask, and whatever else a test wants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.claims import (
    Asked,
    ClaimContext,
    Need,
    Opening,
    needs,
    prove_claim,
    truths,
)
from circuits.indicators import IndicatorScheme, Target
from circuits.rating import Bundle, open_shares
from circuits.report import build_report
from tests.circuits.claims.world import claim, index, indicator, scheme
from tests.ledger.bench import Bench, _folder
from tests.world import World
from zkperf.ledger.figure_transactions import (
    Attested,
    Auditor,
    ClaimsPosted,
    DrawShare,
    FiguresOpened,
    FiguresPublished,
    Place,
    Proven,
    ReportPosted,
    SchemeOfFigures,
)
from zkperf.ledger.rules.figures.asking import ask_provider
from zkperf.ledger.rules.figures.claims import provider_setting
from zkperf.ledger.rules.figures.draw import point_of
from zkperf.ledger.rules.figures.needed import figure_needed
from zkperf.ledger.rules.figures.pools import compute_pools
from zkperf.ledger.rules.figures.reports import report_context
from zkperf.ledger.rules.tally import expected_sums
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import FigureRound, Phase
from zkperf.ledger.transactions import NodeSum, SumsPosted, digest
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.trustee import Trustee
from zkperf.sharing import Share, sum_shares
from zkperf.tokens.draw import sign_draw_share

GROUPS = {"North": ("n1", "n2", "n3", "n4"), "South": ("s1", "s2", "s3")}
UNITS = {"all": 0, "North": 1, "n1": 2, "n2": 3, "n3": 4, "n4": 5, "South": 6, "s1": 7, "s2": 8, "s3": 9}
NAMES = [name for group in GROUPS.values() for name in group]

QUALITY, WAITING, COST = range(3)
FIGURES: dict[str, dict[int, int]] = {
    "n1": {QUALITY: 180, WAITING: 40, COST: -10},
    "n2": {QUALITY: 200, WAITING: 20, COST: 30},
    "n3": {QUALITY: 250, WAITING: 10},
    "n4": {QUALITY: 90, WAITING: 70, COST: 20},
    "s1": {QUALITY: 210, WAITING: 30},
    "s2": {QUALITY: 150, COST: 40},
    "s3": {QUALITY: 220, WAITING: 25, COST: 5},
}
"""COST is reported by three of North and two of South; WAITING by four of North and two of South."""


def provider_key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(f"provider {name}".encode()).digest())


def auditor_key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(f"auditor {name}".encode()).digest())


def plan(**changes: Any) -> IndicatorScheme:
    """Quality with a claimed target, waiting (less is better) with bits, cost that may be negative."""
    half = {"weight": indicator("x").missing.of(Fraction(1, 2))}
    indicators = (
        indicator("quality", scale=1, max=300, targets=(Target(period=None, value=190),), **half),
        indicator("waiting", max=100, better="lower", targets=(Target(period=None, value=30),), **half),
        indicator("cost", min=-50, max=50),
    )
    made = scheme(
        claim("target", "quality"),
        claim("improved", "quality", numbers=(0,)),
        index=index(),
        indicators=indicators,
    )
    return made.model_copy(update={"floor": 5} | changes)


def totalled() -> IndicatorScheme:
    """Everybody publishes the total of a and b; c is the sum of b and d; e is on its own."""
    indicators = (
        indicator("a", max=50),
        indicator("b", max=50),
        indicator("c", max=100),
        indicator("d", max=100),
        indicator("e", max=100),
    )
    published = claim("parts", "a", "b", numbers=(0, 100)).model_copy(update={"id": "total"})
    return plan(indicators=indicators, claims=(published, claim("parts", "b", "d", "c")), index=None, floor=1)


def places(names: Mapping[str, Sequence[str]] = GROUPS) -> tuple[Place, ...]:
    found = [Place(name="all", parent=None, provider=None)]
    for group, members in names.items():
        parent = len(found)
        found.append(Place(name=group, parent=0, provider=None))
        found += [
            Place(name=name, parent=parent, provider=public_bytes(provider_key(name))) for name in members
        ]
    return tuple(found)


@dataclass
class Made:
    """A report that was made, with what its provider keeps."""

    posted: ReportPosted
    bundle: Bundle
    openings: dict[int, Opening]


class FigureBench(Bench):
    """A bench with a round of figures. ``made`` are the reports by the digest of their transaction."""

    def __init__(self, folder: LedgerFolder, leaves: Sequence[bytes] = (), made: Mapping[bytes, Made] = {}):
        super().__init__(folder, leaves)
        self.made = dict(made)

    def fork(self) -> FigureBench:
        return FigureBench(self.folder, self.leaves, self.made)

    @property
    def figures(self) -> FigureRound:
        """The latest round of figures."""
        return list(self.state.figure_rounds.values())[-1]

    @property
    def round(self) -> Any:
        return self.figures

    # -- what the evaluator posts -------------------------------------------------------------------

    def scheme_posted(self, made: IndicatorScheme | None = None) -> Any:
        return self.signed("evaluator", SchemeOfFigures, evaluator=self.evaluator, scheme=made or plan())

    def opened(self, **changes: Any) -> Any:
        values: dict[str, Any] = {
            "evaluator": self.evaluator,
            "scheme": list(self.state.figure_schemes)[-1],
            "period": "2018",
            "previous": None,
            "ratings": (),
            "min_cohort": 2,
            "units": places(),
            "auditors": (
                Auditor(name="audit office", key=public_bytes(auditor_key("one"))),
                Auditor(name="another region's", key=public_bytes(auditor_key("two"))),
            ),
            "at": 1_800_000_000,
            "until": None,
        }
        return self.signed("evaluator", FiguresOpened, **values | changes)

    # -- what providers post ------------------------------------------------------------------------

    def by(self, name: str, cls: Any, **values: Any) -> Any:
        return signed(cls, provider_key(name), self.state.ledger, **values)

    def report(
        self, name: str, figures: Mapping[int, int] | None = None, sequence: int = 0, **changes: Any
    ) -> Any:
        """A signed report of a provider, not posted yet."""
        state, found = self.state, self.figures
        context = report_context(state, found, UNITS[name])
        report, bundle, openings = build_report(
            state.commitment_group,
            found.form,
            context,
            state.sealing_keys,
            sequence,
            FIGURES[name] if figures is None else figures,
        )
        posted = self.by(name, ReportPosted, report=report.model_copy(update=changes))
        self.made[digest(posted)] = Made(posted, bundle, openings)
        return posted

    def report_all(self, figures: Mapping[str, Mapping[int, int]] = FIGURES) -> None:
        self.apply(*(self.report(name, values) for name, values in figures.items()))

    def claims(self, name: str, *, only: Sequence[int] | None = None, **changes: Any) -> Any:
        """Everything that a provider can claim (or ``only`` some), proved."""
        state, found, unit = self.state, self.figures, UNITS[name]
        setting = provider_setting(state, found, unit)
        filed = found.reports[unit]

        def opening(need: Need) -> Any:
            source = figure_needed(found, unit, need)
            return None if source is None else self.made[source.filed.digest].openings[source.column]

        true = truths(setting, lambda need: getattr(opening(need), "value", None))
        said = {number: outcome for number, outcome in true.items() if only is None or number in only}
        asked = ask_provider(state, found, unit, setting, said)
        proven = []
        for number, outcome in said.items():
            if number not in asked.asked:
                continue
            wanted = needs(setting, number)
            sources = [source for need in wanted if (source := figure_needed(found, unit, need))]
            before = next((source for source in sources if source.found is not found), None)
            context = ClaimContext(
                ledger=state.ledger,
                scheme=found.scheme.digest,
                round=found.digest,
                unit=unit,
                provider=public_bytes(provider_key(name)),
                report=filed.digest,
                previous=before.filed.digest if before else None,
                previous_scheme=before.found.scheme.digest if before else None,
            )
            graded = number == len(setting.scheme.claims) and asked.grades is not None
            claim = Asked(setting, number, asked.grades if graded else outcome)
            commitments = [source.commitment for source in sources]
            openings = [opening(need) for need in wanted]
            proof = prove_claim(state.commitment_group, claim, context, openings, commitments)
            worst = asked.grades.worst if graded and asked.grades else outcome
            proven.append(Proven(claim=number, outcome=worst, proof=proof))
        values = {"round": found.digest, "unit": unit, "report": filed.digest, "claims": tuple(proven)}
        return self.by(name, ClaimsPosted, **values | changes)

    def claim_all(self) -> None:
        for name in NAMES:
            if self.figures.counted(UNITS[name]):
                self.apply(self.claims(name))

    # -- what members post --------------------------------------------------------------------------

    def secret(self, member: int) -> int:
        return self.folder.keys(f"member-{member}").sealing_key(self.state.commitment_group)

    def shares(self, member: int, filed_digest: bytes) -> dict[int, Share]:
        """A member's shares of a report, by column."""
        group, made = self.state.commitment_group, self.made[filed_digest]
        report = made.posted.report
        point = group.msm([self.secret(member)], [group.decode(report.ephemeral)])
        keys = [self.figures.key(0)] * len(report.commitments)
        sealed = made.bundle.sealed[member - 1]
        opened = open_shares(group, keys, self.state.ledger, report, member, point, sealed)
        return dict(zip(self.figures.form.columns(report.reported), opened, strict=True))

    def sums(self, member: int, wanted: Sequence[tuple[int, int]] | None = None) -> Any:
        """A member's sums, of everything that is asked unless told otherwise."""
        found, group = self.figures, self.state.commitment_group
        items = []
        for column, unit in expected_sums(found) if wanted is None else wanted:
            reports = found.contributors(found.indicator_of(column), unit)
            total = sum_shares(group.order, [self.shares(member, filed.digest)[column] for filed in reports])
            items.append(
                NodeSum(
                    commitment=column,
                    unit=unit,
                    values=tuple(map(group.encode_scalar, total.values)),
                    blinding=group.encode_scalar(total.blinding),
                )
            )
        return self.signed(
            member,
            SumsPosted,
            round=found.digest,
            trustee=member,
            stage=0 if found.phase is Phase.SUMMING else 1,
            counted=found.counted_digest,
            sums=tuple(items),
        )

    def published(self, member: int = 1, **changes: Any) -> Any:
        values = {"round": self.figures.digest, "trustee": member, "units": compute_pools(self.figures)}
        return self.signed(member, FiguresPublished, **values | changes)

    def draw_share(self, member: int) -> Any:
        state, found = self.state, self.figures
        trustee: Trustee = self.trustees[member]
        [secret] = trustee._secrets(found, found.keygens[0])
        share = sign_draw_share(state.pairing, secret, point_of(state, found))
        return self.signed(
            member, DrawShare, round=found.digest, trustee=member, share=state.pairing.g1.encode(share)
        )

    def attested(self, name: str, indicators: Sequence[int], by: str = "one", **changes: Any) -> Any:
        filed = self.figures.reports[UNITS[name]]
        values = {
            "auditor": public_bytes(auditor_key(by)),
            "round": self.figures.digest,
            "unit": UNITS[name],
            "report": filed.digest,
            "indicators": tuple(indicators),
        }
        return signed(Attested, auditor_key(by), self.state.ledger, **values | changes)

    # -- a round, to some phase ---------------------------------------------------------------------

    def make_keys(self) -> None:
        """The members run the key generation that a draw needs."""
        while self.figures.phase is not Phase.OPEN:
            for j in self.trustees:
                for duty in self.trustees[j].duties_in(self.state, self.figures, lambda digests: {}):
                    self.apply(duty)

    def check_all(self) -> None:
        self.apply(self.close())
        self.apply(self.drained())
        self.apply(*(self.checked(j) for j in range(1, self.state.members + 1)))

    def go(self, until: Phase) -> FigureBench:
        """Everybody does what is next, until the round is in this phase."""
        steps = {
            Phase.COMMITTING: self.make_keys,
            Phase.OPEN: lambda: (self.report_all(), self.check_all()),
            Phase.SUMMING: lambda: self.apply(self.sums(1), self.sums(3)),
            Phase.TOTALLING: lambda: self.apply(self.sums(1), self.sums(2)),
            Phase.CLAIMING: self.claim_all,
            Phase.OPENED: lambda: self.apply(self.published()),
            Phase.PUBLISHED: lambda: self.apply(self.draw_share(2), self.draw_share(3)),
        }
        while self.figures.phase is not until:
            steps[self.figures.phase]()
        return self


@cache
def _foundation(suite: str) -> tuple[LedgerFolder, list[bytes]]:
    world = World.create(Path(_folder().name) / f"figures-{suite}", suite=suite)
    leaves = world.leaves()
    world.consortium.close()
    return world.folder, leaves


def bare(suite: str = "ristretto255") -> FigureBench:
    """A ledger of three members, threshold 2, with nothing on it."""
    return FigureBench(*_foundation(suite))


def a_round(made: IndicatorScheme | None = None, suite: str = "ristretto255", **changes: Any) -> FigureBench:
    """A round that has just been opened."""
    bench = bare(suite)
    bench.apply(bench.scheme_posted(made))
    bench.apply(bench.opened(**changes))
    return bench


@cache
def in_phase(phase: Phase, draw: int = 0) -> FigureBench:
    """A round that has come to this phase. Shared: take a `fork`."""
    return a_round(plan(draw=draw)).go(phase)
