"""What members and their evaluator do: found a ledger, publish a scheme, open and close rounds.

Every write is a transaction signed with a key from the folder. It goes to the ledger directly, or, where
another process serves the folder, to that service. Reading needs neither: it looks at what is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from zkperf.cli.output import agree, say
from zkperf.cli.times import show_time
from zkperf.errors import InputError, RuleViolation
from zkperf.indicators.asked import expected_lines
from zkperf.indicators.scheme_file import load_scheme
from zkperf.ledger.engines.embedded import stored_state
from zkperf.ledger.figure_transactions import Auditor, FiguresOpened, Place
from zkperf.ledger.rules.sizes import most_ratings
from zkperf.ledger.state import BEFORE_OPEN, RUNNING, FigureRound, FigureScheme, Phase, Round, Scheme, State
from zkperf.ledger.store.errors import LedgerInUse
from zkperf.ledger.store.store import Store
from zkperf.ledger.transactions import RoundOpened, Unit, decode_transaction
from zkperf.names import check_name, check_names, fold
from zkperf.roles.audit_notes import SAME, overlaps
from zkperf.roles.consortium import Consortium
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.remote import RemoteLedger
from zkperf.surveys.input_files import parse_toml, read_text
from zkperf.surveys.questionnaire_file import load_questionnaire
from zkperf.surveys.results import visible

DEFAULT_MEMBERS, DEFAULT_THRESHOLD = 5, 3
_PREFIX = 6
"""Hexadecimal digits that an abbreviated identifier has at least."""


@contextmanager
def reading(path: Path) -> Iterator[tuple[State, Store]]:
    """The ledger as it is stored at ``path``, also while it is served. InputError if there is none.

    What is stored is believed, as its own process believes it; whoever does not, audits.
    """
    LedgerFolder(path).describe()
    with Store.open(path, read_only=True) as store:
        yield stored_state(store), store


def found_ledger(
    path: Path,
    *,
    suite: str,
    members: int | None,
    names: Sequence[str],
    threshold: int | None,
    floor: int,
    name: str,
    stage_seconds: int,
    abandon_seconds: int | None,
    rehearsal: bool,
) -> tuple[str, int, int]:
    """A new ledger in a new folder; its genesis digest, how many members it has and how many open totals.

    The members are ``names``, or as many as ``members`` says. InputError if something makes no ledger.
    """
    if names and members not in (None, len(names)):
        raise InputError(f"--members {members}, but --member names {len(names)}")
    count = len(names) or members or DEFAULT_MEMBERS
    threshold = min(DEFAULT_THRESHOLD, count) if threshold is None else threshold
    check_name(name, "--name")
    check_names(names, "--member")
    folder, consortium = LedgerFolder.create(
        path,
        suite_name=suite,
        members=names or count,
        threshold=threshold,
        min_cohort_floor=floor,
        name=name,
        stage_seconds=stage_seconds,
        abandon_seconds=abandon_seconds,
        rehearsal=rehearsal,
    )
    consortium.close()
    return folder.describe()["genesis"], count, threshold


def add_scheme(path: Path, file: Path, service: str | None) -> str:
    """Publishes the questionnaire, or the scheme of figures, in a file; the scheme's identifier."""
    folder = LedgerFolder(path)
    evaluator = folder.evaluator(ledger_digest(folder))
    if "indicator" in parse_toml(read_text(file), str(file)):
        scheme = load_scheme(file)
        transaction = evaluator.post_figure_scheme(scheme)
        for line in expected_lines(scheme):
            say(line)
    else:
        transaction = evaluator.post_scheme(load_questionnaire(file))
    identifier = sha256(transaction)
    with reading(path) as (state, _):
        there = identifier.digest() in {*state.schemes, *state.figure_schemes}
    if there:
        say("This very scheme is on the ledger already.")
    else:
        write(folder, transaction, service)
    return identifier.hexdigest()


def open_round(
    path: Path,
    *,
    scheme: str,
    name: str,
    min_cohort: int,
    units: tuple[Unit, ...],
    until: int | None,
    service: str | None,
    yes: bool,
) -> str:
    """Opens a round, for which the members make their keys; the round's identifier. ``until``: its announced
    end, in Unix time.

    Asks before it goes on, unless ``yes``, if services may be the same as some that are in a round already.
    """
    check_name(name, "--name")
    folder = LedgerFolder(path)
    with reading(path) as (state, _):
        chosen = find_scheme(state, scheme)
        if isinstance(chosen, FigureScheme):
            raise InputError(f"--scheme: {scheme!r} is a scheme of figures: give --period and --providers")
        room = most_ratings(chosen.questionnaire)
        if room < min_cohort:
            raise InputError(
                f"--scheme: its numbers are so large that totals of more than {room:,} ratings may not fit "
                f"into 64 bits, and {min_cohort:,} are needed: choose smaller ranges"
            )
        running = [(key, found.opened) for key, found in state.rounds.items() if found.phase in RUNNING]
    evaluator = folder.evaluator(ledger_digest(folder))
    transaction = evaluator.open_round(chosen.digest, name, min_cohort, units, until)
    if not any(_same(other, decode_transaction(transaction)) for _, other in running):
        _ask_about_shared(running, transaction, yes)
    identifier = _open(folder, transaction, service)
    _say_end(until)
    return identifier.hex()


