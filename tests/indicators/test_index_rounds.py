"""An index of figures, pools and ratings, in whole rounds: what the protocol's section 12 says of it is
computed here a second time, with fractions, from what providers and raters put in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.indicators.recomputed import disclosed
from tests.world import World, number, questionnaire
from zkperf.errors import EncodingError, InvalidProof, RuleViolation, ZkperfError
from zkperf.indicators.published import period_result
from zkperf.indicators.scheme_file import parse_scheme
from zkperf.ledger.figure_transactions import ClaimsPosted, Place
from zkperf.ledger.rules.figures.claims import provider_setting
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import FigureRound, Phase, Round
from zkperf.ledger.transactions import ResultPosted, Unit, decode_leaf, decode_transaction, encode_transaction
from zkperf.roles.auditor import PublicLog, audit
from zkperf.roles.provider import Provider
from zkperf.roles.trace import trace_result

K_MIN = 2
GROUPS = {"North": ("n1", "n2", "n3"), "South": ("s1", "s2"), "East": ("e1",)}
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names}

INDICATORS = """
id = "care"

[[indicator]]
id = "quality"
scale = 1
min = "0"
max = "30"
better = "higher"
weight = "0.4"

[[indicator]]
id = "turnover"
scale = 2
min = "0"
max = "100"
better = "lower"
weight = "0.3"
missing = "0.25"

[[indicator]]
id = "staff"
min = "5"
max = "505"
better = "higher"
weight = "0.3"

[[indicator]]
id = "cost"
min = "0"
max = "5000"
better = "lower"

[[indicator]]
id = "wait"
min = "0"
max = "365"
better = "lower"

[[claim]]
id = "good"
kind = "index"
at_least = "0.55"
"""

PARTS = """
[[index.part]]
source = "pool"
id = "cost"
weight = "0.2"
low = "2500"
high = "500"

[[index.part]]
source = "rating"
id = "satisfied"
weight = "0.3"
low = "1"
high = "5"
missing = "0.4"

[[index.part]]
source = "rating"
id = "respect"
weight = "0.1"
low = "-10"
high = "10"
"""

EXACT = f'floor = 1\n{INDICATORS}\n[index]\npublish = "exact"\nstep = "0.05"\n{PARTS}'
GRADED = f"""{INDICATORS}
[index]
publish = "grade"
grades = [["A", "0.7"], ["B", "0.55"], ["C", "0.4"], ["D", "0"]]
{PARTS}
[[index.part]]
source = "pool"
id = "wait"
weight = "0.1"
low = "0"
high = "100"
"""

FIGURES: dict[str, dict[str, str]] = {
    "n1": {"quality": "20.1", "turnover": "25.25", "staff": "200", "cost": "1000", "wait": "40"},
    "n2": {"quality": "30", "turnover": "0", "staff": "505", "cost": "1501"},
    "n3": {"quality": "12.3", "staff": "77", "cost": "2000"},
    "s1": {"quality": "18.9", "turnover": "33.33", "staff": "5", "cost": "700"},
    "s2": {"quality": "25", "cost": "1300"},
    "e1": {"quality": "0", "turnover": "100", "staff": "5", "cost": "4400"},
}
"""Of what weighs, n3 lacks turnover, and s2 has quality alone. Only n1 knows how long people wait."""

FIRST: dict[str, list[dict[str, int]]] = {
    "n1": [{"satisfied": score, "visits": 3} for score in (5, 4, 4, 2)],
    "n2": [{"satisfied": score} for score in (3, 3, 4)],
    "n3": [{"satisfied": 1}],
    "s1": [{"satisfied": score, "visits": 1} for score in (1, 2, 2)],
    "s2": [{"satisfied": 5}, {"satisfied": 5}],
    "e1": [],
}
SECOND: dict[str, list[dict[str, int]]] = {
    "n1": [{"respect": 10}, {"respect": 10}],
    "n2": [],
    "n3": [],
    "s1": [{"respect": -3}, {"respect": 7}, {}],
    "s2": [],
    "e1": [],
}

SATISFIED = {
    "n1": Fraction(15, 4),
    "n2": None,
    "n3": None,
    "s1": Fraction(5, 3),
    "s2": Fraction(5),
    "e1": None,
}
"""One rater of n3 is too few, n2 protects it, and nobody has rated e1."""
RESPECT = {"n1": Fraction(10), "n2": None, "n3": None, "s1": Fraction(2), "s2": None, "e1": None}


# -- the rounds -----------------------------------------------------------------------------------------


@dataclass
class Held:
    """Rounds of ratings and of figures on one ledger."""

    world: World
    providers: Mapping[str, Provider]
    ratings: Sequence[Round]
    schemes: Mapping[str, str]
    rounds: Mapping[str, FigureRound]

    def log(self) -> PublicLog:
        ledger = self.world.consortium.ledger
        size = ledger.state.size
        return PublicLog(size, ledger.leaves(0, size), ledger.leaf, ledger.checkpoint)

    def result(self, period: str) -> Any:
        return period_result(self.world.state, self.rounds[period])


def paths() -> Iterator[tuple[str, int | None, bool]]:
    """(Name, parent, whether it is a leaf) of each unit."""
    yield "all", None, False
    at = 1
    for group, names in GROUPS.items():
        yield group, 0, False
        yield from ((name, at, True) for name in names)
        at += 1 + len(names)


def units_of(found: Any) -> dict[str, int]:
    return {unit.name: place for place, unit in enumerate(found.opened.units)}


def rated(world: World, asked: Any, answers: Mapping[str, Sequence[Mapping[str, int]]], name: str) -> Round:
    """A published round of ratings of every provider's service."""
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    posted = evaluator.post_scheme(asked)
    world.consortium.submit(posted)
    registrar = public_bytes(world.folder.registrar().key)
    units = [Unit(name=n, parent=p, registrar=registrar if leaf else None) for n, p, leaf in paths()]
    opened = evaluator.open_round(sha256(posted).digest(), name, K_MIN, units)
    world.consortium.submit(opened)
    found: Round = world.state.rounds[sha256(opened).digest()]
    for service, sheets in answers.items():
        world.rate(found, sheets, units_of(found)[service])
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED
    return found


