"""A round of figures through a real process: reports, claims and attestations come over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.service.conftest import Desk
from tests.service.figures import COST, FIGURES, OTHER, QUALITY, STAFF, Homes
from tests.service.serving import Office, service
from zkperf.errors import RuleViolation
from zkperf.ledger.export import read_export
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.signing import signed
from zkperf.ledger.transactions import decode_transaction, encode_transaction
from zkperf.roles.auditor import PublicLog, audit
from zkperf.roles.view import ledger_policy
from zkperf.roles.wire import Submission


def test_a_round_of_figures_over_http(tmp_path: Path) -> None:
    office = Office.create(tmp_path / "ledger")
    with service(office.folder.path) as running, running.remote() as remote:
        homes = Homes.open(office, remote, tmp_path, draw=1)
        [listed] = remote.figure_rounds()
        assert (listed["id"], listed["phase"], listed["providers"], listed["reports"]) == (
            homes.round_id.hex(),
            "open",
            3,
            0,
        )
        # Two by themselves, the third in a batch with something that is refused.
        leaves = [remote.submit_report(*homes.report(remote, number)) for number in (0, 1)]
        lower = {**FIGURES, QUALITY: 90, STAFF: 900, COST: 1201, OTHER: 301}
        data, bundle = homes.report(remote, 2, lower)
        verdicts = remote.submit_batch(
            [
                Submission(transaction=b"\x81\x18\x63", bundle=None),
                Submission(transaction=data, bundle=bundle),
                Submission(transaction=data, bundle=None),
            ]
        )
        assert isinstance(verdicts[1], int)
        assert [str(verdict) for verdict in verdicts[2:]] == ["reports come with their bundle"]
        leaves.append(verdicts[1])
        # The first home corrects what it has reported.
        leaves[0] = remote.submit_report(*homes.report(remote, 0, {**FIGURES, QUALITY: 300}))
        shown = remote.figure_round(homes.round_id)
        assert [unit["report"] and unit["report"]["leaf"] for unit in shown["units"]] == [None, *leaves]
        first = shown["units"][1]["report"]
        assert (first["sequence"], first["struck"], first["attested"]) == (1, False, {})
        assert first["reported"] == ["quality", "turnover", "cost", "staff_cost", "other_cost"]

        state, _ = homes.see(remote)
        policy = ledger_policy(office.genesis, state.rules.log_key)
        for leaf in leaves:
            receipt = Receipt.parse(remote.receipt(leaf))
            receipt.verify(policy)
            assert isinstance(decode_transaction(receipt.leaf), ReportPosted)
        assert first["digest"] == sha256(Receipt.parse(remote.receipt(leaves[0])).leaf).hexdigest()

        office.close_round(remote, homes.round_id)
        with pytest.raises(RuleViolation, match="providers post their claims") as error:
            remote.figure_result(homes.round_id)
        assert error.value.check == "not published"
        for provider in homes.providers:
            claims = provider.claim(*homes.see(remote))
            assert claims is not None
            remote.submit(claims)
        [drawn] = remote.figure_round(homes.round_id)["drawn"]
        assert drawn["status"] == "awaited"
        state, found = homes.see(remote)
        [item] = found.drawn
        provider = homes.providers[item.unit - 1]
        seen = homes.inspector.look(
            found, provider.show(state, found, [item.indicator], homes.inspector.card())
        )
        remote.submit(homes.inspector.attest(state, found, seen, [item.indicator]))
        concluded = remote.figure_round(homes.round_id)
        assert (concluded["phase"], concluded["drawn"][0]["status"]) == ("concluded", "attested")
        report = concluded["units"][item.unit]["report"]
        assert report["attested"] == {drawn["indicator"]: ["Audit Office"]}

        result = remote.figure_result(homes.round_id)
        [total] = result["units"]
        assert total["pools"]["quality"] == {
            "status": "published",
            "reason": None,
            "count": 3,
            "sum": "59.0",
            "mean": "19.666667",
            "share_at_target": "0.666667",
            "share_of": 3,
            "share_from": "claims",
        }
        assert [home["grade"] for home in result["providers"]] == ["A", "B", "C"]
        verdicts_of = [home["claims"]["quality_target"] for home in result["providers"]]
        assert verdicts_of == ["proved", "proved", "not proved"]

        reader = read_export(io.BytesIO(httpx.get(f"{running.url}/v1/export").content))
        report = audit(PublicLog(reader.size, reader.leaves(), reader.leaf, reader.note), office.genesis)
        assert report.ok and report.figures["reports"] == 3
        metrics = httpx.get(running.url + "/metrics").text
        assert "zkperf_log_reports 3.0" in metrics and 'zkperf_rounds{phase="concluded"} 1.0' in metrics
        assert running.stop() == 0


def test_every_acknowledged_report_survives(tmp_path: Path) -> None:
    """Killed right after each answer; the members still find every bundle, and open the sums."""
    office = Office.create(tmp_path / "ledger")
    homes = None
    for number in range(3):
        with service(office.folder.path) as running, running.remote() as remote:
            homes = homes or Homes.open(office, remote, tmp_path)
            remote.submit_report(*homes.report(remote, number))
            running.kill()
    assert homes is not None
    with service(office.folder.path) as running, running.remote() as remote:
        assert [place["report"] is not None for place in remote.figure_round(homes.round_id)["units"]] == [
            False,
            True,
            True,
            True,
        ]
        office.close_round(remote, homes.round_id)
        for provider in homes.providers:
            claims = provider.claim(*homes.see(remote))
            assert claims is not None
            remote.submit(claims)
        assert remote.figure_result(homes.round_id)["units"][0]["pools"]["quality"]["sum"] == "60.0"
        assert running.stop() == 0


def again(homes: Homes, desk: Desk) -> tuple[bytes, bytes]:
    """A report that was taken already."""
    data, bundle = homes.report(desk.remote, 0)
    desk.remote.submit_report(data, bundle)
    return data, bundle


def of_another(homes: Homes, desk: Desk) -> tuple[bytes, bytes]:
    """Home 2's report, signed by home 1."""
    data, bundle = homes.report(desk.remote, 2)
    posted = decode_transaction(data)
    key = homes.providers[1].key
    return encode_transaction(signed(ReportPosted, key, desk.office.genesis, report=posted.report)), bundle


