"""Whatever the leaves are, the audit ends with a report that is not ok. It never raises."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.roles.eventful import OF_RATINGS, Story, changed, check
from tests.world import audit_leaves
from zkperf.errors import EncodingError
from zkperf.ledger.signed import Signed
from zkperf.ledger.transactions import KINDS, Batch, Deadline, Issue, RoundDrained, decode_transaction

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.integers(2**20000, 2**20000 + 1)
    | st.floats()
    | st.binary(max_size=100)
    | st.text(max_size=20)
    | st.sampled_from([cbor2.undefined, cbor2.CBORSimpleValue(99), frozenset({1})])
    | st.builds(cbor2.CBORTag, st.integers(0, 300), st.binary(max_size=8))
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutations(draw: st.DrawFn, value: Any) -> Any:
    """``value`` with one thing changed somewhere in it."""
    if isinstance(value, list) and value and draw(st.integers(0, 9)) > 0:
        place = draw(st.integers(0, len(value) - 1))
        change = draw(st.sampled_from(["inside", "inside", "inside", "drop", "double", "insert", "swap"]))
        if change == "inside":
            return [*value[:place], draw(mutations(value[place])), *value[place + 1 :]]
        if change == "drop":
            return [*value[:place], *value[place + 1 :]]
        if change == "double":
            return [*value[: place + 1], *value[place:]]
        if change == "swap":
            return [*value[place:], *value[:place]]
        return [*value[:place], draw(ANYTHING), *value[place:]]
    if isinstance(value, bytes) and draw(st.booleans()):
        return draw(
            st.sampled_from([value[:-1], value + b"\0", b"", bytes(len(value)), b"\xff" * len(value)])
        )
    if isinstance(value, int) and not isinstance(value, bool) and draw(st.booleans()):
        return draw(st.sampled_from([value + 1, value - 1, -value - 1, value + 2**32, 2**63 - 1, 2**63]))
    if isinstance(value, str) and draw(st.booleans()):
        return draw(st.sampled_from(["", value + "x", value * 300, value.encode(), "\0", "é" * 1001]))
    return draw(ANYTHING)


def dumps(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


@pytest.mark.parametrize("resign", [True, False])
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_change_to_the_content_of_a_leaf(story: Story, resign: bool, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(story.leaves) - 1))
    value = cbor2.loads(story.leaves[index])
    leaf = dumps(data.draw(mutations(value)))
    if leaf == story.leaves[index]:
        return
    leaves = changed(story, {index: leaf})
    report = audit_leaves(leaves, story.checkpoint(leaves) if resign else story.note, story.ledger)
    assert not report.ok
    assert report.to_json()["ok"] is False


def signer(transaction: Any) -> str:
    """Whose key a transaction of this kind has to be signed with, as it says itself."""
    if isinstance(transaction, Batch | RoundDrained):
        return "sequencer"
    if hasattr(transaction, "evaluator") or isinstance(transaction, Deadline):
        return "evaluator"
    parts = [transaction, *(getattr(transaction, name) for name in type(transaction).model_fields)]
    for part in parts:
        for name in ("trustee", "dealer", "accuser"):
            member = getattr(part, name, None)
            if isinstance(member, int):
                return f"member-{member}" if 1 <= member <= 4 else "member-1"
    raise AssertionError(type(transaction))


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_change_that_its_signer_signs_again(story: Story, data: st.DataObject) -> None:
    """Signatures keep nothing out here: members, evaluators and the sequencer sign whatever it is."""
    signed_kinds = tuple(kind for kind in OF_RATINGS if issubclass(kind, Signed) and kind is not Issue)
    index = data.draw(st.sampled_from(story.places(*signed_kinds)))
    kind, signature, *fields = cbor2.loads(story.leaves[index])
    mutated = data.draw(mutations(fields))
    forged = dumps([kind, signature, *mutated] if isinstance(mutated, list) else mutated)
    try:
        transaction = decode_transaction(forged)
    except EncodingError:
        leaf = forged
    else:
        leaf = story.sign(signer(transaction), transaction)
    if leaf == story.leaves[index]:
        return
    # Some changes are allowed: a deadline a second later, say, or a deal made with another salt.
    after = index + data.draw(st.sampled_from([0, 1]))
    check(story, [*story.leaves[:after], leaf, *story.leaves[index + 1 :]])


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_leaf_put_in_anywhere(story: Story, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(story.leaves)))
    kind = data.draw(st.integers(-1, len(KINDS) + 1))
    template = cbor2.loads(data.draw(st.sampled_from(story.leaves)))
    leaf = data.draw(
        st.binary(max_size=60)
        | st.builds(dumps, ANYTHING)
        | st.builds(lambda fields: dumps([kind, *fields]), st.lists(ANYTHING, max_size=6))
        | st.just(dumps([kind, *template[1:]]))
    )
    assert check(story, [*story.leaves[:place], leaf, *story.leaves[place:]])


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_selection_of_leaves_in_any_order(story: Story, data: st.DataObject) -> None:
    """Not always forbidden, a shorter log may be a valid one; but never more than a report."""
    order = data.draw(st.lists(st.integers(0, len(story.leaves) - 1), max_size=90))
    check(story, [story.leaves[index] for index in order])
    check(story, [story.leaves[0], *(story.leaves[index] for index in order)])


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"\x81" * 65_000 + b"\x80",
        b"\xa1\x00" * 30_000,
        b"\x9b" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8,
        b"\x9f\xff",
        b"\xd8\x1c\x81\xd8\x1d\x00",  # a list that holds itself
        b"\xc1\xfb" + b"\x7f\xf0" + bytes(6),
        b"\xf9\x7e\x00",
        b"\x81\xf9\x7e\x00",
        b"\x81\xf5",
        dumps([2**20000]),
        dumps([-(2**20000)]),
        dumps([10, *[2**20000] * 10]),
        dumps([0, 1, "\ud7ff" * 10]),
        bytes(65_535),
        bytes(65_536),
        bytes(200_000),
    ],
    ids=lambda leaf: f"{leaf[:8].hex()}-{len(leaf)}",
)
def test_monstrous_leaves(story: Story, leaf: bytes) -> None:
    end = len(story.leaves)
    assert check(story, [*story.leaves, leaf])["encoding"] == [end]
    assert None in check(story, [leaf])["log"]
