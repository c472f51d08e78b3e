"""An auditor of figures: opens what a provider shows it, and attests what it has found in the books.

It has a signing key, by which rounds list it, and a sealing key, for which providers seal. Another region's
auditor is accepted by listing its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.encoding import decode
from zkperf.errors import EncodingError, InvalidOpening, InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.figure_transactions import Attested
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import FigureRound, State
from zkperf.ledger.transactions import encode_transaction
from zkperf.proofs.intervals import figure_key
from zkperf.randomness import RandomBytes, system
from zkperf.roles.keystore import KeyStore
from zkperf.roles.showing import Card, KeptOpening, Shown
from zkperf.sealing import open_sealed


@dataclass(frozen=True)
class Inspector:
    """The auditor whose keys lie in ``store``."""

    store: KeyStore
    group: Group

    @staticmethod
    def enrol(store: KeyStore, group: Group, source: RandomBytes = system) -> Inspector:
        """Fresh keys for an auditor to be."""
        store.new_signing_key()
        store.new_sealing_key(group, source)
        return Inspector(store, group)

    @property
    def public(self) -> bytes:
        """The key by which rounds list this auditor."""
        return public_bytes(self._key())

    @property
    def sealing_key(self) -> bytes:
        """T = t·B, for which providers seal what they show."""
        return self.group.encode(self.group.msm([self.store.sealing_key(self.group)], [self.group.generator]))

    def card(self) -> Card:
        """Its public keys, for providers."""
        draft = Card(key=self.public, sealing_key=self.sealing_key, signature=bytes(64))
        return draft.model_copy(update={"signature": self._key().sign(draft.message)})

    def look(self, found: FigureRound, shown: Shown) -> Seen:
        """The figures that a provider shows, checked against its commitments on the ledger.

        Raises RuleViolation for a report that does not count, InvalidShare for what was sealed for somebody
        else, EncodingError for what is malformed, and InvalidOpening if a commitment is another figure's.
        """
        filed = found.counted(shown.unit) if shown.round == found.digest else None
        if filed is None or filed.digest != shown.report:
            raise RuleViolation("stale commitment: this is not the report that counts", check="attestations")
        # D = t·Y
        ephemeral = self.group.decode(shown.ephemeral)
        shared = self.group.msm([self.store.sealing_key(self.group)], [ephemeral])
        try:
            opened = open_sealed(self.group, shared, shown.context, shown.sealed)
        except InvalidShare:
            raise InvalidShare(
                "it was shown to another auditor, or altered on the way: it does not open"
            ) from None
        plaintext = decode(opened, what="openings")
        if not isinstance(plaintext, list) or not plaintext:
            raise EncodingError("openings: expected one or more figures")
        key, figures = figure_key(self.group), {}
        for item in map(KeptOpening.from_array, plaintext):
            if item.indicator not in filed.reported:
                raise InvalidOpening("a figure that was not reported")
            commitment, _ = filed.columns[item.indicator]
            # V_k = v_k·G + r_k·H
            blinding = self.group.decode_scalar(item.blinding)
            key.verify_opening(commitment, [item.value % self.group.order], blinding)
            figures[item.indicator] = item.value
        return Seen(shown.unit, shown.report, figures, found)

    def attest(self, state: State, found: FigureRound, seen: Seen, indicators: Sequence[int]) -> bytes:
        """The attestation, as a transaction, of those figures that were found in the books.

        RuleViolation for a figure that was not shown.
        """
        if not set(indicators) <= seen.figures.keys():
            raise RuleViolation("only what was shown can be attested", check="attestations")
        attested = signed(
            Attested,
            self._key(),
            state.ledger,
            auditor=self.public,
            round=found.digest,
            unit=seen.unit,
            report=seen.report,
            indicators=tuple(sorted(set(indicators))),
        )
        return encode_transaction(attested)

    def _key(self) -> Ed25519PrivateKey:
        return self.store.signing_key()


@dataclass(frozen=True)
class Seen:
    """What an auditor was shown. Figures by place of the indicator, in its scale; no repr."""

    unit: int
    report: bytes
    figures: dict[int, int] = field(repr=False)
    _found: FigureRound = field(repr=False)

    def value(self, indicator: int) -> Fraction:
        """A figure as the decimal that it stands for."""
        scale = self._found.scheme.scheme.indicators[indicator].scale
        return Fraction(self.figures[indicator], 10**scale)