def copied(homes: Homes, desk: Desk) -> tuple[bytes, bytes]:
    """Home 2's commitments, put into a report of home 1, which signs it."""
    data, bundle = homes.report(desk.remote, 2)
    report = decode_transaction(data).report.model_copy(update={"unit": 2})
    key = homes.providers[1].key
    return encode_transaction(signed(ReportPosted, key, desk.office.genesis, report=report)), bundle


def in_no_round(homes: Homes, desk: Desk) -> tuple[bytes, bytes]:
    data, bundle = homes.report(desk.remote, 2)
    report = decode_transaction(data).report.model_copy(update={"round": bytes(32)})
    key = homes.providers[2].key
    return encode_transaction(signed(ReportPosted, key, desk.office.genesis, report=report)), bundle


def other_bundle(homes: Homes, desk: Desk) -> tuple[bytes, bytes]:
    return homes.report(desk.remote, 2)[0], homes.report(desk.remote, 2)[1]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (again, "reports"),
        (of_another, "signatures"),
        (copied, "proofs"),
        (in_no_round, "reports"),
        (other_bundle, "complaints"),
    ],
)
def test_bad_reports_are_refused_by_name(
    homes: Homes,
    desk: Desk,
    make: Callable[[Homes, Desk], tuple[bytes, bytes]],
    problem: str,
) -> None:
    data, bundle = make(homes, desk)
    before = desk.remote.figure_round(homes.round_id)
    with pytest.raises(RuleViolation) as error:
        desk.remote.submit_report(data, bundle)
    assert error.value.check == problem
    assert desk.remote.figure_round(homes.round_id) == before


def test_views_of_what_there_is_not(desk: Desk) -> None:
    for path in ("schemes", "rounds", "results"):
        answer = httpx.get(f"{desk.url}/v1/figures/{path}/{'0' * 64}")
        assert answer.status_code == 404 and "of figures" in answer.json()["detail"]


def test_the_scheme_is_shown(homes: Homes, desk: Desk) -> None:
    shown = desk.remote.figure_round(homes.round_id)
    answer = httpx.get(f"{desk.url}/v1/figures/schemes/{shown['scheme']}").json()
    assert (answer["id"], answer["leaf"]) == (shown["scheme"], shown["leaves"]["scheme"])
    assert [item["id"] for item in answer["scheme"]["indicators"]][:2] == ["quality", "turnover"]
