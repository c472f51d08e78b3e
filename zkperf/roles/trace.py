"""From a published figure back to everything on the log that it follows from.

The whole log is read and judged by the rules, as in an audit; then the proofs that this one figure rests on
are verified once more, each by itself, and the opening of its sum is checked against the commitments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Any, NamedTuple, TypedDict

from circuits.claims import INDEX, POOLED, Setting, claim_at, needs
from circuits.figures import decimal
from zkperf.errors import InputError, ZkperfError
from zkperf.ledger.figure_transactions import ClaimsPosted, Place, Pool, ReportPosted
from zkperf.ledger.paths import SEPARATOR, called, listed, matching, unit_path
from zkperf.ledger.rules.figures.claims import (
    pool_above,
    provider_setting,
    rated_in,
    verify_answers,
)
from zkperf.ledger.rules.figures.needed import figure_needed
from zkperf.ledger.rules.figures.pools import NOT_ASKED, target_claim
from zkperf.ledger.rules.figures.reports import verify_posted_reports
from zkperf.ledger.rules.verification import accepted_leaf, verify_ratings
from zkperf.ledger.state import FigureRound, Filed, Round, State
from zkperf.ledger.transactions import SumsPosted, decode_leaf, decode_transaction
from zkperf.names import fold
from zkperf.roles.auditor import PublicLog
from zkperf.roles.replica import replicate
from zkperf.roles.verdicts import index_name, verdict

TOTAL = "total"
"""What the root is called, besides its name."""
IDENTIFIER_DIGITS = 6
"""So many digits, or more, of a round's identifier may stand for its period."""


class Opening(TypedDict):
    """A member's sum that opened a figure, and its leaf."""

    trustee: int
    leaf: int


class Commitment(TypedDict):
    """A report, or a rating, that a figure is made of."""

    provider: str
    leaf: int
    digest: str
    attested_by: list[str]


class Proof(TypedDict):
    """A proof that a figure rests on, and whether it holds."""

    kind: str
    leaf: int
    digest: str
    bytes: int
    verified: bool


class Mean(TypedDict):
    """A published mean that an index takes, and what it follows from; ``value`` is null if it is withheld."""

    source: str
    id: str
    unit: str | None
    """The unit whose mean it is; null where no unit has one."""
    value: str | None
    round: int | None
    result: int | None
    openings: list[Opening]
    commitments: list[Commitment]
    proofs: list[Proof]


class Trace(TypedDict):
    """What `zkperf trace` prints. Digests are SHA-256 of leaves, in hexadecimal."""

    result: str
    value: str | None
    openings: list[Opening]
    commitments: list[Commitment]
    proofs: list[Proof]
    means: list[Mean]
    """Of an index, or a claim about one."""
    scheme: int
    round: int
    checkpoint: dict[str, Any]


def trace_result(log: PublicLog, result: str, genesis: bytes | None = None) -> Trace:
    """The trace of ``result``. ``genesis`` is the digest by which the reader knows the ledger.

    Raises InputError if nothing of this name is published, and the reason if the log does not hold.
    """
    state, sums, checkpoint = _read(log, genesis)
    meant = figure_of(state, result)
    tracer = _Tracer(log, state, meant.round, sums)
    value, openings, commitments, proofs, means = (
        tracer.claim(meant.unit, meant.number)
        if meant.kind is None
        else tracer.pool(meant.unit, meant.number, meant.kind)
    )
    return {
        "result": result,
        "value": value,
        "openings": openings,
        "commitments": commitments,
        "proofs": proofs,
        "means": means,
        "scheme": meant.round.scheme.index,
        "round": meant.round.index,
        "checkpoint": checkpoint,
    }


Found = tuple[str | None, list[Opening], list[Commitment], list[Proof], list[Mean]]
Sums = Mapping[bytes, Sequence[tuple[int, SumsPosted]]]
"""By round the sums that members posted, with their leaves."""


def _read(log: PublicLog, genesis: bytes | None) -> tuple[State, Sums, dict[str, Any]]:
    """The state after all leaves, each judged, the sums posted in each round, and the checkpoint."""
    sums: dict[bytes, list[tuple[int, SumsPosted]]] = {}

    def collect(first: int, leaves: Sequence[bytes]) -> None:
        for index, leaf in enumerate(leaves, first):
            transaction = decode_leaf(leaf)
            if isinstance(transaction, SumsPosted):
                sums.setdefault(transaction.round, []).append((index, transaction))

    replica = replicate(log, genesis, ratings=True, visit=collect)
    seen = replica.seen
    return replica.state, sums, {"size": seen.size, "root": seen.root.hex()}


