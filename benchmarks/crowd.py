"""A crowd that has rated and not sent it yet: a ledger in a folder, and thousands of valid ratings for it.

Every rating is a real one, with a proof and sealed shares of its own. Two things are done only here, where
nobody has to be protected: what is issued is not blinded, and the tokens are made with the cohorts' secret
keys, put together from all members' shares, which nobody ever does in a real round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cohort import FIVE, MEMBERS, MIN_COHORT, THRESHOLD, Form
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.engines.embedded import EmbeddedLedger
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import Round
from zkperf.ledger.transactions import Issue, Unit, encode_transaction
from zkperf.roles.citizen import Citizen, Token
from zkperf.roles.consortium import Consortium
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.trustee import Trustee
from zkperf.roles.view import RoundView
from zkperf.sharing import lagrange_at_zero
from zkperf.tokens.blind import message_point

ISSUED_AT_ONCE = 500


@dataclass(frozen=True)
class Rated:
    """A rating that was made and not sent: its transaction and its bundle, as they go over the wire."""

    transaction: bytes
    bundle: bytes

    @property
    def size(self) -> int:
        """Bytes of core and bundle together."""
        return len(self.transaction) + len(self.bundle)


@dataclass(frozen=True)
class Crowd:
    """An open round whose tokens are issued."""

    folder: LedgerFolder
    round: bytes
    ratings: Sequence[Rated]


def gather(path: Path, count: int, services: int = 1, form: Form = FIVE) -> Crowd:
    """A new ledger in ``path`` with an open round, and ``count`` ratings spread over its services."""
    folder, consortium = LedgerFolder.create(
        path, members=MEMBERS, threshold=THRESHOLD, min_cohort_floor=MIN_COHORT
    )
    try:
        state = consortium.ledger.state
        evaluator = folder.evaluator(state.ledger)
        consortium.submit(evaluator.post_scheme(form.questionnaire))
        [scheme] = state.schemes
        registrar = public_bytes(folder.registrar().key)
        units = [Unit(name="all", parent=None, registrar=None)]
        units += [Unit(name=f"service {n}", parent=0, registrar=registrar) for n in range(1, services + 1)]
        consortium.submit(evaluator.open_round(scheme, "benchmark", MIN_COHORT, units))
        [found] = state.rounds.values()
        device = Citizen(RoundView.load(consortium, state.ledger, found.digest))
        secrets = {unit: _cohort_secret(consortium, found, unit) for unit in found.cohorts}
        raters = [1 + number % services for number in range(count)]
        _issue(folder, consortium.ledger, found, raters)
        ratings = list(_rate(device, form, secrets, raters))
        return Crowd(folder, found.digest, ratings)
    finally:
        consortium.close()


def _cohort_secret(consortium: Consortium, found: Round, unit: int) -> int:
    """k_c = Σ λ_j·k_{j,c}: what no real round ever puts together."""
    keygen = found.keygen_of(unit)
    place = keygen.context.cohorts.index(unit)
    members: Sequence[Trustee] = consortium.trustees[:THRESHOLD]
    order = BLS12381.g1.order
    weights = lagrange_at_zero(order, [trustee.index for trustee in members])
    secrets = [trustee._secrets(found, keygen)[place] for trustee in members]
    return sum(weight * secret for weight, secret in zip(weights, secrets, strict=True)) % order


def _issue(folder: LedgerFolder, ledger: EmbeddedLedger, found: Round, raters: Sequence[int]) -> None:
    """An issuance for every rater, the same point under all of them."""
    registrar, point = folder.registrar(), BLS12381.g1.encode(BLS12381.g1.generator)
    for start in range(0, len(raters), ISSUED_AT_ONCE):
        issues = []
        for unit in raters[start : start + ISSUED_AT_ONCE]:
            voucher = registrar.voucher(ledger.state.ledger, found.digest, unit)
            key = voucher.key()
            issue = signed(
                Issue,
                key,
                ledger.state.ledger,
                voucher=public_bytes(key),
                round=found.digest,
                unit=unit,
                registrar_signature=voucher.registrar_signature,
                blinded=point,
            )
            issues.append(encode_transaction(issue))
        ledger.submit_all(issues)


def _rate(device: Citizen, form: Form, secrets: dict[int, int], raters: Sequence[int]) -> Iterator[Rated]:
    view = device.view
    for unit in raters:
        # X = x·B, and k_c·H(X) without the detour of blinding
        secret = view.group.random_nonzero_scalar()
        pseudonym = view.group.encode(view.group.msm([secret], [view.group.generator]))
        point = message_point(BLS12381, view.ledger, view.round, unit, pseudonym)
        token = Token(
            round=view.round,
            unit=unit,
            secret=view.group.encode_scalar(secret),
            token=BLS12381.g1.encode(secrets[unit] * point),
            next_sequence=0,
        )
        core, bundle = device.rate(token, form.answers)
        yield Rated(encode_transaction(core), bundle.encode())
