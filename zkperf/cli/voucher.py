"""`zkperf registrar voucher`: one voucher per delivered case, as files and as links."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from zkperf.cli.operate import find_round, reading, require_phase
from zkperf.cli.output import say
from zkperf.cli.voucher_text import FRAGMENT, find_vouchers
from zkperf.errors import EncodingError, InputError
from zkperf.files import create_private, private_folder
from zkperf.ledger.paths import find_unit, unit_path
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import RUNNING
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.registrar import Voucher

MAX_VOUCHER_FILE = 65_536
"""Characters: a whole mail may be given."""
_NONE = "this is no voucher, or only a part of one: give the file, or the whole link, that you were handed"
_SECRET = re.compile(r"[A-Za-z0-9_-]{28}|voucher=|://", re.IGNORECASE)
"""What may be a piece of a voucher, or of its link, rather than the name of a file: `write_files` makes
shorter names."""


def make_vouchers(path: Path, which: str, unit: str, count: int) -> list[Voucher]:
    """Fresh vouchers for a service. Signed here and now: the ledger hears of them when they are used.

    InputError if the service's vouchers are not this registrar's to sign.
    """
    registrar = LedgerFolder(path).registrar()
    with reading(path) as (state, _):
        found = find_round(state, which)
        require_phase(found, *RUNNING)
        units = found.opened.units
        # Only a service has vouchers: it may be called what the root, or a group, is called.
        number = find_unit(units, unit, found.cohorts, "service")
        if units[number].registrar != public_bytes(registrar.key):
            where = unit_path(units, number)
            raise InputError(f"--unit: the vouchers of {where!r} are signed by another registrar")
        ledger, identifier = state.ledger, found.digest
    return [registrar.voucher(ledger, identifier, number) for _ in range(count)]


def write_files(vouchers: Sequence[Voucher], folder: Path) -> list[Path]:
    """One file each, readable by its owner only and named after the voucher's key. Nothing is overwritten."""
    if not folder.is_dir():
        private_folder(folder)
    paths = []
    for voucher in vouchers:
        name = sha256(public_bytes(voucher.key())).hexdigest()[:16]
        path = folder / f"voucher-{name}.txt"
        with os.fdopen(create_private(path), "w", encoding="ascii") as file:
            file.write(voucher.text() + "\n")
        paths.append(path)
    return paths


def links(vouchers: Sequence[Voucher], base: str) -> Iterator[str]:
    """A link for each voucher. InputError if ``base`` is no web address, or has a fragment of its own."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or "#" in base:
        raise InputError(f"--link-base: expected an address such as https://rate.example.org/, got {base!r}")
    return (f"{base}#{FRAGMENT}{voucher.text()}" for voucher in vouchers)


def read_voucher(given: str) -> tuple[Voucher, str | None]:
    """The voucher in a file, in a link or written out, or on standard input for ``-``; and the address of the
    service, if it is in a link.

    InputError if the file cannot be read, EncodingError, naming the file, unless there is one voucher in it.
    No error repeats what was given: it may be nearly a voucher.
    """
    if given == "-":
        return _only(_typed(), "--voucher: standard input")
    if found := find_vouchers(given):
        return _only(found, "--voucher")
    if not _exists(given) and (_SECRET.search(given) or "\n" in given):
        raise EncodingError(f"--voucher: there is no such file, and {_NONE}")
    return _only(find_vouchers(_from_file(Path(given))), f"--voucher: {given}")


def _only(found: Mapping[Voucher, str | None], source: str) -> tuple[Voucher, str | None]:
    if not found:
        raise EncodingError(f"{source}: {_NONE}")
    if len(found) > 1:
        raise EncodingError(f"{source}: there are {len(found)} vouchers; give one at a time")
    [(voucher, address)] = found.items()
    return voucher, address


def _exists(given: str) -> bool:
    try:
        return Path(given).exists()
    except (OSError, ValueError):
        return False


def _typed() -> Mapping[Voucher, str | None]:
    """The first voucher on standard input, of which no more is read than that takes: answers may follow."""
    if sys.stdin.isatty():
        say("Paste the voucher or its link, then press Enter:")
    text = ""
    while len(text) < MAX_VOUCHER_FILE and (line := sys.stdin.readline(MAX_VOUCHER_FILE)):
        text += line
        if found := find_vouchers(text):
            return found
    return {}


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_VOUCHER_FILE).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise EncodingError(f"--voucher: {path}: {_NONE} (not UTF-8 text)") from None
        reason = getattr(error, "strerror", None) or "no name of a file"
        raise InputError(f"--voucher: {path}: {reason}") from None
