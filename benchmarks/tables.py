"""The tables of docs/performance.md: ``python -m benchmarks.tables RESULTS DOCUMENT``.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->`` and is written again from the results,
so that no number in it is typed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.plots import Figures, Found, held
from benchmarks.report import all_figures, amount, read_runs

Runs = Sequence[Mapping[str, Any]]

_PLACE = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str, runs: Runs) -> str:
    """The document with its tables as they follow from the results."""
    figures = list(all_figures(runs))

    def table(match: re.Match[str]) -> str:
        name = match[2]
        lines = settings(runs) if name == "settings" else TABLES[name](figures)
        return match[1] + "\n".join(lines) + "\n" + match[3]

    return _PLACE.sub(table, text)


def settings(runs: Runs) -> list[str]:
    """Where and when what was measured."""
    rows = []
    for run in runs:
        machine, versions = run["machine"], run["versions"]
        before, after = machine["load"]
        rows.append(
            [
                ", ".join(run["parts"]),
                f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_bytes'] / 1e9:.0f} GB",
                f"{before:.1f} – {after:.1f}",
                run["made"][:16].replace("T", " "),
                f"`{run['commit'][:12]}`",
                ", ".join(f"{name} {versions[name]}" for name in ("python", "blst", "curve25519-dalek")),
            ]
        )
    return _table(["parts", "machine", "load", "when (UTC)", "commit", "versions"], rows)


def targets(figures: Figures) -> list[str]:
    """Everything that has a target."""
    rows = [
        [
            item.what.replace("\n", " "),
            amount(item.value, item.unit),
            f"{'at most' if 'at_most' in item.target else 'at least'} {amount(item.bound, item.unit)}",
            "yes" if item.target["met"] else "**no**",
        ]
        for item in held(figures)
    ]
    return _table(["", "measured", "target", "reached"], rows, right=(1, 2))


def verification(figures: Figures) -> list[str]:
    """By block size, for both forms."""
    rows: dict[Any, list[str]] = {}
    for figure in _all(figures, "rating.verify"):
        row = rows.setdefault(figure["parameters"]["batch"], [f"{figure['parameters']['batch']:,}"])
        row += [_processor(figure), _ratio(figure, "its group operations alone")]
    heads = ["verified at once", "five levels, each", "of its floor", "23 bits, each", "of its floor"]
    return _table(heads, rows.values(), right=range(5))


def bad(figures: Figures) -> list[str]:
    """Blocks with bad ratings in them."""
    rows = [
        [f"{f['parameters']['bad']} with a bad {f['parameters']['what']}", _processor(f), _ratio(f)]
        for f in _all(figures, "rating.verify.bad")
    ]
    return _table(["among the block", "each rating", "of the same block without"], rows, right=(1, 2))


def readable(figures: Figures) -> list[str]:
    """The readable definition, and on what it runs."""
    rows = [
        [
            f"{f['parameters']['suite']}: {f['parameters']['path']}",
            f"{f['parameters']['batch']}",
            _processor(f),
            _ratio(f),
        ]
        for f in _all(figures, "rating.verify.readable")
    ]
    return _table(["readable definition on", "at once", "each", "of the kernel"], rows, right=(1, 2, 3))


def peers(figures: Figures) -> list[str]:
    """Ours and other systems' crates, and how ours compares with each."""
    [make], [verify] = _all(figures, "peers.make.ours"), _all(figures, "peers.verify.ours")
    [core] = [f for f in _all(figures, "rating.core") if f["parameters"]["form"] == "five levels"]
    size = amount(core["median"], "bytes")
    proves = "one option of five, who may rate, shares for five trustees; publicly verifiable, for ever"
    rows = [["**zkperf**", proves, _processor(make), _processor(verify), size, ""]]
    for found in _all(figures, "peers.size"):
        about = found["parameters"]
        [made] = [f for f in _all(figures, "peers.make") if f["parameters"] == about]
        [verified] = [f for f in _all(figures, "peers.verify") if f["parameters"] == about]
        rows.append(
            [
                about["peer"],
                about["what it proves"],
                _processor(made),
                _processor(verified),
                amount(found["median"], "bytes"),
                f"{_ratio(make, about['peer'])} / {_ratio(verify, about['peer'])}",
            ]
        )
    heads = ["", "what is proved", "make one", "verify, each", "bytes", "ours: make / verify"]
    return _table(heads, rows, right=(2, 3, 4, 5))


def cores(figures: Figures) -> list[str]:
    """Ratings a second."""
    rows = [
        [str(f["parameters"]["cores"]), amount(f["median"], "/s"), _processor(f), _ratio(f)]
        for f in _all(figures, "cores.rate")
    ]
    return _table(["cores", "ratings", "processor time, each", "of its floor"], rows, right=range(4))


def by_form(figures: Figures, name: str, head: str, place: Callable[[Mapping[str, Any]], str]) -> list[str]:
    """Growth with the bits or with the members."""
    rows: dict[Any, list[str]] = {}
    for part in ("core", "bundle", "prove", "verify", "open"):
        for figure in _all(figures, f"{name}.{part}"):
            row = rows.setdefault(place(figure["parameters"]), [place(figure["parameters"])])
            if part in ("core", "bundle"):
                row.append(amount(figure["median"], "bytes"))
            else:
                row.append(_processor(figure))
            if part in ("verify", "open"):
                row.append(_ratio(figure))
    heads = [head, "core", "bundle", "prove", "verify", "of its floor", "a trustee opens", "of its floor"]
    width = max(map(len, rows.values()))
    return _table(heads[:width], rows.values(), right=range(width))


