"""Commands of members, evaluators and registrars; the work is in `operate`, `units`, `voucher`, `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zkperf.cli.options import EncodingOption, JsonOption, LedgerOption, ServiceOption, YesOption
from zkperf.cli.output import REFUSED, emit, print_json, results, say
from zkperf.errors import InputError

commands = typer.Typer()
scheme = typer.Typer(no_args_is_help=True, help="Publish questionnaires and schemes of figures.")
rounds = typer.Typer(no_args_is_help=True, help="Open, watch and close rounds.")
registrar = typer.Typer(no_args_is_help=True, help="Vouch for delivered cases.")
commands.add_typer(scheme, name="scheme")
commands.add_typer(rounds, name="round")
commands.add_typer(registrar, name="registrar")

MemberOption = Annotated[
    int | None, typer.Option("--member", min=1, max=100, help="Sign as this member (its number).")
]
RoundArgument = Annotated[
    str, typer.Argument(metavar="ROUND", help="A round's name or period, its identifier, or its beginning.")
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
    abandon_hours: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1_000_000,
            help="After how long a member may give up a closed round: 4 stages.",
        ),
    ] = None,
    rehearsal: Annotated[
        bool,
        typer.Option("--rehearsal", help="Nothing is for real: stages may be short, and everybody is told."),
    ] = False,
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
        abandon_seconds=None if abandon_hours is None else round(abandon_hours * 3600),
        rehearsal=rehearsal,
    )
    say(f"A ledger of {count} members in {directory}, any {enough} of them open totals.")
    say("All members' keys are in this one folder: towards whoever holds it, no answer is secret.")
    say("Publish this genesis digest, in print and online: by it everybody recognises the ledger.")
    emit(digest)


@scheme.command("add")
def scheme_add(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.toml", help="A questionnaire, or a scheme of figures (TOML).")
    ],
    ledger: LedgerOption,
    service: ServiceOption = None,
) -> None:
    """Publish a questionnaire, or a scheme of figures, on the ledger; prints the scheme's identifier."""
    from zkperf.cli.operate import add_scheme

    emit(add_scheme(ledger, file, service))


RATINGS, FIGURES = "Rounds of ratings", "Rounds of figures"


@rounds.command("open")
def round_open(
    ledger: LedgerOption,
    scheme: Annotated[str, typer.Option(help="The scheme's identifier, or its file's id.")],
    min_cohort: Annotated[int, typer.Option(min=2, max=10**9, help="Smaller groups are never opened.")] = 10,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Announce the end: a day (2026-05-31, to its end) or a time (2026-05-31T18:00), in this "
            "machine's zone unless one is given (2026-05-31T18:00+08:00). The round is not closed before; "
            "zkperf serve closes it then.",
        ),
    ] = None,
    service: ServiceOption = None,
    encoding: EncodingOption = None,
    yes: YesOption = False,
    name: Annotated[
        str | None, typer.Option(help="What people call the round.", rich_help_panel=RATINGS)
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="A service; repeat it for each.", rich_help_panel=RATINGS)
    ] = None,
    units: Annotated[
        Path | None, typer.Option(help="Or a CSV file: a row for each service.", rich_help_panel=RATINGS)
    ] = None,
    root: Annotated[
        str, typer.Option(help="With --unit: what all services together are called.", rich_help_panel=RATINGS)
    ] = "all",
    period: Annotated[
        str | None, typer.Option(help="The period that is reported.", rich_help_panel=FIGURES)
    ] = None,
    providers: Annotated[
        Path | None,
        typer.Option(help="A CSV file: a row for each provider, its key last.", rich_help_panel=FIGURES),
    ] = None,
    previous: Annotated[
        str | None,
        typer.Option(metavar="ROUND", help="The last period's round.", rich_help_panel=FIGURES),
    ] = None,
    ratings: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROUND",
            help="A published round of ratings that enters the index; repeat it for each.",
            rich_help_panel=FIGURES,
        ),
    ] = None,
    auditor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KEY", help="Who may attest figures; repeat it for each.", rich_help_panel=FIGURES
        ),
    ] = None,
) -> None:
    """Open a round, of ratings or of figures as its scheme is; prints its identifier."""
    from zkperf.cli.operate import open_figures, open_round
    from zkperf.cli.times import parse_end
    from zkperf.cli.units import load_providers, load_units, parse_auditor, services_under
    from zkperf.ledger.signing import public_bytes
    from zkperf.roles.folder import LedgerFolder

    end = None if until is None else parse_end(until)
    of_ratings = any(item is not None for item in (name, unit, units))
    of_figures = any(item is not None for item in (period, providers, previous, ratings, auditor))
    if of_ratings and of_figures:
        raise InputError("--name, --unit and --units are for rounds of ratings only; see --help")
    if of_figures:
        if period is None or providers is None:
            raise InputError("a round of figures needs --period and --providers FILE.csv")
        emit(
            open_figures(
                ledger,
                scheme=scheme,
                period=period,
                min_cohort=min_cohort,
                places=load_providers(providers, encoding),
                previous=previous,
                ratings=ratings or (),
                auditors=[parse_auditor(text) for text in auditor or ()],
                until=end,
                service=service,
            )
        )
        return
    if (unit is None) == (units is None):
        raise InputError(
            "say which services are rated: either --unit NAME, once for each, or --units FILE.csv"
            " (for a round of figures: --period and --providers FILE.csv)"
        )
    if name is None:
        raise InputError("--name: say what people call the round")
    key = public_bytes(LedgerFolder(ledger).registrar().key)
    tree = load_units(units, key, encoding) if units is not None else services_under(root, unit or (), key)
    emit(
        open_round(
            ledger,
            scheme=scheme,
            name=name,
            min_cohort=min_cohort,
            units=tree,
            until=end,
            service=service,
            yes=yes,
        )
    )


