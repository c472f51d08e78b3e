"""A ledger on which everything happens that can happen: every kind of leaf, every stage, every quarrel.

Members 1 to 4, threshold 2. Member 4 deals a bad key share and is disqualified, and is silent at the end.
In the first round services A, B and C have 6, 1 and 1 raters (k_min is 2, so B and C are withheld) and D
has none. One rater of A replaces its rating, another seals a share that member 3 cannot open. Member 2
complains falsely. A second round is open, with a batch on the log, when the story ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.complaint import FalseComplaint, complain
from circuits.rating import Bundle, Core
from tests.world import World, audit_leaves, number, questionnaire, single
from zkperf.encoding import Record
from zkperf.ledger.figure_transactions import SchemeOfFigures
from zkperf.ledger.log.checkpoint import Checkpoint, Signer
from zkperf.ledger.log.merkle import Tree, leaf_hash
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import log_origin, signed
from zkperf.ledger.state import Phase, Round
from zkperf.ledger.transactions import (
    KINDS,
    BundlesLost,
    ComplaintPosted,
    RoundAbandoned,
    decode_transaction,
    digest,
    encode_transaction,
)
from zkperf.roles.auditor import Audit
from zkperf.tokens.keygen import make_deal

OF_RATINGS = [
    cls
    for cls in KINDS.values()
    if cls.__module__ != SchemeOfFigures.__module__ and cls not in (RoundAbandoned, BundlesLost)
]
"""The kinds that rounds of ratings have, unless bundles are lost or they are given up."""

ANSWERS_A = [
    {"recommend": "good", "minutes": 10},
    {"recommend": "good"},
    {"recommend": "fair", "minutes": 33},
    {"recommend": "poor"},
    {"recommend": "good", "minutes": 0},
    {"recommend": "very good"},
]
"""The last is replaced by the same with 7 minutes; the last but one is struck out."""


@dataclass
class Story:
    """A ledger, its leaves by kind, and whatever a forger among its members would have."""

    world: World
    first: Round
    second: Round
    leaves: list[bytes]
    note: str
    false_complaint: bytes
    """What member 2 had posted; the log holds only the record of its refusal."""

    @property
    def ledger(self) -> bytes:
        return bytes(self.world.state.ledger)

    def places(self, *kinds: type[Record]) -> list[int]:
        """Indices of the leaves of these kinds."""
        return [index for index, leaf in enumerate(self.leaves) if type(decode_transaction(leaf)) in kinds]

    def at(self, index: int) -> Any:
        """The transaction of a leaf."""
        return decode_transaction(self.leaves[index])

    def key(self, holder: str) -> Ed25519PrivateKey:
        """The signing key of "sequencer", "evaluator", "registrar" or "member-<j>"."""
        return self.world.folder.keys(holder).signing_key()

    def resigned(self, holder: str, index: int, **changes: Any) -> bytes:
        """A leaf with some fields changed, signed again with the holder's key."""
        return self.sign(holder, self.at(index).model_copy(update=changes))

    def sign(self, holder: str, transaction: Signed) -> bytes:
        """A transaction signed (again) with the holder's key, as a leaf."""
        fields = {name: getattr(transaction, name) for name in type(transaction).model_fields}
        del fields["signature"]
        return encode_transaction(signed(type(transaction), self.key(holder), self.ledger, **fields))

    def checkpoint(self, leaves: list[bytes]) -> str:
        """What a malicious operator signs for these leaves."""
        return sign_checkpoint(self.key("sequencer"), self.ledger, leaves)


def sign_checkpoint(key: Ed25519PrivateKey, ledger: bytes, leaves: list[bytes]) -> str:
    tree, origin = Tree(), log_origin(ledger)
    tree.extend(leaf_hash(leaf) for leaf in leaves)
    return Signer(origin, key).sign(Checkpoint(origin, tree.size, tree.root()))


def check(story: Story, leaves: list[bytes], note: str | None = None) -> dict[str, list[int | None]]:
    """What fails in these leaves, under a checkpoint that the operator signs for them unless one is given."""
    report = audit_leaves(leaves, story.checkpoint(leaves) if note is None else note, story.ledger)
    assert report.ok == (not any(report.failures.values()))
    return failures(report)


