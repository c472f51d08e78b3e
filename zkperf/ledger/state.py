"""What the rules know: everything that follows from the log so far, and nothing else.

The state is built by applying leaves in order and is never stored: a restart, a validator and an
auditor all build it the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from operator import add, sub
from typing import Any

from circuits.claims import Grades, tied_to_total, ties
from circuits.exposure import System
from circuits.indicators import IndicatorScheme
from circuits.layout import Layout
from circuits.questionnaire import Questionnaire
from circuits.report import ReportForm
from zkperf.commitments import CommitmentKey
from zkperf.groups.base import Group
from zkperf.groups.pairing import Pairing
from zkperf.ledger.disclosure import Publication, Tree, totals
from zkperf.ledger.figure_transactions import FiguresOpened, PoolUnit
from zkperf.ledger.identity import Path, Service, paths, providers, services
from zkperf.ledger.transactions import Genesis, RoundOpened, UnitResult
from zkperf.proofs.intervals import figure_key
from zkperf.sharing import Share
from zkperf.tokens.keygen import CheckedDeal, KeygenContext
from zkperf.tokens.keys import CohortKeys


class Phase(StrEnum):
    """Where a round stands."""

    COMMITTING = "members commit to their deals"
    DEALING = "members post their deals"
    ACCEPTING = "members check their deals"
    KEYED = "the cohort keys are about to be recorded"
    OPEN = "open"
    DRAINING = "closed; what waits enters"
    CHECKING = "closed; members check their shares"
    SUMMING = "the counted set is fixed; members post their sums"
    TOTALLING = "members post their sums of optional questions, or of who is at a target"
    CLAIMING = "providers post their claims"
    OPENED = "everything that may be published is opened"
    PUBLISHED = "published"
    INSPECTING = "figures are drawn; auditors look at them"
    CONCLUDED = "concluded"
    ABANDONED = "abandoned"


BEFORE_OPEN = (Phase.COMMITTING, Phase.DEALING, Phase.ACCEPTING, Phase.KEYED)
RUNNING = (*BEFORE_OPEN, Phase.OPEN)
OVER = (Phase.CLAIMING, Phase.OPENED, Phase.PUBLISHED, Phase.INSPECTING, Phase.CONCLUDED)
"""Phases in which everything that may be opened of a round is opened."""


@dataclass
class Scheme:
    """A questionnaire on the ledger, compiled. ``digest`` is SHA-256 of its transaction."""

    digest: bytes
    index: int
    questionnaire: Questionnaire
    layout: Layout
    keys: tuple[CommitmentKey, ...]
    """One commitment key per commitment of the layout: the first slots of the shared generators."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What the tally needs of a rating, or of the sum of many: C_q, and E_{q,1} … E_{q,t-1} for each q."""

    commitments: tuple[Any, ...]
    coefficients: tuple[tuple[Any, ...], ...]

    @classmethod
    def nothing(cls, group: Group, commitments: int, threshold: int) -> Committed:
        """The empty sum."""
        row = (group.identity,) * (threshold - 1)
        return cls((group.identity,) * commitments, (row,) * commitments)

    def __add__(self, other: Committed) -> Committed:
        return self._each(add, other)

    def __sub__(self, other: Committed) -> Committed:
        return self._each(sub, other)

    def _each(self, operation: Callable[[Any, Any], Any], other: Committed) -> Committed:
        rows = zip(self.coefficients, other.coefficients, strict=True)
        return Committed(
            tuple(map(operation, self.commitments, other.commitments)),
            tuple(tuple(map(operation, mine, theirs)) for mine, theirs in rows),
        )


@dataclass(slots=True)
class Accepted:
    """A rating on the log; ``struck`` if a complaint was true. There may be millions of them."""

    index: int
    digest: bytes
    sequence: int
    issued_before: int
    """Issuances of its cohort before its pseudonym was first seen: its rater is one of so many."""
    struck: bool = False


@dataclass
class Cohort:
    """One service in one round: the anonymity set."""

    sums: Committed
    """Over the counted ratings."""
    issued: int = 0
    ratings: dict[bytes, Accepted] = field(default_factory=dict)
    struck: int = 0
    drained: bool = False

    @property
    def counted(self) -> int:
        """How many are accepted, not replaced, not struck out."""
        return len(self.ratings) - self.struck


@dataclass
class OpenBatch:
    """A batch of which leaves are still to come."""

    round: bytes
    unit: int
    remaining: int
    final: bool
    last: bytes = b""


