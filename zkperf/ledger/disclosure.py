"""Which totals may be opened: the rule that keeps small groups hidden (protocol, section 8).

Everything published is a union of disjoint groups that hold at least k_min ratings each, so nothing
smaller follows by subtraction. The rule works on numbers of ratings alone, which are public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_LEVELS = 32
"""How deep a tree of units may be: the rule goes down it by recursion."""


class Reason(StrEnum):
    """Why a node is withheld."""

    EMPTY = "no ratings"
    SMALL = "fewer than the minimum"
    SHIELD = "protects a smaller group"
    PARENT = "its parent is withheld"
    TOTAL = "not pooled: tied to a published total"


@dataclass(frozen=True)
class Tree:
    """A round's units, parents first: ``parents[i]`` is the parent of unit i, None for the root, unit 0."""

    parents: tuple[int | None, ...]

    def children(self, unit: int) -> list[int]:
        return [child for child, parent in enumerate(self.parents) if parent == unit]

    def leaves(self) -> list[int]:
        inner = set(self.parents)
        return [unit for unit in range(len(self.parents)) if unit not in inner]

    def below(self, unit: int) -> list[int]:
        """The leaves at or under ``unit``, in order."""
        found = []
        for leaf in self.leaves():
            node: int | None = leaf
            while node is not None and node != unit:
                node = self.parents[node]
            if node == unit:
                found.append(leaf)
        return found


@dataclass(frozen=True)
class Publication:
    """What may be opened, once for all: ``withheld[unit]`` says why not; every other unit is published."""

    size: int
    withheld: Mapping[int, Reason]

    @property
    def published(self) -> list[int]:
        return [unit for unit in range(self.size) if unit not in self.withheld]


def disclose(
    tree: Tree, numbers: Mapping[int, int], min_cohort: int, before: Publication | None = None
) -> Publication:
    """The publication for these ``numbers`` of counted ratings per unit.

    With ``before``, the rule runs again on the numbers of those who answered one optional question:
    ``numbers`` are then known for the units published in ``before``; what is withheld stays so.
    A unit with no ratings is EMPTY: nothing is opened for it, and it counts as published for the rule,
    since subtracting it yields nothing.
    """
    withheld: dict[int, Reason] = dict(before.withheld) if before else {}

    def withhold_below(unit: int) -> None:
        for child in tree.children(unit):
            withheld.setdefault(child, Reason.PARENT)
            withhold_below(child)

    def visit(unit: int) -> None:
        """``unit`` is published: settle its children."""
        children = tree.children(unit)
        shown = [child for child in children if child not in withheld and numbers[child] > 0]
        for child in children:
            if child not in withheld and numbers[child] == 0:
                withheld[child] = Reason.EMPTY
                withhold_below(child)

        def withhold(child: int, reason: Reason) -> None:
            shown.remove(child)
            withheld[child] = reason
            withhold_below(child)

        for child in [child for child in shown if numbers[child] < min_cohort]:
            withhold(child, Reason.SMALL)
        # Subtracting every published child from its parent gives the hidden children together. Where they
        # have enough they are at least two: one alone would be hidden only if it is smaller than that.
        while shown:
            remainder = numbers[unit] - sum(numbers[child] for child in shown)
            if remainder == 0 or remainder >= min_cohort:
                break
            withhold(min(shown, key=lambda child: (numbers[child], child)), Reason.SHIELD)
        for child in shown:
            visit(child)

    root = 0
    if root not in withheld:
        if numbers[root] == 0:
            withheld[root] = Reason.EMPTY
        elif numbers[root] < min_cohort:
            withheld[root] = Reason.SMALL
        if root in withheld:
            withhold_below(root)
        else:
            visit(root)
    return Publication(len(tree.parents), withheld)


def withhold_all(tree: Tree, reason: Reason) -> Publication:
    """The publication in which no unit is."""
    size = len(tree.parents)
    return Publication(size, dict.fromkeys(range(size), reason))


def totals(tree: Tree, leaf_numbers: Mapping[int, int]) -> dict[int, int]:
    """The number of every unit from the numbers of the leaves."""
    return {
        unit: sum(leaf_numbers.get(leaf, 0) for leaf in tree.below(unit)) for unit in range(len(tree.parents))
    }


def check_tree(parents: Sequence[int | None]) -> Tree:
    """The tree with these parents. ValueError unless unit 0 is the only root, parents come first, and
    there are at most MAX_LEVELS levels below the root."""
    if not parents or parents[0] is not None:
        raise ValueError("unit 0 must be the root")
    levels = [0]
    for unit, parent in enumerate(parents[1:], start=1):
        if parent is None or not 0 <= parent < unit:
            raise ValueError(f"unit {unit}: its parent must be listed before it")
        levels.append(levels[parent] + 1)
        if levels[unit] > MAX_LEVELS:
            raise ValueError(f"unit {unit}: more than {MAX_LEVELS} levels below the root")
    return Tree(tuple(parents))
