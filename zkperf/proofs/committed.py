"""Statements about committed values, put together from linear relations, products and intervals.

A `Statement` is written down by the same lines for prover and verifier. The prover's knows the values, and
refuses what is not true of them before anything is proved. What it collects becomes

- for each product c = a·b, with A, B, C the commitments of the three forms:
      A = a·G + r_a·H,   B = b·G + r_b·H (left out where b is a),   C = a·B + s·H
- for each equation form = 0, D its commitment:                     D = ρ·H
- for each public key Y:                                             Y = y·B
- and intervals, proved by the group's own system (`zkperf.proofs.intervals`).

All linear relations are one proof (`zkperf.proofs.linear`), all intervals another; the second is bound to
the first, and both to the context, every commitment, and every form that was written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from zkperf.encoding import encode
from zkperf.errors import EncodingError, InputError, InvalidProof, ZkperfError, bare
from zkperf.groups.base import Group
from zkperf.proofs import linear
from zkperf.proofs.batch import Equation, verify_each
from zkperf.proofs.forms import Form
from zkperf.proofs.intervals import Interval, IntervalClaim, figure_key, interval_system
from zkperf.proofs.relation import LinearEquation, LinearRelation
from zkperf.randomness import RandomBytes, system
from zkperf.transcript import session_tag


class DoesNotHold(InputError):
    """What is to be proved is not true of the values: nothing is proved. Says which condition, no value."""


class Statement:
    """What is claimed of committed values, as it is written down.

    ``bounds[i]`` are the least and the greatest value that commitment i can have by what was proved about
    it before, or None. ``values`` are given by the prover alone. ``keys`` is the number of public keys
    whose logarithms are known.
    """

    def __init__(
        self,
        bounds: Sequence[tuple[int, int] | None],
        values: Sequence[int] | None = None,
        *,
        keys: int = 0,
    ) -> None:
        self.given = len(bounds)
        self.keys = keys
        self.values = None if values is None else list(values)
        self.count = self.given
        self.products: list[tuple[Form, Form, Form]] = []
        self.zeros: list[Form] = []
        self.intervals: list[Interval] = []
        self._bounds = list(bounds)

    def __repr__(self) -> str:
        return f"<statement about {self.given} commitments>"

    def figure(self, index: int) -> Form:
        """The value of commitment ``index``."""
        low, high = self._bounds[index] or (None, None)
        return Form(((index, 1),), 0, low, high)

    def equal(self, form: Form, other: Form | int = 0) -> None:
        """form = other."""
        difference = form - other
        self._require(difference, 0, 0, "two sides are not equal")
        self.zeros.append(difference)

    def at_least(self, form: Form, low: int) -> Form:
        """form >= low. The form must have bounds. Returns it with its new one."""
        if form.low is None or form.high is None:
            raise ValueError("the form has no bounds: say `between`")
        self._require(form, low, None, "a value is below its least")
        self.intervals.append(Interval(form - low, max(form.high - low, 0), capped=True))
        return form.within(low, form.high)

    def at_most(self, form: Form, high: int) -> Form:
        """form <= high. The form must have bounds."""
        return -self.at_least(-form, -high)

    def between(self, form: Form, low: int, high: int) -> Form:
        """low <= form <= high. What is known already is not proved again."""
        if form.low is not None and form.high is not None:
            if form.high <= high:
                return self.at_least(form, low)
            if form.low >= low:
                return self.at_most(form, high)
        self._require(form, low, high, "a value is outside of its range")
        self.intervals.append(Interval(form - low, high - low, capped=False))
        return form.within(low, high)

    def product(self, a: Form, b: Form) -> Form:
        """A new commitment to a·b. Both factors must be bounded."""
        if None in (a.low, a.high, b.low, b.high):
            raise ValueError("a factor has no bounds")
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]  # type: ignore[operator]
        if self.values is not None:
            self.values.append(a.value(self.values) * b.value(self.values))
        self._bounds.append((min(ends), max(ends)))
        self.count += 1
        c = self.figure(self.count - 1)
        self.products.append((a, b, c))
        return c

    def boolean(self, form: Form) -> Form:
        """The form is 0 or 1: b = b·b."""
        self._require(form, 0, 1, "a value is neither 0 nor 1")
        self.products.append((form, form, form))
        return form.within(0, 1)

    def sign(self, form: Form, bit: Form, bits: int) -> None:
        """bit = 1 where form >= 0, and 0 where form < 0. |form| must be below 2^bits."""
        whole = 2**bits
        if form.low is None or form.high is None or form.low < -whole or form.high >= whole:
            raise ValueError(f"the form is not known to have {bits} bits")
        bit = self.boolean(bit)
        # bit = 1: form is in [0, 2^bits).  bit = 0: form + 2^bits is, so form < 0.
        self.between((form + whole * (1 - bit)).within(None, None), 0, whole - 1)

    def _require(self, form: Form, low: int, high: int | None, message: str) -> None:
        if self.values is None:
            return
        value = form.value(self.values)
        if value < low or (high is not None and value > high):
            raise DoesNotHold(message)

    # -- as a relation ---------------------------------------------------------------------------

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of everything that was written down. Asked for once that is finished."""
        plain = [
            self.given,
            self.keys,
            [[form.to_plain() for form in product] for product in self.products],
            [form.to_plain() for form in self.zeros],
            [[item.form.to_plain(), str(item.span), item.capped] for item in self.intervals],
        ]
        return sha256(encode(plain)).digest()

    def size(self, group: Group) -> int:
        """Bytes of a proof: of these statements no other is accepted."""
        equations = scalars = self.keys + len(self.zeros)
        for a, b, _ in self.products:
            equations += 2 if a == b else 3
            scalars += 3 if a == b else 5
        elements = self.count - self.given + equations
        intervals = interval_system(group).size(self.intervals) if self.intervals else 0
        return group.element_size * elements + group.scalar_size * scalars + intervals

    def relation(
        self, group: Group, commitments: Sequence[Any], keys: Sequence[Any]
    ) -> LinearRelation | None:
        """The linear relations about all commitments. None if there are none."""
        rows: list[LinearEquation] = []
        elements: list[Any] = [group.generator]
        places: dict[int, int] = {}
        scalars = 0

        def place(element: Any) -> int:
            if id(element) not in places:
                places[id(element)] = len(elements)
                elements.append(element)
            return places[id(element)]

        key = figure_key(group)
        (generator,), h = key.generators, key.blinding

        def parts(form: Form) -> tuple[tuple[int, int], ...]:
            """The commitment of a form, as (element, coefficient)."""
            terms = [(place(commitments[index]), factor % group.order) for index, factor in form.terms]
            constant = [(place(generator), form.constant % group.order)] if form.constant else []
            return (*terms, *constant)

        for number in range(self.keys):
            # Y = y·B
            rows.append(LinearEquation(((place(keys[number]), 1),), ((scalars, 0, 1),)))
            scalars += 1
        for form in self.zeros:
            # D = ρ·H
            rows.append(LinearEquation(parts(form), ((scalars, place(h), 1),)))
            scalars += 1
        for a, b, c in self.products:
            # A = a·G + r_a·H, and B = b·G + r_b·H unless it is A
            first = scalars
            for form in (a,) if a == b else (a, b):
                terms = ((scalars, place(generator), 1), (scalars + 1, place(h), 1))
                rows.append(LinearEquation(parts(form), terms))
                scalars += 2
            # C = a·B + s·H
            product = tuple((first, element, factor) for element, factor in parts(b))
            rows.append(LinearEquation(parts(c), (*product, (scalars, place(h), 1))))
            scalars += 1
        return LinearRelation(group, tuple(elements), tuple(rows)) if rows else None

    def witness(self, order: int, blindings: Sequence[int], secrets: Sequence[int]) -> list[int]:
        """The scalars of `relation`, in its order."""
        assert self.values is not None
        found = [*secrets, *(form.blinding(blindings) for form in self.zeros)]
        for a, b, c in self.products:
            for form in (a,) if a == b else (a, b):
                found += [form.value(self.values), form.blinding(blindings)]
            # C - a·B = (r_c - a·r_b)·H
            found.append(c.blinding(blindings) - a.value(self.values) * b.blinding(blindings))
        return [scalar % order for scalar in found]


