import ast
from textwrap import dedent

import pytest

from tests.mutants.find import ROOT, all_mutants, mutants, mutated, verifiers

RULES = "zkperf/ledger/rules/example.py"


def effects(source: str, file: str = "zkperf/example.py") -> list[tuple[str, str, str]]:
    """(kind, check, effect) of each mutant of this source."""
    return [(m.kind, m.check, m.effect) for m in mutants(file, dedent(source).encode())]


def without(source: str, file: str = "zkperf/example.py") -> list[str]:
    """The source as each of its mutants has it."""
    data = dedent(source).encode()
    return [ast.unparse(mutated(file, data, m.number)) for m in mutants(file, data)]


def body(*lines: str) -> str:
    return "\n".join(["def f(a, b, c):", *(f"    {line}" for line in lines)])


def test_a_condition_that_refuses() -> None:
    source = body("if a:", "    raise ValueError", "return b")
    assert effects(source) == [("if", "a", "never refuses")]
    assert without(source) == [body("if False:", "    raise ValueError", "return b")]


def test_a_condition_that_refuses_nothing_is_no_check() -> None:
    assert effects(body("if a:", "    return b", "return c")) == []


@pytest.mark.parametrize("verdict", ["out[a] = InvalidProof('x')", "report.fail('x', 0, 'y')"])
def test_a_refusal_that_is_written_down(verdict: str) -> None:
    source = "from zkperf.errors import InvalidProof\n" + body("if a:", f"    {verdict}", "    return")
    assert effects(source) == [("if", "a", "never refuses")]


def test_each_operand_of_a_condition() -> None:
    source = body("if a or not (b and c):", "    raise ValueError")
    assert without(source)[1:] == [
        body(f"if {condition}:", "    raise ValueError")
        for condition in (
            "False or not (b and c)",
            "a or False",
            "a or not (True and c)",
            "a or not (b and True)",
        )
    ]


def test_each_link_of_a_chain() -> None:
    source = body("if not a < b <= c:", "    raise ValueError")
    assert without(source)[1:] == [
        body(f"if not {condition}:", "    raise ValueError") for condition in ("b <= c", "a < b")
    ]


def test_each_entry_of_compared_pairs() -> None:
    source = body("if (a, b) != (b, c):", "    raise ValueError")
    assert without(source)[1:] == [
        body(f"if {condition}:", "    raise ValueError") for condition in ("(b,) != (c,)", "(a,) != (b,)")
    ]


def test_a_name_in_a_condition_stands_for_its_value() -> None:
    source = body("good = a and b", "if not good:", "    raise ValueError")
    kinds = [effect for _, _, effect in effects(source)]
    assert kinds == ["without `a`", "without `b`", "never refuses"]


def test_a_name_assigned_within_a_condition_stays_assigned() -> None:
    source = body("if (d := a) > 1:", "    raise ValueError", "return d")
    assert without(source) == [body("if ((d := a) > 1, False)[1]:", "    raise ValueError", "return d")]


def test_calls_that_check() -> None:
    source = body("verify(a)", "self.check(b)", "require(a < b < c, 'x')", "show(a)", "d = decode(a)")
    assert effects(source) == [
        ("call", "verify(a)", "left out"),
        ("call", "self.check(b)", "left out"),
        ("call", "require(a < b < c, 'x')", "left out"),
        ("operand", "a < b < c", "without `a < b`"),
        ("operand", "a < b < c", "without `b < c`"),
    ]


def test_culprits_that_are_not_found() -> None:
    source = body("return [a[i] for i in verify_each(a, b)]")
    assert without(source) == [body("return [a[i] for i in []]")]


def test_values_that_are_let_pass() -> None:
    assert without(body("return check_range(a, 0, 1, 'x')")) == [body("return a")]


def test_every_phase() -> None:
    assert without(body("return find_round(a, b, c, D, E)")) == [body("return find_round(a, b, c)")]


