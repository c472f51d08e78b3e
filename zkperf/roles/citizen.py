"""The citizen's device: from a voucher to a token, and from answers to a rating nobody can trace.

A device draws its token at once, whether or not the citizen will rate; the rating follows in its own
time. Between the two it keeps a `Token`; afterwards only what it needs to replace the rating until close.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from circuits.layout import Answer
from circuits.rating import Bundle, Core, build_rating, build_rating_in_kernel
from zkperf.encoding import Bytes32, Bytes48, Record, Uint
from zkperf.errors import EncodingError, RuleViolation
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.pairing import Pairing
from zkperf.ledger.promises import Promise
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.transactions import Issue, encode_transaction
from zkperf.randomness import RandomBytes, system
from zkperf.roles.registrar import Voucher
from zkperf.roles.view import LedgerClient, RoundView
from zkperf.tokens.blind import Blinding, blind, finish, message_point


class Token(Record):
    """What a device keeps to rate: the pseudonym's secret key x and the token on X. Secret."""

    round: Bytes32
    unit: Uint
    secret: Bytes32
    """x, as the suite encodes scalars."""
    token: Bytes48
    next_sequence: Uint

    def __repr__(self) -> str:
        return "<token>"

    __str__ = __repr__


@dataclass(frozen=True)
class Request:
    """A token on its way: the pseudonym's secret and the blinding. Secret; lives in the device only."""

    voucher: Voucher = field(repr=False)
    secret: int = field(repr=False)
    pseudonym: bytes = field(repr=False)
    blinding: Blinding = field(repr=False)
    issue: bytes = field(repr=False)


@dataclass(frozen=True)
class Citizen:
    """One device with its verified view of a round."""

    view: RoundView
    pairing: Pairing = BLS12381
    source: RandomBytes = system

    def request_token(self, voucher: Voucher) -> Request:
        """Draws a fresh pseudonym, blinds it and signs the `issue` transaction with the voucher's key.

        Raises InvalidSignature if the voucher is not of this service's registrar, RuleViolation if it is
        for another ledger or round.
        """
        view, group = self.view, self.view.group
        if (voucher.ledger, voucher.round) != (view.ledger, view.round):
            raise RuleViolation("the voucher is for another ledger or round", check="issuance")
        if voucher.unit not in view.services:
            raise RuleViolation("the voucher is for no service of this round", check="issuance")
        registrar = view.opened.units[voucher.unit].registrar
        if registrar is None:
            raise RuleViolation("this service has no registrar", check="issuance")
        voucher.verify(registrar)
        # X = x·B, fresh for each voucher
        secret = group.random_nonzero_scalar(self.source)
        pseudonym = group.encode(group.msm([secret], [group.generator]))
        point = message_point(self.pairing, view.ledger, view.round, voucher.unit, pseudonym)
        blinding, blinded = blind(self.pairing, point, self.source)
        key = voucher.key()
        issue = signed(
            Issue,
            key,
            view.ledger,
            voucher=public_bytes(key),
            round=voucher.round,
            unit=voucher.unit,
            registrar_signature=voucher.registrar_signature,
            blinded=self.pairing.g1.encode(blinded),
        )
        return Request(voucher, secret, pseudonym, blinding, encode_transaction(issue))

    def finish_token(self, request: Request, shares: Mapping[int, bytes]) -> Token:
        """The token from the trustees' shares. Raises LyingTrustees if too few of them are honest."""
        view, voucher = self.view, request.voucher
        key, share_keys = view.keys_of(voucher.unit)
        g1, g2 = self.pairing.g1, self.pairing.g2
        usable = {}
        for trustee, share in shares.items():
            try:
                if 1 <= trustee <= len(share_keys):
                    usable[trustee] = g1.decode(share)
            except EncodingError:
                continue  # a share that is not even a point is one that is not there
        point = message_point(self.pairing, view.ledger, view.round, voucher.unit, request.pseudonym)
        token, _ = finish(
            self.pairing,
            g2.decode(key),
            LazyKeys(self.pairing, share_keys),
            point,
            request.blinding,
            usable,
            view.genesis.threshold,
        )
        return Token(
            round=voucher.round,
            unit=voucher.unit,
            secret=view.group.encode_scalar(request.secret),
            token=g1.encode(token),
            next_sequence=0,
        )

    def rate(self, token: Token, answers: Mapping[str, Answer]) -> tuple[Core, Bundle]:
        """The rating. Raises InputError, naming the question, for answers that it does not allow, and
        RuleViolation for a token of another round: its pseudonym must not be seen in this one."""
        view = self.view
        if token.round != view.round:
            raise RuleViolation("the token is for another round", check="tokens")
        context, bits = view.context(token.unit), view.layout.bits(answers)
        if view.prover is not None:
            return build_rating_in_kernel(
                view.prover, context, token.secret, token.token, token.next_sequence, bits, self.source
            )
        return build_rating(
            view.group,
            view.layout,
            view.commitment_keys,
            context,
            view.trustees,
            view.group.decode_scalar(token.secret),
            token.token,
            token.next_sequence,
            bits,
            self.source,
        )

    def check_promise(self, core: Core, promise: Promise) -> None:
        """Raises InvalidSignature or RuleViolation unless this is the sequencer's promise for ``core``.

        Every field counts: a promise in another pseudonym's name would be void once that one rates again.
        """
        promise.verify(self.view.genesis.log_key)
        digest = sha256(encode_transaction(core)).digest()
        promised = (promise.ledger, promise.round, promise.unit, promise.pseudonym, promise.sequence)
        rated = (self.view.ledger, core.round, core.unit, core.pseudonym, core.sequence)
        if (promised, promise.digest) != (rated, digest):
            raise RuleViolation("the promise is for another rating", check="signatures")

    def __repr__(self) -> str:
        return "<citizen>"


class LazyKeys(dict[int, object]):
    """Trustees' keys K_j, decoded only when a share has to be checked."""

    def __init__(self, pairing: Pairing, encoded: object) -> None:
        super().__init__()
        self._pairing, self._encoded = pairing, encoded

    def __missing__(self, trustee: int) -> object:
        return self._pairing.g2.decode(self._encoded[trustee - 1])  # type: ignore[index]


def draw_token(citizen: Citizen, client: LedgerClient, voucher: Voucher) -> Token:
    """The whole of issuance against a ledger: record the blinded point, collect shares, unblind."""
    request = citizen.request_token(voucher)
    client.submit(request.issue)
    return citizen.finish_token(request, client.token_shares(public_bytes(voucher.key())))


def send_rating(
    citizen: Citizen, client: LedgerClient, token: Token, answers: Mapping[str, Answer]
) -> tuple[Core, Promise, Token]:
    """Builds and sends a rating. Gives it, the sequencer's promise (checked) and the token for a next one."""
    core, bundle = citizen.rate(token, answers)
    promise = client.submit_rating(encode_transaction(core), bundle.encode())
    citizen.check_promise(core, promise)
    return core, promise, token.model_copy(update={"next_sequence": token.next_sequence + 1})
