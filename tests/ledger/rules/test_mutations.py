"""Whatever is changed in a transaction's bytes, the ledger does not take it."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.bench import Bench, a_new_round, fingerprint, in_phase
from tests.ledger.figure_bench import UNITS, FigureBench
from tests.ledger.figure_bench import in_phase as in_figures_phase
from tests.ledger.forgeries import garbage_for, posted_complaint
from tests.ledger.rules.test_complaints import refused, with_bad_share
from tests.ledger.rules.test_keygen import accepting, challenge
from zkperf.encoding import Record
from zkperf.errors import ZkperfError
from zkperf.ledger.rules import apply
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    KINDS,
    BundlesLost,
    ComplaintPosted,
    ComplaintRefused,
    Deadline,
    DealChallenged,
    Genesis,
    RoundAbandoned,
    decode_transaction,
    digest,
    encode_transaction,
)

NAME_OF = {unit: name for name, unit in UNITS.items()}


@cache
def due() -> dict[type[Record], tuple[Bench, bytes]]:
    """For every kind a ledger that is about to take such a transaction, and its bytes."""
    told = in_phase(Phase.PUBLISHED)
    found: dict[type[Record], tuple[Bench, bytes]] = {}
    for index, leaf in enumerate(told.leaves):
        kind = type(decode_transaction(leaf))
        if kind not in found:
            found[kind] = Bench(told.folder, told.leaves[:index]), leaf
    bench = accepting(3)
    found[DealChallenged] = bench, encode_transaction(challenge(bench, 1, 3))
    bench, core, bundle = with_bad_share(garbage_for)
    found[ComplaintPosted] = bench, encode_transaction(posted_complaint(bench, 2, core, bundle))
    other = bench.of(1)[1]
    found[ComplaintRefused] = (
        bench,
        encode_transaction(refused(posted_complaint(bench, 3, other.core, other.bundle))),
    )
    bench = deadline_due()
    found[Deadline] = bench, encode_transaction(bench.deadline())
    checking = in_phase(Phase.CHECKING)
    found[RoundAbandoned] = checking, encode_transaction(checking.abandoned(2))
    entries = tuple(sorted(digest(rated.core) for rated in checking.of(1)))
    lost = checking.signed(2, BundlesLost, round=checking.round.digest, trustee=2, entries=entries)
    found[BundlesLost] = checking, encode_transaction(lost)
    figures = in_figures_phase(Phase.INSPECTING, draw=1).fork()
    [drawn] = figures.figures.drawn
    figures.apply(figures.attested(NAME_OF[drawn.unit], [drawn.indicator]))
    for index, leaf in enumerate(figures.leaves):
        kind = type(decode_transaction(leaf))
        if kind not in found:
            found[kind] = FigureBench(figures.folder, figures.leaves[:index], figures.made), leaf
    assert set(found) == set(KINDS.values())
    return found


def deadline_due() -> Bench:

    bench = a_new_round()
    bench.settle(1, 2, 3)
    return bench


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_unchanged_it_is_taken(kind: type[Record]) -> None:
    bench, leaf = due()[kind]
    fork = bench.fork()
    fork.apply(leaf)
    assert fork.state.size == bench.state.size + 1


def not_taken(kind: type[Record], leaf: bytes) -> None:
    """The leaf is refused. A genesis of its own may be taken, but it is another ledger's."""
    bench, original = due()[kind]
    if kind is Genesis:
        bench = bench.fork()
    before = fingerprint(bench.state)
    try:
        apply(bench.state, [leaf])
    except ZkperfError:
        assert fingerprint(bench.state) == before
    else:
        assert kind is Genesis, "a changed transaction was taken"
        assert bench.state.ledger == sha256(leaf).digest() != sha256(original).digest()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=25)
def test_no_byte_can_be_changed(kind: type[Record], data: st.DataObject) -> None:
    leaf = bytearray(due()[kind][1])
    for _ in range(data.draw(st.integers(1, 3))):
        leaf[data.draw(st.integers(0, len(leaf) - 1))] ^= data.draw(st.integers(1, 255))
    if bytes(leaf) != due()[kind][1]:
        not_taken(kind, bytes(leaf))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=8)
def test_nothing_can_be_cut_off_put_in_or_moved(kind: type[Record], data: st.DataObject) -> None:
    leaf = due()[kind][1]
    cut = data.draw(st.integers(0, len(leaf)))
    start = data.draw(st.integers(0, len(leaf)))
    changed = leaf[:cut] + data.draw(st.binary(max_size=3)) + leaf[start:]
    if changed != leaf:
        not_taken(kind, changed)


def rewritten(value: Any, path: tuple[int, ...], change: Any) -> Any:
    """The nested lists with the item at this path changed."""
    if not path:
        return change(value)
    return [rewritten(item, path[1:], change) if i == path[0] else item for i, item in enumerate(value)]


def paths(value: Any) -> list[tuple[int, ...]]:
    """Where something stands in nested lists."""
    if not isinstance(value, list):
        return [()]
    return [(), *((i, *path) for i, item in enumerate(value) for path in paths(item))]


def other_forms(value: Any) -> list[bytes]:
    """The same in other words: CBOR that means what the canonical form means, or something near it."""
    plain = cbor2.dumps(value, canonical=True)
    forms = []
    if isinstance(value, list) and all(isinstance(item, bytes) for item in value):
        forms.append(cbor2.dumps(set(value), canonical=True))
    if isinstance(value, list):
        forms.append(b"\x9f" + b"".join(cbor2.dumps(item, canonical=True) for item in value) + b"\xff")
    if isinstance(value, bool):
        forms.append(cbor2.dumps(int(value)))
    elif isinstance(value, int):
        long = b"\x1b" + value.to_bytes(8, "big") if value >= 0 else b"\x3b" + (-1 - value).to_bytes(8, "big")
        forms += [cbor2.dumps(float(value)), long, b"\xc2\x41\x01"]
    if isinstance(value, bytes):
        forms.append(b"\x5f" + plain + b"\xff")
        forms.append(cbor2.dumps(value.hex()))
    if isinstance(value, str):
        forms += [b"\x7f" + plain + b"\xff", cbor2.dumps(value.encode())]
    if value is None:
        forms += [b"\xf7", b"\x80"]
    return [form for form in forms if form != plain]


def with_form(value: Any, path: tuple[int, ...], form: bytes) -> bytes:
    """The canonical encoding but for one place, which is written in this form."""
    marker = b"\xff\x00 here \x00\xff"
    data = cbor2.dumps(rewritten(value, path, lambda _: marker), canonical=True)
    written = cbor2.dumps(marker)
    assert data.count(written) == 1
    return data.replace(written, form)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_nothing_can_be_written_otherwise(kind: type[Record]) -> None:
    """Sets for lists, indefinite lengths, long integers, floats, text for bytes: one object, one encoding."""
    leaf = due()[kind][1]
    value = cbor2.loads(leaf)
    tried = 0
    for path in paths(value)[:60]:
        found = value
        for i in path:
            found = found[i]
        for form in other_forms(found):
            if path or form != leaf:
                not_taken(kind, with_form(value, path, form))
                tried += 1
    assert tried > 3
