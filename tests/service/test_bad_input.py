"""Bad input is refused with a named problem, and loses nothing."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.conftest import Desk
from tests.world import questionnaire, single
from zkperf import encoding
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.transactions import Issue, decode_transaction, encode_transaction
from zkperf.roles.wire import CBOR, MAX_SUBMISSIONS, PROBLEMS, Submission, encode_submissions

ONE, BATCH = "/v1/transactions", "/v1/transactions/batch"
TEN_MEGABYTES = 10 * 1024 * 1024


def post(
    desk: Desk, body: bytes | Iterator[bytes], path: str = ONE, media: str = CBOR, accept: str = "*/*"
) -> httpx.Response:
    headers = {"Content-Type": media, "Accept": accept}
    return httpx.post(desk.url + path, content=body, headers=headers, timeout=60)


def submission(transaction: bytes, bundle: bytes | None = None) -> bytes:
    return Submission(transaction=transaction, bundle=bundle).encode()


def blocks(size: int) -> Iterator[bytes]:
    """A body whose length is not told beforehand."""
    for _ in range(size // 65536):
        yield bytes(65536)


def changed(desk: Desk, **fields: object) -> bytes:
    """A good rating with these fields changed."""
    core, bundle = desk.rating()
    return submission(encode_transaction(decode_transaction(core).model_copy(update=fields)), bundle)


def replayed(desk: Desk) -> bytes:
    body = submission(*desk.rating())
    assert post(desk, body).status_code == 200
    return body


def used_voucher(desk: Desk) -> bytes:
    citizen, _ = desk.citizen()
    voucher = desk.office.voucher(desk.round_id)
    desk.remote.submit(citizen.request_token(voucher).issue)
    return submission(citizen.request_token(voucher).issue)


def stolen_voucher(desk: Desk) -> bytes:
    """An issuance that somebody else than the voucher's holder has signed."""
    citizen, _ = desk.citizen()
    voucher, other = desk.office.voucher(desk.round_id), desk.office.voucher(desk.round_id)
    issue = decode_transaction(citizen.request_token(voucher).issue)
    fields = {name: getattr(issue, name) for name in Issue.model_fields if name != "signature"}
    return submission(encode_transaction(signed(Issue, other.key(), desk.office.genesis, **fields)))


def unknown_voucher(desk: Desk) -> bytes:
    """A voucher that no registrar has signed."""
    citizen, _ = desk.citizen()
    issue = decode_transaction(citizen.request_token(desk.office.voucher(desk.round_id)).issue)
    key = desk.office.folder.keys("evaluator").signing_key()
    fields = {name: getattr(issue, name) for name in Issue.model_fields if name != "signature"}
    fields["voucher"] = public_bytes(key)
    return submission(encode_transaction(signed(Issue, key, desk.office.genesis, **fields)))


def closed_round(desk: Desk) -> bytes:
    closing = desk.office.open_round(desk.remote, ("C",), questionnaire(single("other")), name="closing")
    citizen, token = desk.office.citizen(desk.remote, closing)
    core, bundle = citizen.rate(token, {"other": "good"})
    desk.office.close_round(desk.remote, closing)
    return submission(encode_transaction(core), bundle.encode())


def other_cohort(desk: Desk) -> bytes:
    """A token of service 1 used for service 2, where there is a place left."""
    desk.citizen(unit=2)
    citizen, token = desk.citizen(unit=1)
    core, bundle = citizen.rate(token.model_copy(update={"unit": 2}), {"recommend": "good"})
    return submission(encode_transaction(core), bundle.encode())


def moved(desk: Desk) -> bytes:
    """Somebody's rating, put into another cohort on its way."""
    desk.citizen(unit=2)
    return changed(desk, unit=2)


def bent_proof(desk: Desk) -> bytes:
    """A proof that is well formed and does not hold: its last scalar is another one."""
    core, bundle = desk.rating()
    proof = decode_transaction(core).proof
    scalar = (int.from_bytes(proof[-32:], "little") ^ 1).to_bytes(32, "little")
    rating = decode_transaction(core).model_copy(update={"proof": proof[:-32] + scalar})
    return submission(encode_transaction(rating), bundle)


def other_bundle(desk: Desk) -> bytes:
    return submission(desk.rating()[0], desk.rating()[1])


