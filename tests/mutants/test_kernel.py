from textwrap import dedent

import pytest

from tests.mutants.kernel import kernel_mutants, switched

FILE = "native/src/a.rs"


def on(number: int) -> str:
    return f'crate::mutant::is("{FILE}:{number}")'


def after(source: str) -> str:
    return switched(FILE, dedent(source))[0].strip()


@pytest.mark.parametrize(
    "refusal", ["return Err(bad());", "let x = 1;\n    return Err(bad(x));", "return None;"]
)
def test_a_condition_that_refuses(refusal: str) -> None:
    assert after(f"if a {{\n    {refusal}\n}}") == f"if !{on(0)} && (a) {{\n    {refusal}\n}}"


def test_each_operand() -> None:
    text, mutants = switched(FILE, "if a || !b {\n    return Err(bad());\n}")
    assert text.startswith(f"if !{on(0)} && (((a) && !{on(1)}) || ((!b) && !{on(2)})) {{\n")
    assert [mutant.effect for mutant in mutants] == ["never refuses", "without `a`", "without `!b`"]


def test_a_condition_that_accepts() -> None:
    assert (
        after("if a? { Ok(()) } else { Err(bad()) }")
        == f"if (a?) | {on(0)} {{ Ok(()) }} else {{ Err(bad()) }}"
    )
    accepts = "if a {\n    return Ok(());\n}\nErr(bad())"
    assert after(accepts) == accepts.replace("if a {", f"if (a) | {on(0)} {{")


@pytest.mark.parametrize(
    "source", ["if a {\n    work();\n}", "if a {\n    return Ok(b);\n}\nOk(c)", "work();"]
)
def test_the_rest_stays_as_it_is(source: str) -> None:
    assert switched(FILE, source) == (source, [])


def test_calls_answers_culprits_and_bindings() -> None:
    assert after("check_dst(dst)?;") == f"if !{on(0)} {{ check_dst(dst)?; }}"
    assert after("sum.is_identity()") == f"(sum.is_identity()) | {on(0)}"
    assert after("for culprit in bad {") == f"for culprit in bad.into_iter().filter(|_| !{on(0)}) {{"
    assert after("sponge.update(first);") == f"if !{on(0)} {{ sponge.update(first); }}"


def test_a_mutant_says_where_it_is() -> None:
    _, [mutant] = switched(FILE, "fn f() {\n    check_dst(dst)?;\n}")
    assert (mutant.name, mutant.where, mutant.line, mutant.check) == (f"{FILE}:0", "f", 2, "check_dst(dst)?;")


def test_the_kernel_has_the_checks_that_are_known() -> None:
    checks = {(mutant.where, mutant.check) for mutant in kernel_mutants()}
    assert ("decode", "point.is_identity()") in checks
    assert ("strict", "!unsafe { $in_group(&affine) }") in checks
    effects = [mutant.effect for mutant in kernel_mutants(["native/src/rating/batch.rs"])]
    assert "without the equation of the bits" in effects
    assert "every weight is 1" in effects
