"""What a provider does by itself: keys, preview, report, correction, claims, showing auditors its figures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.claims import Need
from circuits.exposure import Figures
from circuits.indicators import IndicatorScheme
from zkperf.cli.operate import find_figures
from zkperf.cli.output import say
from zkperf.cli.taking_part import Party, named_indicators
from zkperf.cli.times import show_time
from zkperf.errors import InputError, RuleViolation
from zkperf.files import create_private
from zkperf.indicators.asked import index_word
from zkperf.indicators.figures_file import load_figures
from zkperf.ledger.figure_transactions import ClaimsPosted
from zkperf.ledger.rules.figures.asking import ask_provider, public_system
from zkperf.ledger.rules.figures.claims import provider_setting
from zkperf.ledger.rules.figures.needed import figure_needed
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Answered, FigureRound, Filed, Phase, State
from zkperf.ledger.transactions import decode_transaction
from zkperf.roles.keystore import KeyStore
from zkperf.roles.provider import Preview, Provider, preview
from zkperf.roles.showing import Card
from zkperf.roles.verdicts import Verdict, judged, outcome_name
from zkperf.surveys.results import visible

_UNPROVED: Mapping[Verdict, str] = {
    "not proved": "does not hold",
    "not asked": "is not asked of you: one of its answers could leave a figure fewer values than its floor",
    "not reported": "cannot be made: a figure is missing",
}


def make_keys(folder: Path) -> str:
    """The public key of the provider whose keys lie in ``folder``, made if there are none; hexadecimal."""
    store = KeyStore(folder)
    if store.has("signing.pem"):
        say(f"{folder} has keys already: they stay as they are.")
        return public_bytes(store.signing_key()).hex()
    key = store.new_signing_key()
    say(
        f"Keep {folder} to yourself, and a copy of it: without it nothing can be corrected, claimed or shown."
    )
    say("The key below is public. Whoever opens rounds lists it beside your name.")
    return public_bytes(key).hex()


@dataclass(frozen=True)
class Desk:
    """A provider in one round, on the state that it has just seen."""

    party: Party
    provider: Provider
    state: State
    found: FigureRound
    unit: int

    @classmethod
    def open(cls, party: Party, which: str) -> Desk:
        """Raises InputError for another round, RuleViolation if this provider is not in it."""
        state = party.see()
        provider = Provider(party.store.signing_key(), party.store)
        found = find_figures(state, which)
        return cls(party, provider, state, found, provider.unit(found))

    @property
    def name(self) -> str:
        """The provider's, as the round has it."""
        name: str = self.found.opened.units[self.unit].name
        return name

    # -- reports ----------------------------------------------------------------------------------

    def row(self, file: Path, encoding: str | None = None) -> dict[int, int]:
        """This provider's figures of the round's period, by place of the indicator.

        InputError if the file has faults, wherever they are, or no such row.
        """
        scheme, period = self.found.scheme.scheme, self.found.opened.period
        rows = load_figures(file, scheme, encoding=encoding).rows
        mine = [row for row in rows if (row.period, row.provider) == (period, self.name)]
        if not mine:
            there = ", ".join(f"{visible(row.provider)} {visible(row.period)}" for row in rows[:5])
            raise InputError(
                f"{file}: has no row of provider {self.name!r} and period {period!r}; its rows are: {there}"
                + (", …" if len(rows) > 5 else "")
            )
        numbers = {indicator.id: k for k, indicator in enumerate(scheme.indicators)}
        figures = {numbers[i]: value for i, value in mine[0].figures.items() if value is not None}
        if not figures:
            raise InputError(f"{file}: row {mine[0].number}: reports no figure at all")
        return figures

    def preview(self, file: Path, encoding: str | None = None) -> Preview:
        """What would be said in public. Nothing is sent."""
        scheme, before = self.found.scheme.scheme, dict[str, int]()
        for indicator in scheme.indicators:
            figure = figure_needed(self.found, self.unit, Need(indicator.id, previous=True))
            values = None if figure is None else self._values(figure.filed)
            if figure is not None and values is not None:
                before[indicator.id] = values[figure.column]
        now = {scheme.indicators[k].id: value for k, value in self.row(file, encoding).items()}
        figures, then = Figures(self.found.digest, self.found.opened.period, now), None
        if self.found.previous is not None:
            then = Figures(self.found.previous.digest, self.found.previous.opened.period, before)
        return preview(scheme, figures, then, public_system(self.state, self.found, self.unit))

    def report(self, file: Path, *, correct: bool, encoding: str | None = None) -> Path:
        """Sends the row of this file; the receipt's file. The same row again sends nothing."""
        figures, before = self.row(file, encoding), self.found.reports.get(self.unit)
        if before is not None and self._values(before) == figures:
            say("These very figures are on the log already.")
            return self.party.keep_receipt(self.state, before.index, before.digest)
        if before is None and correct:
            raise RuleViolation(
                "there is nothing to correct: report first, with “zkperf provider report”", check="reports"
            )
        if before is not None and not correct:
            raise RuleViolation(
                f"there is a report on the log already (leaf {before.index}); to replace it, visibly, use "
                "“zkperf provider correct”",
                check="reports",
            )
        data, bundle = self.provider.report(self.state, self.found, figures)
        receipt = self.party.send(self.state, data, bundle.encode())
        ids = [self.found.scheme.scheme.indicators[k].id for k in sorted(figures)]
        done = "corrected" if correct else "reported"
        say(f"{self.name}, {self.found.opened.period}: {done} {', '.join(ids)}.")
        return receipt

    def _values(self, filed: Filed) -> dict[int, int] | None:
        """What a report on the log says; None if its openings are not here."""
        try:
            openings = self.provider.openings(self.state.commitment_group, filed)
        except InputError:
            return None
        return {k: opening.value for k, opening in openings.items()}

    # -- claims -----------------------------------------------------------------------------------

    def claim(self, required: Sequence[str]) -> Path | None:
        """Proves everything that holds; the receipt's file, None if it was sent before.

        InputError, and nothing is sent, if one of the ``required`` claims does not hold.
        """
        found, scheme = self.found, self.found.scheme.scheme
        names = [claim.id for claim in scheme.claims]
        for name in required:
            if name not in names:
                raise InputError(f"--require: there is no claim {name!r}; the scheme has {', '.join(names)}")
        if self.unit in found.claimed:
            say("Your claims are on the log already.")
            return None
        if found.phase is not Phase.CLAIMING:
            raise RuleViolation(
                f"the round takes no claims now: it is in the phase “{found.phase}”", check="claims"
            )
        data = self.provider.claim(self.state, found)
        if data is None:
            raise RuleViolation(
                "there is no report of yours that counts, so nothing to claim", check="claims"
            )
        posted = decode_transaction(data)
        assert isinstance(posted, ClaimsPosted)
        proven = {item.claim: item.outcome for item in posted.claims}
        setting = provider_setting(self.state, found, self.unit)
        outcome = ask_provider(self.state, found, self.unit, setting, proven)
        answered = Answered(outcome.asked, proven, outcome.grades, 0)

        def verdict(number: int) -> Verdict:
            return judged(self.state, found, self.unit, number, answered)

        for name in required:
            of_it = verdict(names.index(name))
            if of_it != "proved":
                raise InputError(f"--require: {name!r} {_UNPROVED[of_it]}; nothing was sent")
        receipt = self.party.send(self.state, data)
        for number, name in enumerate(names):
            say(f"{name}: {verdict(number)}")
        if scheme.index is not None:
            number = len(names)
            named = outcome_name(scheme, outcome.grades or proven.get(number))
            say(f"{index_word(scheme)}: {verdict(number)}{'' if named is None else f', {named}'}")
        return receipt

    # -- auditors ---------------------------------------------------------------------------------

    def show(self, ids: list[str], card: Card, output: Path) -> None:
        """Writes a sealed file for an auditor: of these indicators, else of those that were drawn.

        RuleViolation if the auditor is not one of the round's, InvalidSignature if the card is not its own.
        """
        drawn = sorted(item.indicator for item in self.found.drawn if item.unit == self.unit)
        indicators = named_indicators(self.found, ids) or drawn
        if not indicators:
            raise InputError("--indicator: say which figures to show; none of yours was drawn")
        shown = self.provider.show(self.state, self.found, indicators, card)
        try:
            descriptor = create_private(output)
        except FileExistsError:
            raise InputError(f"{output} exists: choose another name") from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(shown.encode())
        names = ", ".join(self.found.scheme.scheme.indicators[k].id for k in sorted(set(indicators)))
        [auditor] = [item.name for item in self.found.opened.auditors if item.key == card.key]
        say(f"{output} shows {names} to “{visible(auditor)}” and to nobody else: send it any way.")

    # -- where it stands ----------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """What the log has of this provider in the round, as plain data."""
        found, filed = self.found, self.found.reports.get(self.unit)
        scheme = found.scheme.scheme
        names = {auditor.key: auditor.name for auditor in found.opened.auditors}

        def attested(k: int) -> list[str]:
            return [names[key] for key in found.attested.get((self.unit, k), ())]

        report: Mapping[str, Any] | None = None
        if filed is not None:
            report = {
                "leaf": filed.index,
                "digest": filed.digest.hex(),
                "sequence": filed.sequence,
                "struck": filed.struck,
                "openings": self._values(filed) is not None,
                "reported": {scheme.indicators[k].id: attested(k) for k in filed.reported},
            }
        return {
            "round": found.digest.hex(),
            "period": found.opened.period,
            "phase": found.phase.name.lower(),
            "phase_text": str(found.phase),
            "until": found.opened.until,
            "provider": self.name,
            "report": report,
            "claimed": self.unit in found.claimed,
            "drawn": [scheme.indicators[item.indicator].id for item in found.drawn if item.unit == self.unit],
        }


