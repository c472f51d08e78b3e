"""Large transactions: as many small objects as fit into one."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.questionnaire import Option, Question, Questionnaire
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.transactions import MAX_TRANSACTION, SchemePosted, encode_transaction


def large_questionnaire(options: int = 15_000) -> Questionnaire:
    """Nothing that would ever be compiled, but well formed: 15,000 options of four bytes each."""
    question = Question(
        id="q",
        text={},
        kind="single",
        options=(Option(id="o", text={}),) * options,
        min=None,
        max=None,
        disclose="histogram",
        required=True,
    )
    return Questionnaire(id="large", title={}, questions=(question,))


def large_scheme(
    ledger: bytes, key: Ed25519PrivateKey, named: bytes | None = None, options: int = 15_000
) -> bytes:
    """Signed with ``key``, and said to be of the evaluator ``named``."""
    asked = large_questionnaire(options)
    posted = signed(SchemePosted, key, ledger, evaluator=named or public_bytes(key), questionnaire=asked)
    data = encode_transaction(posted)
    assert len(data) <= MAX_TRANSACTION
    return data