BAD: dict[str, tuple[str, int, str, Callable[[Desk], bytes | Iterator[bytes]]]] = {
    "empty": (ONE, 400, "encoding", lambda desk: b""),
    "not CBOR": (ONE, 400, "encoding", lambda desk: b"\xff\x00"),
    "truncated": (ONE, 400, "encoding", lambda desk: submission(*desk.rating())[:-1]),
    "trailing bytes": (ONE, 400, "encoding", lambda desk: submission(*desk.rating()) + b"\x00"),
    "long form of a length": (ONE, 400, "encoding", lambda desk: b"\x98\x02\x41\x00\xf6"),
    "not a pair": (ONE, 400, "encoding", lambda desk: encoding.encode([b"a"])),
    "text for bytes": (ONE, 400, "encoding", lambda desk: encoding.encode(["a", None])),
    "no transaction": (ONE, 400, "encoding", lambda desk: submission(b"")),
    "unknown kind": (ONE, 400, "encoding", lambda desk: submission(encoding.encode([99]))),
    "non-canonical transaction": (ONE, 400, "encoding", lambda desk: submission(b"\x81\x18\x01")),
    "transaction too long": (ONE, 400, "encoding", lambda desk: submission(bytes(65_536))),
    "ten megabytes": (ONE, 413, "too-large", lambda desk: bytes(TEN_MEGABYTES)),
    "ten megabytes, length untold": (ONE, 413, "too-large", lambda desk: blocks(TEN_MEGABYTES)),
    "batch of ten megabytes": (BATCH, 413, "too-large", lambda desk: bytes(TEN_MEGABYTES)),
    "batch, not an array": (BATCH, 400, "encoding", lambda desk: encoding.encode({})),
    "empty batch": (BATCH, 400, "encoding", lambda desk: encoding.encode([])),
    "too many in a batch": (
        BATCH,
        400,
        "encoding",
        lambda desk: encode_submissions([Submission(transaction=b"a", bundle=None)] * (MAX_SUBMISSIONS + 1)),
    ),
    "rating without bundle": (ONE, 409, "batches", lambda desk: submission(desk.rating()[0])),
    "rating with another's bundle": (ONE, 422, "complaints", other_bundle),
    "replayed rating": (ONE, 409, "batches", replayed),
    "rating of no cohort": (ONE, 409, "batches", lambda desk: changed(desk, unit=9)),
    "rating of another cohort": (ONE, 422, "tokens", other_cohort),
    "rating moved to another cohort": (ONE, 422, "tokens", moved),
    "rating of another sequence": (ONE, 422, "proofs", lambda desk: changed(desk, sequence=1)),
    "rating with a bent proof": (ONE, 422, "proofs", bent_proof),
    "closed round": (ONE, 409, "batches", closed_round),
    "used voucher": (ONE, 409, "issuance", used_voucher),
    "stolen voucher": (ONE, 422, "signatures", stolen_voucher),
    "unknown voucher": (ONE, 422, "signatures", unknown_voucher),
}


@pytest.mark.parametrize("name", BAD)
def test_refused_by_name(desk: Desk, name: str) -> None:
    path, status, kind, body = BAD[name]
    answer = post(desk, body(desk), path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["type"]) == (status, status, PROBLEMS + kind)
    assert problem["title"] and problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "kind"),
    [
        ("GET", "/v1/nothing", {}, 404, "not-found"),
        ("GET", "/v1/rounds/" + "00" * 32, {}, 404, "not-found"),
        ("GET", "/v1/schemes/" + "00" * 32, {}, 404, "not-found"),
        ("GET", "/v1/rounds/xyz", {}, 422, "invalid-request"),
        ("GET", "/v1/receipts/-1", {}, 422, "invalid-request"),
        ("GET", f"/v1/receipts/{2**63}", {}, 422, "invalid-request"),
        ("GET", f"/v1/receipts/{2**63 - 1}", {}, 404, "not-on-the-log"),
        ("GET", "/v1/receipts/by-digest/" + "00" * 32, {}, 404, "not-on-the-log"),
        ("GET", "/v1/issuances/" + "00" * 32, {}, 404, "not-issued"),
        ("GET", "/v1/log/tile/0/00", {}, 404, "not-found"),
        ("GET", "/v1/log/tile/7/000", {}, 404, "not-on-the-log"),
        ("GET", "/v1/log/tile/entries/999", {}, 404, "not-on-the-log"),
        ("DELETE", "/v1/ledger", {}, 405, "method-not-allowed"),
        ("GET", "/v1/ledger", {"Accept": "image/png"}, 406, "not-acceptable"),
        ("POST", ONE, {"Content-Type": "application/json"}, 415, "unsupported-media-type"),
        ("POST", ONE, {}, 415, "unsupported-media-type"),
        ("POST", BATCH, {"Content-Type": CBOR, "Accept": "text/html"}, 406, "not-acceptable"),
    ],
)
def test_requests_that_are_none(
    desk: Desk, method: str, path: str, headers: dict[str, str], status: int, kind: str
) -> None:
    answer = httpx.request(method, desk.url + path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, PROBLEMS + kind)
    assert answer.headers["content-type"] == "application/problem+json"


