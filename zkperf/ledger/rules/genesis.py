"""Leaf 0: who the members are and what the ledger's fixed rules are."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from circuits.possession import verify_possession
from zkperf import encoding, signatures
from zkperf.groups import SUITES, suite
from zkperf.groups.base import Group
from zkperf.ledger.rules.common import require, require_name, require_names
from zkperf.ledger.state import State
from zkperf.ledger.transactions import Genesis, encode_transaction

CHECK = "genesis"
MIN_COHORT_FLOOR = 2
MAX_MEMBERS = 100
MIN_STAGE_SECONDS = 3600
"""No shorter stage but in a rehearsal: people have to be able to answer."""
ABANDON_STAGES = 4


def possession_context(charter: bytes, member: int) -> bytes:
    """What the proof of knowledge of t_j of member j = ``member`` (1..n) is bound to."""
    return b"zkperf/v1/member" + encoding.encode([charter, member])


def founding_message(charter: bytes) -> bytes:
    """What every member signs to found a ledger."""
    return b"zkperf/v1/genesis" + charter


def verify_members(group: Group, genesis: Genesis) -> tuple[Any, ...]:
    """T_1..T_n, if every member has signed this genesis and knows the secret of its sealing key.

    Both are bound to the charter, so nobody's entry can be copied into a genesis that it has not seen.
    EncodingError, InvalidProof or InvalidSignature otherwise.
    """
    charter = genesis.charter()
    sealing_keys = []
    for j, member in enumerate(genesis.members, start=1):
        element = group.decode(member.sealing_key)
        verify_possession(group, element, possession_context(charter, j), member.possession)
        message = founding_message(charter)
        signatures.verify(member.signing_key, message, member.signature, whose=f"member {j}")
        sealing_keys.append(element)
    return tuple(sealing_keys)


def process_genesis(state: State, genesis: Genesis) -> None:
    """The first leaf, and only the first. All members have signed it, and know the secrets of their keys."""
    require(state.size == 0, CHECK, "a ledger has one genesis, its first leaf")
    require(genesis.version == 1, CHECK, f"expected version 1, got {genesis.version}")
    require(genesis.suite in SUITES, CHECK, f"there is no suite {genesis.suite!r}")
    group = suite(genesis.suite)
    n, t = len(genesis.members), genesis.threshold
    require(1 <= n <= MAX_MEMBERS, CHECK, f"expected 1 to {MAX_MEMBERS} members, got {n}")
    require(1 <= t <= n, CHECK, f"expected a threshold of 1 to {n}, got {t}")
    require(
        genesis.min_cohort_floor >= MIN_COHORT_FLOOR,
        CHECK,
        f"no group smaller than {MIN_COHORT_FLOOR} may ever be opened",
    )
    require(
        genesis.abandon_seconds >= ABANDON_STAGES * genesis.stage_seconds,
        CHECK,
        f"a round is not abandoned before {ABANDON_STAGES} stages could have ended",
    )
    require(
        genesis.rehearsal or genesis.stage_seconds >= MIN_STAGE_SECONDS,
        CHECK,
        f"a stage of less than {MIN_STAGE_SECONDS} seconds is for rehearsals only",
    )
    require(len(genesis.evaluators) > 0, CHECK, "there must be an evaluator")
    require_name(genesis.name, "the ledger's name", CHECK)
    require_names([member.name for member in genesis.members], "member", CHECK)
    keys = {member.signing_key for member in genesis.members}
    sealing = {member.sealing_key for member in genesis.members}
    require(len(keys) == len(sealing) == n, CHECK, "members must differ in their keys")
    sealing_keys = verify_members(group, genesis)
    state.genesis, state.group = genesis, group
    state.ledger = sha256(encode_transaction(genesis)).digest()
    state.sealing_keys = sealing_keys