def describe_preview(scheme: IndicatorScheme, shown: Preview) -> list[str]:
    """What would be said of one provider in public, for the provider itself."""
    against = "" if shown.compared_with is None else f", compared with {visible(shown.compared_with)}"
    lines = []
    for claim, statement in zip(scheme.claims, shown.claims, strict=True):
        compared = against if claim.kind == "improved" else ""
        lines.append(f"{statement.claim}: {statement.holds}{compared}")
    if scheme.index is not None:
        lines.append(f"{index_word(scheme)}: {shown.outcome or 'none'}")
    for name, reached in shown.at_target.items():
        word = "at" if reached else "not at"
        lines.append(
            f"{name}: counts as {word} the target in the groups' shares; a share of "
            f"{'1' if reached else '0'} tells it of everybody"
        )
    return lines


def describe(status: Mapping[str, Any]) -> list[str]:
    """`Desk.status` for people."""
    report = status["report"]
    lines = [f"{status['provider']}, {status['period']}: {status['phase_text']}"]
    if status["until"] is not None:
        lines.append(f"reports   until {show_time(status['until'])}")
    if report is None:
        return [*lines, "report    none"]
    corrected = f", corrected {report['sequence']} times" if report["sequence"] else ""
    struck = ", struck out: a member's complaint about it was true" if report["struck"] else ""
    lines.append(f"report    leaf {report['leaf']}{corrected}{struck}")
    for name, auditors in report["reported"].items():
        seen = f"attested by {', '.join(auditors)}" if auditors else "attested by nobody"
        due = ", drawn: show it to an auditor" if name in status["drawn"] and not auditors else ""
        lines.append(f"  {name}: {seen}{due}")
    if not report["openings"]:
        lines.append(
            "openings  are not in this folder: nothing of this report can be claimed or shown from here"
        )
    lines.append(f"claims    {'on the log' if status['claimed'] else 'not sent'}")
    return lines