def post_scheme(held: Held, text: str) -> bytes:
    """The digest of a scheme on the ledger."""
    world = held.world
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    posted = evaluator.post_figure_scheme(parse_scheme(text, name="S.toml"))
    world.consortium.submit(posted)
    return sha256(posted).digest()


def closed_round(held: Held, period: str, scheme: bytes, ratings: Sequence[Round]) -> FigureRound:
    """A round of figures in which everybody has reported, and which is closed."""
    world = held.world
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    places = [
        Place(name=n, parent=p, provider=held.providers[n].public if leaf else None) for n, p, leaf in paths()
    ]
    opened = evaluator.open_figures(
        scheme, period, K_MIN, places, ratings=[found.digest for found in ratings]
    )
    world.consortium.submit(opened)
    found: FigureRound = world.state.figure_rounds[sha256(opened).digest()]
    report(held, found)
    world.close_round(found)  # type: ignore[arg-type]
    assert found.phase is Phase.CLAIMING
    return found


def report(held: Held, found: FigureRound) -> None:
    scheme, world = found.scheme.scheme, held.world
    for name, figures in FIGURES.items():
        places = {scheme.number(i): Fraction(value) for i, value in figures.items()}
        numbers = {k: scheme.indicators[k].scaled(value) for k, value in places.items()}
        data, bundle = held.providers[name].report(world.state, found, numbers)
        assert not isinstance(world.consortium.submit_reports([(data, bundle.encode())])[0], ZkperfError)


def claim_all(held: Held, found: FigureRound) -> None:
    for name in FIGURES:
        data = held.providers[name].claim(held.world.state, found)
        assert data is not None
        held.world.consortium.submit(data)


SCHEMES = {"2023": EXACT, "2024": GRADED}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    path: Path = tmp_path_factory.mktemp("index")
    world = World.create(path / "ledger")
    asked = (
        questionnaire(number("satisfied", 1, 5, required=True), number("visits", 0, 9)),
        questionnaire(number("respect", -10, 10)),
    )
    ratings = [rated(world, asked[0], FIRST, "2022"), rated(world, asked[1], SECOND, "2023")]
    providers = {}
    for name in FIGURES:
        store = world.folder.provider_keys(name)
        providers[name] = Provider(store.new_signing_key(), store)
    made = Held(world, providers, ratings, SCHEMES, {})
    rounds = {}
    for period, scheme in SCHEMES.items():
        rounds[period] = closed_round(made, period, post_scheme(made, scheme), ratings)
        claim_all(made, rounds[period])
        assert rounds[period].phase is Phase.CONCLUDED
    made.rounds = rounds
    yield made
    world.consortium.close()