class Meant(NamedTuple):
    """A published figure: what an indicator's pool in a group is by ``kind``, or, where that is None, a claim
    of a provider; ``number`` is the indicator's or the claim's."""

    round: FigureRound
    unit: int
    number: int
    kind: str | None

    def name(self) -> str:
        """What people can write for it and for nothing else."""
        scheme, units = self.round.scheme.scheme, self.round.opened.units
        if self.kind is None:
            # No two providers of a round have names that read alike.
            item, unit = claim_at(scheme, self.number).id, units[self.unit].name
        else:
            item = f"{scheme.indicators[self.number].id}.{self.kind}"
            unit = called(units, self.unit, _owners(units, False))
        return SEPARATOR.join((self.round.digest.hex()[:12], unit, item))


def figure_of(state: State, result: str) -> Meant:
    """The one figure that people mean by ``result``: ROUND/UNIT/ITEM, units as `results` prints them.

    Names contain slashes too ("2023/24"), so every way to read it is looked at. InputError, with what there
    is, unless exactly one figure is found.
    """
    rounds = rounds_of(state, result)
    found = [meant for found, rest in rounds for meant in figures_in(found, rest)]
    if len(found) == 1:
        return found[0]
    if found:
        there = ", ".join(meant.name() for meant in found)
        raise InputError(f"{result!r} is more than one figure; name one of: {there}")
    named, _ = rounds[0]
    groups = [unit for unit in _owners(named.opened.units, False) if unit]
    there = f" ({listed(named.opened.units, groups)})" if groups else ""
    raise InputError(
        f"{result!r}: there is no such figure in {named.opened.period}; name it PERIOD/GROUP/INDICATOR.mean "
        f"(or .sum, .share; the group {TOTAL!r} is all together{there}) or PERIOD/PROVIDER/CLAIM (the index "
        f"is {INDEX[0]!r})"
    )


def rounds_of(state: State, result: str) -> list[tuple[FigureRound, str]]:
    """The published rounds whose period, or the beginning of whose identifier, ``result`` begins with, each
    with the rest. InputError if there is none."""
    published = [found for found in state.figure_rounds.values() if found.result is not None]
    parts = result.split(SEPARATOR)
    found: list[tuple[FigureRound, str]] = []
    for place in range(1, len(parts)):
        called, rest = SEPARATOR.join(parts[:place]), SEPARATOR.join(parts[place:])
        for one in published:
            identifier = len(called) >= IDENTIFIER_DIGITS and one.digest.hex().startswith(called.lower())
            if identifier or fold(one.opened.period) == fold(called):
                found.append((one, rest))
    if not found:
        periods = ", ".join(dict.fromkeys(one.opened.period for one in published)) or "none"
        raise InputError(f"{result!r}: no result of this period is published here; periods are: {periods}")
    return found


def figures_in(found: FigureRound, rest: str) -> list[Meant]:
    """The figures of a round that ``rest``, UNIT/ITEM, can mean. An indicator by itself is its mean."""
    scheme, units = found.scheme.scheme, found.opened.units
    items: list[tuple[str, int, str | None]] = []
    for k, indicator in enumerate(scheme.indicators):
        items += [(f"{indicator.id}.{kind}", k, kind) for kind in POOLED] + [(indicator.id, k, "mean")]
    items += [(claim.id, number, None) for number, claim in enumerate(scheme.claims)]
    if scheme.index is not None:
        items += [(name, len(scheme.claims), None) for name in INDEX]
    meant: list[Meant] = []
    parts = rest.split(SEPARATOR)
    for place in range(1, len(parts)):
        unit, item = SEPARATOR.join(parts[:place]), fold(SEPARATOR.join(parts[place:]))
        for name, number, kind in items:
            if fold(name) == item:
                among = _owners(units, kind is None)
                total = [0] if kind is not None and fold(unit) == TOTAL else []
                there = dict.fromkeys(total + matching(units, unit, among))
                meant += [Meant(found, k, number, kind) for k in there]
    return meant