def _ask_about_shared(running: Sequence[tuple[bytes, RoundOpened]], draft: bytes, yes: bool) -> None:
    """Asks about services of the draft that the rules would take, and that may be in a running round."""
    opened = decode_transaction(draft)
    for other in running:
        found = [item for item in overlaps([other, (bytes(32), opened)]) if item.why != SAME]
        for item in found:
            say(f"{item.rounds[0]} is still open. In both rounds, {item.why}: {', '.join(item.services)}.")
        if found:
            agree(
                "If these are one service, what is published of the two rounds can be subtracted and tells "
                "what few people have answered. Open the round all the same?",
                yes,
            )


def open_figures(
    path: Path,
    *,
    scheme: str,
    period: str,
    min_cohort: int,
    places: tuple[Place, ...],
    previous: str | None,
    ratings: Sequence[str],
    auditors: Sequence[Auditor],
    until: int | None,
    service: str | None,
) -> str:
    """Opens a round of figures; its identifier."""
    check_name(period, "--period")
    folder = LedgerFolder(path)
    with reading(path) as (state, _):
        chosen = find_scheme(state, scheme)
        if isinstance(chosen, Scheme):
            raise InputError(f"--scheme: {scheme!r} is a questionnaire: give --name, and --unit or --units")
        if chosen.scheme.draw and not auditors:
            raise InputError("--auditor: the scheme draws figures to be shown to one; name at least one")
        before = None if previous is None else find_figures(state, previous)
        if before is not None and before.opened.period == period:
            raise InputError(f"--previous: that round is of {period} too; name the last period's")
        alike = [key for key, it in state.figure_rounds.items() if it.opened.period == period]
        rated = [find_round(state, text).digest for text in ratings]
    opened = folder.evaluator(ledger_digest(folder)).open_figures(
        chosen.digest,
        period,
        min_cohort,
        places,
        previous=None if before is None else before.digest,
        ratings=rated,
        auditors=auditors,
        until=until,
    )
    identifier = _open(folder, opened, service)
    _say_end(until)
    if others := ", ".join(key.hex()[:12] for key in alike if key != identifier):
        say(
            f"This ledger has a round of {period} already ({others}): "
            f"from now on use identifiers, for this one {identifier.hex()[:12]}."
        )
    return identifier.hex()


def _open(folder: LedgerFolder, transaction: bytes, service: str | None) -> bytes:
    """Opens a round of either kind; its identifier. A round like it that runs already is this very round: a
    command that was interrupted, and is run again, brings it to where it would have."""
    opened = decode_transaction(transaction)
    with reading(folder.path) as (state, _):
        rounds = state.all_rounds.values()
    running = [found.digest for found in rounds if found.phase in RUNNING and _same(found.opened, opened)]
    if running:
        identifier = running[0]
        say("This very round is on the ledger already.")
        go_on(folder, service)
    else:
        identifier = sha256(transaction).digest()
        write(folder, transaction, service)
    with reading(folder.path) as (state, _):
        phase = state.all_rounds[identifier].phase
    if phase in BEFORE_OPEN:
        say(f"Not open yet ({phase}): zkperf round show tells when it is.")
    return identifier


def _same(one: RoundOpened | FiguresOpened, other: RoundOpened | FiguresOpened) -> bool:
    """They differ in nothing but the time at which they were signed."""
    return one == other.model_copy(update={"signature": one.signature, "at": one.at})


def _say_end(until: int | None) -> None:
    if until is not None:
        say(f"Open until {show_time(until)}: it cannot be closed before, and zkperf serve closes it then.")


def write(folder: LedgerFolder, transaction: bytes, service: str | None) -> None:
    """Submits a transaction to the folder's ledger, or to the service that serves it.

    Raises the rule's error if it is refused, InputError if the ledger is served and no service is named,
    or the service serves another ledger.
    """
    if service is not None:
        with serving(folder, service) as remote:
            remote.submit(transaction)
        return
    with _opened(folder) as consortium:
        consortium.submit(transaction)


