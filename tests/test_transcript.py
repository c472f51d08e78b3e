"""The transcript against the vectors of draft-irtf-cfrg-fiat-shamir, and the tags of zkperf."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zkperf.groups.base import Group
from zkperf.groups.p256 import NIST_P256
from zkperf.transcript import (
    COMPACT,
    RATE,
    Transcript,
    decode_uint,
    derive_session_id,
    session_id,
    session_tag,
)

FOLDER = Path(__file__).parents[1] / "../shared/vectors/cfrg-sigma"

Vector = dict[str, Any]


class Reject(Exception):
    """A message or a proof that the draft's example refuses."""


def vectors(name: str) -> list[Any]:
    path = FOLDER / name
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no test vectors at {path}"))]
    return [pytest.param(vector, id=vector["Id"]) for vector in json.loads(path.read_text())]


# -- the draft's serialisers that only its own vectors use ------------------------------------------


def size_of(modulus: int) -> int:
    return ((modulus - 1).bit_length() + 7) // 8


def serialize_uint(value: int, modulus: int) -> bytes:
    assert 0 <= value < modulus
    return value.to_bytes(size_of(modulus), "little")


def deserialize_uint(data: bytes, modulus: int) -> tuple[int, bytes]:
    size = size_of(modulus)
    value = int.from_bytes(data[:size], "little")
    if len(data) < size or value >= modulus:
        raise Reject
    return value, data[size:]


def serialize_string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def deserialize_string(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "little")
    if len(data) < 4 or len(data) - 4 < size:
        raise Reject
    return data[4 : 4 + size], data[4 + size :]


def sumcheck_prove(seed: bytes, table: list[int], p: int) -> tuple[bytes, int]:
    variables = len(table).bit_length() - 1
    transcript = Transcript(seed)
    transcript.absorb(serialize_uint(variables, 2**32) + serialize_uint(sum(table) % p, p))
    narg = b""
    while len(table) > 1:
        constant = sum(table[0::2]) % p
        slope = (sum(table[1::2]) - constant) % p
        message = serialize_uint(constant, p) + serialize_uint(slope, p)
        transcript.absorb(message)
        narg += message
        r = decode_uint(transcript.squeeze(size_of(p)), p)
        table = [(low + r * (high - low)) % p for low, high in zip(table[0::2], table[1::2], strict=True)]
    return narg, table[0]


def sumcheck_verify(seed: bytes, variables: int, total: int, narg: bytes, p: int) -> int:
    """The evaluation that is left to be checked."""
    transcript = Transcript(seed)
    transcript.absorb(serialize_uint(variables, 2**32) + serialize_uint(total, p))
    for _ in range(variables):
        before = narg
        constant, narg = deserialize_uint(narg, p)
        slope, narg = deserialize_uint(narg, p)
        if (2 * constant + slope - total) % p:
            raise Reject
        transcript.absorb(before[: len(before) - len(narg)])
        total = (constant + slope * decode_uint(transcript.squeeze(size_of(p)), p)) % p
    if narg:
        raise Reject
    return total


def run_sumcheck(vector: Vector) -> None:
    p, variables, total = int(vector["Modulus"], 16), vector["NumVariables"], int(vector["ClaimedSum"], 16)
    seed, narg = bytes.fromhex(vector["SessionId"]), bytes.fromhex(vector["Narg"])
    if "Tag" in vector:
        assert derive_session_id(bytes.fromhex(vector["Tag"])) == seed
    if vector.get("Expected") == "reject":
        with pytest.raises(Reject):
            sumcheck_verify(seed, variables, total, narg, p)
        return
    evaluation = int(vector["FinalEvaluation"], 16)
    assert sumcheck_verify(seed, variables, total, narg, p) == evaluation
    assert sumcheck_prove(seed, vector["Witness"], p) == (narg, evaluation)


