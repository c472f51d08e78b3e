"""Issuance: one blinded point per voucher, for ever."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from py_ecc.fields import optimized_bls12_381_FQ as FQ

from tests.ledger.bench import Bench, a_round, before, in_phase
from zkperf._native import IssuanceLeaf
from zkperf.errors import EncodingError, InvalidSignature
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.rules.issuance import verify_issuances
from zkperf.ledger.signing import public_bytes, signed, voucher_message
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import Issue, RoundOpened, decode_transaction, encode_transaction

BLINDED = 7 * BLS12381.g1.generator
POINT = BLS12381.g1.encode(BLINDED)


def issue(bench: Bench, **changes: Any) -> Issue:
    """A fresh voucher of service A, used on some point; with changes that registrar and voucher both sign.

    ``registrar`` and ``voucher_key`` are keys to sign with in place of the right ones.
    """
    registrar = changes.pop("registrar", bench.key("registrar"))
    voucher = Ed25519PrivateKey.generate()
    signer = changes.pop("voucher_key", voucher)
    values = {"voucher": public_bytes(voucher), "round": bench.round.digest, "unit": 1, "blinded": POINT}
    values |= changes
    message = voucher_message(bench.state.ledger, values["round"], values["unit"], values["voucher"])
    return signed(
        Issue,
        signer,
        bench.state.ledger,
        **({"registrar_signature": registrar.sign(message)} | values),
    )


def test_an_issuance_is_recorded() -> None:
    bench = a_round()
    index, posted = len(bench.leaves), issue(bench, unit=2)
    bench.apply(posted)
    assert bench.state.vouchers[posted.voucher] == index
    assert {unit: cohort.issued for unit, cohort in bench.round.cohorts.items()} == {1: 6, 2: 4, 3: 0}


def test_a_voucher_is_used_once() -> None:
    bench = a_round()
    key = Ed25519PrivateKey.generate()
    first = issue(bench, voucher=public_bytes(key), voucher_key=key)
    bench.apply(first)
    match = "this voucher is used: ask for its token shares again instead"
    bench.refuse(first, "issuance", match)
    other_point = BLS12381.g1.encode(8 * BLS12381.g1.generator)
    again = issue(bench, voucher=public_bytes(key), voucher_key=key, blinded=other_point)
    bench.refuse(again, "issuance", match)
    elsewhere = issue(bench, voucher=public_bytes(key), voucher_key=key, unit=2)
    bench.refuse(elsewhere, "issuance", match)


@pytest.mark.parametrize("unit", [0, 4, 2**40])
def test_vouchers_are_for_services_of_the_round(unit: int) -> None:
    bench = a_round()
    bench.refuse(issue(bench, unit=unit), "issuance", f"unit {unit} is not a service of this round")


def test_the_services_own_registrar_signs_its_vouchers() -> None:
    bench, opened = before_round_with_two_registrars()
    bench.apply(opened)
    bench.settle()
    assert bench.round.phase is Phase.OPEN
    north, south = bench.key("registrar"), bench.key(1)
    bench.apply(issue(bench, unit=1, registrar=north), issue(bench, unit=2, registrar=south))
    match = "not a signature of this service's registrar"
    for unit, key in ((1, south), (2, north), (1, bench.key("evaluator"))):
        bench.refuse(issue(bench, unit=unit, registrar=key), "signatures", match, InvalidSignature)


def before_round_with_two_registrars() -> tuple[Bench, Any]:
    """Services A and B, whose registrars differ: B's is member 1."""
    bench, opened = before(RoundOpened)
    units = list(opened.units)
    units[2] = units[2].model_copy(update={"registrar": public_bytes(bench.key(1))})
    return bench, bench.resigned("evaluator", opened, units=tuple(units))


def test_a_voucher_is_for_one_cohort_of_one_ledger() -> None:
    bench = a_round()
    key = Ed25519PrivateKey.generate()
    own, registrar = public_bytes(key), bench.key("registrar")
    for ledger, round_id, unit, voucher in (
        (bytes(32), bench.round.digest, 1, own),
        (bench.state.ledger, bytes(32), 1, own),
        (bench.state.ledger, bench.round.digest, 2, own),
        (bench.state.ledger, bench.round.digest, 1, bytes(32)),
    ):
        signature = registrar.sign(voucher_message(ledger, round_id, unit, voucher))
        forged = issue(bench, voucher=own, voucher_key=key, registrar_signature=signature)
        bench.refuse(forged, "signatures", "this service's registrar", InvalidSignature)


