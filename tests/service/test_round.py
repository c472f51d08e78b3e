"""A whole round through a real process: vouchers, tokens, ratings, tally, receipts, audit."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path

import httpx

from tests.service.serving import Office, service
from tests.world import number, questionnaire, single
from zkperf.ledger.export import read_export
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.auditor import PublicLog, audit
from zkperf.roles.citizen import send_rating
from zkperf.roles.view import RoundView, ledger_policy

ANSWERS = {
    1: [{"recommend": "good"}, {"recommend": "good", "minutes": 10}, {"recommend": "poor", "minutes": 20}],
    2: [{"recommend": "fair", "minutes": 30}, {"recommend": "fair"}, {"recommend": "good", "minutes": 0}],
}


def test_a_round_over_http(tmp_path: Path) -> None:
    office = Office.create(tmp_path / "ledger")
    with service(office.folder.path) as running, running.remote() as remote:
        assert running.ready == f"zkperf serves {office.genesis.hex()[:16]} at {running.url}\n"
        assert remote.genesis() == office.genesis
        asked = questionnaire(single(), number("minutes", 0, 60, required=False))
        round_id = office.open_round(remote, ("A", "B"), asked)
        [listed] = remote.rounds()
        assert (listed["id"], listed["phase"]) == (round_id.hex(), "open")

        drawn = [
            (office.citizen(remote, round_id, unit), answer)
            for unit, answers in ANSWERS.items()
            for answer in answers
        ]
        sent = [send_rating(citizen, remote, token, answer) for (citizen, token), answer in drawn]
        # The first citizen of unit 1 thinks again: "good" becomes "very poor".
        (citizen, _), _ = drawn[0]
        sent[0] = send_rating(citizen, remote, sent[0][2], {"recommend": "very poor"})
        shown = remote.round(round_id)
        assert [unit["issued"] for unit in shown["units"]] == [None, 3, 3]
        office.close_round(remote, round_id)

        total, first, second = remote.result(round_id)["units"]
        assert (total["counted"], first["counted"], second["counted"]) == (6, 3, 3)
        counts = {"very good": 0, "good": 2, "fair": 2, "poor": 1, "very poor": 1}
        assert total["questions"]["recommend"]["counts"] == counts
        assert total["questions"]["minutes"] == {
            "status": "published",
            "reason": None,
            "answered": 4,
            "counts": None,
            "total": 60,
            "mean": "15.000000",
        }
        assert second["questions"]["recommend"]["counts"]["fair"] == 2

        view = RoundView.load(remote, office.genesis, round_id)
        policy = ledger_policy(office.genesis, view.genesis.log_key)
        start = remote.round_leaves(round_id).round
        for core, promise, _ in sent:
            leaf = encode_transaction(core)
            assert promise.digest == sha256(leaf).digest()
            private = Receipt.parse(remote.find_receipt(promise.digest, start))
            private.verify(policy)
            asked_for = httpx.get(f"{running.url}/v1/receipts/by-digest/{promise.digest.hex()}").text
            assert (private.leaf, asked_for) == (leaf, private.format())

        reader = read_export(io.BytesIO(httpx.get(f"{running.url}/v1/export").content))
        report = audit(PublicLog(reader.size, reader.leaves(), reader.leaf, reader.note), office.genesis)
        assert report.ok and report.ratings == 6

        assert running.stop() == 0
        assert running.more_output == []
        errors = running.errors.read_text()
        assert "no answer is secret" in errors
        assert "127.0.0.1" not in errors and "Traceback" not in errors