# -- the vectors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors("fiatShamirCodecVectors.json"))
def test_codec_vector(vector: Vector) -> None:
    function, data = vector["Function"], bytes.fromhex(vector.get("Input", ""))
    modulus = int(vector.get("Modulus", "0"), 16)
    rejected = vector.get("Expected") == "reject"
    if function == "Sumcheck":
        run_sumcheck(vector)
    elif function == "SerializeVarLenString":
        assert serialize_string(data).hex() == vector["Output"]
        assert deserialize_string(serialize_string(data)) == (data, b"")
    elif function == "DeserializeVarLenString":
        assert rejected
        with pytest.raises(Reject):
            deserialize_string(data)
    elif function == "SerializeUint":
        assert serialize_uint(int(vector["Value"], 16), modulus).hex() == vector["Output"]
    elif function == "SerializeField":
        # P-256 keeps the byte order of its own standard.
        assert (vector["ByteOrder"], modulus) == ("big-endian", NIST_P256.order)
        assert NIST_P256.encode_scalar(int(vector["Value"], 16)).hex() == vector["Output"]
    elif function == "DecodeUint":
        assert decode_uint(data, modulus) == int(vector["Challenge"], 16)
    elif function == "DeserializeUint":
        assert rejected
        with pytest.raises(Reject):
            deserialize_uint(data, modulus)
    else:
        assert function == "DeserializeField"
        coordinates: list[int] = []
        try:
            for _ in range(vector["ExtensionDegree"]):
                coordinate, data = deserialize_uint(data, modulus)
                coordinates.append(coordinate)
        except Reject:
            assert rejected
        else:
            assert coordinates == [int(text, 16) for text in vector["Coordinates"]]


@pytest.mark.parametrize("vector", vectors("fiatShamirShake128Vectors.json"))
def test_shake128_vector(vector: Vector) -> None:
    function = vector["Function"]
    if function == "Sumcheck":
        run_sumcheck(vector)
    elif function == "DeriveSessionID":
        assert derive_session_id(bytes.fromhex(vector["Tag"])).hex() == vector["Output"]
    else:
        transcript = Transcript(bytes.fromhex(vector["SessionId"]))
        output = b""
        for operation in vector["Operations"]:
            before = transcript.copy()
            if operation["type"] == "absorb":
                transcript.absorb(bytes.fromhex(operation["data"]))
            else:
                output += transcript.squeeze(operation["length"])
        assert output.hex() == vector["Output"]
        if function == "DecodeUint":
            assert int(vector["Modulus"], 16) == NIST_P256.order
            assert before.challenge(NIST_P256) == int(vector["Challenge"], 16)


# -- properties -------------------------------------------------------------------------------------


def test_one_stream_however_it_is_squeezed() -> None:
    whole = Transcript(bytes(32))
    parts = Transcript(bytes(32))
    sizes = [0, 1, 31, 48, RATE - 1, RATE, RATE + 1, 0, 5, 1000]
    assert whole.squeeze(sum(sizes)) == b"".join(parts.squeeze(size) for size in sizes)


def test_copies_part_ways() -> None:
    transcript = Transcript(bytes(32))
    transcript.absorb(b"a")
    transcript.squeeze(7)
    twin = transcript.copy()
    assert twin.squeeze(40) == transcript.squeeze(40)
    twin.absorb(b"b")
    assert twin.squeeze(40) != transcript.squeeze(40)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_session_identifier_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Transcript(bytes(size))


def test_challenges_take_the_whole_margin() -> None:
    transcript = Transcript(bytes(32))
    squeezed = transcript.copy().squeeze(48)
    assert transcript.challenge(NIST_P256) == int.from_bytes(squeezed, "little") % NIST_P256.order


class Named(Group):
    """A group of which only the name is used."""

    msm = msm_public = hash_to_element = encode = decode = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self.name = name


def test_tags() -> None:
    assert session_tag("rating", NIST_P256) == b"ZKPERF-V01-rating-DSFS-with-sigma-proofs_Shake128_P256"
    ristretto = Named("ristretto255")
    assert (
        session_tag("possession", ristretto, b"\x00/", flavour=COMPACT)
        == b"ZKPERF-V01-possession-CMPT-with-sigma-proofs_Shake128_ristretto255/002f"
    )
    assert session_id("rating", NIST_P256) == derive_session_id(session_tag("rating", NIST_P256))
    identifiers = {
        session_id(part, group, context, flavour=flavour)
        for part in ("rating", "complaint")
        for group in (NIST_P256, ristretto)
        for context in (b"", b"\x00", b"\x00\x00")
        for flavour in ("DSFS", "CMPT")
    }
    assert len(identifiers) == 24


@pytest.mark.parametrize("part", ["", "a/b", "ä b"])
def test_a_part_cannot_hold_a_delimiter(part: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        session_tag(part, NIST_P256)