def cohorts(figures: Figures) -> list[str]:
    """Blocks of many cohorts."""
    rows = [
        [
            f"{f['parameters']['per cohort']:,}",
            f"{f['parameters']['cohorts']:,}",
            f"{f['parameters']['batch']:,}",
            _processor(f),
            _ratio(f),
        ]
        for f in _all(figures, "growth.cohorts.verify")
    ]
    heads = ["ratings of a cohort", "cohorts", "ratings of the block", "each rating", "of its floor"]
    return _table(heads, rows, right=range(5))


def ratings(figures: Figures) -> list[str]:
    """From a thousand on, in blocks."""
    rows = []
    for figure in _all(figures, "growth.ratings.verify"):
        about = figure["parameters"]
        [memory] = [f for f in _all(figures, "growth.ratings.memory") if f["parameters"] == about]
        [size] = [f for f in _all(figures, "growth.ratings.bytes") if f["parameters"] == about]
        rows.append(
            [
                f"{about['ratings']:,}",
                amount(figure["median"], "s"),
                amount(about["ratings"] / figure["median"], "/s"),
                amount(memory["median"], "bytes"),
                amount(size["median"], "bytes"),
            ]
        )
    heads = ["ratings", "on the wall's clock", "rate", "peak memory", "bytes on the ledger"]
    return _table(heads, rows, right=range(5))


def audits(figures: Figures) -> list[str]:
    """Logs of growing size."""
    columns = {
        "audit": ("audit.time", "s"),
        "rate": ("audit.rate", "/s"),
        "kernel, ratings alone": ("audit.kernel.ratings", "/s"),
        "audit of it": ("audit.of_kernel.ratings", "×"),
        "kernel, with issuances": ("audit.kernel.all", "/s"),
        "audit of that": ("audit.of_kernel.all", "×"),
        "peak memory": ("audit.memory", "bytes"),
        "export": ("audit.bytes", "bytes"),
    }
    rows = []
    for figure in _all(figures, "audit.time"):
        about = figure["parameters"]
        row = [f"{about['ratings']:,} in {about['cohorts']} cohorts"]
        for name, unit in columns.values():
            [found] = [f for f in _all(figures, name) if f["parameters"] == about]
            row.append(amount(found["median"], unit))
        rows.append(row)
    return _table(["ratings", *columns], rows, right=range(1, len(columns) + 1))


def tokens(figures: Figures) -> list[str]:
    """Steps of issuance on both implementations, then verification in batches."""
    rows = []
    for figure in (f for f in figures if f["name"].startswith("tokens.")):
        if figure["parameters"]["implementation"] == "py_ecc":
            continue
        other = [
            f
            for f in _all(figures, figure["name"])
            if f["parameters"]["implementation"] == "py_ecc" and "batch" not in figure["parameters"]
        ]
        reference = amount(other[0]["processor"]["median"], "s") if other else ""
        rows.append([figure["what"], _processor(figure), _ratio(figure), reference])
    return _table(["step", "kernel (blst)", "of its floor", "py_ecc"], rows, right=(1, 2, 3))


def providers(figures: Figures) -> list[str]:
    """Reports of figures and claims about them."""
    rows = [
        [
            figure["what"],
            amount(figure["median"], "bytes") if figure["processor"] is None else _processor(figure),
            "; ".join(f"{ratio['median']:.3g} × {ratio['to']}" for ratio in figure["ratios"]),
        ]
        for figure in figures
        if figure["name"].startswith("figures.")
    ]
    return _table(["", "processor time, or bytes", "ratios"], rows, right=(1,))


def service(figures: Figures) -> list[str]:
    """Ratings over HTTP."""
    rows = [
        [figure["what"], amount(figure["median"], figure["unit"])]
        for figure in figures
        if figure["name"].startswith("service.")
    ]
    return _table(["", "measured"], rows, right=(1,))


def sizes(figures: Figures) -> list[str]:
    """Bytes that a survey leaves."""
    rows = [
        [f["what"], amount(f["median"], "bytes")] for f in figures if f["name"].startswith("survey.bytes.")
    ]
    return _table(["", "bytes"], rows, right=(1,))


TABLES: dict[str, Callable[[Figures], list[str]]] = {
    "targets": targets,
    "verification": verification,
    "bad": bad,
    "readable": readable,
    "peers": peers,
    "cores": cores,
    "bits": lambda figures: by_form(figures, "growth.bits", "bits", lambda about: str(about["bits"])),
    "members": lambda figures: by_form(
        figures, "growth.members", "n, t", lambda about: f"{about['members']}, {about['threshold']}"
    ),
    "cohorts": cohorts,
    "ratings": ratings,
    "audits": audits,
    "tokens": tokens,
    "figures": providers,
    "service": service,
    "sizes": sizes,
}


def _all(figures: Figures, name: str) -> list[Found]:
    return [figure for figure in figures if figure["name"] == name]


def _processor(figure: Found) -> str:
    return amount(figure["processor"]["median"], "s")


def _ratio(figure: Found, to: str | None = None) -> str:
    """The ratio to what is named, or to the first."""
    [found, *_] = [ratio for ratio in figure["ratios"] if to is None or ratio["to"] == to]
    return f"{found['median']:.3g}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    right = set(right)
    rule = ["---:" if column in right else "---" for column in range(len(heads))]
    return [f"| {' | '.join(row)} |" for row in (heads, rule, *rows)]


def main(
    results: Annotated[Path, typer.Argument(help="What `python -m benchmarks --json` wrote.")],
    document: Annotated[Path, typer.Argument(help="The document whose tables are written again.")],
) -> None:
    """Writes the tables of a document again."""
    document.write_text(fill(document.read_text("utf-8"), read_runs(results)), "utf-8")


if __name__ == "__main__":
    typer.run(main)
