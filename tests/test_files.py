"""Private folders and files are private whatever the umask says, and whatever was there before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from zkperf.files import create_private, private_folder, write_private

UMASKS = (0o000, 0o022, 0o077, 0o277, 0o777)


@pytest.fixture(params=UMASKS, ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_a_folder_and_the_parents_made_for_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    made = private_folder(tmp_path / "ledger" / "keys" / "member-1")
    assert made.is_dir()
    assert [mode(path) for path in (made, made.parent, made.parent.parent)] == [0o700] * 3
    assert mode(tmp_path) == 0o755


@pytest.mark.usefixtures("umask")
def test_a_folder_that_is_there_is_closed_to_others_and_its_parents_are_not(tmp_path: Path) -> None:
    there = tmp_path / "home" / "wallet"
    private_folder(there)
    for path in (there, there.parent):
        path.chmod(0o755)
    assert private_folder(there) == there
    assert (mode(there), mode(there.parent)) == (0o700, 0o755)


@pytest.mark.usefixtures("umask")
def test_a_file(tmp_path: Path) -> None:
    with os.fdopen(create_private(tmp_path / "voucher"), "w") as file:
        file.write("secret")
    assert mode(tmp_path / "voucher") == 0o600
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "voucher")
    assert (tmp_path / "voucher").read_text() == "secret"


@pytest.mark.usefixtures("umask")
def test_a_file_written_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch()
    path.chmod(0o644)
    for data in (b"one", b""):
        write_private(path, data)
        assert (path.read_bytes(), mode(path)) == (data, 0o600)
    # What a crash left behind, open to others, is neither in the way nor kept as it is.
    draft = tmp_path / ".key.new"
    draft.write_bytes(b"half of something longer")
    draft.chmod(0o644)
    write_private(path, b"two")
    assert (path.read_bytes(), mode(path)) == (b"two", 0o600)
    assert not draft.exists()
