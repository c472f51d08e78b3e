"""The digest of the rules changes with everything that decides, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zkperf.roles import software


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Small packages in the place of the real ones."""
    for path, content in {
        "zkperf/__init__.py": b"",
        "zkperf/ledger/rules/ratings.py": b"floor = 2",
        "zkperf/_native.abi3.so": b"kernel",
        "circuits/layout.py": b"",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    monkeypatch.setattr(software, "files", lambda package: tmp_path / package)
    yield tmp_path


@pytest.fixture
def digest() -> Iterator[Callable[[], str]]:
    """Computed anew each time; what was computed before is put aside."""
    yield software.software_digest.__wrapped__


def test_it_follows_every_rule_and_the_kernel(packages: Path, digest: Callable[[], str]) -> None:
    seen = {digest()}
    rule = packages / "zkperf/ledger/rules/ratings.py"
    for change in (
        lambda: rule.write_bytes(b"floor = 3"),
        lambda: (packages / "zkperf/_native.abi3.so").write_bytes(b"kernel of another build"),
        lambda: (packages / "circuits/layout.py").write_bytes(b"pass"),
        lambda: (packages / "zkperf/ledger/rules/more.py").write_bytes(b""),
        lambda: rule.rename(rule.with_name("renamed.py")),
    ):
        change()
        assert digest() not in seen
        seen.add(digest())


def test_it_follows_the_libraries(
    packages: Path, digest: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest()
    monkeypatch.setattr(software, "version", lambda name: "0" if name == "cbor2" else "1")
    after = digest()
    monkeypatch.setattr(software, "version", lambda name: "1")
    assert len({before, after, digest()}) == 3


def test_it_does_not_follow_what_decides_nothing(packages: Path, digest: Callable[[], str]) -> None:
    before = digest()
    for name in ("zkperf/__pycache__/x.cpython-311.pyc", "zkperf/_native.pyi", "zkperf/page.css"):
        (packages / name).parent.mkdir(exist_ok=True)
        (packages / name).write_bytes(b"x")
    assert digest() == before


def test_of_the_real_packages_it_takes_in_rules_circuits_and_kernel() -> None:
    names = {
        name for package in software.PACKAGES for name, _ in software._files(software.files(package), package)
    }
    assert {"zkperf/ledger/rules/ratings.py", "circuits/rating/verifier.py", "zkperf/signatures.py"} <= names
    assert any(name.startswith("zkperf/_native") for name in names)
    assert len(software.software_digest()) == 64
