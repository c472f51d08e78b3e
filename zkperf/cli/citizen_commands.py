"""Commands of citizens and readers; what they do is in `rate`, `receipt` and `show`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from zkperf.cli.options import (
    DEFAULT_WALLET,
    GenesisOption,
    JsonOption,
    ServiceOption,
    WalletOption,
    parse_digest,
)
from zkperf.cli.output import emit, print_json, results, say
from zkperf.cli.words import LANGUAGES
from zkperf.errors import InputError

commands = typer.Typer()
receipt = typer.Typer(no_args_is_help=True, help="Fetch and verify proofs that a rating is on the log.")
commands.add_typer(receipt, name="receipt")

DELAY = 20
"""Seconds that a rating waits at most before it is sent."""


@commands.command()
def rate(
    voucher: Annotated[
        str,
        typer.Option(
            help="The voucher: a file, a link, the voucher itself, or - for standard input; "
            "once its token is drawn, its name in the wallet."
        ),
    ],
    service: Annotated[
        str | None, typer.Option("--service", help="The service's address; by default the link's.")
    ] = None,
    genesis: GenesisOption = None,
    answers: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Answers in JSON, {question: answer}, instead of questions."),
    ] = None,
    lang: Annotated[str | None, typer.Option(help="en or zh; by default the terminal's.")] = None,
    delay: Annotated[
        float,
        typer.Option(min=0, max=604_800, help="Send after a random time of at most so many seconds."),
    ] = DELAY,
    now: Annotated[
        bool, typer.Option("--now", help="Rate as soon as the token is drawn, not another time.")
    ] = False,
    wallet: WalletOption = DEFAULT_WALLET,
) -> None:
    """Draw a token, or rate with the one that is there, or replace your rating.

    The first visit with a voucher draws its token and stops: come back at another time, so that the two are
    not matched by when they were sent. Prints where the ledger's promise is kept.
    """
    from zkperf.cli.rate import find_case, rate
    from zkperf.cli.words import Words, default_language
    from zkperf.roles.wallet import Wallet

    if lang is not None and lang not in LANGUAGES:
        raise InputError(f"--lang: expected {' or '.join(LANGUAGES)}, got {lang!r}")
    known = parse_digest(genesis, "--genesis")
    if voucher == "-" and answers == "-":
        raise InputError("--voucher and --answers: only one of them can come from standard input")
    held = Wallet(wallet.expanduser())
    case, address = find_case(voucher, held)
    service = service or address
    if service is None:
        raise InputError("--service: give the address of the service; the voucher is no link that has it")
    promise = rate(
        service,
        case,
        genesis=known,
        wallet=held,
        words=Words(lang or default_language()),
        answers=answers,
        delay=delay,
        now=now,
    )
    if promise is not None:
        emit(str(promise))


@receipt.command("fetch")
def receipt_fetch(
    service: Annotated[str, typer.Option("--service", help="The address of the service.")],
    voucher: Annotated[
        str | None,
        typer.Option(help="Which rating: its voucher, or its name in the wallet. Not needed for one."),
    ] = None,
    genesis: GenesisOption = None,
    wallet: WalletOption = DEFAULT_WALLET,
    output: Annotated[Path | None, typer.Option(help="A folder for the receipt; the wallet's own.")] = None,
) -> None:
    """Fetch the proof that your rating is on the log; prints the receipt's file."""
    from zkperf.cli.receipt import fetch_receipt
    from zkperf.roles.remote import RemoteLedger
    from zkperf.roles.wallet import Wallet

    known = parse_digest(genesis, "--genesis")
    with RemoteLedger(service, tell=say) as client:
        path = fetch_receipt(client, Wallet(wallet.expanduser()), voucher, known, output)
    if path is not None:
        check = shlex.join(["zkperf", "receipt", "verify", str(path)])
        say(f"Your rating is on the log. Check it offline with: {check}")
        emit(str(path))


@receipt.command("verify")
def receipt_verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A receipt (*.tlog-proof) or a promise.")],
    genesis: GenesisOption = None,
    ledger: Annotated[
        Path | None,
        typer.Option(help="The ledger's folder or export, where genesis.tlog-proof is not beside FILE."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a receipt, or a promise, without asking anybody."""
    from zkperf.cli.receipt import describe, verify_file

    facts = verify_file(file, parse_digest(genesis, "--genesis"), ledger)
    if as_json:
        print_json(facts)
        return
    for line in describe(facts):
        emit(line)
    if not facts["origin_verified"]:
        say("The origin is unverified: give --genesis with the digest that the members have published.")


@commands.command("results")
def show_results(
    which: Annotated[
        str, typer.Argument(metavar="ROUND", help="A round's name, identifier, or its beginning.")
    ],
    ledger: Annotated[Path | None, typer.Option(help="The ledger's folder.")] = None,
    service: ServiceOption = None,
    genesis: GenesisOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a round has published."""
    from zkperf.cli.show import published_result
    from zkperf.cli.times import show_time

    shown, tables = published_result(ledger, service, which, parse_digest(genesis, "--genesis"))
    if as_json:
        print_json(shown)
    else:
        results.print(*tables)
        if shown["until"] is not None:
            say(f"The round had announced that it is open until {show_time(shown['until'])}.")
        say("These are the published figures. That they follow from what was sent, zkperf audit checks.")