@dataclass
class Mark:
    """The leaf that ended a round's draining, and what members name to say that they mean this log."""

    index: int
    entries: bytes
    """The digest of the round's entries on the log and not replaced, struck out or not."""
    _root: bytes | None = field(default=None, repr=False)

    def root(self, state: State) -> bytes:
        """The root of the log's leaves up to and including this one: worked out once."""
        if self._root is None:
            self._root = state.root(self.index + 1)
        return self._root


@dataclass(frozen=True)
class Abandonment:
    """A member gave up a round that had been open: by which leaf, and which member."""

    index: int
    trustee: int


@dataclass
class Keygen:
    """The key generation of one part of a round's cohorts, by dealer (1..n)."""

    context: KeygenContext
    commitments: dict[int, bytes] = field(default_factory=dict)
    deals: dict[int, CheckedDeal] = field(default_factory=dict)
    disqualified: set[int] = field(default_factory=set)
    keys: CohortKeys | None = None
    keys_index: int | None = None

    def qualified(self) -> list[CheckedDeal]:
        """The deals that make the keys, by dealer: all that were not shown to be bad."""
        return [deal for dealer, deal in sorted(self.deals.items()) if dealer not in self.disqualified]

    def public_key(self, unit: int) -> bytes:
        """K_c of a cohort of this part."""
        assert self.keys is not None
        return self.keys.keys[self.context.cohorts.index(unit)]

    def share_key(self, unit: int, trustee: int) -> bytes:
        """K_{j,c} of a cohort of this part."""
        assert self.keys is not None
        return self.keys.shares[self.context.cohorts.index(unit)][trustee - 1]


@dataclass(kw_only=True)
class Tallied:
    """What a round of ratings and a round of figures have in common: keys, phases, and one tally.

    Its ``digest`` is SHA-256 of the transaction that opened it.
    """

    digest: bytes
    index: int
    opened: Any
    """The transaction that opened it: RoundOpened or FiguresOpened."""
    tree: Tree
    phase: Phase = Phase.COMMITTING
    last_time: int = 0
    keygens: list[Keygen] = field(default_factory=list)
    """One key generation for each part of the cohorts: their messages have to fit into leaves."""
    deals_accepted: set[int] = field(default_factory=set)
    mark: Mark | None = None
    """Once everything that waited at close is on the log."""
    checked: set[int] = field(default_factory=set)
    refused_complaints: dict[int, int] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    """Counted ratings, or reports, per unit, once the counted set is fixed."""
    counted_digest: bytes = b""
    """Of the counted set, once it is fixed."""
    abandoned: Abandonment | None = None
    """None also if it was abandoned before it opened."""
    lost: dict[bytes, set[int]] = field(default_factory=dict)
    """By entry the members that have declared its bundle lost."""
    fallen: dict[int, int] = field(default_factory=dict)
    """By unit how many entries are struck out because enough members have."""
    sums: dict[int, dict[tuple[int, int], Share]] = field(default_factory=dict)
    """The present stage's sums, by trustee: (commitment, unit) to sum."""
    openings: dict[tuple[int, int], Share] = field(default_factory=dict)
    """(commitment, unit) to (Σ w, Σ r)."""

    @cached_property
    def paths(self) -> list[Path]:
        """What its units are called, whatever its root is called and however they are written."""
        return paths(self.opened.units)

    def counted_below(self, unit: int) -> Iterator[Accepted | Filed]:
        """What counts so far below a unit: accepted, not replaced, not struck out."""
        raise NotImplementedError

    def placed(self) -> Iterator[tuple[int, Accepted | Filed]]:
        """Everything on the log that was not replaced, with its unit."""
        raise NotImplementedError

    def taken(self) -> Iterator[Accepted | Filed]:
        """Everything on the log that was not replaced."""
        return (entry for _, entry in self.placed())

    @cached_property
    def entries(self) -> dict[bytes, tuple[int, Accepted | Filed]]:
        """The same by digest: to be asked for once nothing enters any more."""
        return {entry.digest: (unit, entry) for unit, entry in self.placed()}

    def lost_below(self) -> dict[int, int]:
        """By unit how many entries below it have fallen out because their bundles are lost."""
        return totals(self.tree, {leaf: self.fallen.get(leaf, 0) for leaf in self.tree.leaves()})

    def key(self, q: int) -> CommitmentKey:
        """The key of commitment, or column, q."""
        raise NotImplementedError

    def summed(self, q: int, unit: int) -> tuple[Any, tuple[Any, ...]]:
        """(ΣC_q, (ΣE_{q,1}, …, ΣE_{q,t-1})) over what is counted below ``unit``."""
        raise NotImplementedError

    def keygen_of(self, unit: int) -> Keygen:
        """The part of the key generation that a service belongs to."""
        return next(keygen for keygen in self.keygens if unit in keygen.context.cohorts)

    @property
    def keyed(self) -> bool:
        """Every cohort has its key."""
        return all(keygen.keys is not None for keygen in self.keygens)


