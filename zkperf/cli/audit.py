"""`zkperf audit` and `zkperf export`: from a ledger's folder or from an export, public data alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from zkperf.cli.collector import seldom_collecting
from zkperf.cli.output import progress_bars, say
from zkperf.errors import EncodingError, InputError
from zkperf.ledger.export import read_export, write_export
from zkperf.ledger.store.store import Store
from zkperf.roles.audit_parts import WHOLE, Known, Part
from zkperf.roles.auditor import Audit, PublicLog, audit
from zkperf.roles.folder import LedgerFolder


@contextmanager
def public_log(path: Path) -> Iterator[PublicLog]:
    """What is public at ``path``: a ledger's folder (also while it is served) or an export.

    InputError or EncodingError if it is neither.
    """
    if path.is_dir():
        LedgerFolder(path).describe()
        with Store.open(path, read_only=True) as store:
            size, note = store.head()
            yield PublicLog(size, store.leaves(0, size), store.leaf, lambda: note, store.check_nodes)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    with file:
        try:
            reader = read_export(file)
        except EncodingError as error:
            raise EncodingError(f"{path}: not an export of zkperf, or not a whole one ({error})") from None
        yield PublicLog(reader.size, reader.leaves(), reader.leaf, reader.note)


def audit_folder(path: Path, genesis: bytes | None, part: Part = WHOLE, state: Path | None = None) -> Audit:
    """Audits what is at ``path``, with a progress bar.

    ``state``: a file that says how far this log was verified before; written anew if everything passes.
    """
    if state is not None and part != WHOLE:
        raise InputError("--state keeps what was verified as a whole: not together with --range or --cohort")
    known = None if state is None else Known.load(state)
    if known is not None and not known.trusted:
        say(f"{state}: written by other software than this: everything is verified again.")
    with public_log(path) as log, progress_bars(speed="leaves/s") as progress, seldom_collecting():
        bar = progress.add_task("Audit", total=log.size)
        report = audit(
            log,
            genesis,
            lambda done, size: progress.update(bar, completed=done, total=size),
            part=part,
            known=known,
        )
    if report.unknown_cohorts:
        raise InputError(f"--cohort: no round has a service named {report.unknown_cohorts[0]!r}")
    if state is not None and report.verified_log is not None:
        report.verified_log.save(state)
    return report


def export_folder(path: Path, target: Path) -> int:
    """Writes the public file; the number of its leaves. InputError if ``target`` exists."""
    LedgerFolder(path).describe()
    with Store.open(path, read_only=True) as store:
        size, note = store.head()
        try:
            with target.open("xb") as file, ExitStack() as undo:
                # Half an export would only be mistaken for one.
                undo.callback(target.unlink)
                write_export(store.leaves(0, size), note, file)
                undo.pop_all()
        except FileExistsError:
            raise InputError(f"{target} exists: choose another name for the export") from None
        except OSError as error:
            raise InputError(f"{target}: {error.strerror or error}") from None
        return size
