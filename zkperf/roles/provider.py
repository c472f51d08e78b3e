"""A provider: reports its figures of a period, corrects them, claims, and shows them to an auditor.

It holds its signing key and the openings of its commitments; these are written down before the report is
sent, since without them nothing can be claimed or shown. It reads the state of a replica, as a trustee does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.claims import (
    KINDS,
    Asked,
    Opening,
    Setting,
    claim_at,
    index_outcome,
    needs,
    prove_claim,
    state_claim,
)
from circuits.claims.kinds import Need
from circuits.exposure import index_allowed
from circuits.indicators import IndicatorScheme
from circuits.rating import Bundle
from circuits.report import ReportForm, build_report, check_figures
from zkperf.encoding import Bytes32, Record, encode
from zkperf.encoding import Sequence as Items
from zkperf.errors import InputError, InvalidProof, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.figure_transactions import ClaimsPosted, Proven, ReportPosted
from zkperf.ledger.rules.figures.claims import has_shown_index, provider_setting
from zkperf.ledger.rules.figures.needed import Figure, claim_context, figure_needed
from zkperf.ledger.rules.figures.reports import report_context, require_once
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import FigureRound, Filed, Phase, State
from zkperf.ledger.transactions import encode_transaction
from zkperf.proofs.committed import DoesNotHold
from zkperf.randomness import RandomBytes, system
from zkperf.roles.keystore import KeyStore
from zkperf.roles.showing import Card, KeptOpening, Shown
from zkperf.roles.verdicts import outcome_name
from zkperf.sealing import seal


class Openings(Record):
    """What a provider keeps of one report. Secret."""

    report: Bytes32
    """SHA-256 of the report's transaction."""
    figures: Items[KeptOpening]

    def __repr__(self) -> str:
        return "<openings>"

    __str__ = __repr__


class Statement(NamedTuple):
    """A claim as a preview shows it: whether it holds, or None where a figure that it needs is missing."""

    claim: str
    holds: bool | None

    def __repr__(self) -> str:
        return "<statement>"


@dataclass(frozen=True)
class Preview:
    """What would be said in public if these figures were reported. No repr: it says something of figures."""

    claims: Sequence[Statement] = field(repr=False)
    at_target: Mapping[str, bool] = field(repr=False)
    """By indicator that is reported and has a bit: what enters the groups' shares."""
    outcome: str | None = field(repr=False)
    """The grade or index, None if there is none. Published means in it count as withheld: they are not
    known yet."""
    compared_with: str | None = None
    """The period that claims of kind ``improved`` compare with; None if there is none."""


def preview(
    scheme: IndicatorScheme,
    period: str,
    figures: Mapping[str, int],
    before: Mapping[str, int] | None = None,
    compared_with: str | None = None,
) -> Preview:
    """What these ``figures``, by id of the indicator, would give; ``before`` are those of the last period,
    ``compared_with``.

    Nothing is sent. InputError, naming the indicator, for a figure that cannot be reported.
    """
    missing = frozenset(k for k, item in enumerate(scheme.indicators) if item.id not in figures)
    parts = () if scheme.index is None else scheme.index.parts
    setting = Setting(scheme, period, missing, [None] * len(parts))
    with_index = bool(figures) and index_allowed(setting)
    statements = []
    for number, claim in enumerate(scheme.claims):
        values = _values(needs(setting, number), figures, before or {})
        holds = None
        if values is not None and (claim.kind != "index" or with_index):
            holds = _holds(setting, number, values)
        statements.append(Statement(claim.id, holds))
    form = ReportForm(scheme, period)
    if figures:
        check_figures(form, {scheme.number(name): value for name, value in figures.items()})
    asked = {k: scheme.indicators[k].id for k in form.bits}
    at_target = {name: bool(form.at_target(k, figures[name])) for k, name in asked.items() if name in figures}
    outcome = None
    if with_index:
        values = _values(needs(setting, len(scheme.claims)), figures, {})
        assert values is not None
        outcome = outcome_name(scheme, index_outcome(setting, values))
    return Preview(statements, at_target, outcome, compared_with)