# -- the same, computed a second time -------------------------------------------------------------------


def pool(identifier: str, provider: str) -> Fraction | None:
    """The mean of the nearest published unit above a provider."""
    reported = {name: Fraction(f[identifier]) for name, f in FIGURES.items() if identifier in f}
    numbers = {group: sum(name in reported for name in names) for group, names in GROUPS.items()}
    overall, why = disclosed(numbers, K_MIN)
    group = GROUP_OF[provider]
    if why[group] is None:
        values = [value for name, value in reported.items() if GROUP_OF[name] == group]
    elif overall is None:
        values = list(reported.values())
    else:
        return None
    return sum(values, Fraction(0)) / len(values)


def mean_of(part: Mapping[str, str], provider: str) -> Fraction | None:
    if part["source"] == "pool":
        return pool(part["id"], provider)
    return {"satisfied": SATISFIED, "respect": RESPECT}[part["id"]][provider]


def index(scheme: str, provider: str) -> Fraction | None:
    """Σ weight·score / Σ weight, or None where too little is reported."""
    fields, figures = tomllib.loads(scheme), FIGURES[provider]
    weighed = [item for item in fields["indicator"] if "weight" in item]
    reported = [Fraction(item["weight"]) for item in weighed if item["id"] in figures]
    if len(reported) < 2 or max(reported) > Fraction(2, 3) * sum(reported):
        return None
    total, weights = Fraction(0), Fraction(0)
    for item in weighed:
        weights += Fraction(item["weight"])
        score = Fraction(item.get("missing", "0"))
        if item["id"] in figures:
            low, high, value = (Fraction(x) for x in (item["min"], item["max"], figures[item["id"]]))
            score = (value - low if item["better"] == "higher" else high - value) / (high - low)
        total += Fraction(item["weight"]) * score
    for part in fields["index"]["part"]:
        weights += Fraction(part["weight"])
        mean, low, high = mean_of(part, provider), Fraction(part["low"]), Fraction(part["high"])
        score = Fraction(part.get("missing", "0"))
        if mean is not None:
            millionths = 10**6 * (mean - low) / (high - low)
            score = Fraction(millionths.numerator // millionths.denominator, 10**6)
        total += Fraction(part["weight"]) * min(max(score, Fraction(0)), Fraction(1))
    return total / weights


def published(scheme: str, value: Fraction | None) -> str | None:
    fields = tomllib.loads(scheme)["index"]
    if value is None:
        return None
    if fields["publish"] == "grade":
        return next(str(name) for name, least in fields["grades"] if value >= Fraction(least))
    step = Fraction(fields["step"])
    steps = value / step
    lower = min(steps.numerator // steps.denominator, int(1 / step) - 1) * step
    return f"{float(lower):.2f}"


# -- what comes out -------------------------------------------------------------------------------------


def test_ratings_come_out_as_expected(held: Held) -> None:
    for found, question, expected in zip(
        held.ratings, ("satisfied", "respect"), (SATISFIED, RESPECT), strict=True
    ):
        assert found.result is not None
        for name, mean in expected.items():
            result = found.result[units_of(found)[name]]
            said = [item for item in result.questions if item.question == question and item.total is not None]
            assert len(said) == (mean is not None)
            if mean is not None:
                assert Fraction(said[0].total or 0, said[0].answered or 1) == mean


@pytest.mark.parametrize("period", SCHEMES)
def test_every_index_and_every_claim_about_it(held: Held, period: str) -> None:
    scheme, result = SCHEMES[period], held.result(period)
    values = {name: index(scheme, name) for name in FIGURES}
    assert [name for name, value in values.items() if value is None] == ["s2"]
    kind = "grade" if period == "2024" else "index"
    for name, value in values.items():
        provider = result["providers"][name]
        if name == "n1" and period == "2024":
            # "Good" is proved and has the bound of B: that it is also the bound of a grade is not seen, so
            # nobody is asked it again. With "good" it still is B that follows.
            assert (provider["grade"], provider["grades"]) == ("B or worse", ["B", "D"])
            assert (published(scheme, value), provider["claims"]["good"]) == ("B", "proved")
        else:
            assert provider[kind] == published(scheme, value), name
        verdict = "not reported" if value is None else "proved" if value >= Fraction("0.55") else "not proved"
        assert provider["claims"] == {"good": verdict}
    # It is not the same for everybody.
    assert len({result["providers"][name][kind] for name in FIGURES}) >= 4


def test_means_that_are_withheld_score_what_is_stated(held: Held) -> None:
    """n2's service was rated by three, but they protect the one who rated n3's: that scores 0.4. Nobody
    respects n2 in public: for that nothing is stated."""
    value = index(EXACT, "n2")
    assert value is not None
    weights = Fraction("0.4") + 2 * Fraction("0.3") + Fraction("0.2") + Fraction("0.3") + Fraction("0.1")
    cost = Fraction(2500 - Fraction(1000 + 1501 + 2000, 3)) / 2000
    expected = (1 + Fraction("0.2") * cost + Fraction("0.3") * Fraction("0.4")) / weights
    assert 0 <= expected - value < Fraction(1, 10**6)
    assert held.result("2023")["providers"]["n2"]["index"] == "0.75"


def test_the_pool_of_the_nearest_group(held: Held) -> None:
    """Of the costs, North's may be published; South and East take those of all."""
    assert pool("cost", "n1") == Fraction(4501, 3)
    assert pool("cost", "s1") == pool("cost", "e1") == Fraction(1000 + 1501 + 2000 + 700 + 1300 + 4400, 6)
    assert all(pool("wait", name) is None for name in FIGURES)
    nodes = held.result("2023")
    statuses = {group: node["pools"]["cost"]["status"] for group, node in nodes["groups"].items()}
    assert statuses == {"North": "published", "South": "withheld", "East": "withheld"}
    assert nodes["total"]["pools"]["wait"]["status"] == "withheld"


def test_the_audit_covers_both(held: Held) -> None:
    report = audit(held.log(), held.world.state.ledger)
    assert report.ok
    rounds = held.world.state.figure_rounds.values()
    claims = sum(len(claimed.proved) for found in rounds for claimed in found.claimed.values())
    seen = [report.figures[what] for what in ("rounds", "reports", "claims")]
    assert seen == [len(rounds), 6 * len(rounds), claims]
    # Five have an index in each round; two of them are good enough in 2023, and one of them in 2024.
    made = [
        sum(len(claimed.proved) for claimed in held.rounds[period].claimed.values()) for period in SCHEMES
    ]
    assert made == [7, 7]


# -- traces ---------------------------------------------------------------------------------------------


def traced(held: Held, result: str) -> tuple[Any, dict[str, Any]]:
    found = trace_result(held.log(), result, held.world.state.ledger)
    return found, {mean["id"]: mean for mean in found["means"]}


def test_an_index_is_traced_to_the_means_it_takes(held: Held) -> None:
    for result, value in (("2023/n1/index", "0.60"), ("2023/n1/good", "proved")):
        found, means = traced(held, result)
        assert found["value"] == value
        assert {proof["kind"] for proof in found["proofs"]} == {"report", "index"}
        assert all(proof["verified"] for proof in found["proofs"])
        assert list(means) == ["cost", "satisfied", "respect"]
        figures, first, second = held.rounds["2023"], *held.ratings
        assert means["cost"]["value"] == "1500.333333"
        assert (means["cost"]["unit"], means["cost"]["round"]) == ("North", figures.index)
        assert len(means["cost"]["commitments"]) == 3
        for name, rated, mean, ratings in (
            ("satisfied", first, "3.750000", 4),
            ("respect", second, "10.000000", 2),
        ):
            said = means[name]
            assert (said["value"], said["unit"]) == (mean, "North/n1")
            assert (said["round"], said["result"]) == (rated.index, rated.result_index)
            ledger = held.world.consortium.ledger
            published = decode_leaf(ledger.leaf(said["result"]))
            assert isinstance(published, ResultPosted) and published.round == rated.digest
            # Two members' sums: at once, or in a stage of its own for an optional total.
            assert len({opening["trustee"] for opening in said["openings"]}) >= 2
            assert len(said["openings"]) == (2 if name == "satisfied" else 4)
            for proof, commitment in zip(said["proofs"], said["commitments"], strict=True):
                assert proof["verified"] and proof["kind"] == "rating" and proof["bytes"] > 0
                data = ledger.leaf(commitment["leaf"])
                assert sha256(data).hexdigest() == commitment["digest"] == proof["digest"]
            assert len(said["proofs"]) == ratings


def test_means_that_are_withheld_are_traced_to_where_they_are(held: Held) -> None:
    _, means = traced(held, "2024/n2/grade")
    first, _ = held.ratings
    said = means["satisfied"]
    assert (said["value"], said["unit"], said["result"]) == (None, "North/n2", first.result_index)
    assert not said["openings"] and not said["commitments"] and not said["proofs"]
    assert (means["wait"]["value"], means["wait"]["unit"], means["wait"]["result"]) == (None, None, None)
    assert means["cost"]["unit"] == "North"
    assert traced(held, "2024/e1/grade")[1]["cost"]["unit"] == "all"


def test_a_pool_takes_no_means(held: Held) -> None:
    assert traced(held, "2024/North/cost")[0]["means"] == []


# -- what is refused ------------------------------------------------------------------------------------


def test_another_outcome_is_refused(held: Held) -> None:
    """A proof is bound to the outcome, and to the means that are public."""
    state = held.world.state
    found = closed_round(held, "2025", held.rounds["2024"].scheme.digest, held.ratings)
    posted = {}
    for name in ("n1", "n2"):
        data = held.providers[name].claim(state, found)
        assert data is not None
        posted[name] = decode_transaction(data)
    *others, index_claim = posted["n1"].claims
    better = index_claim.model_copy(update={"outcome": index_claim.outcome - 1})
    for claims in ((*others, better), (*others, posted["n2"].claims[-1])):
        fields = {field: getattr(posted["n1"], field) for field in ("round", "unit", "report")}
        forged = signed(ClaimsPosted, held.providers["n1"].key, state.ledger, claims=claims, **fields)
        with pytest.raises((EncodingError, InvalidProof, RuleViolation)):
            held.world.consortium.submit(encode_transaction(forged))
    held.world.consortium.submit(encode_transaction(posted["n1"]))


def test_ratings_that_are_not_published_are_not_taken(held: Held) -> None:
    world = held.world
    asked = questionnaire(number("satisfied", 1, 6))
    running = world.open_round(("elsewhere",), asked, name="running")
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    places = [
        Place(name=n, parent=p, provider=held.providers[n].public if leaf else None) for n, p, leaf in paths()
    ]
    opened = evaluator.open_figures(
        held.rounds["2023"].scheme.digest,
        "2027",
        K_MIN,
        places,
        ratings=[*(found.digest for found in held.ratings), running.digest],
    )
    with pytest.raises(RuleViolation, match="does not allow"):
        world.consortium.submit(opened)


def test_the_last_round_that_asks_decides(held: Held) -> None:
    """Listed the other way round it is the same: each asks a question of its own. And where a later round
    asks again, its means are taken, also where they are withheld."""
    world = held.world
    again = rated(
        world,
        questionnaire(number("satisfied", 1, 5, required=True)),
        {"s1": [{"satisfied": 5}, {"satisfied": 4}]},
        "2024",
    )
    cases: list[tuple[Sequence[Round], tuple[Fraction | None, ...]]] = [
        (held.ratings[::-1], (SATISFIED["n1"], SATISFIED["s1"])),
        ((*held.ratings, again), (None, Fraction(9, 2))),
        ((again, *held.ratings), (SATISFIED["n1"], SATISFIED["s1"])),
    ]
    for place, (ratings, expected) in enumerate(cases):
        found = closed_round(held, f"2026-{place}", held.rounds["2023"].scheme.digest, ratings)
        places = units_of(found)
        means = [provider_setting(world.state, found, places[name]).parts[1] for name in ("n1", "s1")]
        assert tuple(means) == expected
