"""Mutants of the Rust kernel: it is compiled once, with every check behind a switch.

Rust has no import hook, and compiling takes long. So a copy of the sources is made in which each check asks
whether it is the one that is out: `mutant::is("native/src/…:n")` looks at the environment. What is a check
is told by the lines, which rustfmt has put into form.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from tests.mutants.find import ROOT, Mutant

NATIVE = ROOT / "native"
TARGET = NATIVE / "target" / "mutants"

SWITCH = """
pub fn is(name: &str) -> bool {
    static ONE: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ONE.get_or_init(|| std::env::var("ZKPERF_MUTANT").ok()).as_deref() == Some(name)
}
"""

BINDING = re.compile(r"(sponge\.update|transcript\.append_\w+|cbor::write_\w+)\((.*)\);")
CHECKING = re.compile(r"(check_\w+|same_length)\(.*\)\?;")
EITHER = re.compile(r"if (.+) \{ Ok\((.*)\) \} else \{ Err\((.*)\) \}")
ANSWER = re.compile(r".*(\.is_identity\(\)|== blst_fp12::default\(\))")
CULPRITS = re.compile(r"for culprit in (\w+) \{")
INDEFINITE = re.compile(r"_ => return (Err\(.*\)),")
WEIGHTS = {
    "let weights: Vec<Scalar> = candidate.weights.iter().map(scalar).collect();": (
        ("weights[0] = Scalar::ZERO;", "without the first commitment's equation"),
        ("if weights.len() > 3 { weights[1] = Scalar::ZERO; }", "without the second commitment's equation"),
        ("weights[statement.equations() - 2] = Scalar::ZERO;", "without the equation of the bits"),
        ("weights[statement.equations() - 1] = Scalar::ZERO;", "without the equation of the keys"),
    ),
    "share.weights = random_weights(round.statement.layout.commitments.len());": (
        ("share.weights[0] = [0; 16];", "without the first commitment's share"),
        ("share.weights.iter_mut().skip(1).for_each(|w| *w = [0; 16]);", "without the other commitments'"),
    ),
    "let weights = [scalar(&candidate.weights[0]), scalar(&candidate.weights[1])];": (
        ("weights[0] = Scalar::ZERO;", "without the polynomial's equation"),
        ("weights[1] = Scalar::ZERO;", "without the inner product's equation"),
    ),
    'getrandom::fill(&mut bytes).expect("the operating system gives random bytes");': (
        ("bytes.fill(0);", "every weight is 1"),
    ),
}
"""Where weights are drawn, and what makes them useless: a weight of zero leaves its equation out."""


def kernel_files() -> list[Path]:
    """The kernel's sources, in order."""
    return sorted((NATIVE / "src").rglob("*.rs"))


def kernel_mutants(only: Sequence[str] = ()) -> list[Mutant]:
    """The mutants of the kernel, or of those of its files that are in ``only``."""
    wanted = [(ROOT / item).resolve() for item in only]
    return [
        mutant
        for path in kernel_files()
        if not wanted or any(path.is_relative_to(item) for item in wanted)
        for mutant in switched(str(path.relative_to(ROOT)), path.read_text())[1]
    ]


def build(folder: Path) -> Path:
    """The kernel with all switches, compiled from a copy in ``folder``. CalledProcessError if that fails."""
    copy = folder / "native"
    shutil.copytree(NATIVE, copy, ignore=shutil.ignore_patterns("target"))
    for path in kernel_files():
        text, _ = switched(str(path.relative_to(ROOT)), path.read_text())
        (copy / path.relative_to(NATIVE)).write_text(text)
    (copy / "src" / "mutant.rs").write_text(SWITCH)
    library = copy / "src" / "lib.rs"
    library.write_text(library.read_text().replace("\nmod ", "\nmod mutant;\nmod ", 1))
    subprocess.run(
        ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", str(TARGET)],
        cwd=copy,
        env={
            **os.environ,
            "PYO3_BUILD_EXTENSION_MODULE": "1",
            "PYO3_PYTHON": sys.executable,
            "CARGO_PROFILE_RELEASE_LTO": "off",
            "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        },
        check=True,
    )
    built = folder / "_native.abi3.so"
    shutil.copy(TARGET / "release" / "lib_native.so", built)
    return built


def switched(file: str, source: str) -> tuple[str, list[Mutant]]:
    """The source of one file with a switch at every check, and the mutants that the switches make."""
    digest = sha256(source.encode()).hexdigest()
    lines = source.split("\n")
    found: list[Mutant] = []
    function = ""
    out = []
    for number, line in enumerate(lines):
        if match := re.search(r"\bfn (\w+)", line):
            function = match[1]

        def switch(kind: str, check: str, effect: str, number: int = number, function: str = function) -> str:
            """The condition that is true for the next mutant."""
            place = (number + 1, number + 1)
            name = f"{file}:{len(found)}"
            found.append(Mutant(file, digest, len(found), kind, function, number + 1, place, check, effect))
            return f'crate::mutant::is("{name}")'

        indent = line[: len(line) - len(line.lstrip())]
        out.append(indent + _switched_line(line.strip(), lines[number + 1 :], indent, switch))
    return "\n".join(out), found


Switch = Callable[[str, str, str], str]


def _switched_line(line: str, after: Sequence[str], indent: str, switch: Switch) -> str:
    if match := EITHER.fullmatch(line):
        condition, good, bad = match.groups()
        passes = f"({condition}) | {switch('if', condition, 'never refuses')}"
        return f"if {passes} {{ Ok({good}) }} else {{ Err({bad}) }}"
    if line.startswith("if ") and line.endswith(" {"):
        condition, block = line[3:-2], list(_block(after, indent))
        if any(item.startswith(("return Err(", "return None;")) for item in block):
            kept = f"!{switch('if', condition, 'never refuses')}"
            return f"if {kept} && ({_operands(condition, switch)}) {{"
        if block == ["return Ok(());"] and after[2].strip().startswith("Err("):
            return f"if ({condition}) | {switch('if', condition, 'never refuses')} {{"
    elif CHECKING.fullmatch(line):
        return f"if !{switch('call', line, 'left out')} {{ {line} }}"
    elif BINDING.fullmatch(line):
        return f"if !{switch('binding', line, 'left out')} {{ {line} }}"
    elif ANSWER.fullmatch(line):
        return f"({line}) | {switch('answer', line, 'always says yes')}"
    elif match := CULPRITS.fullmatch(line):
        named = f"|_| !{switch('call', match[1], 'finds nothing')}"
        return f"for culprit in {match[1]}.into_iter().filter({named}) {{"
    elif match := INDEFINITE.fullmatch(line):
        passes = switch("raise", line, "does not refuse")
        return f"_ => if {passes} {{ (0, 0) }} else {{ return {match[1]} }},"
    elif line in WEIGHTS:
        return " ".join([line.replace("let weights", "let mut weights"), *_useless(line, switch)])
    return line


def _block(after: Sequence[str], indent: str) -> Iterator[str]:
    for line in after:
        if line.startswith(f"{indent}}}"):
            return
        yield line.strip()


def _operands(condition: str, switch: Switch) -> str:
    """The condition, with a switch for each operand if there are several."""
    operands = condition.split(" || ")
    if len(operands) == 1:
        return condition
    return " || ".join(
        f"(({operand}) && !{switch('operand', condition, f'without `{operand}`')})" for operand in operands
    )


def _useless(line: str, switch: Switch) -> Iterator[str]:
    for change, effect in WEIGHTS[line]:
        yield f"if {switch('equation', line, effect)} {{ {change} }}"
