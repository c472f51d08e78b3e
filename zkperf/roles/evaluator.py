"""The evaluator: publishes schemes, opens and closes rounds. It holds no key that opens anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.claims import check_claims
from circuits.exposure import check_floors
from circuits.indicators import IndicatorScheme, check_indicators
from circuits.questionnaire import Questionnaire, validate
from zkperf.ledger.figure_transactions import Auditor, FiguresOpened, Place, SchemeOfFigures
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.transactions import (
    RoundClosed,
    RoundOpened,
    SchemePosted,
    Unit,
    encode_transaction,
)
from zkperf.roles.outlook import OutlookAsked
from zkperf.roles.stages import deadline


@dataclass(frozen=True)
class Evaluator:
    """Signs with ``key`` for one ledger. Every method gives a transaction, encoded."""

    key: Ed25519PrivateKey
    ledger: bytes
    clock: Callable[[], float] = time.time

    def _me(self) -> bytes:
        return public_bytes(self.key)

    def _now(self) -> int:
        return int(self.clock())

    def post_scheme(self, questionnaire: Questionnaire) -> bytes:
        """InputError, naming the question, if the questionnaire makes no sense."""
        validate(questionnaire)
        posted = signed(
            SchemePosted, self.key, self.ledger, evaluator=self._me(), questionnaire=questionnaire
        )
        return encode_transaction(posted)

    def open_round(
        self, scheme: bytes, name: str, min_cohort: int, units: Sequence[Unit], until: int | None = None
    ) -> bytes:
        """The transaction that opens a round; ``scheme`` is the digest of one on the ledger. ``until``: the
        announced end, in Unix time."""
        opened = signed(
            RoundOpened,
            self.key,
            self.ledger,
            evaluator=self._me(),
            scheme=scheme,
            name=name,
            min_cohort=min_cohort,
            units=tuple(units),
            at=self._now(),
            until=until,
        )
        return encode_transaction(opened)

    def post_figure_scheme(self, scheme: IndicatorScheme) -> bytes:
        """InputError, with the explanation, if the scheme makes no sense, or publishes what takes a figure's
        floor away."""
        check_indicators(scheme)
        check_claims(scheme)
        check_floors(scheme)
        posted = signed(SchemeOfFigures, self.key, self.ledger, evaluator=self._me(), scheme=scheme)
        return encode_transaction(posted)

    def open_figures(
        self,
        scheme: bytes,
        period: str,
        min_cohort: int,
        units: Sequence[Place],
        *,
        previous: bytes | None = None,
        ratings: Sequence[bytes] = (),
        auditors: Sequence[Auditor] = (),
        until: int | None = None,
    ) -> bytes:
        """A round of figures. ``previous`` is the last period's, ``ratings`` are rounds of ratings whose
        published means the index takes; ``until`` is the announced end, in Unix time."""
        opened = signed(
            FiguresOpened,
            self.key,
            self.ledger,
            evaluator=self._me(),
            scheme=scheme,
            period=period,
            previous=previous,
            ratings=tuple(ratings),
            min_cohort=min_cohort,
            units=tuple(units),
            auditors=tuple(auditors),
            at=self._now(),
            until=until,
        )
        return encode_transaction(opened)

    def close_round(self, round_id: bytes) -> bytes:
        """The transaction that closes a round, of ratings or of figures."""
        closed = signed(
            RoundClosed, self.key, self.ledger, evaluator=self._me(), round=round_id, at=self._now()
        )
        return encode_transaction(closed)

    def ask_outlook(self, round_id: bytes) -> OutlookAsked:
        """The question what closing a round would publish now."""
        return OutlookAsked.signed(self.key, self.ledger, round_id, self._now())

    def end_stage(self, round_id: bytes) -> bytes:
        """The deadline of the present stage has passed."""
        return deadline(self.key, self.ledger, round_id, self._now())

    def __repr__(self) -> str:
        return "<evaluator>"
