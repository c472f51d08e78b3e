"""Commands of members, evaluators and registrars; the work is in `operate`, `units`, `voucher`, `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zkperf.cli.options import JsonOption, LedgerOption, ServiceOption
from zkperf.cli.output import emit, print_json, results, say
from zkperf.errors import InputError

commands = typer.Typer()
scheme = typer.Typer(no_args_is_help=True, help="Publish questionnaires on a ledger.")
rounds = typer.Typer(no_args_is_help=True, help="Open, watch and close rounds.")
registrar = typer.Typer(no_args_is_help=True, help="Vouch for delivered cases.")
commands.add_typer(scheme, name="scheme")
commands.add_typer(rounds, name="round")
commands.add_typer(registrar, name="registrar")

RoundArgument = Annotated[
    str, typer.Argument(metavar="ROUND", help="A round's name, identifier, or its beginning.")
]


@commands.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the ledger.")],
    suite: Annotated[str, typer.Option(help="ristretto255 or P-256.")] = "ristretto255",
    members: Annotated[int | None, typer.Option(min=1, max=100, help="How many members: 5.")] = None,
    member: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A member's public name; repeat it for each. Else “member 1”, …"),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, max=100, help="How many of them open a total: 3, if there are.")
    ] = None,
    min_cohort_floor: Annotated[
        int, typer.Option(min=2, max=10**9, help="No round may open groups smaller than this.")
    ] = 10,
    name: Annotated[str, typer.Option(help="What people call the ledger.")] = "ledger",
    stage_hours: Annotated[
        float,
        typer.Option(min=0, max=10_000, help="How long members have for each stage before others go on."),
    ] = 168,
) -> None:
    """Found a ledger in a new folder, with fresh keys for everybody; prints its genesis digest."""
    from zkperf.cli.operate import found_ledger

    digest, count, enough = found_ledger(
        directory,
        suite=suite,
        members=members,
        names=member or (),
        threshold=threshold,
        floor=min_cohort_floor,
        name=name,
        stage_seconds=round(stage_hours * 3600),
    )
    say(f"A ledger of {count} members in {directory}, any {enough} of them open totals.")
    say("All members' keys are in this one folder: towards whoever holds it, no answer is secret.")
    say("Publish this genesis digest, in print and online: by it everybody recognises the ledger.")
    emit(digest)


@scheme.command("add")
def scheme_add(
    questionnaire: Annotated[Path, typer.Argument(metavar="Q.toml", help="The questionnaire (TOML).")],
    ledger: LedgerOption,
    service: ServiceOption = None,
) -> None:
    """Publish a questionnaire on the ledger; prints the scheme's identifier."""
    from zkperf.cli.operate import add_scheme

    emit(add_scheme(ledger, questionnaire, service))


@rounds.command("open")
def round_open(
    ledger: LedgerOption,
    scheme: Annotated[str, typer.Option(help="The scheme's identifier, or its questionnaire's id.")],
    name: Annotated[str, typer.Option(help="What people call the round.")],
    unit: Annotated[list[str] | None, typer.Option(help="A service; repeat it for each.")] = None,
    units: Annotated[Path | None, typer.Option(help="Or a CSV file: a row for each service.")] = None,
    root: Annotated[str, typer.Option(help="With --unit: what all services together are called.")] = "all",
    min_cohort: Annotated[int, typer.Option(min=2, max=10**9, help="Smaller groups are never opened.")] = 10,
    service: ServiceOption = None,
) -> None:
    """Open a round: the members make its keys; prints its identifier."""
    from zkperf.cli.operate import open_round
    from zkperf.cli.units import load_units, services_under
    from zkperf.ledger.signing import public_bytes
    from zkperf.roles.folder import LedgerFolder

    if (unit is None) == (units is None):
        raise InputError(
            "say which services are rated: either --unit NAME, once for each, or --units FILE.csv"
        )
    key = public_bytes(LedgerFolder(ledger).registrar().key)
    tree = load_units(units, key) if units is not None else services_under(root, unit or (), key)
    emit(open_round(ledger, scheme=scheme, name=name, min_cohort=min_cohort, units=tree, service=service))


@rounds.command("close")
def round_close(which: RoundArgument, ledger: LedgerOption, service: ServiceOption = None) -> None:
    """Close a round: nobody can rate any more, the members check, sum and publish."""
    from zkperf.cli.operate import close_round

    found = close_round(ledger, which, service)
    reasons = [unit.reason for unit in found.result or ()]
    nothing = f"; every figure is withheld ({reasons[0]})" if reasons and None not in reasons else ""
    say(f"{found.opened.name}: {found.phase}{nothing}")


@rounds.command("deadline")
def round_deadline(which: RoundArgument, ledger: LedgerOption, service: ServiceOption = None) -> None:
    """Say that the time for a round's present stage is over; members who are done go on, if enough are."""
    from zkperf.cli.operate import end_stage

    found = end_stage(ledger, which, service)
    say(f"{found.opened.name}: {found.phase}")


@rounds.command("show")
def round_show(
    ledger: LedgerOption,
    which: Annotated[
        str | None,
        typer.Argument(metavar="[ROUND]", help="A round's name, identifier, or its beginning."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show where rounds stand; one round with all its units."""
    from zkperf.cli.show import round_table, rounds_table, show_rounds

    found = show_rounds(ledger, which)
    if as_json:
        print_json({"rounds": found} if which is None else found[0])
    elif which is None:
        results.print(rounds_table(found))
    else:
        emit(found[0]["round"])
        results.print(round_table(found[0]))


@registrar.command("voucher")
def registrar_voucher(
    ledger: LedgerOption,
    which: Annotated[
        str, typer.Option("--round", help="The round's identifier, its beginning, or its name.")
    ],
    unit: Annotated[str, typer.Option(help="The service: its name or its path, as North/Library.")],
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many delivered cases.")] = 1,
    output: Annotated[Path | None, typer.Option(help="A folder for the vouchers, one file each.")] = None,
    link_base: Annotated[
        str | None, typer.Option(help="Print links that begin with this address, the voucher behind '#'.")
    ] = None,
) -> None:
    """Sign vouchers, one for each delivered case; prints the links, the files' names, or the vouchers."""
    from zkperf.cli.voucher import links, make_vouchers, write_files

    vouchers = make_vouchers(ledger, which, unit, count)
    lines = None if link_base is None else links(vouchers, link_base)
    if output is not None:
        paths = write_files(vouchers, output)
        say(f"{len(paths)} vouchers in {output}, one file each.")
        lines = lines or map(str, paths)
    for line in lines or (voucher.text() for voucher in vouchers):
        emit(line)
    if link_base is not None:
        say("The part behind '#' stays in the browser: no server ever sees it, nor what is logged there.")
    say("A voucher names nobody. Whoever holds it can rate this case once: hand each to one person.")


@commands.command()
def serve(
    ledger: LedgerOption,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
) -> None:
    """Serve a ledger over HTTP until told to stop."""
    from zkperf.cli.serve import serve

    serve(ledger, host, port)
