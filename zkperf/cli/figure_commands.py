"""Commands of providers and of auditors of figures; what they do is in `provide` and `inspecting`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zkperf.cli.options import EncodingOption, GenesisOption, JsonOption, ServiceOption, parse_digest
from zkperf.cli.output import emit, print_json, say

if TYPE_CHECKING:
    from zkperf.cli.taking_part import Party

commands = typer.Typer()
provider = typer.Typer(no_args_is_help=True, help="Report figures, claim, show them to an auditor.")
inspector = typer.Typer(no_args_is_help=True, help="Look at figures that are shown to you, and attest them.")
commands.add_typer(provider, name="provider")
commands.add_typer(inspector, name="inspector")

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A private folder for the keys.")]
KeysOption = Annotated[Path, typer.Option("--keys", help="Your private folder.")]
RoundOption = Annotated[
    str, typer.Option("--round", help="The round's period, its identifier, or its beginning.")
]
FiguresOption = Annotated[
    Path, typer.Option("--figures", help="The figures (CSV); your row of the round's period is taken.")
]
LedgerOption = Annotated[
    Path | None, typer.Option("--ledger", help="Instead of --service: a ledger's folder that nobody serves.")
]
ShownOption = Annotated[Path, typer.Option("--shown", help="The file that a provider has made for you.")]


@contextmanager
def _party(keys: Path, service: str | None, ledger: Path | None, genesis: str | None) -> Iterator[Party]:
    from zkperf.cli.taking_part import Party, ledger_at

    known = parse_digest(genesis, "--genesis")
    with ledger_at(ledger, service) as there:
        yield Party(keys, there, known)


@provider.command("keys")
def provider_keys(directory: FolderArgument) -> None:
    """Make a provider's keys in a new folder; prints the public key, which rounds list."""
    from zkperf.cli.provide import make_keys

    emit(make_keys(directory))


@provider.command("preview")
def provider_preview(
    keys: KeysOption,
    which: RoundOption,
    figures: FiguresOption,
    encoding: EncodingOption = None,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
) -> None:
    """Show what would be said of your figures in public. Nothing is sent."""
    from zkperf.cli.provide import Desk, describe_preview

    with _party(keys, service, ledger, genesis) as party:
        desk = Desk.open(party, which)
        shown = desk.preview(figures, encoding)
    for line in describe_preview(desk.found.scheme.scheme, shown):
        emit(line)
    say("Nothing was sent.")


@provider.command("report")
def provider_report(
    keys: KeysOption,
    which: RoundOption,
    figures: FiguresOption,
    encoding: EncodingOption = None,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
) -> None:
    """Commit to your figures of a round's period; prints the receipt's file."""
    from zkperf.cli.provide import Desk

    with _party(keys, service, ledger, genesis) as party:
        emit(str(Desk.open(party, which).report(figures, correct=False, encoding=encoding)))


@provider.command("correct")
def provider_correct(
    keys: KeysOption,
    which: RoundOption,
    figures: FiguresOption,
    encoding: EncodingOption = None,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
) -> None:
    """Replace your report, visibly, while the round is open; prints the receipt's file."""
    from zkperf.cli.provide import Desk

    with _party(keys, service, ledger, genesis) as party:
        emit(str(Desk.open(party, which).report(figures, correct=True, encoding=encoding)))


@provider.command("claim")
def provider_claim(
    keys: KeysOption,
    which: RoundOption,
    require: Annotated[
        list[str] | None,
        typer.Option(help="Send nothing unless this claim holds (may be given many times)."),
    ] = None,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
) -> None:
    """Prove every claim that holds, and the index, once the round is closed; prints the receipt's file."""
    from zkperf.cli.provide import Desk

    with _party(keys, service, ledger, genesis) as party:
        receipt = Desk.open(party, which).claim(require or ())
    if receipt is not None:
        emit(str(receipt))


@provider.command("show")
def provider_show(
    keys: KeysOption,
    which: RoundOption,
    to: Annotated[Path, typer.Option("--to", help="The auditor's card.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The sealed file to write.")],
    indicator: Annotated[
        list[str] | None,
        typer.Option(help="Which figure; repeat it for each. By default those that were drawn."),
    ] = None,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
) -> None:
    """Seal the openings of some of your figures for an auditor. Nothing goes to the ledger."""
    from zkperf.cli.inspecting import read_card
    from zkperf.cli.provide import Desk

    card = read_card(to)
    with _party(keys, service, ledger, genesis) as party:
        Desk.open(party, which).show(indicator or [], card, output)


@provider.command("status")
def provider_status(
    keys: KeysOption,
    which: RoundOption,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the log has of you in a round."""
    from zkperf.cli.provide import Desk, describe

    with _party(keys, service, ledger, genesis) as party:
        status = Desk.open(party, which).status()
    if as_json:
        print_json(status)
    else:
        for line in describe(status):
            emit(line)


@inspector.command("keys")
def inspector_keys(
    directory: FolderArgument,
    suite: Annotated[str, typer.Option(help="The ledger's: ristretto255 or P-256.")] = "ristretto255",
) -> None:
    """Make an auditor's keys in a new folder, and its card; prints the public key, which rounds list."""
    from zkperf.cli.inspecting import make_keys

    emit(make_keys(directory, suite))


@inspector.command("look")
def inspector_look(
    keys: KeysOption,
    shown: ShownOption,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open what a provider shows you, checked against its commitments on the log."""
    from zkperf.cli.inspecting import Look

    with _party(keys, service, ledger, genesis) as party:
        facts = Look.at(party, shown).facts()
    if as_json:
        print_json(facts)
        return
    emit(f"{facts['provider']}, {facts['period']}, report {facts['report'][:16]}")
    for name, figure in facts["figures"].items():
        emit(f"  {name}: {figure['value']} {figure['unit'] if figure['unit'] != '1' else ''}".rstrip())
    if not facts["listed"]:
        say("You are not one of this round's auditors: the ledger will not take your attestation.")
    else:
        say("These are the figures that it has committed to. Whether they are in the books you have to see.")


@inspector.command("attest")
def inspector_attest(
    keys: KeysOption,
    shown: ShownOption,
    indicator: Annotated[
        list[str] | None,
        typer.Option(help="Which figure; repeat it for each. By default all that are shown."),
    ] = None,
    service: ServiceOption = None,
    ledger: LedgerOption = None,
    genesis: GenesisOption = None,
) -> None:
    """Sign, on the ledger, that you have found these figures in the books; prints the receipt's file."""
    from zkperf.cli.inspecting import Look

    with _party(keys, service, ledger, genesis) as party:
        receipt = Look.at(party, shown).attest(indicator or [])
    if receipt is not None:
        emit(str(receipt))