def test_result_of_an_open_round(desk: Desk) -> None:
    answer = httpx.get(f"{desk.url}/v1/results/{desk.round_id.hex()}")
    assert (answer.status_code, answer.json()["type"]) == (404, PROBLEMS + "not-published")


def test_batch_answers_in_order(desk: Desk) -> None:
    citizen, _ = desk.citizen()
    good, bad = desk.rating(), submission(b"")
    voucher = desk.office.voucher(desk.round_id)
    body = encode_submissions(
        [
            Submission(transaction=good[0], bundle=good[1]),
            Submission.decode(bad),
            Submission(transaction=citizen.request_token(voucher).issue, bundle=None),
            Submission(transaction=good[0], bundle=good[1]),
        ]
    )
    promise, malformed, leaf, again = post(desk, body, BATCH).json()
    assert re.fullmatch("[0-9a-f]{64}", promise["digest"])
    assert malformed["type"] == PROBLEMS + "encoding"
    assert isinstance(leaf["leaf"], int)
    assert again["type"] == PROBLEMS + "batches"


def test_half_sent_and_endless_bodies_leave_nothing_behind(desk: Desk) -> None:
    """Senders that break off, and one that sends much more than fits."""
    address = httpx.URL(desk.url)
    head = f"POST {ONE} HTTP/1.1\r\nHost: x\r\nContent-Type: {CBOR}\r\n"
    resident = _resident(desk)
    for _ in range(20):
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(f"{head}Content-Length: 200000\r\n\r\n".encode() + bytes(100_000))
    assert post(desk, blocks(100 * 1024 * 1024)).status_code == 413
    assert httpx.get(desk.url + "/healthz").status_code == 200
    assert _resident(desk) < resident + 30 * 1024 * 1024
    assert post(desk, submission(*desk.rating())).status_code == 200


def test_half_sent_batches_leave_nothing_behind(desk: Desk) -> None:
    """Batches that break off after most of them, and one that is larger than a batch may be."""
    address = httpx.URL(desk.url)
    head = f"POST {BATCH} HTTP/1.1\r\nHost: x\r\nContent-Type: {CBOR}\r\n"
    post(desk, encode_submissions([Submission(transaction=bytes(6000), bundle=None)] * 1000), BATCH)
    resident = _resident(desk)
    for _ in range(20):
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(f"{head}Content-Length: 8000000\r\n\r\n".encode() + bytes(6_000_000))
    assert post(desk, blocks(100 * 1024 * 1024), BATCH).status_code == 413
    assert httpx.get(desk.url + "/healthz").status_code == 200
    assert _resident(desk) < resident + 30 * 1024 * 1024


def test_a_head_without_end_is_hung_up_on(desk: Desk) -> None:
    address = httpx.URL(desk.url)
    with socket.create_connection((address.host, address.port), timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        with pytest.raises(OSError):
            for _ in range(1000):
                connection.sendall(bytes([120]) * 65536)
    assert httpx.get(desk.url + "/healthz").status_code == 200


def _resident(desk: Desk) -> int:
    """Bytes of memory that the service holds."""
    status = Path(f"/proc/{desk.running.process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc to see a process's memory in")
    [kilobytes] = re.findall(r"VmRSS:\s+(\d+) kB", status.read_text())
    return int(kilobytes) * 1024