@rounds.command("close")
def round_close(
    which: RoundArgument,
    ledger: LedgerOption,
    service: ServiceOption = None,
    yes: YesOption = False,
) -> None:
    """Close a round: nobody can rate or report any more, the members check, sum and publish.

    Says first what would be withheld, and asks. A round that is closed already is brought to its end. Where
    that does not succeed, says what is missing and exits with 1.
    """
    from zkperf.cli.closing import close_round
    from zkperf.cli.operate import round_name

    found, missing = close_round(ledger, which, service, yes=yes)
    reasons = [unit.reason for unit in found.result or ()]
    nothing = f"; every figure is withheld ({reasons[0]})" if reasons and None not in reasons else ""
    say(f"{round_name(found)}: {found.phase}{nothing}")
    for line in missing:
        say(line)
    if missing:
        raise typer.Exit(REFUSED)


@rounds.command("deadline")
def round_deadline(
    which: RoundArgument,
    ledger: LedgerOption,
    member: MemberOption = None,
    service: ServiceOption = None,
) -> None:
    """Say that the time for a round's present stage is over; members who are done go on, if enough are."""
    from zkperf.cli.operate import round_name
    from zkperf.cli.stages import end_stage

    found = end_stage(ledger, which, member, service)
    say(f"{round_name(found)}: {found.phase}")


@rounds.command("abandon")
def round_abandon(
    which: RoundArgument,
    ledger: LedgerOption,
    member: MemberOption = None,
    service: ServiceOption = None,
    yes: YesOption = False,
) -> None:
    """Give up a closed round that does not go on, as a member: nothing of it is ever opened. Asks first."""
    from zkperf.cli.operate import round_name
    from zkperf.cli.stages import abandon_round

    found = abandon_round(ledger, which, member, service, yes=yes)
    say(f"{round_name(found)}: {found.phase}")


@rounds.command("show")
def round_show(
    ledger: LedgerOption,
    which: Annotated[
        str | None,
        typer.Argument(metavar="[ROUND]", help="A round's name or period, its identifier, or its beginning."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show where rounds stand; one round with all its units."""
    from zkperf.cli.figures import figure_round_table, figure_rounds_table
    from zkperf.cli.show import missing_lines, round_table, rounds_table, show_rounds

    found, figures = show_rounds(ledger, which)
    if as_json:
        print_json({"rounds": found, "figures": figures} if which is None else (found or figures)[0])
    elif which is None:
        if found or not figures:
            results.print(rounds_table(found))
        if figures:
            results.print(figure_rounds_table(figures))
    else:
        emit((found or figures)[0]["round"])
        results.print(round_table(found[0]) if found else figure_round_table(figures[0]))
        for line in missing_lines(ledger, which):
            say(line)


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
    not_before: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A checkpoint or a receipt that the log has to contain: if the folder was copied here.",
        ),
    ] = None,
) -> None:
    """Serve a ledger over HTTP until told to stop."""
    from zkperf.cli.serve import serve

    serve(ledger, host, port, not_before)
