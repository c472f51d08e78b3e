"""Which rules, to the byte: a digest over what decides whether a leaf is valid.

A version number says what somebody remembered to raise. What an audit verified is taken for verified later
only by the very software that verified it, so that no change of a rule, wherever it is made, goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from zkperf.encoding import encode

PACKAGES = ("circuits", "zkperf")
"""Whole: a list of what in them decides would be wrong one day."""
LIBRARIES = ("cbor2", "cryptography", "petlib", "pydantic")
"""Those of others that read leaves and compute for the rules. (The kernel's are in its bytes.)"""
_DECIDING = (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)


@cache
def software_digest() -> str:
    """SHA-256, in hexadecimal, of every source file and compiled extension of the installed packages, with
    their names, and of the libraries' versions. Reads some megabytes, once."""
    found: list[tuple[str, bytes]] = []
    for package in PACKAGES:
        found += _files(files(package), package)
    return sha256(encode([sorted(found), [[name, version(name)] for name in LIBRARIES]])).hexdigest()


def _files(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """(Name below the packages, SHA-256 of the content) of what is in ``folder`` and below it."""
    for item in folder.iterdir():
        path = f"{name}/{item.name}"
        if item.is_dir():
            yield from _files(item, path)
        elif path.endswith(_DECIDING):
            yield path, sha256(item.read_bytes()).digest()