def test_nobody_but_the_voucher_chooses_its_point() -> None:
    bench = a_round()
    for thief in (Ed25519PrivateKey.generate(), bench.key("registrar"), bench.key("sequencer")):
        forged = issue(bench, voucher_key=thief)
        bench.refuse(forged, "signatures", "not a signature of the voucher", InvalidSignature)
    honest = issue(bench)
    stolen = honest.model_copy(update={"blinded": BLS12381.g1.encode(9 * BLS12381.g1.generator)})
    bench.refuse(stolen, "signatures", "not a signature of the voucher", InvalidSignature)


def outside_the_subgroup() -> bytes:
    """A point on the curve y² = x³ + 4 that is not in G1."""
    x = FQ(1)
    while True:
        square = x**3 + FQ(4)
        root = square ** ((FQ.field_modulus + 1) // 4)
        if root * root == square:
            data = bytearray(int(x).to_bytes(48, "big"))
            data[0] |= 0x80
            return bytes(data)
        x += FQ(1)


@pytest.mark.parametrize(
    "blinded",
    [bytes(48), b"\xff" * 48, b"\xc0" + bytes(47), outside_the_subgroup(), POINT[:1] + bytes(47)],
    ids=["zeros", "ones", "identity", "wrong subgroup", "not on the curve"],
)
def test_a_blinded_point_is_in_g1_and_not_the_identity(blinded: bytes) -> None:
    bench = a_round()
    bench.refuse(issue(bench, blinded=blinded), "encoding", error=EncodingError)


def test_a_closed_round_issues_nothing() -> None:
    bench = a_round()
    bench.apply(bench.close())
    bench.refuse(issue(bench), "issuance", "does not allow this")


def test_a_round_without_keys_issues_nothing() -> None:
    bench = in_phase(Phase.KEYED, "plain")
    bench.refuse(issue(bench), "issuance", "does not allow this")


# -- the kernel and the readable definition -----------------------------------------------------------


def verdicts(bench: Bench, leaves: list[IssuanceLeaf]) -> list[str]:
    """The verdicts on issuances, which both must give."""
    found = bench.round
    assert found.registrars is not None, "the kernel verifies this round's issuances"
    names = [str(verdict) and type(verdict).__name__ for verdict in verify_issuances(bench.state, leaves)]
    kernel, found.registrars = found.registrars, None
    try:
        readable = verify_issuances(bench.state, leaves)
    finally:
        found.registrars = kernel
    assert names == [str(verdict) and type(verdict).__name__ for verdict in readable]
    for mine, theirs in zip(verify_issuances(bench.state, leaves), readable, strict=True):
        if not isinstance(mine, EncodingError):
            assert str(mine) == str(theirs)
    return names


def as_leaf(posted: Issue) -> IssuanceLeaf:
    return IssuanceLeaf(encode_transaction(posted))


def test_each_has_its_own_verdict_among_many() -> None:
    bench = a_round()
    other, thief = bench.key("evaluator"), Ed25519PrivateKey.generate()
    cases = {
        "NoneType": [{}, {"unit": 2}, {"unit": 3}],
        "InvalidSignature": [
            {"registrar": other},
            {"voucher_key": thief},
            {"registrar": other, "voucher_key": thief},
            {"voucher_key": thief, "blinded": bytes(48)},
        ],
        "EncodingError": [{"blinded": bytes(48)}, {"blinded": outside_the_subgroup()}],
        "RuleViolation": [{"unit": 4}, {"round": bytes(32)}],
    }
    expected = [name for name, changes in cases.items() for _ in changes]
    leaves = [as_leaf(issue(bench, **change)) for changes in cases.values() for change in changes]
    assert verdicts(bench, leaves) == expected
    assert verdicts(bench, leaves[::-1]) == expected[::-1]
    for leaf, name in zip(leaves, expected, strict=True):
        assert verdicts(bench, [leaf]) == [name]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_gets_the_same_verdict_from_both(data: st.DataObject) -> None:
    bench = a_round()
    leaves = [as_leaf(issue(bench)) for _ in range(3)]
    changed = bytearray(leaves[1].data)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        transaction = decode_transaction(bytes(changed))
    except EncodingError:
        with pytest.raises(EncodingError):
            IssuanceLeaf(bytes(changed))
        return
    if not isinstance(transaction, Issue):
        return
    leaves[1] = IssuanceLeaf(bytes(changed))
    names = verdicts(bench, leaves)
    assert names[0] == names[2] == "NoneType"
    assert names[1] != "NoneType"