@contextmanager
def serving(folder: LedgerFolder, service: str) -> Iterator[RemoteLedger]:
    """The service that serves the folder's ledger. InputError if it serves another."""
    with RemoteLedger(service, tell=say) as remote:
        if remote.genesis() != ledger_digest(folder):
            raise InputError(f"--service: {service} serves another ledger than {folder.path}")
        yield remote


def go_on(folder: LedgerFolder, service: str | None) -> None:
    """Lets the members do what is left to do in a folder that nobody serves. A service does so by itself."""
    if service is None:
        with _opened(folder):
            pass


@contextmanager
def _opened(folder: LedgerFolder) -> Iterator[Consortium]:
    """The folder's ledger for writing; at the end members say what they could not do. InputError if it is
    served."""
    try:
        _, consortium = LedgerFolder.open(folder.path)
    except LedgerInUse:
        raise InputError(
            f"{folder.path} is in use by another process; if that is zkperf serve, give its address: "
            "--service http://127.0.0.1:8000"
        ) from None
    try:
        say_absent(consortium)
        yield consortium
        for trustee, error in consortium.refusals:
            say(f"member {trustee}: refused ({error.check}): {error}")
    finally:
        consortium.close()


def say_absent(consortium: Consortium) -> None:
    """Which members take no part, and what that costs."""
    if not consortium.absent:
        return
    state = consortium.ledger.state
    for number, reason in consortium.absent.items():
        say(f"Member {number} ({state.rules.members[number - 1].name}) takes no part: {reason}")
    here, hours = state.members - len(consortium.absent), state.rules.stage_seconds / 3600
    say(f"{here} of {state.members} members are here, {state.enough} are enough for a round.")
    if here >= state.enough:
        say(
            "What waits for all of them, before a round opens and after its close, goes on when its time is "
            f"over: {hours:g} hours a stage, then zkperf round deadline."
        )
    else:
        say("They sign tokens and open totals; no round is opened or closed until a key is restored.")


def find_round(state: State, text: str) -> Round:
    """The round of ratings with this identifier, its beginning, or this name. InputError otherwise."""
    names = {key: found.opened.name for key, found in state.rounds.items()}
    return state.rounds[pick(names, text, "round of ratings" if state.figure_rounds else "round")]


def find_figures(state: State, text: str) -> FigureRound:
    """The round of figures with this identifier, its beginning, or of this period. InputError otherwise."""
    periods = {key: found.opened.period for key, found in state.figure_rounds.items()}
    return state.figure_rounds[pick(periods, text, "round of figures")]


def find_either(state: State, text: str) -> Round | FigureRound:
    """The round of either kind with this identifier, its beginning, this name or this period."""
    both = state.all_rounds
    return both[pick({key: round_name(found) for key, found in both.items()}, text, "round")]


def round_name(found: Round | FigureRound) -> str:
    """What people call a round: its name, or its period."""
    return found.opened.name if isinstance(found, Round) else found.opened.period


def find_scheme(state: State, text: str) -> Scheme | FigureScheme:
    """The scheme with this identifier, its beginning, or its file's id. InputError otherwise."""
    both: dict[bytes, Scheme | FigureScheme] = {**state.schemes, **state.figure_schemes}
    names = {key: item.questionnaire.id for key, item in state.schemes.items()}
    names |= {key: item.scheme.id for key, item in state.figure_schemes.items()}
    return both[pick(names, text, "scheme")]


def pick(names: Mapping[bytes, str], text: str, what: str) -> bytes:
    """The identifier that ``text`` is, begins, or names. InputError, saying what there is, otherwise."""
    begins = text.lower() if len(text) >= _PREFIX else None
    found = [
        key
        for key, name in names.items()
        if fold(name) == fold(text) or (begins is not None and key.hex().startswith(begins))
    ]
    if len(found) == 1:
        return found[0]
    if not names:
        raise InputError(f"there is no {what} on this ledger yet")
    if found:
        known = ", ".join(key.hex()[:12] for key in found)
        raise InputError(f"more than one {what} is {text!r}; use the beginning of an identifier: {known}")
    known = ", ".join(f"{key.hex()[:12]} ({visible(name)})" for key, name in names.items())
    raise InputError(f"no {what} {text!r} on this ledger; there is {known}")


def ledger_digest(folder: LedgerFolder) -> bytes:
    """The genesis digest that the folder's ledger.json has. InputError if it is none."""
    try:
        return bytes.fromhex(folder.describe()["genesis"])
    except ValueError:
        raise InputError(f"{folder.path / 'ledger.json'}: the genesis digest is not hexadecimal") from None


def require_phase(found: Round, *phases: Phase) -> None:
    """RuleViolation unless the round is in one of these phases."""
    if found.phase not in phases:
        raise RuleViolation(f"the round is in the phase “{found.phase}”", check="rounds")
