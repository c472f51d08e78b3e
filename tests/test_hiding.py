"""A whole ledger hides its answers, and who gave them, from anybody, for ever.

In groups whose logarithms are known, a test can do what an adversary without bounds could: take the log
of a round and any other story that fits its published result, and find the randomness with which honest
devices would have written the very same log. Who reads it can therefore not tell the stories apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.kinds import Answer
from circuits.rating import Core, RatingContext, decode_core
from tests.circuits.strategies import question, questionnaire
from tests.circuits.test_rating_hiding import (
    THRESHOLD,
    Polynomials,
    explain,
    random_polynomials,
    rebuild,
    replay,
    sheets,
    through,
)
from tests.toygroup import TOY
from tests.toypairing import ToyPairing
from tests.world import World, audit_leaves
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase, Round
from zkperf.ledger.transactions import Issue, SumsPosted, decode_transaction, encode_transaction
from zkperf.roles.citizen import Citizen, Token, draw_token
from zkperf.roles.registrar import Voucher
from zkperf.roles.view import RoundView
from zkperf.sharing import Share, sum_shares
from zkperf.tokens.blind import message_point

Q = TOY.order
PAIRING = ToyPairing()
FORM = questionnaire(
    question("single", "single", options=["a", "b", "c"], required=False),
    question("score", "score", bounds=(1, 3), disclose="total", required=False),
)
ANSWERS: dict[int, list[dict[str, Answer]]] = {
    1: [{"single": "a", "score": 1}, {"single": "b", "score": 3}, {"single": "a"}],
    2: [{"single": "c", "score": 2}],
    3: [{"single": "b", "score": 3}],
}
"""By service. k_min is 2: services 2 and 3 are withheld, and everybody together is published.

Together two of 2 and 3 answered each question, so that service 1 need not protect them."""


@pytest.fixture
def toy_suites(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commitment group and the pairing of every ledger made here are toys."""
    for module in ("zkperf.ledger.rules.genesis", "zkperf.roles.view", "zkperf.roles.folder"):
        monkeypatch.setattr(f"{module}.suite", {"toy": TOY}.__getitem__)
    monkeypatch.setattr("zkperf.ledger.rules.genesis.SUITES", ("toy",))
    for module in ("zkperf.ledger.engines.embedded", "zkperf.roles.auditor"):
        monkeypatch.setattr(f"{module}.BLS12381", PAIRING)


class ToyRound:
    """A round with its raters, and what everybody can read of it."""

    def __init__(self, path: Path, *, tally: bool) -> None:
        self.world = World.create(path / "ledger", suite="toy", members=4, threshold=THRESHOLD)
        self.found: Round = self.world.open_round(("A", "B", "C"), FORM)
        self.vouchers: list[Voucher] = []
        drawn = [(self.draw(unit), unit, answers) for unit, all_ in ANSWERS.items() for answers in all_]
        self.rated: dict[bytes, tuple[int, dict[str, Answer]]] = {}
        for (citizen, token), unit, answers in drawn:
            core, bundle = citizen.rate(token, answers)
            self.world.send(core, bundle)
            self.rated[core.pseudonym] = unit, answers
        trustees = self.world.consortium.trustees
        if not tally:
            self.world.consortium.trustees = []
        self.world.close_round(self.found)
        self.world.consortium.trustees = trustees
        self.leaves = self.world.leaves()

    def draw(self, unit: int) -> tuple[Citizen, Token]:
        world = self.world
        view = RoundView.load(world.consortium, world.state.ledger, self.found.digest)
        citizen, voucher = Citizen(view, PAIRING), world.voucher(self.found, unit)
        self.vouchers.append(voucher)
        return citizen, draw_token(citizen, world.consortium, voucher)

    def cores(self, *units: int) -> list[Core]:
        """The ratings of these services on the log, in its order."""
        every = (decode_transaction(leaf) for leaf in self.leaves)
        return [item for item in every if isinstance(item, Core) and item.unit in units]

    def public(self, unit: int) -> Any:
        """What explains a rating, and is public: in the shape that `explain` and `rebuild` take."""
        state = self.world.state
        context = RatingContext(
            ledger=state.ledger,
            round=self.found.digest,
            unit=unit,
            scheme=self.found.scheme.digest,
            threshold=THRESHOLD,
            members=state.members,
        )
        scheme = self.found.scheme
        return SimpleNamespace(
            layout=scheme.layout, keys=scheme.keys, context=context, trustees=state.sealing_keys
        )


def test_the_toy_ledger_is_a_valid_one(toy_suites: None, tmp_path: Path) -> None:
    played = ToyRound(tmp_path, tally=True)
    assert played.found.phase is Phase.PUBLISHED
    assert audit_leaves(played.leaves, played.world.consortium.ledger.checkpoint()).ok
    assert set(played.world.state.rounds[played.found.digest].publication.withheld) == {2, 3}


# -- answers ----------------------------------------------------------------------------------------