@dataclass(kw_only=True)
class Round(Tallied):
    """One round of ratings."""

    opened: RoundOpened
    scheme: Scheme
    verifier: Any = field(default=None, repr=False)
    """The kernel's verifier for this round's ratings, where it has the suite: made with the keys."""
    registrars: Any = field(default=None, repr=False)
    """The kernel's verifier for this round's issuances, where it has the pairing."""
    most_ratings: int = 0
    issued: int = 0
    """Tokens, at most ``most_ratings``."""
    cohorts: dict[int, Cohort] = field(default_factory=dict)
    publication: Publication | None = None
    optional: dict[int, Publication] = field(default_factory=dict)
    """By commitment q >= 1: where the answers to that optional question may be published."""
    result: tuple[UnitResult, ...] | None = None
    result_index: int | None = None

    @cached_property
    def identities(self) -> dict[Service, int]:
        """Its services, by what makes them the same in another round."""
        return services(self.opened)

    def cohort(self, unit: int) -> Cohort:
        return self.cohorts[unit]

    def counted_below(self, unit: int) -> Iterator[Accepted]:
        for leaf in self.tree.below(unit):
            yield from (rating for rating in self.cohorts[leaf].ratings.values() if not rating.struck)

    def placed(self) -> Iterator[tuple[int, Accepted]]:
        return ((unit, it) for unit, cohort in self.cohorts.items() for it in cohort.ratings.values())

    def key(self, q: int) -> CommitmentKey:
        return self.scheme.keys[q]

    def summed(self, q: int, unit: int) -> tuple[Any, tuple[Any, ...]]:
        first, *others = (self.cohort(leaf).sums for leaf in self.tree.below(unit))
        summed = sum(others, first)
        return summed.commitments[q], summed.coefficients[q]


@dataclass
class FigureScheme:
    """A scheme of indicators on the ledger. ``digest`` is SHA-256 of its transaction."""

    digest: bytes
    index: int
    scheme: IndicatorScheme


@dataclass(slots=True)
class Filed:
    """A provider's latest report on the log; ``struck`` if a complaint was true."""

    index: int
    digest: bytes
    """Of its transaction."""
    sequence: int
    reported: tuple[int, ...]
    columns: dict[int, tuple[Any, tuple[Any, ...]]]
    """By column (C_q, (E_{q,1}, …, E_{q,t-1}))."""
    struck: bool = False


@dataclass(frozen=True)
class Answered:
    """What a provider was asked in a round, and what it has proved of that."""

    asked: frozenset[int]
    """Numbers of claims; the index is the one after the last."""
    proved: Mapping[int, int | None]
    """By number the published outcome, if there is one."""
    grades: Grades | None
    """What its grade is known to be, if it has published one."""
    dropped: int
    """How often what it had left unproved, taken for false, was dropped: its proofs in this round say that
    not all of it is."""


@dataclass(frozen=True)
class Inspection:
    """A figure that was drawn: of which provider, and which indicator."""

    unit: int
    indicator: int


