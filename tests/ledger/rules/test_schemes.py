"""Schemes: who may publish a questionnaire, and which."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.ledger.bench import Bench, before
from tests.world import questionnaire, single
from zkperf.commitments import CommitmentKey
from zkperf.errors import InvalidSignature
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.transactions import SchemePosted, digest


def start() -> tuple[Bench, SchemePosted]:
    return before(SchemePosted, "totals")


def test_a_scheme_is_known_by_its_digest_and_compiled_once() -> None:
    bench, posted = start()
    bench.apply(posted)
    [(identifier, scheme)] = bench.state.schemes.items()
    assert identifier == scheme.digest == digest(posted)
    assert (scheme.index, scheme.questionnaire) == (1, posted.questionnaire)
    group = bench.state.commitment_group
    # One commitment key for each commitment: the main one, minutes, visits.
    assert scheme.keys == tuple(
        CommitmentKey.derive(group, "slots", len(rows)) for rows in scheme.layout.commitments
    )
    assert len(scheme.keys) == 3


def test_a_scheme_is_published_once() -> None:
    bench, posted = start()
    bench.apply(posted)
    bench.refuse(posted, "schemes", "this scheme is on the ledger already")


def test_a_newer_version_is_spelt_like_the_older_one() -> None:
    bench, posted = start()
    bench.apply(posted)
    newer = posted.questionnaire.model_copy(update={"title": {"en": "newer"}})
    other = newer.model_copy(update={"id": newer.id.upper()})
    assert other.id != newer.id
    alike = bench.resigned("evaluator", posted, questionnaire=other)
    bench.refuse(alike, "schemes", f"scheme {other.id!r} reads like {newer.id!r}, which is on the ledger")
    bench.apply(bench.resigned("evaluator", posted, questionnaire=newer))


def test_only_the_ledgers_evaluators_publish() -> None:
    bench, posted = start()
    mine = Ed25519PrivateKey.generate()
    stranger = signed(
        SchemePosted,
        mine,
        bench.state.ledger,
        evaluator=public_bytes(mine),
        questionnaire=posted.questionnaire,
    )
    bench.refuse(stranger, "schemes", "not one of the ledger's evaluators")
    in_its_name = signed(
        SchemePosted,
        mine,
        bench.state.ledger,
        evaluator=posted.evaluator,
        questionnaire=posted.questionnaire,
    )
    bench.refuse(in_its_name, "signatures", "not a signature of the evaluator", InvalidSignature)


def test_a_questionnaire_that_makes_no_sense_is_refused() -> None:
    bench, posted = start()
    senseless = questionnaire(single("twice"), single("twice"))
    forged = bench.resigned("evaluator", posted, questionnaire=senseless)
    bench.refuse(forged, "schemes", "'twice' occurs twice")