def test_every_rating_on_the_log_could_be_any_other(
    toy_suites: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the tally: each rating by itself, as every admissible sheet of answers."""
    played = ToyRound(tmp_path, tally=False)
    cores = played.cores(1, 2, 3)
    assert len(cores) == 5
    for core in cores:
        public = played.public(core.unit)
        for claimed in sheets(FORM):
            draws = explain(public, core, claimed, random_polynomials(public))
            rebuilt, _, _ = rebuild(public, core, claimed, draws, monkeypatch)
            assert encode_transaction(rebuilt) in played.leaves


Posted = dict[tuple[int, int], dict[int, Share]]
"""(commitment, unit) to the sums posted for it, by trustee."""


def posted_sums(played: ToyRound) -> Posted:
    found: Posted = {}
    for leaf in played.leaves:
        item = decode_transaction(leaf)
        if isinstance(item, SumsPosted):
            for total in item.sums:
                values = tuple(TOY.decode_scalar(value) for value in total.values)
                share = Share(values, TOY.decode_scalar(total.blinding))
                found.setdefault((total.commitment, total.unit), {})[item.trustee] = share
    return found


def subtract(one: list[list[int]], other: list[list[int]]) -> list[list[int]]:
    return [[(a - b) % Q for a, b in zip(x, y, strict=True)] for x, y in zip(one, other, strict=True)]


def polynomials_with_these_sums(public: Any, count: int, sums: list[list[list[int]]]) -> list[Polynomials]:
    """Random polynomials for so many ratings; the last one's make the sums, by commitment, come out."""
    chosen = [random_polynomials(public) for _ in range(count - 1)]
    last = sums
    for phi in chosen:
        last = [subtract(rest, mine) for rest, mine in zip(last, phi, strict=True)]
    return [*chosen, last]


def exchanges(answers: Mapping[int, Sequence[dict[str, Answer]]]) -> Iterator[list[list[dict[str, Answer]]]]:
    """Every way to exchange answers within the published service, and within the withheld ones."""
    published, withheld = answers[1], [*answers[2], *answers[3]]
    for one, two in product(permutations(published), permutations(withheld)):
        yield [list(one), list(two)]


def fits_the_posted_sums(
    played: ToyRound, claims: Sequence[Sequence[dict[str, Answer]]], monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Rewrites every rating on the log for these answers, of service 1 and of the others, byte for byte.

    Uses what the log says and nothing else. Whether all posted sums come out as well.
    """
    posted, commitments = posted_sums(played), range(len(played.found.scheme.keys))
    # What is posted determines the sums of the polynomials: of service 1, and of everybody.
    assert set(posted) == {(q, unit) for q in commitments for unit in (0, 1)}
    of_one = [through(posted[q, 1]) for q in commitments]
    of_rest = [subtract(through(posted[q, 0]), of_one[q]) for q in commitments]
    dealt_to: dict[tuple[int, int], list[Sequence[Share]]] = {place: [] for place in posted}
    groups = [(played.cores(1), of_one, claims[0]), (played.cores(2, 3), of_rest, claims[1])]
    for cores, totals, group_claims in groups:
        phis = polynomials_with_these_sums(played.public(0), len(cores), totals)
        for core, claimed, phi in zip(cores, group_claims, phis, strict=True):
            public = played.public(core.unit)
            draws = explain(public, core, claimed, phi)
            rebuilt, dealt, _ = rebuild(public, core, claimed, draws, monkeypatch)
            assert encode_transaction(rebuilt) in played.leaves
            for q in commitments:
                for unit in {0, core.unit} & {0, 1}:
                    dealt_to[q, unit].append(dealt[q])
    return all(
        sum_shares(Q, [shares[j - 1] for shares in dealt_to[place]]) == share
        for place, by_trustee in posted.items()
        for j, share in by_trustee.items()
    )


def test_after_publication_who_answered_what_is_still_open(
    toy_suites: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any exchange of answers explains every leaf, and every sum that the trustees have posted."""
    played = ToyRound(tmp_path, tally=True)
    stories = list(exchanges(ANSWERS))
    assert len(stories) == 12
    for claims in stories:
        assert fits_the_posted_sums(played, claims, monkeypatch)


def test_answers_with_other_totals_do_not_explain_what_is_published(
    toy_suites: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = ToyRound(tmp_path, tally=True)
    true = [ANSWERS[1], [*ANSWERS[2], *ANSWERS[3]]]
    for claims in ([[{"single": "a", "score": 1}] * 3, true[1]], [true[0], [{}, {}]]):
        assert not fits_the_posted_sums(played, claims, monkeypatch)


# -- raters -----------------------------------------------------------------------------------------


def test_every_rating_could_be_of_every_voucher(toy_suites: None, tmp_path: Path) -> None:
    """All trustees together, the registrar, and whoever reads the log: none can match the two.

    Whichever voucher is given to whichever pseudonym, there is the one blinding with which its device
    writes the very issuance that is on the log, and gets the very token.
    """
    played = ToyRound(tmp_path, tally=True)
    world, found = played.world, played.found
    view = RoundView.load(world.consortium, world.state.ledger, found.digest)
    vouchers = [voucher for voucher in played.vouchers if voucher.unit == 1]
    cores = played.cores(1)
    issues = {
        item.voucher: leaf for leaf in played.leaves if isinstance(item := decode_transaction(leaf), Issue)
    }
    for voucher, core in product(vouchers, cores):
        on_log = issues[public_bytes(Ed25519PrivateKey.from_private_bytes(voucher.secret))]
        blinded = PAIRING.g1.decode(decode_transaction(on_log).blinded)
        point = message_point(PAIRING, view.ledger, view.round, 1, core.pseudonym)
        x = decode_core(TOY, view.layout, THRESHOLD, core).pseudonym.log
        # P' = β·P
        beta = blinded.log * pow(point.log, -1, PAIRING.order) % PAIRING.order
        citizen = Citizen(view, PAIRING, replay([x - 1, beta - 1]))  # both are drawn as numbers from 1
        request = citizen.request_token(voucher)
        assert request.issue == on_log
        shares = world.consortium.token_shares(public_bytes(voucher.key()))
        token = citizen.finish_token(request, shares)
        assert token.token == core.token