def changed(story: Story, changes: dict[int, bytes]) -> list[bytes]:
    """The story's leaves with some of them replaced."""
    return [changes.get(index, leaf) for index, leaf in enumerate(story.leaves)]


def but_for_the_tally(found: dict[str, list[int | None]]) -> dict[str, list[int | None]]:
    """Failures without those of members' words about another log, and of what rests on them: whatever
    is changed before the mark of a round, its members have not checked it."""
    after = ("counted set", "openings", "results", "rounds")
    return {name: places for name, places in found.items() if name not in after}


def failures(report: Audit) -> dict[str, list[int | None]]:
    """The leaves that failed, by check; checks that passed are left out."""
    return {name: [failure.index for failure in found] for name, found in report.failures.items() if found}


def tell(path: Path) -> Story:
    """The whole story, in a new folder."""
    world = World.create(path, members=4, threshold=2)
    first = open_with_a_cheating_dealer(world)
    refused = rate_and_quarrel(world, first)
    finish_without_member_4(world, first)
    second = world.open_round(("E",), questionnaire(single("again")), name="second")
    world.rate(second, [{"again": "good"}] * 5)
    story = Story(world, first, second, world.leaves(), world.consortium.ledger.checkpoint(), refused)
    assert {type(decode_transaction(leaf)) for leaf in story.leaves} == set(OF_RATINGS)
    assert first.phase is Phase.PUBLISHED and second.phase is Phase.OPEN
    return story


def open_with_a_cheating_dealer(world: World) -> Round:
    """Member 4 deals member 1 a share that it cannot open, with every proof that a deal needs."""
    member = world.consortium.trustees[3]
    real = make_deal

    def deal_badly(context: Any, dealer: int, source: Any) -> Any:
        if dealer != member.index:
            return real(context, dealer, source)
        # Sealed for another key than T_1, but bound to the true run.
        wrong = replace(context, trustees=(context.group.generator, *context.trustees[1:]))
        wrong.__dict__["digest"] = context.digest
        return real(wrong, dealer, source)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zkperf.roles.trustee.make_deal", deal_badly)
        return world.open_round(("A", "B", "C", "D"), questionnaire(single(), number()), name="first")


def rate_and_quarrel(world: World, found: Round) -> bytes:
    """All ratings, a replaced one, one with a bad share, and a false complaint, which is returned."""
    drawn = [world.citizen(found) for _ in ANSWERS_A]
    cheat, token = drawn[4]
    trustees = list(cheat.view.trustees)
    trustees[2] = cheat.view.group.generator
    drawn[4] = replace(cheat, view=replace(cheat.view, trustees=tuple(trustees))), token
    bundles = {}
    for (citizen, token), answers in zip(drawn, ANSWERS_A, strict=True):
        core, bundle = citizen.rate(token, answers)
        bundles[digest(core)] = (core, bundle)
        world.promises.append(world.send(core, bundle))
    citizen, token = drawn[5]
    again = token.model_copy(update={"next_sequence": 1})
    world.promises.append(world.send(*citizen.rate(again, ANSWERS_A[5] | {"minutes": 7})))
    for unit in (2, 3):
        world.rate(found, [{"recommend": "poor", "minutes": 1}], unit)
    logged = [bundles[rating.digest] for rating in found.cohort(1).ratings.values() if not rating.struck]
    refused = complaint_of(world, 2, *logged[0])
    with pytest.raises(FalseComplaint):
        world.consortium.submit(refused)
    return refused


def complaint_of(world: World, member: int, core: Core, bundle: Bundle) -> bytes:
    """A member's complaint about its share of a rating, whatever the share is."""
    trustee = world.consortium.trustees[member - 1]
    complaint = complain(
        trustee.group, world.state.ledger, digest(core), core, bundle, member, trustee._secret
    )
    key = world.folder.keys(f"member-{member}").signing_key()
    return encode_transaction(signed(ComplaintPosted, key, world.state.ledger, complaint=complaint))


def finish_without_member_4(world: World, found: Round) -> None:
    everybody = world.consortium.trustees
    world.consortium.trustees = everybody[:3]
    world.close_round(found)
    world.clock.now += world.state.rules.stage_seconds
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    world.consortium.submit(evaluator.end_stage(found.digest))
    world.consortium.trustees = everybody
