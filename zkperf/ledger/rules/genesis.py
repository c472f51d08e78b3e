"""Leaf 0: who the members are and what the ledger's fixed rules are."""

from __future__ import annotations

from hashlib import sha256

from circuits.possession import verify_possession
from zkperf import encoding
from zkperf.groups import SUITES, suite
from zkperf.ledger.rules.common import require
from zkperf.ledger.state import State
from zkperf.ledger.transactions import Genesis, encode_transaction

CHECK = "genesis"
MIN_COHORT_FLOOR = 2
MAX_MEMBERS = 100


def possession_context(name: str, signing_key: bytes) -> bytes:
    """What a member's proof of knowledge of t_j is bound to."""
    return b"zkperf/v1/member" + encoding.encode([name, signing_key])


def process_genesis(state: State, genesis: Genesis) -> None:
    """The first leaf, and only the first. Every T_j comes with a proof that its owner knows t_j."""
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
    require(len(genesis.evaluators) > 0, CHECK, "there must be an evaluator")
    names = {member.name for member in genesis.members}
    keys = {member.signing_key for member in genesis.members}
    sealing = {member.sealing_key for member in genesis.members}
    require(len(names) == len(keys) == len(sealing) == n, CHECK, "members must differ in name and keys")
    sealing_keys = []
    for member in genesis.members:
        element = group.decode(member.sealing_key)
        context = possession_context(member.name, member.signing_key)
        verify_possession(group, element, context, member.possession)
        sealing_keys.append(element)
    state.genesis, state.group = genesis, group
    state.ledger = sha256(encode_transaction(genesis)).digest()
    state.sealing_keys = tuple(sealing_keys)
