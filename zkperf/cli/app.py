"""The commands and their options; what they do is in the modules beside this one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from zkperf import __version__
from zkperf.cli import citizen_commands, figure_commands, operator_commands
from zkperf.cli.options import EncodingOption, GenesisOption, JsonOption, parse_digest
from zkperf.cli.output import DONE, REFUSED, UNUSABLE, emit, print_json, results, say, say_where
from zkperf.cli.streams import steady_streams
from zkperf.errors import EncodingError, InputError, ZkperfError
from zkperf.ledger.store.errors import StorageError

app = typer.Typer(
    name="zkperf",
    help="Anonymous ratings and confidential figures on a ledger that anyone can verify.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        emit(f"zkperf {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _before_any_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def survey(
    questionnaire: Annotated[Path, typer.Option(help="The questionnaire (TOML).")],
    responses: Annotated[Path, typer.Option(help="The responses (CSV), one respondent per row.")],
    ledger: Annotated[Path, typer.Option(help="A new folder for the ledger.")],
    suite: Annotated[str, typer.Option(help="ristretto255 or P-256.")] = "ristretto255",
    members: Annotated[int, typer.Option(min=1, max=100, help="How many members.")] = 5,
    threshold: Annotated[int, typer.Option(min=1, max=100, help="How many of them open a total.")] = 3,
    min_cohort: Annotated[
        int, typer.Option(min=2, max=10**9, help="Groups with fewer ratings are never opened.")
    ] = 10,
    unit_column: Annotated[
        str, typer.Option("--unit-column", help="The column that names the unit that was rated.")
    ] = "service",
    encoding: EncodingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a complete round from a file of responses, one citizen per row, and audit it."""
    from zkperf.cli.survey import run_survey
    from zkperf.roles.making import making
    from zkperf.surveys.questionnaire_file import load_questionnaire
    from zkperf.surveys.responses_file import load_responses
    from zkperf.surveys.tables import audit_tables, result_table, units_table

    asked = load_questionnaire(questionnaire)
    with making(ledger):
        result, audited = run_survey(
            asked,
            load_responses(responses, asked, unit_column=unit_column, encoding=encoding),
            ledger,
            suite=suite,
            members=members,
            threshold=threshold,
            min_cohort=min_cohort,
        )
    if as_json:
        print_json(result)
    else:
        results.print(result_table(result, asked), units_table(result))
        results.print(*audit_tables(audited.to_json()))
        say_where(ledger, result["genesis"])
    raise typer.Exit(DONE if audited.ok else REFUSED)


