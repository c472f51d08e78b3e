"""What an auditor of figures does: keys, looking at what a provider shows, attesting what is in the books."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkperf.cli.output import say
from zkperf.cli.taking_part import Party, named_indicators
from zkperf.errors import EncodingError, InputError, RuleViolation
from zkperf.groups import suite
from zkperf.indicators.decimals import show
from zkperf.ledger.state import FigureRound, State
from zkperf.roles.figure_auditor import Inspector, Seen
from zkperf.roles.keystore import KeyStore
from zkperf.roles.showing import Card, Shown

CARD = "auditor.card"
MAX_SHOWN = 1_000_000


def make_keys(folder: Path, suite_name: str) -> str:
    """The public key of the auditor whose keys lie in ``folder``, made if there are none; its card is beside
    them. Hexadecimal."""
    store, group = KeyStore(folder), suite(suite_name)
    if store.has("signing.pem"):
        say(f"{folder} has keys already: they stay as they are.")
        inspector = Inspector(store, group)
    else:
        inspector = Inspector.enrol(store, group)
        say(f"Keep {folder} to yourself, but for {folder / CARD}: providers need it to show you anything.")
        say("The key below is public. Whoever opens rounds lists it: --auditor NAME=KEY.")
    store.write(CARD, inspector.card().encode())
    return inspector.public.hex()


def read_card(path: Path) -> Card:
    """An auditor's card. InputError if it cannot be read, EncodingError, naming the file, if it is none."""
    try:
        return Card.decode(_read(path))
    except EncodingError as error:
        raise EncodingError(f"{path}: not an auditor's card ({error})") from None


@dataclass(frozen=True)
class Look:
    """What an inspector was shown, checked against the log."""

    party: Party
    inspector: Inspector
    state: State
    found: FigureRound
    seen: Seen

    @classmethod
    def at(cls, party: Party, path: Path) -> Look:
        """Opens the file that a provider has made. Raises RuleViolation for another ledger or a stale
        commitment, InvalidShare if it was sealed for somebody else, InvalidOpening for a wrong figure."""
        try:
            shown = Shown.decode(_read(path))
        except EncodingError as error:
            raise EncodingError(f"{path}: not what a provider shows ({error})") from None
        state = party.see()
        found = state.figure_rounds.get(shown.round)
        if found is None:
            raise RuleViolation(f"{path}: is about a round of another ledger", check="attestations")
        inspector = Inspector(party.store, state.commitment_group)
        return cls(party, inspector, state, found, inspector.look(found, shown))

    def facts(self) -> dict[str, Any]:
        """What was seen, as plain data; figures as decimals."""
        indicators = self.found.scheme.scheme.indicators
        me = self.inspector.public
        return {
            "round": self.found.digest.hex(),
            "period": self.found.opened.period,
            "provider": self.found.opened.units[self.seen.unit].name,
            "report": self.seen.report.hex(),
            "listed": any(auditor.key == me for auditor in self.found.opened.auditors),
            "figures": {
                indicators[k].id: {
                    "value": show(value, indicators[k].scale),
                    "unit": indicators[k].unit,
                    "attested": me in self.found.attested.get((self.seen.unit, k), {}),
                }
                for k, value in sorted(self.seen.figures.items())
            },
        }

    def attest(self, ids: list[str]) -> Path | None:
        """Signs that these figures, or all that were shown, were found in the books; the receipt's file.
        None if all of them were attested before."""
        there = named_indicators(self.found, ids) or list(self.seen.figures)
        me = self.inspector.public
        new = [k for k in there if me not in self.found.attested.get((self.seen.unit, k), {})]
        if not new:
            say("You have attested that already.")
            return None
        data = self.inspector.attest(self.state, self.found, self.seen, new)
        return self.party.send(self.state, data)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_SHOWN)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