def _owners(units: Sequence[Place], claims: bool) -> list[int]:
    """Whose figures there are: providers have ``claims``, the others pools."""
    return [unit for unit, place in enumerate(units) if (place.provider is not None) is claims]


class _Tracer:
    """Traces figures of one round."""

    def __init__(self, log: PublicLog, state: State, found: FigureRound, sums: Sums) -> None:
        self._log, self._state, self._found, self._sums = log, state, found, sums
        self._scheme = found.scheme.scheme

    def pool(self, unit: int, k: int, kind: str) -> Found:
        """Sum, mean or share of indicator k in a group."""
        assert self._found.result is not None
        [pools] = [entry.pools for entry in self._found.result if entry.unit == unit]
        pool = pools[k]
        contributors = self._found.contributors(k, unit)
        owners = self._owners(contributors)
        commitments = [_commitment(self._found, *owner, [k]) for owner in owners]
        value = _value(pool, kind, self._scheme.indicators[k].scale)
        if value is None or value == NOT_ASKED:
            # Withheld, or not asked: nothing was opened, and nothing is to be shown.
            return value, [], commitments, [], []
        proofs = self._reports([filed for _, filed in owners])
        claim = target_claim(self._found, k)
        if kind == "share" and claim is not None:
            return value, [], commitments, proofs + self._claims([place for place, _ in owners], claim), []
        bits = self._found.form.bits
        column = k if kind != "share" else len(self._scheme.indicators) + bits.index(k)
        return value, self._openings(self._found, [column], unit), commitments, proofs, []

    def claim(self, unit: int, number: int) -> Found:
        """A claim, or the index, of a provider."""
        filed = self._found.counted(unit)
        if filed is None:
            return "not reported", [], [], [], []
        setting = provider_setting(self._state, self._found, unit)
        # This period's report also where the claim needs nothing that is in it: that shows as much.
        reports = {filed.digest: (self._found, unit, filed, list[int]())}
        for need in needs(setting, number):
            figure = figure_needed(self._found, unit, need)
            if figure is not None:
                reports.setdefault(figure.filed.digest, (*figure[:3], []))[3].append(figure.column)
        commitments = [_commitment(*item) for item in reports.values()]
        if number == len(self._scheme.claims):
            value: str | None = index_name(self._state, self._found, unit)
        else:
            value = verdict(self._state, self._found, unit, number)
        proofs = self._reports([item[2] for item in reports.values()]) + self._claims([unit], number)
        means = self._means(setting, unit) if claim_at(self._scheme, number).kind == "index" else []
        return value, [], commitments, proofs, means

    def _means(self, setting: Setting, unit: int) -> list[Mean]:
        """The means that the index of this provider takes."""
        assert self._scheme.index is not None
        means = zip(self._scheme.index.parts, setting.parts, strict=True)
        return [
            self._pooled(unit, part.id) if part.source == "pool" else self._rated(unit, part.id, mean)
            for part, mean in means
        ]

    def _pooled(self, unit: int, identifier: str) -> Mean:
        node = pool_above(self._found, self._scheme.number(identifier), unit)
        mean = _no_mean("pool", identifier)
        if node is not None:
            traced = self.pool(node, self._scheme.number(identifier), "mean")
            mean["value"], mean["openings"], mean["commitments"], mean["proofs"], _ = traced
            mean["unit"] = unit_path(self._found.opened.units, node)
            mean["round"], mean["result"] = self._found.index, self._found.result_index
        return mean

    def _rated(self, unit: int, question: str, published: Fraction | None) -> Mean:
        mean, source = _no_mean("rating", question), rated_in(self._state, self._found, unit, question)
        if source is None:
            return mean
        rated = source.round
        mean["unit"], mean["round"] = unit_path(rated.opened.units, source.unit), rated.index
        mean["result"] = rated.result_index
        if published is None:
            return mean
        mean["value"] = next(item.mean for item in source.result.questions if item.question == question)
        # How many answered is in commitment 0, the sum of what they said there or in one of its own.
        opened = sorted({0, rated.scheme.layout.commitment_of(question)})
        mean["openings"] = self._openings(rated, opened, source.unit)
        for leaf in rated.tree.below(source.unit):
            ratings = [item for item in rated.cohort(leaf).ratings.values() if not item.struck]
            posted = [accepted_leaf(self._state, item) for item in ratings]
            for item, data, judged in zip(ratings, posted, verify_ratings(self._state, posted), strict=True):
                named, digest = unit_path(rated.opened.units, leaf), item.digest.hex()
                mean["commitments"].append(
                    {"provider": named, "leaf": item.index, "digest": digest, "attested_by": []}
                )
                mean["proofs"].append(
                    {
                        "kind": "rating",
                        "leaf": item.index,
                        "digest": digest,
                        "bytes": len(decode_transaction(data.data).proof),
                        "verified": not isinstance(judged, ZkperfError),
                    }
                )
        return mean

    def _openings(self, found: Round | FigureRound, columns: Sequence[int], unit: int) -> list[Opening]:
        """The leaves of the sums that open these commitments below a unit, which is checked once more."""
        for column in columns:
            commitment, _ = found.summed(column, unit)
            opening = found.openings[column, unit]
            found.key(column).verify_opening(commitment, opening.values, opening.blinding)
        places = {(column, unit) for column in columns}
        return [
            {"trustee": sums.trustee, "leaf": leaf}
            for leaf, sums in self._sums.get(found.digest, ())
            if any((entry.commitment, entry.unit) in places for entry in sums.sums)
        ]

    def _owners(self, reports: Iterable[Filed]) -> list[tuple[int, Filed]]:
        wanted = {filed.digest for filed in reports}
        return [(unit, filed) for unit, filed in self._found.reports.items() if filed.digest in wanted]

    def _reports(self, reports: Sequence[Filed]) -> list[Proof]:
        """The proofs that reported figures are in their ranges, verified again."""
        posted = [decode_transaction(self._log.leaf(filed.index)) for filed in reports]
        assert all(isinstance(item, ReportPosted) for item in posted)
        verdicts = verify_posted_reports(self._state, posted)
        return [
            {
                "kind": "report",
                "leaf": filed.index,
                "digest": filed.digest.hex(),
                "bytes": len(item.report.proof),
                "verified": not isinstance(verdict, ZkperfError),
            }
            for filed, item, verdict in zip(reports, posted, verdicts, strict=True)
        ]

    def _claims(self, units: Sequence[int], number: int) -> list[Proof]:
        """The proofs of one claim of these providers, verified again."""
        wanted, found = set(units), list[tuple[int, ClaimsPosted]]()
        for index in range(self._found.index, self._state.size):
            leaf = self._log.leaf(index)
            posted = decode_leaf(leaf)
            if (
                isinstance(posted, ClaimsPosted)
                and posted.round == self._found.digest
                and posted.unit in wanted
            ):
                found.append((index, posted))
        verdicts = [verify_answers(self._state, self._found, posted) for _, posted in found]
        kind = "index" if number == len(self._scheme.claims) else self._scheme.claims[number].kind
        return [
            {
                "kind": kind,
                "leaf": index,
                "digest": sha256(self._log.leaf(index)).hexdigest(),
                "bytes": len(item.proof),
                "verified": verdict is None,
            }
            for (index, posted), verdict in zip(found, verdicts, strict=True)
            for item in posted.claims
            if item.claim == number
        ]


def _commitment(found: FigureRound, unit: int, filed: Filed, indicators: Sequence[int]) -> Commitment:
    """One report, and who attested all of these indicators of it."""
    auditors = {auditor.key: auditor.name for auditor in found.opened.auditors}
    keys = [set(found.attested.get((unit, k), ())) for k in indicators]
    seen = set.intersection(*keys) if keys else set()
    return {
        "provider": found.opened.units[unit].name,
        "leaf": filed.index,
        "digest": filed.digest.hex(),
        "attested_by": sorted(auditors[key] for key in seen),
    }


def _no_mean(source: str, identifier: str) -> Mean:
    return {
        "source": source,
        "id": identifier,
        "unit": None,
        "value": None,
        "round": None,
        "result": None,
        "openings": [],
        "commitments": [],
        "proofs": [],
    }


def _value(pool: Pool, kind: str, scale: int) -> str | None:
    if kind == "sum" and pool.sum is not None:
        return decimal(pool.sum, scale)
    if kind == "share" and pool.mean is not None and pool.share_from == NOT_ASKED:
        return NOT_ASKED
    return {"mean": pool.mean, "share": pool.share}.get(kind)
