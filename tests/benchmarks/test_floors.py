"""The floors do exactly what a real batch does: as many operations of each kind, to the same verdict."""

from __future__ import annotations

import pytest

from benchmarks.cohort import FIVE, LONG, Form
from benchmarks.known import KnownRound
from benchmarks.machine import ROOT, locked
from benchmarks.operations import operations
from zkperf._native import RatingLeaf

peers = pytest.importorskip("benchmarks._peers", reason="`make bench` builds the crate of the floors")
floors = pytest.importorskip("benchmarks.floors")


@pytest.mark.parametrize("form", [FIVE, LONG], ids=lambda form: form.name)
def test_a_floor_does_what_its_batch_does(form: Form) -> None:
    known, count, cohorts, threshold = KnownRound.create(form, services=2), 6, 2, 3
    made = list(known.ratings(count))
    scheme = known.found.scheme
    commitments, layout = len(scheme.layout.commitments), scheme.layout
    done = operations(known.state, known.found, [RatingLeaf(item.leaf) for item in made])
    floor = floors.verifying(known, made)
    # X, Y, C_q, E_{q,1} … E_{q,t-1}, A_q, U, V, R
    points = 2 + commitments + commitments * (threshold - 1) + commitments + 3
    # the same without E; and the generators: slots, auxiliary entries, H, B
    fixed = max(map(len, layout.commitments)) + len(layout.auxiliary) + layout.size + 2
    assert floor.proofs.operations == {
        "decompressions": count * points,
        "terms": count * (points - commitments * (threshold - 1)) + fixed,
        "fixed terms": fixed,
    }
    assert floor.proofs.operations["decompressions"] == len(done.group.decoded)
    assert floor.tokens.operations["decompressions"] == count == len(done.g1.decoded)
    assert floor.tokens.operations["hashes to the curve"] == count == len(done.g1.hashed)
    assert floor.tokens.operations["Miller loops"] == 1 + cohorts == len(done.pairs)
    floor.whole.call()


def test_a_floor_comes_to_the_verdict_of_its_batch() -> None:
    known = KnownRound.create(FIVE)
    group = known.state.commitment_group
    done = operations(known.state, known.found, [RatingLeaf(item.leaf) for item in known.ratings(2)])
    [total] = done.group.sums
    encodings = [encoding for encoding, _ in done.group.decoded]
    elements = [group.encode(element) for element in total.elements]
    scalars = [group.encode_scalar(scalar) for scalar in total.scalars]
    peers.ProofFloor(encodings, elements, scalars).run()
    with pytest.raises(ValueError, match="the sum: refused"):
        peers.ProofFloor(encodings, elements, [*scalars[1:], scalars[0]]).run()
    with pytest.raises(ValueError, match="an encoding: refused"):
        peers.ProofFloor([b"\xff" * 32, *encodings], elements, scalars).run()


def test_the_floors_are_on_the_kernel_s_versions() -> None:
    kernel, floor = locked(ROOT / "native"), locked(ROOT / "benchmarks/peers")
    for crate in ("blst", "curve25519-dalek", "rayon"):
        assert floor[crate] == kernel[crate]


def test_the_peers_accept_what_they_made() -> None:
    histogram = peers.Histogram(2, 5, 7)
    histogram.shard()
    histogram.verify()
    single = peers.SingleRange(8, 2)
    single.prove()
    single.verify()
    assert single.size > 32
    for values in (1, 4):
        batched = peers.BatchedRange(8, values, 3)
        batched.prove()
        batched.verify(5)
        assert batched.size > 32 * values
