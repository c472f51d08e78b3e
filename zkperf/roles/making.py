"""A folder that is being made. What was interrupted before it was whole is cleared away, at once or by the
next try: no command leaves a folder that is refused for not being empty."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zkperf.errors import InputError
from zkperf.files import private_folder

MARK = ".being-made"
"""There, and locked by the process that makes the folder, until it is whole."""
_here: set[Path] = set()
"""Folders that this process is making."""


def is_free(path: Path) -> bool:
    """Whether something may be made at ``path``: nothing is there, or what somebody did not finish."""
    return not path.exists() or (path.is_dir() and (not any(path.iterdir()) or (path / MARK).exists()))


@contextmanager
def making(path: Path) -> Iterator[None]:
    """Makes a folder whole or not at all. Within it, `making` of the same folder does nothing.

    InputError if something else is there already, or another process is making it.
    """
    if path.absolute() in _here:
        yield
        return
    if not is_free(path):
        raise InputError(f"{path} exists and is not empty: choose another folder for the ledger")
    new = not path.exists()
    private_folder(path)
    mark = os.open(path / MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{path}: another process is making a ledger here") from None
        _clear(path)
        _here.add(path.absolute())
        try:
            yield
        except BaseException:
            _clear(path)
            (path / MARK).unlink()
            if new:
                path.rmdir()
            raise
        finally:
            _here.discard(path.absolute())
        (path / MARK).unlink()
    finally:
        os.close(mark)


def _clear(path: Path) -> None:
    """Removes everything in the folder but the mark."""
    for item in path.iterdir():
        if item.name == MARK:
            continue
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
