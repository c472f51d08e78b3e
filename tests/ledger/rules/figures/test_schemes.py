"""Schemes of indicators on the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from circuits.indicators import Claim, IndicatorScheme
from tests.circuits.claims.world import claim, index, part
from tests.ledger.figure_bench import bare, plan, totalled
from zkperf.errors import InvalidSignature
from zkperf.ledger.signing import public_bytes


def test_a_scheme_is_known_by_its_digest() -> None:
    bench = bare()
    posted = bench.scheme_posted()
    bench.apply(posted)
    [found] = bench.state.figure_schemes.values()
    assert (found.scheme, found.index) == (plan(), 1)
    bench.refuse(posted, "schemes", "already")


def test_only_an_evaluator_publishes() -> None:
    bench = bare()
    posted = bench.scheme_posted()
    bench.refuse(bench.resigned("registrar", posted), "signatures", error=InvalidSignature)
    other = public_bytes(bench.key("registrar"))
    bench.refuse(bench.resigned("registrar", posted, evaluator=other), "schemes", "not one of")


def test_a_newer_version_is_spelt_like_the_older_one() -> None:
    bench = bare()
    bench.apply(bench.scheme_posted())
    [found] = bench.state.figure_schemes.values()
    other = found.scheme.id.upper()
    assert other != found.scheme.id
    newer = found.scheme.model_copy(update={"title": {"en": "newer"}})
    alike = bench.scheme_posted(newer.model_copy(update={"id": other}))
    bench.refuse(alike, "schemes", f"scheme {other!r} reads like {found.scheme.id!r}, which is on the ledger")
    bench.apply(bench.scheme_posted(newer))


WRONG: dict[str, tuple[Any, str]] = {
    "an id with a control": ({"id": "care\x1b"}, "scheme's id: it has a control character"),
    "a claim called like a pool": (
        {"claims": (claim("target", "quality").model_copy(update={"id": "Quality.mean"}),)},
        "claim 'Quality.mean': other figures are called so",
    ),
    "a claim called like the index": (
        {"claims": (claim("target", "quality").model_copy(update={"id": "Grade"}),)},
        "claim 'Grade': other figures are called so",
    ),
    "two claims alike": (
        {"claims": tuple(claim("target", "quality").model_copy(update={"id": i}) for i in ("a", "A"))},
        "claim 'A' reads like claim 'a'",
    ),
    "no indicators": ({"indicators": ()}, "1 to 64 indicators"),
    "a claim of no kind": (
        {"claims": (Claim(id="x", kind="x", indicators=(), sense=None, numbers=()),)},
        "there is no kind 'x'",
    ),
    "divides by zero": (
        {"claims": (claim("ratio", "quality", "waiting", numbers=(1,), sense="at least"),)},
        "divides by zero",
    ),
    "a number published of figures with a floor": (
        {"index": index("exact"), "floor": 2},
        "an exact index can fix indicator 'quality' at an end of its range",
    ),
    "a pool of a part of a published total": (
        {
            "indicators": totalled().indicators,
            "claims": totalled().claims,
            "index": index(parts=(part("c"),)),
            "floor": 1,
        },
        "index: a part is the pool of 'c', which is tied to a published total",
    ),
    "a pool of nothing": ({"index": index(parts=(part("nothing"),))}, "no indicator 'nothing'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense_is_refused(name: str) -> None:
    changes, reason = WRONG[name]
    made: IndicatorScheme = plan(**changes)
    bench = bare()
    bench.refuse(bench.scheme_posted(made), "schemes", reason)


def test_an_index_may_take_pools() -> None:
    bench = bare()
    bench.apply(bench.scheme_posted(plan(index=index(parts=(part("cost"),)))))
