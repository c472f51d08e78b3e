"""A round's opening, closing and deadlines."""

from __future__ import annotations

from zkperf.errors import RuleViolation
from zkperf.ledger.identity import services
from zkperf.ledger.paths import full_path
from zkperf.ledger.rules.common import (
    check_announced,
    find_either,
    frozen_tree,
    require,
    require_evaluator,
    require_name,
    require_party,
    require_trustee,
)
from zkperf.ledger.rules.figures.claims import end_waiting
from zkperf.ledger.rules.issuance import issuance_verifier
from zkperf.ledger.rules.keygen import finish_keygen, keygens
from zkperf.ledger.rules.sizes import largest_posting, most_ratings
from zkperf.ledger.rules.tally import fix_counted_set
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import (
    BEFORE_OPEN,
    RUNNING,
    Abandonment,
    Cohort,
    Committed,
    FigureRound,
    Phase,
    Round,
    State,
)
from zkperf.ledger.transactions import (
    MAX_TRANSACTION,
    Deadline,
    RoundAbandoned,
    RoundClosed,
    RoundOpened,
    digest,
)
from zkperf.names import fold

CHECK = "rounds"
STAGES = (
    Phase.COMMITTING,
    Phase.DEALING,
    Phase.ACCEPTING,
    Phase.CHECKING,
    Phase.CLAIMING,
    Phase.INSPECTING,
)
"""What a deadline can end."""
WAITING = (Phase.CLAIMING, Phase.INSPECTING)
"""Those in which members have nothing to do, so that it takes none of them. They begin by themselves, at no
known time: a first deadline says when, a second one ends them."""


def process_round_opened(state: State, opened: RoundOpened) -> None:
    """A scheme, a period and a frozen tree. A service is in one open round at a time."""
    require_evaluator(state, opened, opened.evaluator, CHECK)
    identifier = digest(opened)
    require(identifier not in state.rounds, CHECK, "this round is on the ledger already")
    scheme = state.schemes.get(opened.scheme)
    if scheme is None:
        raise RuleViolation("the round's scheme is not on the ledger", check=CHECK)
    require_name(opened.name, "the round's name", CHECK)
    for other in state.rounds.values():
        # Rounds are asked for by their names.
        alike = fold(other.opened.name) == fold(opened.name)
        require(
            not alike, CHECK, f"the ledger has a round {other.opened.name!r} already: choose another name"
        )
    registrars = [unit.registrar for unit in opened.units]
    check_announced(opened, CHECK)
    tree = frozen_tree(state, opened, registrars, "services, and only they, have a registrar", CHECK)
    leaves = tree.leaves()
    require(
        largest_posting(scheme, opened.units) <= MAX_TRANSACTION,
        CHECK,
        f"{len(opened.units)} units are too many for this questionnaire: their totals would not fit into "
        f"one transaction of {MAX_TRANSACTION} bytes",
    )
    mine = services(opened)
    for other in state.rounds.values():
        if other.phase in RUNNING:
            shared = sorted(mine[same] for same in mine.keys() & other.identities.keys())
            name = full_path(opened.units, shared[0]) if shared else ""
            require(not shared, CHECK, f"service {name!r} is in another open round, {other.opened.name!r}")
    nothing = Committed.nothing(state.commitment_group, len(scheme.layout.commitments), state.rules.threshold)
    found = Round(
        digest=identifier,
        index=state.size,
        opened=opened,
        scheme=scheme,
        tree=tree,
        last_time=opened.at,
        cohorts={leaf: Cohort(nothing) for leaf in leaves},
        keygens=keygens(state, identifier, leaves),
        most_ratings=most_ratings(scheme.questionnaire),
    )
    found.registrars = issuance_verifier(state, found)
    state.rounds[identifier] = found


def process_round_closed(state: State, closed: RoundClosed) -> None:
    """No issuance, no new rating and no report from here on; what waits enters with the final batches.

    A round that has no keys yet is abandoned instead, at any time: nobody could rate yet. From then on an
    announced end is a promise to those who wait for it.
    """
    require_evaluator(state, closed, closed.evaluator, CHECK)
    found = find_either(state, closed.round, CHECK, *RUNNING)
    require(closed.at >= found.last_time, CHECK, "the round would close before it opened")
    until = found.opened.until
    require(
        until is None or closed.at >= until or found.phase in BEFORE_OPEN,
        CHECK,
        f"the round has announced that it is open until {until}: it is not closed before",
    )
    found.phase = Phase.ABANDONED if found.phase in BEFORE_OPEN else Phase.DRAINING
    found.last_time = closed.at


def process_abandoned(state: State, abandoned: RoundAbandoned) -> None:
    """A member gives up a round in which nothing moves any more. What is sealed of it can go.

    Never once the counted set is fixed: a sum may be on the log then, or on its way.
    """
    require_trustee(state, abandoned, abandoned.trustee, CHECK)
    found = find_either(state, abandoned.round, CHECK, Phase.DRAINING, Phase.CHECKING)
    earliest = found.last_time + state.rules.abandon_seconds
    require(abandoned.at >= earliest, CHECK, f"the round may be abandoned from {earliest} on")
    found.last_time, found.phase = abandoned.at, Phase.ABANDONED
    found.abandoned = Abandonment(state.size, abandoned.trustee)


def process_deadline(state: State, deadline: Deadline) -> None:
    """The time for the present stage is over: the members who finished it go on, if they are enough.

    If they are not, the deadline is refused: the stage goes on and nothing is opened.
    """
    require_party(state, deadline.signer, CHECK)
    verify_signed(deadline, deadline.signer, state.ledger, whose="this member or evaluator")
    found = find_either(state, deadline.round, CHECK, *STAGES)
    if isinstance(found, FigureRound) and found.phase in WAITING and found.timed is not found.phase:
        require(deadline.at >= found.last_time, CHECK, f"the stage began after {found.last_time}")
        found.timed, found.last_time = found.phase, deadline.at
        return
    earliest = found.last_time + state.rules.stage_seconds
    require(deadline.at >= earliest, CHECK, f"the stage lasts until {earliest}")
    if found.phase in WAITING:
        assert isinstance(found, FigureRound)
        found.last_time = deadline.at
        end_waiting(found)
        return
    done = {
        Phase.COMMITTING: min((len(keygen.commitments) for keygen in found.keygens), default=0),
        Phase.DEALING: min((len(keygen.deals) for keygen in found.keygens), default=0),
        Phase.ACCEPTING: len(found.deals_accepted),
    }.get(found.phase, len(found.checked))
    require(
        done >= state.enough,
        CHECK,
        f"only {done} members have finished, {state.enough} are needed: the stage goes on",
    )
    found.last_time = deadline.at
    if found.phase is Phase.COMMITTING:
        found.phase = Phase.DEALING
    elif found.phase is Phase.DEALING:
        found.phase = Phase.ACCEPTING
    elif found.phase is Phase.ACCEPTING:
        finish_keygen(state, found)
    else:
        fix_counted_set(found)
