"""Options that several commands share, and what they are read as."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zkperf.errors import InputError

LedgerOption = Annotated[Path, typer.Option("--ledger", help="The ledger's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
GenesisOption = Annotated[
    str | None,
    typer.Option("--genesis", help="The genesis digest by which you know the ledger (64 hex digits)."),
]
ServiceOption = Annotated[
    str | None, typer.Option("--service", help="The address of the service that serves this ledger.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Ask nothing, go on: for scripts.")]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", help="The encoding of CSV files that are not UTF-8: gbk, gb18030, utf-16, …"),
]
WalletOption = Annotated[
    Path, typer.Option("--wallet", help="A private folder for tokens, promises and receipts.")
]
DEFAULT_WALLET = Path("~/.zkperf")


def parse_digest(text: str | None, option: str) -> bytes | None:
    """32 bytes from hexadecimal. InputError, naming the option, for anything else."""
    if text is None:
        return None
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise InputError(f"{option}: expected 64 hexadecimal digits")
    return digest
