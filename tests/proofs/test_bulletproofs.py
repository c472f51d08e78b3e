"""The kernel's batch verifier is held to the verdicts of the crate, which takes one proof at a time."""

from __future__ import annotations

from random import Random

import pytest

from zkperf._native import RangeProofs, RangeShape
from zkperf.errors import InvalidProof
from zkperf.groups.ristretto255 import RISTRETTO255 as GROUP
from zkperf.proofs.bulletproofs import Bulletproofs
from zkperf.proofs.forms import Form
from zkperf.proofs.intervals import Interval, IntervalClaim, figure_key

SYSTEM = Bulletproofs()
KEY = figure_key(GROUP)
KERNEL = RangeProofs(KEY.generators[0], KEY.blinding)


def claim(values: list[int], intervals: tuple[Interval, ...], context: bytes = b"x") -> IntervalClaim:
    pairs = [KEY.commit_random([value]) for value in values]
    proof = SYSTEM.prove(intervals, context, values, [r for _, r in pairs])
    return IntervalClaim(context, intervals, tuple(c for c, _ in pairs), proof)


def figure(index: int) -> Form:
    return Form(((index, 1),), 0, None, None)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_crate_and_batch_agree(bits: int, count: int) -> None:
    random = Random(bits * count)
    values = [random.choice([0, 2**bits - 1, random.randrange(2**bits)]) for _ in range(count)]
    intervals = tuple(Interval(figure(i), 2**bits - 1, capped=False) for i in range(count))
    good = claim(values, intervals)
    # 32·(2·log2(n·m) + 9) bytes
    padded = 1 << (count - 1).bit_length()
    assert len(good.proof) == 32 * (2 * ((bits * padded).bit_length() - 1) + 9)
    claims = [good, good._replace(context=b"y")]
    for _ in range(6):
        place = random.randrange(len(good.proof))
        spoilt = bytearray(good.proof)
        spoilt[place] ^= 1 << random.randrange(8)
        claims.append(good._replace(proof=bytes(spoilt)))
    accepted = [verdict is None for verdict in SYSTEM.verify_each(claims)]
    assert accepted == SYSTEM.accepted_by_crate(claims)
    assert accepted == [True] + [False] * 7


def test_proofs_of_all_sizes_are_one_batch() -> None:
    claims = [
        claim([3], (Interval(figure(0), 255, capped=False),)),
        claim([2**40, 5], tuple(Interval(figure(i), 2**64 - 1, capped=False) for i in range(2))),
        claim([9, 4], (Interval(2 * figure(0) - figure(1), 1000, capped=False),)),
        claim([7] * 9, tuple(Interval(figure(i), 2**16 - 1, capped=True) for i in range(9))),
    ]
    assert SYSTEM.verify_each(claims) == [None] * 4
    for place in range(4):
        spoilt = [item._replace(context=b"z") if i == place else item for i, item in enumerate(claims)]
        verdicts = SYSTEM.verify_each(spoilt)
        assert [isinstance(verdict, InvalidProof) for verdict in verdicts] == [i == place for i in range(4)]


def test_two_wrong_proofs_do_not_cancel_out() -> None:
    """Where every weight was 1, an error in one proof could be undone in another."""
    good = claim([1], (Interval(figure(0), 255, capped=False),))
    order = GROUP.order
    at = 4 * 32  # t_x

    def shifted(amount: int) -> IntervalClaim:
        scalar = (GROUP.decode_scalar(good.proof[at : at + 32]) + amount) % order
        return good._replace(proof=good.proof[:at] + GROUP.encode_scalar(scalar) + good.proof[at + 32 :])

    assert all(isinstance(verdict, InvalidProof) for verdict in SYSTEM.verify_each([shifted(1), shifted(-1)]))


@pytest.mark.parametrize("value", [256, 2**63])
def test_a_value_with_more_bits_is_refused(value: int) -> None:
    """Its low bits are proved well, and the inner product holds: only the polynomial's equation tells."""
    commitment, r = KEY.commit_random([value])
    proof = KERNEL.prove(b"x", 8, [value], [r])
    wrong = IntervalClaim(b"x", (Interval(figure(0), 255, capped=False),), (commitment,), proof)
    assert isinstance(SYSTEM.verify_each([wrong])[0], InvalidProof)
    assert SYSTEM.accepted_by_crate([wrong]) == [False]


def test_another_inner_product_is_refused() -> None:
    """Its last two scalars enter no challenge: only the inner product's equation tells."""
    good = claim([1], (Interval(figure(0), 255, capped=False),))
    for start in (-64, -32):
        end = len(good.proof) + start + 32
        scalar = (GROUP.decode_scalar(good.proof[end - 32 : end]) + 1) % GROUP.order
        proof = good.proof[: end - 32] + GROUP.encode_scalar(scalar) + good.proof[end:]
        assert isinstance(SYSTEM.verify_each([good._replace(proof=proof)])[0], InvalidProof)


def test_masks_are_fresh() -> None:
    """Not one part of two proofs of the same thing is the same."""
    pairs = [KEY.commit_random([5])]
    interval = (Interval(figure(0), 255, capped=False),)
    proofs = [SYSTEM.prove(interval, b"x", [5], [r for _, r in pairs]) for _ in range(2)]
    parts = [{proof[at : at + 32] for at in range(0, len(proof), 32)} for proof in proofs]
    assert not parts[0] & parts[1]


def test_the_caller_is_held_to_the_limits() -> None:
    with pytest.raises(ValueError, match="bits"):
        RangeShape(12, [([], 0)])
    with pytest.raises(ValueError, match="values"):
        RangeShape(8, [])
    with pytest.raises(ValueError, match="values"):
        RangeShape(8, [([], 0)] * 1025)
    with pytest.raises(ValueError, match="bits"):
        KERNEL.prove(b"", 12, [1], [1])
    with pytest.raises(ValueError, match="values"):
        KERNEL.prove(b"", 8, [], [])
    with pytest.raises(ValueError, match="as many"):
        KERNEL.prove(b"", 8, [1, 2], [1])
    shape = RangeShape(8, [([(1, 1)], 0)])
    assert KERNEL.verify([(b"", shape, [GROUP.generator], b"")]) == [
        ("encoding", "range proof: a commitment is missing")
    ]
    assert KERNEL.verify_by_crate([(b"", shape, [GROUP.generator], b"")]) == [False]
