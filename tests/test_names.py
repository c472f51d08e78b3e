"""One rule for names: the vectors, by the definition under every Python that is found and by the kernel."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.name_vectors import FOLDS, VECTORS, text
from zkperf import names_reference
from zkperf._native import fold_name, name_fault
from zkperf.errors import InputError, InvalidName
from zkperf.names import MAX_NAME, REASONS, check_name, check_names, fold

ROOT = Path(__file__).parents[1]
FILE = json.loads(VECTORS.read_text("ascii"))

RUN = """
import json, sys
from pathlib import Path
from zkperf import _native, names_reference

vectors = json.loads(Path("vectors/names.json").read_text("ascii"))
def text(points):
    return "".join(chr(int(point, 16)) for point in points)
for item in vectors["names"]:
    expected = None if item["fault"] is None else (item["fault"], item["place"])
    for rule in (names_reference, _native):
        assert rule.name_fault(text(item["points"])) == expected, item
for item in vectors["folds"]:
    for fold in (names_reference.fold, _native.fold_name):
        assert fold(text(item["points"])) == text(item["fold"]), item
print(len(vectors["names"]) + len(vectors["folds"]))
"""
"""The vectors, by the definition and by the kernel: they need nothing but an interpreter."""


def of(points: list[str]) -> str:
    return "".join(chr(int(point, 16)) for point in points)


def interpreters() -> dict[tuple[int, int], str]:
    """The Pythons on this machine that run, by their version."""
    names = [f"python3.{minor}" for minor in range(11, 20)]
    found = [path for name in names if (path := shutil.which(name))]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found += [str(path) for path in sorted(versions.glob("3.*/bin/python3"))]
    runs: dict[tuple[int, int], str] = {}
    for path in found:
        asked = [path, "-c", "import sys; print(*sys.version_info[:2])"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
        if said.returncode == 0:
            major, minor = map(int, said.stdout.split())
            if (major, minor) >= (3, 11):
                runs.setdefault((major, minor), path)
    return runs


def run(python: str) -> str:
    done = subprocess.run(
        [python, "-c", RUN],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_vectors_are_those_of_the_definition() -> None:
    assert VECTORS.read_text("ascii") == text(), "run python scripts/name_vectors.py"


def test_the_vectors_have_every_reason() -> None:
    assert {item["fault"] for item in FILE["names"]} == {None, *REASONS}


@pytest.mark.parametrize("item", FILE["names"], ids=lambda item: " ".join(item["points"][:8]))
def test_the_kernel_finds_the_faults_of_the_vectors(item: dict) -> None:
    expected = None if item["fault"] is None else (item["fault"], item["place"])
    assert name_fault(of(item["points"])) == expected


@pytest.mark.parametrize("item", FILE["folds"], ids=lambda item: " ".join(item["points"]))
def test_the_kernel_folds_as_the_vectors_say(item: dict) -> None:
    assert fold(of(item["points"])) == of(item["fold"])


def test_the_rule_is_the_same_under_this_python() -> None:
    assert run(sys.executable) == str(len(FILE["names"]) + len(FILE["folds"]))


def test_the_rule_is_the_same_under_every_other_python() -> None:
    others = {version: path for version, path in interpreters().items() if version != sys.version_info[:2]}
    if not others:
        pytest.skip("there is no Python 3.11 or later on this machine but the one that runs the tests")
    for path in others.values():
        assert run(path) == str(len(FILE["names"]) + len(FILE["folds"]))


def test_kernel_and_definition_agree_on_single_code_points() -> None:
    """All that the table names, and both sides of every range in it."""
    table = names_reference.table()
    ranges = [table.classes, table.joining, table.combining, *table._contexts.values()]
    points = {*table.folds, *table.decompositions, 0, 0x10FFFF}
    for one in ranges:
        for low, (high, _) in zip(one._starts, one._items, strict=True):
            points |= {max(low - 1, 0), low, high, min(high + 1, 0x10FFFF)}
    for point in points:
        one = chr(point)
        assert name_fault(one) == names_reference.name_fault(one), hex(point)
        if not 0xD800 <= point < 0xE000:
            assert fold_name(one) == names_reference.fold(one), hex(point)


def test_kernel_and_definition_agree_on_random_texts() -> None:
    """Of what is composed, folded, joined and reordered, so that the rules meet each other."""
    table = names_reference.table()
    often = "\u200c\u200d\ufe0f\u0020\u094d\u0915\u0628\u0301\u0323A\u1820\u180e\u180b\u1100\u1161\u11a8"
    often += "\U0001f468\U0001f3fb\u2764\ud800"
    rare = [*map(chr, table.decompositions), *map(chr, table.folds)]
    chance = random.Random(11)
    for _ in range(20_000):
        pool = rare if chance.random() < 0.4 else list(often)
        made = "".join(chance.choice(pool) for _ in range(chance.randint(1, 6)))
        assert name_fault(made) == names_reference.name_fault(made), ascii(made)
        if "\ud800" not in made:
            assert fold_name(made) == names_reference.fold(made), ascii(made)


def test_look_alikes_have_one_fold() -> None:
    for one, other in FOLDS:
        assert fold(one) == fold(other), (ascii(one), ascii(other))
    assert fold("Café") != fold("Cafe")


def test_normalization_is_that_of_the_interpreter_where_it_knows_the_characters() -> None:
    import unicodedata

    table = names_reference.table()
    for point in {*table.decompositions, *range(0xAC00, 0xD7A4, 7)}:
        # the fold of what is folded already is its normal form
        for said in (chr(point), unicodedata.normalize("NFD", chr(point)), chr(point) + "\u0301\u0323"):
            folded = fold(said)
            if unicodedata.category(chr(point)) != "Cn":
                assert folded == unicodedata.normalize("NFC", folded), hex(point)
            fault = name_fault(said)
            if fault is None or fault[0] == "composed":
                assert (fault is None) == unicodedata.is_normalized("NFC", said), hex(point)


def test_a_bad_name_is_refused_by_a_message_that_says_where_and_why() -> None:
    with pytest.raises(
        InvalidName, match=r"^unit 3: it has an invisible character .*U\+200B, character 4\)"
    ) as refused:
        check_name("Lib\u200brary", "unit 3")
    assert "\\u200b" in str(refused.value) and "\u200b" not in str(refused.value)
    assert isinstance(refused.value, InputError) and refused.value.check == "names"
    with pytest.raises(InvalidName, match=r"^grade 2: a name is missing$"):
        check_name("", "grade 2")
    check_name("x" * MAX_NAME, "name")


def test_names_that_read_alike_are_refused() -> None:
    check_names(["A", "B", "Ä"], "grade")
    with pytest.raises(InvalidName, match=r"^grade 'a' reads like grade 'A'$"):
        check_names(["A", "B", "a"], "grade")
    with pytest.raises(InvalidName, match=r"^grade 'A' occurs twice$"):
        check_names(["A", "A"], "grade")
    with pytest.raises(InvalidName, match=r"^option 2: a name is missing$"):
        check_names(["A", ""], "option")


def test_half_a_character_does_not_fold() -> None:
    with pytest.raises(InvalidName, match="half a character"):
        fold("\ud83d")