class Presented(NamedTuple):
    """A proof to verify, with what it is about. ``encoded`` are the commitments' bytes, in order."""

    statement: Statement
    commitments: tuple[Any, ...]
    encoded: tuple[bytes, ...]
    keys: tuple[Any, ...]
    context: bytes
    proof: bytes


def prove(
    group: Group,
    statement: Statement,
    commitments: Sequence[Any],
    blindings: Sequence[int],
    context: bytes,
    keys: Sequence[tuple[Any, int]] = (),
    source: RandomBytes = system,
) -> bytes:
    """A proof of ``statement``, which has the values, about these commitments.

    ``keys`` are pairs (Y, y). The proof is the commitments to products, then the proof of the linear
    relations, then that of the intervals; each part may be empty.
    """
    assert statement.values is not None
    key = figure_key(group)
    everything, secrets = list(commitments), list(blindings)
    for value in statement.values[statement.given :]:
        commitment, r = key.commit_random([value % group.order], source)
        everything.append(commitment)
        secrets.append(r)
    encoded = [group.encode(element) for element in everything]
    bound = _bind(group, statement, encoded, [Y for Y, _ in keys], context)
    proof = b"".join(encoded[statement.given :])
    relation = statement.relation(group, everything, [Y for Y, _ in keys])
    if relation is not None:
        witness = statement.witness(group.order, secrets, [y for _, y in keys])
        proof += linear.prove(relation, witness, _tag(group, bound), source)
    if statement.intervals:
        ranges = _range_context(bound, proof)
        proof += interval_system(group).prove(statement.intervals, ranges, statement.values, secrets, source)
    return proof


