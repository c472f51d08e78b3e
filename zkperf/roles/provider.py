"""A provider: reports its figures of a period, corrects them, claims, and shows them to an auditor.

It holds its signing key and the openings of its commitments; these are written down before the report is
sent, since without them nothing can be claimed or shown. It reads the state of a replica, as a trustee does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.claims import Asked, Grades, Need, Opening, needs, prove_claim, truths
from circuits.exposure import Figures, Foreseen, System, foresee
from circuits.indicators import IndicatorScheme
from circuits.rating import Bundle
from circuits.report import ReportForm, build_report, check_figures
from zkperf.encoding import Bytes32, Record, encode
from zkperf.encoding import Sequence as Items
from zkperf.errors import InputError, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.figure_transactions import ClaimsPosted, Proven, ReportPosted
from zkperf.ledger.rules.figures.asking import ask_provider
from zkperf.ledger.rules.figures.claims import provider_setting
from zkperf.ledger.rules.figures.needed import claim_context, figure_needed
from zkperf.ledger.rules.figures.reports import report_context, require_once
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import FigureRound, Filed, Phase, State
from zkperf.ledger.transactions import encode_transaction
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


Holds = Literal["holds", "does not hold", "not asked", "not reported"]


class Statement(NamedTuple):
    """A claim as a preview shows it. Not reported: a figure that it needs is missing."""

    claim: str
    holds: Holds

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
    grades: Grades | None = field(repr=False)
    """Between which grades it would be known to be; None if there is none, or it is not asked."""
    system: System = field(repr=False)
    """What would be public afterwards."""
    compared_with: str | None
    """The period that claims of kind ``improved`` compare with; None if there is none."""


def preview(
    scheme: IndicatorScheme, now: Figures, before: Figures | None = None, system: System | None = None
) -> Preview:
    """What the figures of this period would give, after the last period's; ``system`` is what is public.

    Nothing is sent. InputError, naming the indicator, for a figure that cannot be reported.
    """
    form = ReportForm(scheme, now.period)
    if now.values:
        check_figures(form, {scheme.number(name): value for name, value in now.values.items()})
    asked = {k: scheme.indicators[k].id for k in form.bits}
    at_target = {
        name: bool(form.at_target(k, now.values[name])) for k, name in asked.items() if name in now.values
    }
    seen = foresee(scheme, system or System(), now, before)
    statements = [Statement(claim.id, _holds(seen, number)) for number, claim in enumerate(scheme.claims)]
    compared_with = None if before is None else before.period
    grades, after = seen.outcome.grades, seen.outcome.system
    return Preview(statements, at_target, _outcome(scheme, seen), grades, after, compared_with)


def _holds(seen: Foreseen, number: int) -> Holds:
    if number not in seen.made:
        return "not reported"
    if number not in seen.outcome.asked:
        return "not asked"
    return "holds" if number in seen.true else "does not hold"


def _outcome(scheme: IndicatorScheme, seen: Foreseen) -> str | None:
    index = len(scheme.claims)
    if index not in seen.made:
        return None
    if index not in seen.outcome.asked:
        return "not asked"
    return outcome_name(scheme, seen.outcome.grades or seen.true[index])


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
        """Everything that is asked and holds, proved, in one transaction; None if no report counts.

        Claims that do not hold are left out: nothing is sent of them. So are those about the last period
        whose openings are lost.
        """
        unit = self.unit(found)
        filed = found.counted(unit)
        if filed is None:
            return None
        scheme, setting = found.scheme.scheme, provider_setting(state, found, unit)
        kept = {filed.digest: self.openings(state.commitment_group, filed)}

        def opening(need: Need) -> Opening | None:
            figure = figure_needed(found, unit, need)
            if figure is None:
                return None
            if figure.filed.digest not in kept:
                try:
                    kept[figure.filed.digest] = self.openings(state.commitment_group, figure.filed)
                except InputError:
                    kept[figure.filed.digest] = {}
            return kept[figure.filed.digest].get(figure.column)

        def value(need: Need) -> int | None:
            known = opening(need)
            return None if known is None else known.value

        true = truths(setting, value)
        outcome = ask_provider(state, found, unit, setting, true)
        proven = []
        for number, published in true.items():
            if number not in outcome.asked:
                continue
            wanted = needs(setting, number)
            figures = [item for need in wanted if (item := figure_needed(found, unit, need)) is not None]
            openings = [known for need in wanted if (known := opening(need)) is not None]
            graded = number == len(scheme.claims) and outcome.grades is not None
            proof = prove_claim(
                state.commitment_group,
                Asked(setting, number, outcome.grades if graded else published),
                claim_context(state, found, unit, figures),
                openings,
                [figure.commitment for figure in figures],
                self.source,
            )
            worst = outcome.grades.worst if graded and outcome.grades is not None else published
            proven.append(Proven(claim=number, outcome=worst, proof=proof))
        posted = signed(
            ClaimsPosted,
            self.key,
            state.ledger,
            round=found.digest,
            unit=unit,
            report=filed.digest,
            claims=tuple(proven),
        )
        return encode_transaction(posted)

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