@app.command()
def report(
    scheme: Annotated[Path, typer.Option(help="The scheme (TOML).")],
    figures: Annotated[Path, typer.Option(help="The figures (CSV), one provider and period per row.")],
    ledger: Annotated[Path | None, typer.Option(help="A new folder for the ledger.")] = None,
    suite: Annotated[str, typer.Option(help="ristretto255 or P-256.")] = "ristretto255",
    members: Annotated[int, typer.Option(min=1, max=100, help="How many members.")] = 5,
    threshold: Annotated[int, typer.Option(min=1, max=100, help="How many of them open a sum.")] = 3,
    min_cohort: Annotated[int, typer.Option(max=10**9, help="Nothing is pooled over fewer providers.")] = 10,
    rounding: Annotated[
        bool, typer.Option("--round", help="Round figures to the scheme's decimals, halves to even.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what would be claimed; send nothing.")
    ] = False,
    encoding: EncodingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run complete rounds of providers' figures, one per period, and audit them."""
    from zkperf.cli.report import preview_facts, previews, run_report
    from zkperf.indicators.asked import unasked_lines
    from zkperf.indicators.figures_file import load_figures
    from zkperf.indicators.scheme_file import load_scheme
    from zkperf.indicators.tables import pools_table, preview_table, providers_table
    from zkperf.roles.making import making
    from zkperf.surveys.tables import audit_tables

    asked = load_scheme(scheme)
    read = load_figures(figures, asked, rounding=rounding, encoding=encoding)
    if preview:
        shown = list(previews(asked, read))
        if as_json:
            print_json(preview_facts(asked, shown))
        else:
            results.print(preview_table(asked, shown))
            for line in unasked_lines(asked, shown):
                emit(line)
        return
    if ledger is None:
        raise InputError("--ledger: name a new folder for the ledger, or ask for a --preview")
    with making(ledger):
        result, audited = run_report(
            asked,
            read,
            ledger,
            suite=suite,
            members=members,
            threshold=threshold,
            min_cohort=min_cohort,
        )
    if as_json:
        print_json(result)
    else:
        for period, published in result["periods"].items():
            results.print(pools_table(asked, period, published), providers_table(asked, period, published))
        results.print(*audit_tables(audited.to_json()))
    say_where(ledger, audited.genesis)
    raise typer.Exit(DONE if audited.ok else REFUSED)


@app.command()
def trace(
    result: Annotated[
        str,
        typer.Argument(
            help="PERIOD/GROUP/INDICATOR[.sum|.mean|.share] or PERIOD/PROVIDER/CLAIM; total, grade."
        ),
    ],
    ledger: Annotated[Path, typer.Option(help="A ledger's folder or an export.")] = Path("."),
    genesis: GenesisOption = None,
) -> None:
    """Walk a published figure back to its transactions and proofs, each verified again. Prints JSON."""
    from zkperf.cli.audit import public_log
    from zkperf.roles.trace import trace_result

    with public_log(ledger) as log:
        print_json(trace_result(log, result, parse_digest(genesis, "--genesis")))


@app.command()
def audit(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A ledger's folder or an export.")],
    genesis: GenesisOption = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", help="A file that keeps how far the log is verified: next time only what is new is."
        ),
    ] = None,
    cohort: Annotated[
        list[str] | None,
        typer.Option("--cohort", help="Verify the ratings of this service only (may be given many times)."),
    ] = None,
    tiles: Annotated[
        str | None,
        typer.Option("--range", help="Verify the ratings in these tiles of 256 leaves only: FIRST:END."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute everything from public data alone, and list every failure."""
    from zkperf.cli.audit import audit_folder
    from zkperf.roles.audit_parts import Part
    from zkperf.surveys.tables import audit_tables

    part = Part.parse(tiles, tuple(cohort or ()))
    report = audit_folder(path, parse_digest(genesis, "--genesis"), part, state)
    if as_json:
        print_json(report.to_json())
    else:
        results.print(*audit_tables(report.to_json()))
        if report.expected is not None and report.genesis and not report.origin_verified:
            say(f"Expected the ledger {report.expected}\nThis is the ledger  {report.genesis}")
        elif report.expected is None:
            say("The origin is unverified: give --genesis with the digest that the members have published.")
    raise typer.Exit(DONE if report.ok else REFUSED)


@app.command()
def export(
    ledger: Annotated[Path, typer.Argument(metavar="DIR", help="The ledger's folder.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
) -> None:
    """Write one self-contained public file: no secrets, no sealed shares."""
    from zkperf.cli.audit import export_folder

    size = export_folder(ledger, output)
    say(f"{output}: {size} leaves. Check it with: zkperf audit {shlex.quote(str(output))}")


@app.command()
def demo(
    ledger: Annotated[Path, typer.Option(help="A folder for the ledger; a numbered one by default.")] = Path(
        "demo"
    ),
) -> None:
    """Replay a published survey of 406 people as a real round, and audit it."""
    from zkperf.cli.demo import run_demo

    raise typer.Exit(DONE if run_demo(ledger) else REFUSED)


app.add_typer(operator_commands.commands)
app.add_typer(citizen_commands.commands)
app.add_typer(figure_commands.commands)


def main() -> None:
    """Runs the command line and exits with 0 (done), 1 (refused) or 2 (unusable input)."""
    with steady_streams():
        code = _run(app)
        # What has not reached its file by now might not do so at all.
        written = _run(results.file.flush)
        sys.exit(code or written)


def _run(what: Callable[[], object]) -> int:
    try:
        what()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else DONE
    except (InputError, EncodingError, StorageError) as error:
        say(f"zkperf: {error}")
        return UNUSABLE
    except ZkperfError as error:
        say(f"zkperf: refused ({error.check}): {error}")
        return REFUSED
    except OSError as error:
        say(f"zkperf: {error}")
        return UNUSABLE
    return DONE
