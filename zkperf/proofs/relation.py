"""Linear relations: the statements that a sigma protocol proves (draft-irtf-cfrg-sigma-protocols).

A relation is a system of equations between public elements P_k and secret scalars s_i (the witness),

    Σ coefficient·P_k  =  Σ coefficient·s_i·P_k          one for each row: image = terms

kept sparse, by indices, just as the draft serialises it. A statement must hold *every* element that
its meaning depends on under an index of its own, never a combination computed beforehand: only what
is serialised is bound by the challenge. Constants stand on the left, as part of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from zkperf.errors import InvalidProof
from zkperf.groups.base import Group


@dataclass(frozen=True)
class LinearEquation:
    """One row: Σ coefficient·P_element over ``image`` = Σ coefficient·s_scalar·P_element over ``terms``."""

    image: tuple[tuple[int, int], ...]
    """Pairs (element index, coefficient)."""
    terms: tuple[tuple[int, int, int], ...]
    """Triples (scalar index, element index, coefficient)."""


@dataclass(frozen=True, eq=False)
class LinearRelation:
    """The instance: a group, its elements by index (index 0 is the generator) and the equations.

    A relation that exists is valid: construction checks the ten conditions of the draft's section
    "Instance validation" and raises InvalidProof, because a proof of an invalid one would attest
    nothing. Coefficients are reduced scalars (ValueError otherwise, on serialisation).
    """

    group: Group
    elements: tuple[Any, ...]
    equations: tuple[LinearEquation, ...]
    images: tuple[Any, ...] = field(init=False)
    """The left-hand side of each equation, as an element."""
    num_scalars: int = field(init=False)
    """The length of the witness."""

    def __post_init__(self) -> None:
        self._check_structure()
        self._check_elements()

    def _check_structure(self) -> None:
        """Conditions 1 to 7. That indices fit into four bytes follows from 4 and 6, counts aside."""
        if not self.equations:
            raise InvalidProof("relation without an equation")
        if any(not row.image or not row.terms for row in self.equations):
            raise InvalidProof("equation without an image or without terms")
        used_elements = {index for row in self.equations for index, _ in row.image}
        used_elements |= {index for row in self.equations for _, index, _ in row.terms}
        used_scalars = {index for row in self.equations for index, _, _ in row.terms}
        if min(used_elements | used_scalars) < 0:
            raise InvalidProof("negative index")
        if max(used_elements) >= len(self.elements):
            raise InvalidProof("index without an element")
        if len(used_elements | {0}) != len(self.elements):
            raise InvalidProof("element that no equation uses")
        object.__setattr__(self, "num_scalars", 1 + max(used_scalars))
        if len(used_scalars) != self.num_scalars:
            raise InvalidProof("scalar that no equation constrains")
        if self.elements[0] != self.group.generator:
            raise InvalidProof("the first element is not the generator")

    def _check_elements(self) -> None:
        """Conditions 8 to 10: nothing that would make an equation hold for every witness."""
        group, zero = self.group, self.group.identity
        if any(element == zero for element in self.elements):
            raise InvalidProof("the identity is an element of the relation")
        images = tuple(
            _sum_of_products(group, [c for _, c in row.image], [self.elements[k] for k, _ in row.image])
            for row in self.equations
        )
        if any(image == zero for image in images):
            raise InvalidProof("an equation's image is the identity")
        object.__setattr__(self, "images", images)
        remaining = set(range(self.num_scalars))
        for row in self.equations:
            remaining -= {i for i in {i for i, _, _ in row.terms} & remaining if not self._cancels(row, i)}
        if remaining:
            raise InvalidProof("a scalar cancels out of every equation")

    def _cancels(self, row: LinearEquation, scalar: int) -> bool:
        """Whether the row is the same for every value of the scalar."""
        coefficients = [(c, k) for i, k, c in row.terms if i == scalar]
        if len(coefficients) == 1:
            # No element is the identity: no group arithmetic is needed to see this.
            return coefficients[0][0] % self.group.order == 0
        factors, indices = [c for c, _ in coefficients], [k for _, k in coefficients]
        total = _sum_of_products(self.group, factors, [self.elements[k] for k in indices])
        return bool(total == self.group.identity)

    def products(self, row: LinearEquation, scalars: Sequence[int]) -> tuple[list[int], list[Any]]:
        """The right-hand side of ``row`` at ``scalars``, as the scalars and elements of a sum of products."""
        order = self.group.order
        return (
            [coefficient * scalars[i] % order for i, _, coefficient in row.terms],
            [self.elements[k] for _, k, _ in row.terms],
        )

    def serialize(self) -> bytes:
        """The draft's ``SerializeLinearRelation``: prefix-free, and the generator goes without saying."""
        encode_scalar = self.group.encode_scalar
        parts = [_count(self.equations)]
        for row in self.equations:
            parts.append(_count(row.image))
            for element, coefficient in row.image:
                parts += [_index(element), encode_scalar(coefficient)]
            parts.append(_count(row.terms))
            for scalar, element, coefficient in row.terms:
                parts += [_index(scalar), _index(element), encode_scalar(coefficient)]
        parts += [self.group.encode(element) for element in self.elements[1:]]
        return b"".join(parts)


def same_logarithm(group: Group, key: Any, base: Any, point: Any) -> LinearRelation:
    """PK{ (t): key = t·B, point = t·base }: ``point`` is what the holder of ``key`` makes of ``base``."""
    rows = (LinearEquation(((1, 1),), ((0, 0, 1),)), LinearEquation(((3, 1),), ((0, 2, 1),)))
    return LinearRelation(group, (group.generator, key, base, point), rows)


def _sum_of_products(group: Group, coefficients: Sequence[int], elements: Sequence[Any]) -> Any:
    # Public coefficients are mostly 1, and adding is much faster than multiplying.
    if all(coefficient == 1 for coefficient in coefficients):
        return sum(elements, start=group.identity)
    return group.msm_public(coefficients, elements)


def _index(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _count(items: Sequence[Any]) -> bytes:
    return _index(len(items))
