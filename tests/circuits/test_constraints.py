"""Linear rules over bits and their reduced echelon form."""

from __future__ import annotations

from itertools import product

import pytest

from circuits.constraints import Rule, System, apply, reduce


def solutions(system: System) -> set[tuple[int, ...]]:
    return {
        bits
        for bits in product((0, 1), repeat=system.size)
        if all(sum(c * bits[bit] for bit, c in terms.items()) == total for terms, total in system.rules)
    }


def solutions_of_rules(size: int, rules: tuple[Rule, ...]) -> set[tuple[int, ...]]:
    return {
        bits
        for bits in product((0, 1), repeat=size)
        if all(bits[rule.pivot] == rule.constant + sum(c * bits[b] for b, c in rule.terms) for rule in rules)
    }


def test_reduced_rules_have_the_same_solutions_and_free_pivots_only() -> None:
    system = System()
    x = system.bits(7)
    system.rule({x[0]: 1, x[1]: 1, x[2]: 1, x[3]: -2, x[4]: -1}, 1)
    system.rule({x[4]: 1, x[5]: 1, x[6]: -1}, 0)
    rules = reduce(system)
    assert [rule.pivot for rule in rules] == [4, 6]
    assert all(bit not in (4, 6) for rule in rules for bit, _ in rule.terms)
    assert solutions_of_rules(system.size, rules) == solutions(system)


def test_later_pivots_are_put_into_earlier_rules() -> None:
    system = System()
    system.bits(3)
    system.rule({0: 1, 1: 1, 2: 1}, 2)  # pivot 2 = 2 - b0 - b1
    system.rule({0: 1, 1: -1}, 0)  # pivot 1 = b0
    assert reduce(system) == (Rule(1, 0, ((0, 1),)), Rule(2, 2, ((0, -2),)))


def test_a_disclosed_bit_is_a_pivot_only_if_nothing_else_can_be() -> None:
    system = System()
    a, b = system.bits(2)
    system.slot({b: 1})
    system.rule({a: 1, b: 1}, 1)
    assert [rule.pivot for rule in reduce(system)] == [a]
    system.slot({a: 1})
    assert [rule.pivot for rule in reduce(system)] == [b]


def test_pivots_have_coefficient_one() -> None:
    system = System()
    system.bits(2)
    system.rule({0: 1, 1: 2}, 1)
    assert reduce(system) == (Rule(0, 1, ((1, -2),)),)


@pytest.mark.parametrize("terms", [{0: 2, 1: 3}, {0: 1, 1: 1}])
def test_rules_without_a_bit_to_solve_for(terms: dict[int, int]) -> None:
    system = System()
    system.bits(2)
    system.rule({0: 1, 1: 1}, 1)
    system.rule(terms, 1)
    if terms == {0: 1, 1: 1}:  # the same rule again
        with pytest.raises(ValueError, match="no bit to solve for"):
            reduce(system)
    else:  # 2·b0 + 3·(1 - b0) = 1 still has b0 to solve for
        assert len(reduce(system)) == 2


def test_slots_and_rows() -> None:
    system = System()
    x = system.bits(3)
    assert (system.slot({x[2]: 4, x[0]: 1, x[1]: 0}), system.slot({x[1]: 1})) == (0, 1)
    other = system.commitment()
    assert (other, system.slot({x[2]: 2}, other)) == (1, 0)
    assert system.commitments == [[((0, 1), (2, 4)), ((1, 1),)], [((2, 2),)]]
    assert system.disclosed_bits() == {1}
    assert apply(system.commitments[0], [5, 6, 7]) == [33, 6]
