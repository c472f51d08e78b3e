"""Folders and files that are their owner's alone, and files that are written whole or not at all.

Modes are set after the fact, too: a umask may take more away than others' rights, `mkdir` gives the parents
that it makes the mode that everybody may read, and what exists keeps the mode that it has.
"""

from __future__ import annotations

import os
from pathlib import Path


def private_folder(path: Path) -> Path:
    """``path``, a folder that nobody but its owner can look into (0700), made with its parents if need be.

    One that exists is closed to others. Parents that exist stay as they are.
    """
    if not path.is_dir():
        if not path.parent.is_dir():
            private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_mode & 0o777 != 0o700:
        path.chmod(0o700)
    return path


def create_private(path: Path) -> int:
    """A descriptor for writing a new file that nobody but its owner can read (0600). FileExistsError if there
    is one already."""
    return _private(path, os.O_EXCL)


def write_private(path: Path, data: bytes) -> None:
    """Writes such a file durably: a crash leaves the old one or the new one."""
    draft = path.with_name(f".{path.name}.new")
    with os.fdopen(_private(draft, os.O_TRUNC), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def _private(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def sync_directory(directory: Path) -> None:
    """Make the names of new files in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
