from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.equivalent import StaleEntry, equivalents
from tests.mutants.find import Mutant, all_mutants
from tests.mutants.kernel import kernel_mutants

MUTANT = Mutant("zkperf/a.py", "", 0, "if", "f", 7, (7, 7), "a < b", "never refuses")
ENTRY = """
[[mutant]]
file = "zkperf/a.py"
where = "f"
check = "a < b"
effect = "never refuses"
reason = "It follows
          from another."
""".replace('"It', '"""It').replace('r."', 'r."""')


def table(folder: Path, text: str) -> Path:
    path = folder / "table.toml"
    path.write_text(text)
    return path


def test_an_entry_names_a_mutant_and_the_reason(tmp_path: Path) -> None:
    other = replace(MUTANT, where="g")
    found = equivalents([other, MUTANT], table(tmp_path, ENTRY))
    assert found == {MUTANT: "It follows from another."}


@pytest.mark.parametrize("field", ["where", "check", "effect"])
def test_an_entry_that_fits_nothing_is_an_error(tmp_path: Path, field: str) -> None:
    with pytest.raises(StaleEntry):
        equivalents([replace(MUTANT, **{field: "other"})], table(tmp_path, ENTRY))


def test_entries_about_other_files_do_not_matter(tmp_path: Path) -> None:
    assert equivalents([replace(MUTANT, file="zkperf/b.py")], table(tmp_path, ENTRY)) == {}


@pytest.mark.parametrize("text", [ENTRY.replace("reason", "because"), ENTRY.partition("reason")[0]])
def test_an_entry_needs_a_reason(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="expected file, where, check, effect and a reason"):
        equivalents([MUTANT], table(tmp_path, text))


def test_the_table_fits_the_project() -> None:
    equivalents([*all_mutants(), *kernel_mutants()])
