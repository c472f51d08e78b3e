from __future__ import annotations

from pathlib import Path

import pytest

from zkperf.cli.units import load_providers, load_units, services_under
from zkperf.errors import InputError
from zkperf.ledger.figure_transactions import Place
from zkperf.ledger.transactions import Unit

KEY = bytes(range(32))

TREE = """city,district,service
Springfield,North,Library
Springfield,North,Surgery
Springfield,South,Library

Springfield,Town hall,
"""


def units_of(tmp_path: Path, text: str) -> tuple[Unit, ...]:
    file = tmp_path / "units.csv"
    file.write_bytes(text.encode("utf-8"))
    return load_units(file, KEY)


def test_a_tree_of_three_levels(tmp_path: Path) -> None:
    for text in (TREE, "\ufeff" + TREE.replace("\n", "\r\n")):
        assert [(unit.name, unit.parent, unit.registrar) for unit in units_of(tmp_path, text)] == [
            ("Springfield", None, None),
            ("North", 0, None),
            ("Library", 1, KEY),
            ("Surgery", 1, KEY),
            ("South", 0, None),
            ("Library", 4, KEY),
            ("Town hall", 0, KEY),
        ]


def test_services_under_one_root() -> None:
    units = services_under("all", ["B", "A"], KEY)
    assert [(unit.name, unit.parent, unit.registrar) for unit in units] == [
        ("all", None, None),
        ("B", 0, KEY),
        ("A", 0, KEY),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a header that names the levels"),
        ("city,service\n", "a header that names the levels"),
        ("city,service\nA,B\nC,D\n", "row 3: expected the root 'A'"),
        ("city,service\nA,\n", "row 2: expected the root 'A', then at least one more"),
        ("city,service\n,B\n", "row 2, column 1: a name is missing"),
        ("city,service\nA,B,C\n", "row 2: has 3 fields, the header has 2"),
        ("city,service\nA,B\nA,B\n", "row 3: this service is there twice"),
        ("a,b,service\nA,B,C\nA,B,\n", "row 3: 'B' has units below it"),
        ("a,b,service\nA,B,\nA,B,C\n", "row 3: 'B' is a service"),
        ("city,service\nA, B\n", "row 2, column 2: it begins or ends with a blank"),
        ("city,service\nA,B\u202eC\n", "row 2, column 2: it has an invisible character"),
        ("city,service\nA,B\nA,b\n", "row 3: 'b' reads like 'B' in row 2: write one of them"),
        ("a,b,service\nA,B,C\nA,Ｂ,D\n", "row 3: 'Ｂ' reads like 'B' in row 2: write one of them"),
        ("A,B\nA,C\n", "row 1: expected a header that names the levels from the root down"),
        ("service\nA\n", "row 1: expected a header that names the levels from the root down"),
        (f"city,service\nA,{'B' * 201}\n", "row 2, column 2: a name has at most 200"),
        ('city,service\nA,"B\n', "row 2: not CSV"),
    ],
)
def test_what_makes_no_tree_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=r"units\.csv: ") as caught:
        units_of(tmp_path, text)
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_units(tmp_path / "missing.csv", KEY)
    (tmp_path / "latin.csv").write_bytes("city,service\nA,Café\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        load_units(tmp_path / "latin.csv", KEY)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["A", "A"], "--unit 'A' occurs twice"),
        (["A", "a"], "--unit 'a' reads like --unit 'A'"),
        ([""], "--unit 1: a name is missing"),
        (["a\u00a0b"], "--unit 1: it has a line break, a tab or a blank other than the plain one"),
    ],
)
def test_services_that_are_none(names: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        services_under("all", names, KEY)


# -- providers ----------------------------------------------------------------------------------------


def providers(folder: Path, text: str) -> tuple[Place, ...]:
    (folder / "P.csv").write_text(text, "utf-8")
    return load_providers(folder / "P.csv")


def test_providers_with_their_keys(tmp_path: Path) -> None:
    one, two, three = (bytes([n]) * 32 for n in (1, 2, 3))
    text = f"a,b,c,key\nall,North,A,{one.hex()}\nall,South,B,{two.hex()}\nall,C,,{three.hex()}\n"
    assert providers(tmp_path, text) == (
        Place(name="all", parent=None, provider=None),
        Place(name="North", parent=0, provider=None),
        Place(name="A", parent=1, provider=one),
        Place(name="South", parent=0, provider=None),
        Place(name="B", parent=3, provider=two),
        Place(name="C", parent=0, provider=three),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("all,home\nall,A\n", "a last one 'key'"),
        ("all,key\nall,K\n", "a last one 'key'"),
        ("all,home,key\nall,A\n", "row 2: has 2 fields"),
        ("all,home,key\nall,A,12\n", "row 2, column key: expected a public key"),
        ("all,home,key\nall,A,K\nall,B,K\n", "row 3: this key is in row 2 already"),
        (
            "all,g,home,key\nall,N,A,K\nall,S,A,L\n",
            "row 3: a provider of this name, .* is in row 2",
        ),
        ("all,home,key\n", "one row for each provider"),
    ],
)
def test_what_are_no_providers(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        providers(tmp_path, text.replace("K", "ab" * 32).replace("L", "cd" * 32))