def verify_statements(
    group: Group, presented: Sequence[Presented], source: RandomBytes = system
) -> list[ZkperfError | None]:
    """For each proof why it is refused, or None. One batch: culprits are found by splitting.

    EncodingError for a part of the wrong size or one that is not canonical, InvalidProof for an equation
    or an interval that does not hold.
    """
    verdicts: list[ZkperfError | None] = [None] * len(presented)
    equations: list[list[Equation]] = []
    places: list[int] = []
    claims: list[IntervalClaim] = []
    claimed: list[int] = []
    for number, item in enumerate(presented):
        try:
            linear_part, claim = _take_apart(group, item)
        except (EncodingError, InvalidProof) as error:
            verdicts[number] = bare(error)
            continue
        equations.append(linear_part)
        places.append(number)
        if claim is not None:
            claims.append(claim)
            claimed.append(number)
    for number, verdict in zip(claimed, interval_system(group).verify_each(claims, source), strict=True):
        verdicts[number] = verdict
    for culprit in verify_each(group, equations, source):
        verdicts[places[culprit]] = InvalidProof("a linear relation of the proof does not hold")
    return verdicts


def _take_apart(group: Group, item: Presented) -> tuple[list[Equation], IntervalClaim | None]:
    statement, proof = item.statement, item.proof
    if len(proof) != statement.size(group):
        raise EncodingError(f"proof: unexpected length {len(proof)}")
    at = group.element_size * (statement.count - statement.given)
    products = [proof[start : start + group.element_size] for start in range(0, at, group.element_size)]
    commitments = (*item.commitments, *group.decode_many(products))
    bound = _bind(group, statement, [*item.encoded, *products], item.keys, item.context)
    relation = statement.relation(group, commitments, item.keys)
    equations: list[Equation] = []
    if relation is not None:
        end = at + linear.size(relation)
        equations = linear.equations(relation, proof[at:end], _tag(group, bound))
        at = end
    if not statement.intervals:
        return equations, None
    context = _range_context(bound, proof[:at])
    return equations, IntervalClaim(context, tuple(statement.intervals), commitments, proof[at:])


def _bind(
    group: Group, statement: Statement, encoded: Sequence[bytes], keys: Sequence[Any], context: bytes
) -> bytes:
    """SHA-256 of everything that the proof is about."""
    public = [context, statement.digest, list(encoded), [group.encode(Y) for Y in keys]]
    return sha256(encode(public)).digest()


def _tag(group: Group, bound: bytes) -> bytes:
    return session_tag("figures", group, bound)


def _range_context(bound: bytes, before: bytes) -> bytes:
    """What the proof of the intervals is bound to: everything, and the rest of the proof."""
    return sha256(bound + before).digest()