@dataclass(frozen=True)
class Provider:
    """The provider whose signing key and openings lie in ``store``."""

    key: Ed25519PrivateKey = field(repr=False)
    store: KeyStore
    source: RandomBytes = system

    @property
    def public(self) -> bytes:
        """The key by which a round names this provider."""
        return public_bytes(self.key)

    def unit(self, found: FigureRound) -> int:
        """This provider's place in a round. RuleViolation if it is not in it."""
        unit = found.unit_of(self.public)
        if unit is None:
            raise RuleViolation("this provider is not in the round", check="reports")
        return unit

    # -- reports ----------------------------------------------------------------------------------

    def report(self, state: State, found: FigureRound, figures: Mapping[int, int]) -> tuple[bytes, Bundle]:
        """A report of these figures, by place of the indicator, or a correction of the one before.

        Its openings are on disk when this returns. Raises InputError for a figure that cannot be reported,
        RuleViolation if the round takes no more: then there is nothing to send.
        """
        unit = self.unit(found)
        if found.phase is not Phase.OPEN:
            raise RuleViolation("the round takes no reports: it is not open", check="reports")
        before = found.reports.get(unit)
        sequence = 0 if before is None else before.sequence + 1
        if sequence > state.rules.max_sequence:
            raise RuleViolation("this report has been corrected as often as it can be", check="reports")
        require_once(state, found, unit, figures)
        group, context = state.commitment_group, report_context(state, found, unit)
        report, bundle, openings = build_report(
            group, found.form, context, state.sealing_keys, sequence, figures, self.source
        )
        data = encode_transaction(signed(ReportPosted, self.key, state.ledger, report=report))
        kept = Openings(
            report=sha256(data).digest(),
            figures=tuple(
                KeptOpening(indicator=k, value=item.value, blinding=group.encode_scalar(item.blinding))
                for k, item in openings.items()
            ),
        )
        # Under the report's own digest: a correction that is refused must not cost the openings before it.
        self.store.write(_file(kept.report), kept.encode())
        return data, bundle

    def openings(self, group: Group, filed: Filed) -> dict[int, Opening]:
        """The openings of a report on the ledger, by place of the indicator. InputError if they are lost."""
        kept = Openings.decode(self.store.read(_file(filed.digest)))
        return {
            item.indicator: Opening(item.value, group.decode_scalar(item.blinding)) for item in kept.figures
        }

    # -- claims -----------------------------------------------------------------------------------

    def claim(self, state: State, found: FigureRound) -> bytes | None:
        """Everything that holds, proved, in one transaction; None if there is no report that counts.

        Claims that do not hold are left out: nothing is sent of them.
        """
        unit = self.unit(found)
        filed = found.counted(unit)
        if filed is None:
            return None
        scheme, setting = found.scheme.scheme, provider_setting(state, found, unit)
        kept = {filed.digest: self.openings(state.commitment_group, filed)}
        proven = []
        for number in range(len(scheme.claims) + (scheme.index is not None)):
            if claim_at(scheme, number).kind != "index" or has_shown_index(found, setting):
                proven.append(self._prove(state, found, setting, number, kept))
        posted = signed(
            ClaimsPosted,
            self.key,
            state.ledger,
            round=found.digest,
            unit=unit,
            report=filed.digest,
            claims=tuple(item for item in proven if item is not None),
        )
        return encode_transaction(posted)

    def _prove(
        self,
        state: State,
        found: FigureRound,
        setting: Setting,
        number: int,
        kept: dict[bytes, dict[int, Opening]],
    ) -> Proven | None:
        """One claim; None if it does not hold, or a figure that it needs is missing. ``kept`` are openings
        by report: those of the last period's come to it when they are needed."""
        figures: list[Figure] = []
        openings: list[Opening] = []
        for need in needs(setting, number):
            figure = figure_needed(found, self.unit(found), need)
            if figure is None:
                return None
            filed = figure.filed
            if filed.digest not in kept:
                kept[filed.digest] = self.openings(state.commitment_group, filed)
            figures.append(figure)
            openings.append(kept[filed.digest][figure.column])
        values = [opening.value for opening in openings]
        if not _holds(setting, number, values):
            return None
        outcome = _outcome(setting, number, values)
        asked = Asked(setting, number, outcome)
        context = claim_context(state, found, self.unit(found), figures)
        commitments = [figure.commitment for figure in figures]
        proof = prove_claim(state.commitment_group, asked, context, openings, commitments, self.source)
        return Proven(claim=number, outcome=outcome, proof=proof)

    # -- auditors ---------------------------------------------------------------------------------

    def show(self, state: State, found: FigureRound, indicators: Sequence[int], card: Card) -> Shown:
        """The openings of some of its figures, sealed for the auditor whose ``card`` it is.

        RuleViolation for an auditor that the round does not list, InvalidSignature for a sealing key that is
        not that auditor's own, InputError for a figure that was not reported.
        """
        unit, group = self.unit(found), state.commitment_group
        if card.key not in {auditor.key for auditor in found.opened.auditors}:
            listed = ", ".join(auditor.name for auditor in found.opened.auditors) or "it has none"
            raise RuleViolation(
                f"the card's auditor is not one of this round's: {listed}", check="attestations"
            )
        card.verify()
        filed = found.counted(unit)
        if filed is None:
            raise InputError("there is no report that counts")
        openings = self.openings(group, filed)
        if not set(indicators) <= openings.keys():
            raise InputError("one of these figures was not reported")
        kept = [
            KeptOpening(
                indicator=k, value=openings[k].value, blinding=group.encode_scalar(openings[k].blinding)
            )
            for k in sorted(set(indicators))
        ]
        y = group.random_nonzero_scalar(self.source)
        shown = Shown(
            round=found.digest,
            unit=unit,
            report=filed.digest,
            ephemeral=group.encode(group.msm([y], [group.generator])),
            sealed=b"",
        )
        plaintext = encode([item.to_array() for item in kept])
        sealed = seal(group, y, group.decode(card.sealing_key), shown.context, plaintext)
        return shown.model_copy(update={"sealed": sealed})

    def __repr__(self) -> str:
        return "<provider>"


