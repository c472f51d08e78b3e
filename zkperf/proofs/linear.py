"""Proofs of knowledge of the witness of a linear relation (draft-irtf-cfrg-sigma-protocols).

The sigma protocol for M·s = image:    nonces k,  commitment R = M·k,  challenge e,  response z = k + e·s,
and the verifier checks                M·z = R + e·image.

Made non-interactive as the draft says: the challenge comes from the tag, the whole relation and R.
A proof is *batchable*, (R, z), or *compact*, (e, z); the tag names which, so neither passes as the other.

Sound: from two answers to the same R, M·(z - z') = (e - e')·image gives the witness (z - z')/(e - e').

Hiding: k is exactly uniform, so z is, and R = M·z - e·image follows from z and e: whoever may program the
random oracle makes the same proofs from the statement alone. And where a statement has several witnesses,
as with Pedersen commitments, proofs made with s and with s' are distributed alike whatever the hash
function is, because k -> k + e·(s - s') keeps R, thus e, and z: nobody ever learns which it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zkperf.errors import EncodingError, InvalidProof
from zkperf.proofs.batch import Equation
from zkperf.proofs.relation import LinearRelation
from zkperf.randomness import RandomBytes, system
from zkperf.transcript import Transcript, derive_session_id


def prove(
    relation: LinearRelation, witness: Sequence[int], tag: bytes, source: RandomBytes = system
) -> bytes:
    """A batchable proof: the commitments, one per equation, then the responses, one per scalar.

    ``tag`` must name this flavour (`zkperf.transcript.session_tag` does). Raises ValueError if the
    witness does not satisfy the relation.
    """
    commitments, _, responses = _prove(relation, witness, tag, source)
    return commitments + responses


def verify(relation: LinearRelation, proof: bytes, tag: bytes) -> None:
    """Accept a batchable proof. EncodingError if it is malformed, InvalidProof if it does not hold."""
    commitments, challenge, responses = _decode(relation, proof, tag)
    # R_i = (M·z)_i - e·image_i
    if commitments != _commitments(relation, responses, challenge):
        raise InvalidProof("proof of a linear relation: an equation does not hold")


def equations(relation: LinearRelation, proof: bytes, tag: bytes) -> list[Equation]:
    """What holds exactly when a batchable proof does, for `verify_each`. EncodingError if it is malformed."""
    commitments, challenge, responses = _decode(relation, proof, tag)
    found = []
    for number, (row, commitment) in enumerate(zip(relation.equations, commitments, strict=True)):
        scalars, elements = relation.products(row, responses)
        # R_i + e·image_i - (M·z)_i = 0
        found.append(
            Equation(
                f"equation {number}",
                (1, *(challenge * c for _, c in row.image), *(-scalar for scalar in scalars)),
                (commitment, *(relation.elements[k] for k, _ in row.image), *elements),
            )
        )
    return found


def size(relation: LinearRelation) -> int:
    """Bytes of a batchable proof."""
    group = relation.group
    return group.element_size * len(relation.equations) + group.scalar_size * relation.num_scalars


def _decode(relation: LinearRelation, proof: bytes, tag: bytes) -> tuple[list[Any], int, list[int]]:
    """The commitments and responses of a batchable proof, and the challenge between them."""
    group = relation.group
    if len(proof) != size(relation):
        raise EncodingError(f"proof: unexpected length {len(proof)}")
    at = group.element_size * len(relation.equations)
    commitments = group.decode_many(_split(proof[:at], group.element_size))
    responses = [group.decode_scalar(part) for part in _split(proof[at:], group.scalar_size)]
    return commitments, _challenge(relation, tag, proof[:at]), responses


def prove_compact(
    relation: LinearRelation, witness: Sequence[int], tag: bytes, source: RandomBytes = system
) -> bytes:
    """A compact proof: the challenge, then the responses, one per scalar. Otherwise as `prove`."""
    _, challenge, responses = _prove(relation, witness, tag, source)
    return relation.group.encode_scalar(challenge) + responses


def verify_compact(relation: LinearRelation, proof: bytes, tag: bytes) -> None:
    """Accept a compact proof. EncodingError if it is malformed, InvalidProof if it does not hold."""
    group = relation.group
    if len(proof) != group.scalar_size * (1 + relation.num_scalars):
        raise EncodingError(f"proof: unexpected length {len(proof)}")
    challenge, *responses = [group.decode_scalar(part) for part in _split(proof, group.scalar_size)]
    commitments = _commitments(relation, responses, challenge)
    if any(commitment == group.identity for commitment in commitments):
        raise InvalidProof("proof of a linear relation: a commitment is the identity")
    encoded = b"".join(group.encode(commitment) for commitment in commitments)
    if challenge != _challenge(relation, tag, encoded):
        raise InvalidProof("proof of a linear relation: the challenge is another one")


def _prove(
    relation: LinearRelation, witness: Sequence[int], tag: bytes, source: RandomBytes
) -> tuple[bytes, int, bytes]:
    """Commitments R and responses z, encoded, and the challenge e between them."""
    group = relation.group
    if len(witness) != relation.num_scalars:
        raise ValueError(f"expected a witness of {relation.num_scalars} scalars, got {len(witness)}")
    if _map(relation, witness) != list(relation.images):
        raise ValueError("the witness does not satisfy the relation")
    nonces = [group.random_scalar(source) for _ in witness]
    commitments = b"".join(group.encode(element) for element in _map(relation, nonces))
    challenge = _challenge(relation, tag, commitments)
    # z = k + e·s
    responses = [
        (nonce + challenge * secret) % group.order for nonce, secret in zip(nonces, witness, strict=True)
    ]
    return commitments, challenge, b"".join(group.encode_scalar(response) for response in responses)


def _map(relation: LinearRelation, secrets: Sequence[int]) -> list[Any]:
    """M·secrets, in constant time where the group can."""
    return [relation.group.msm(*relation.products(row, secrets)) for row in relation.equations]


def _commitments(relation: LinearRelation, responses: Sequence[int], challenge: int) -> list[Any]:
    """The only commitments that an accepting transcript with this challenge and response can have."""
    group = relation.group
    commitments = []
    for row, image in zip(relation.equations, relation.images, strict=True):
        scalars, elements = relation.products(row, responses)
        commitments.append(group.msm_public([*scalars, -challenge % group.order], [*elements, image]))
    return commitments


def _challenge(relation: LinearRelation, tag: bytes, commitments: bytes) -> int:
    transcript = Transcript(derive_session_id(tag))
    transcript.absorb(relation.serialize())
    transcript.absorb(commitments)
    return transcript.challenge(relation.group)


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]