@dataclass(kw_only=True)
class FigureRound(Tallied):
    """One round of providers' figures. What commitments are to ratings, columns are to it."""

    opened: FiguresOpened
    scheme: FigureScheme
    form: ReportForm
    group: Group
    previous: FigureRound | None = None
    timed: Phase | None = None
    """The phase, of those in which others than members are waited for, whose time a deadline has begun."""
    reports: dict[int, Filed] = field(default_factory=dict)
    """By unit."""
    publications: dict[int, Publication] = field(default_factory=dict)
    """By indicator, once the counted set is fixed: where its column may be opened."""
    pooled: dict[int, dict[int, int]] = field(default_factory=dict)
    """By indicator and unit: over how many providers it is pooled."""
    claimed: dict[int, Answered] = field(default_factory=dict)
    """By unit what it was asked, and what it proved."""
    attested: dict[tuple[int, int], dict[bytes, int]] = field(default_factory=dict)
    """By (unit, indicator) the auditors' keys, with the leaves."""
    result: tuple[PoolUnit, ...] | None = None
    result_index: int | None = None
    draw_shares: dict[int, Any] = field(default_factory=dict)
    drawn: tuple[Inspection, ...] = ()
    refused: tuple[Inspection, ...] = ()
    """Drawn, and shown to no auditor in time."""

    def counted_below(self, unit: int) -> Iterator[Filed]:
        for leaf in self.tree.below(unit):
            filed = self.reports.get(leaf)
            if filed is not None and not filed.struck:
                yield filed

    def placed(self) -> Iterator[tuple[int, Filed]]:
        yield from self.reports.items()

    def counted(self, unit: int) -> Filed | None:
        """The report of a provider that counts."""
        filed = self.reports.get(unit)
        return None if filed is None or filed.struck else filed

    def unit_of(self, provider: bytes) -> int | None:
        """The place of the provider with this key."""
        keys = [place.provider for place in self.opened.units]
        return keys.index(provider) if provider in keys else None

    @cached_property
    def identities(self) -> dict[bytes | Path, int]:
        """Its providers, by what makes them the same in another round."""
        return providers(self.opened)

    def indicator_of(self, column: int) -> int:
        """The indicator that a column is about: its values, or its bits."""
        values = len(self.scheme.scheme.indicators)
        return column if column < values else self.form.bits[column - values]

    def tied(self, indicator: int) -> frozenset[int]:
        """The indicators that are pooled with this one, over providers that report all of them: those that
        claims of kind `parts` tie to it, directly or by way of others."""
        return next(tie for tie in self.ties if indicator in tie)

    @cached_property
    def ties(self) -> list[frozenset[int]]:
        return ties(self.scheme.scheme)

    @cached_property
    def unpooled(self) -> frozenset[int]:
        """The indicators that are not pooled, because a published total is made of them."""
        return tied_to_total(self.scheme.scheme)

    def key(self, q: int) -> CommitmentKey:
        return figure_key(self.group)

    def contributors(self, indicator: int, unit: int) -> list[Filed]:
        """The reports over which an indicator is pooled below a unit."""
        tie = self.tied(indicator)
        return [filed for filed in self.counted_below(unit) if tie <= set(filed.reported)]

    def summed(self, q: int, unit: int) -> tuple[Any, tuple[Any, ...]]:
        rows = [filed.columns[q] for filed in self.contributors(self.indicator_of(q), unit)]
        (first, *others), (degrees, *rest) = zip(*rows, strict=True)
        commitment = sum(others, first)
        coefficients = tuple(sum(terms[1:], terms[0]) for terms in zip(degrees, *rest, strict=True))
        return commitment, coefficients


@dataclass
class State:
    """The whole ledger's state. ``leaf`` reads earlier leaves, ``root`` gives the root of the tree (RFC 6962)
    of so many of them; an empty ledger has no genesis yet."""

    leaf: Callable[[int], bytes]
    root: Callable[[int], bytes]
    pairing: Pairing
    size: int = 0
    ledger: bytes = b""
    genesis: Genesis | None = None
    group: Group | None = None
    schemes: dict[bytes, Scheme] = field(default_factory=dict)
    rounds: dict[bytes, Round] = field(default_factory=dict)
    figure_schemes: dict[bytes, FigureScheme] = field(default_factory=dict)
    figure_rounds: dict[bytes, FigureRound] = field(default_factory=dict)
    vouchers: dict[bytes, int] = field(default_factory=dict)
    """Those used, by the index of the leaf that says for what."""
    complaints: set[bytes] = field(default_factory=set)
    """Digests of the complaints about ratings that were judged: each counts once."""
    systems: dict[bytes, System] = field(default_factory=dict)
    """By provider's key everything public about its figures."""
    batch: OpenBatch | None = None
    sealing_keys: tuple[Any, ...] = ()
    """T_1..T_n, decoded."""

    @property
    def all_rounds(self) -> dict[bytes, Round | FigureRound]:
        """By identifier: those of ratings, then those of figures."""
        return {**self.rounds, **self.figure_rounds}

    @property
    def members(self) -> int:
        """n"""
        return len(self.rules.members)

    @property
    def rules(self) -> Genesis:
        if self.genesis is None:
            raise ValueError("the ledger has no genesis yet")
        return self.genesis

    @property
    def commitment_group(self) -> Group:
        if self.group is None:
            raise ValueError("the ledger has no genesis yet")
        return self.group

    @property
    def enough(self) -> int:
        """How many members must have finished a stage for the others to go on at its deadline:
        n - min(n - t, f) with f = ⌊(n - 1)/3⌋."""
        n, t = self.members, self.rules.threshold
        return n - min(n - t, (n - 1) // 3)