def _file(report: bytes) -> str:
    return f"report-{report.hex()[:32]}.cbor"


def _values(
    wanted: Sequence[Need], figures: Mapping[str, int], before: Mapping[str, int]
) -> list[int] | None:
    """The values that a claim is about; None if one is missing."""
    sources = [before if need.previous else figures for need in wanted]
    if any(need.indicator not in source for need, source in zip(wanted, sources, strict=True)):
        return None
    return [source[need.indicator] for need, source in zip(wanted, sources, strict=True)]


def _outcome(setting: Setting, number: int, values: Sequence[int]) -> int | None:
    """What a claim of these values publishes, if anything: the index, or the total of `parts`."""
    if number == len(setting.scheme.claims):
        return index_outcome(setting, values)
    claim = setting.scheme.claims[number]
    if claim.kind != "parts" or not claim.numbers:
        return None
    scales = [setting.scheme.named(name).scale for name in claim.indicators]
    factors = [10 ** (max(scales) - scale) for scale in scales]
    total: int = sum(factor * value for factor, value in zip(factors, values, strict=True))
    return total


def _holds(setting: Setting, number: int, values: Sequence[int]) -> bool | None:
    """Whether a claim is true of these values; None if it is not made in the period."""
    claim = claim_at(setting.scheme, number)
    if not KINDS[claim.kind].applies(setting, claim):
        return None
    try:
        state_claim(Asked(setting, number, _outcome(setting, number, values)), values)
    except (DoesNotHold, InvalidProof):
        # InvalidProof: a total that is to be published is not in the range that the scheme gives it.
        return False
    return True