def test_errors_that_are_swallowed_and_errors_at_the_end() -> None:
    source = body("try:", "    a()", "except KeyError:", "    raise ValueError", "raise TypeError")
    assert [kind for kind, _, _ in effects(source)] == ["except", "raise"]
    assert without(source)[0] == body("try:", "    a()", "except KeyError:", "    pass", "raise TypeError")


def test_answers() -> None:
    source = "def good(a, b) -> bool:\n    return a == b"
    assert without(source) == ["def good(a, b) -> bool:\n    return True"]


def test_equations() -> None:
    source = body("d = [Equation(a), Equation(b)]", "d.append(Equation(c))")
    assert without(source) == [
        body("d = [Equation(b)]", "d.append(Equation(c))"),
        body("d = [Equation(a)]", "d.append(Equation(c))"),
        body("d = [Equation(a), Equation(b)]", "pass"),
    ]


def test_bounds_of_fields() -> None:
    source = "Uint = Annotated[int, Field(ge=0, title='x')]"
    assert without(source) == ["Uint = Annotated[int, Field(title='x')]"]


def test_rules_also_pass_over() -> None:
    source = body("for d in a:", "    if b:", "        continue", "return [d for d in a if c]")
    assert effects(source) == []
    assert effects(source, RULES) == [("if", "b", "never refuses"), ("filter", "c", "passes all")]


def test_inputs_of_digests() -> None:
    source = body("d = [a, *b]", "return sha256(encode(d) + b'x').digest()")
    assert [(check, effect) for _, check, effect in effects(source)] == [
        ("a", "left out"),
        ("*b", "left out"),
        ("encode(d) + b'x'", "without `encode(d)`"),
        ("encode(d) + b'x'", "without `b'x'`"),
    ]


def test_inputs_of_messages() -> None:
    assert without(body("return b'label' + a")) == [body("return a"), body("return b'label'")]
    assert without(body("return f'x{a}'.encode()")) == [body("return f'x'.encode()")]
    assert without(body("transcript.absorb(a)")) == [body("pass")]
    assert effects(body("return a + b")) == []


def test_fields_of_a_record() -> None:
    source = """
    class Promise(Record):
        signature: bytes
        unit: int
        digest: bytes

        def message(self):
            return encode(self.to_array()[1:])
    """
    types = ["of any type"] * 3
    assert [effect for _, _, effect in effects(source)] == [
        *types,
        "without the field `unit`",
        "without the field `digest`",
    ]


def test_a_mutant_says_where_it_is() -> None:
    source = "class A:\n def f(self):\n  if (self.a and\n      self.b):\n   raise ValueError\n"
    first = mutants("zkperf/example.py", source.encode())[0]
    assert (first.name, first.where, first.line, first.lines) == ("zkperf/example.py:0", "A.f", 3, (3, 4))


def test_every_mutant_of_the_project_differs_and_compiles() -> None:
    for path in verifiers(["circuits/rating", "zkperf/ledger/log", "zkperf/tokens"]):
        source, file = path.read_bytes(), str(path.relative_to(ROOT))
        original = ast.unparse(ast.parse(source))
        for mutant in mutants(file, source):
            tree = mutated(file, source, mutant.number)
            assert ast.unparse(tree) != original, mutant
            compile(tree, file, "exec")


def test_only_some_files() -> None:
    files = {mutant.file for mutant in all_mutants(["zkperf/proofs", "zkperf/sharing.py"])}
    assert files == {
        "zkperf/proofs/batch.py",
        "zkperf/proofs/bits.py",
        "zkperf/proofs/bulletproofs.py",
        "zkperf/proofs/committed.py",
        "zkperf/proofs/forms.py",
        "zkperf/proofs/intervals.py",
        "zkperf/proofs/linear.py",
        "zkperf/proofs/relation.py",
        "zkperf/sharing.py",
    }
