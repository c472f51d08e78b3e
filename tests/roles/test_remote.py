"""The client: a service that answers as it should not, that is busy, and receipts put together from tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf import encoding
from zkperf.errors import EncodingError, InputError, InvalidLogProof, RuleViolation, ZkperfError
from zkperf.ledger.log.checkpoint import Checkpoint, Policy, Signer
from zkperf.ledger.log.merkle import NodeId, Tree, leaf_hash
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.log.tiles import Tile, framed, hash_tile
from zkperf.roles import remote as client_module
from zkperf.roles.remote import NotOnTheLog, RemoteLedger
from zkperf.roles.wire import PROBLEMS, Submission

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, **options: Any) -> RemoteLedger:
    return RemoteLedger("http://service", transport=httpx.MockTransport(handler), **options)


def always(status: int = 200, content: bytes = b"", **headers: str) -> Handler:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, content=content, headers=named)


def cbor(value: Any) -> Handler:
    return always(content=encoding.encode(value))


# -- answers that are none ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff",
        encoding.encode({}),
        encoding.encode([]),
        encoding.encode({"leaves": None}),
        encoding.encode({"leaves": {"scheme": 1, "round": 2}}),
        encoding.encode({"leaves": {"scheme": 1, "round": "2", "keys": []}}),
        encoding.encode({"leaves": {"scheme": 1, "round": 2, "keys": [True]}}),
        encoding.encode({"leaves": {"scheme": 1, "round": 2, "keys": 3}}),
    ],
)
def test_round_leaves_of_a_wrong_shape(answer: bytes) -> None:
    with pytest.raises(EncodingError):
        client(always(content=answer)).round_leaves(bytes(32))


@pytest.mark.parametrize("answer", [{}, [], {"shares": []}, {"shares": {"1": b"a"}}, {"shares": {1: "a"}}])
def test_token_shares_of_a_wrong_shape(answer: Any) -> None:
    with pytest.raises(EncodingError):
        client(cbor(answer)).token_shares(bytes(32))


@pytest.mark.parametrize("answer", [{}, [], {"leaf": "1"}, {"leaf": True}])
def test_leaf_of_a_wrong_shape(answer: Any) -> None:
    with pytest.raises(EncodingError):
        client(cbor(answer)).submit(b"a")


def test_promise_of_a_wrong_shape() -> None:
    with pytest.raises(EncodingError):
        client(cbor({"leaf": 1})).submit_rating(b"a", b"b")


@pytest.mark.parametrize("answer", [{}, [], [{"leaf": 1}, {"leaf": 2}], [{"leaf": None}], [[1]], [7]])
def test_batch_of_a_wrong_shape(answer: Any) -> None:
    with pytest.raises(EncodingError):
        client(cbor(answer)).submit_batch([Submission(transaction=b"a", bundle=None)])


@pytest.mark.parametrize("method", ["ledger", "rounds", "genesis"])
@pytest.mark.parametrize("answer", [b"", b"\xff", b"7"])
def test_json_of_a_wrong_shape(method: str, answer: bytes) -> None:
    with pytest.raises(EncodingError):
        getattr(client(always(content=answer)), method)()


def test_no_genesis_and_no_text() -> None:
    with pytest.raises(EncodingError):
        client(always(content=b'{"genesis": "xyz"}')).genesis()
    with pytest.raises(EncodingError):
        client(always(content=b"\xff")).checkpoint()


def test_an_endless_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_ANSWER", 100)
    assert client(always(content=bytes(100))).checkpoint() == "\x00" * 100
    with pytest.raises(EncodingError, match="longer than 100 bytes"):
        client(always(content=bytes(101))).checkpoint()


# -- refusals -------------------------------------------------------------------------------------------


def problem(kind: str, status: int = 409) -> Handler:
    document = b'{"type": "%s", "detail": "because"}' % kind.encode()
    return always(status, document, content_type="application/problem+json")


def test_a_problem_is_raised_by_its_name() -> None:
    with pytest.raises(RuleViolation, match="because") as caught:
        client(problem(PROBLEMS + "counted-set")).submit(b"a")
    assert caught.value.check == "counted set"


@pytest.mark.parametrize(
    "handler",
    [
        problem("https://elsewhere/problems/x"),
        always(500, b"oops"),
        always(500, b"{}", content_type="application/problem+json"),
        always(302, b"", location="http://elsewhere/"),
        always(400, b'{"type": "%sx", "detail": "d"}' % PROBLEMS.encode(), content_type="text/html"),
    ],
)
def test_other_failures(handler: Handler) -> None:
    with pytest.raises(EncodingError):
        client(handler).checkpoint()


def test_no_service_there() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(InputError, match="no answer from the service"):
        client(fail).checkpoint()
    with pytest.raises(InputError):
        RemoteLedger("http://127.0.0.1:1").checkpoint()


@pytest.mark.parametrize("url", ["", "127.0.0.1", "127.0.0.1:8000", "ftp://host", "http://", "http://["])
def test_no_address(url: str) -> None:
    with pytest.raises(InputError, match="not an address of a service"), RemoteLedger(url) as remote:
        remote.checkpoint()


def test_a_busy_service_is_asked_again_and_whoever_waits_is_told() -> None:
    answers = [
        httpx.Response(429, headers={"Retry-After": "2"}),
        httpx.Response(503, headers={"Retry-After": "20"}),
        httpx.Response(429),
        httpx.Response(200, content=b"at last"),
    ]
    pauses: list[float] = []
    told: list[str] = []
    remote = client(lambda _: answers.pop(0), pause=pauses.append, tell=told.append)
    assert remote.checkpoint() == "at last"
    assert pauses == [2, 20, 1]
    assert [text.split(":")[0] for text in told] == [
        f"The service cannot take this now ({status})" for status in (429, 503, 429)
    ]
    assert "asking again in 20 s (2 of 3)" in told[1]


def test_but_not_for_ever() -> None:
    pauses: list[float] = []
    with pytest.raises(RuleViolation) as caught:
        client(problem(PROBLEMS + "busy", 429), pause=pauses.append).checkpoint()
    assert caught.value.check == "busy" and len(pauses) == 3


@pytest.mark.parametrize(("asked", "waited"), [("31", []), ("3600", []), ("9" * 400, []), ("16", [16])])
def test_a_service_that_asks_for_much_patience_is_not_waited_for(asked: str, waited: list[float]) -> None:
    """Where the disk is full it says so at once, not after a minute and a half of silence."""
    pauses: list[float] = []

    def refuses(_: httpx.Request) -> httpx.Response:
        document = {"type": PROBLEMS + "storage", "detail": "try again later"}
        headers = {"Retry-After": asked, "Content-Type": "application/problem+json"}
        return httpx.Response(503, headers=headers, json=document)

    with pytest.raises(RuleViolation, match="try again later; the service asks to come back in") as caught:
        client(refuses, pause=pauses.append).checkpoint()
    assert caught.value.check == "storage" and pauses == waited


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (
            301,
            {"Location": "https://there.example/v1/log/checkpoint"},
            "to https://there.example",
        ),
        (308, {"Location": "/zkperf/v1/log/checkpoint"}, "leads elsewhere"),
        (200, {"Content-Type": "text/html; charset=utf-8"}, "answers with a web page"),
        (404, {"Content-Type": "text/html"}, "web page (status 404)"),
        (404, {}, "A proxy may have the service under a path of its own"),
        (502, {}, "the service behind it does not run"),
        (504, {}, "the service behind it does not"),
        (418, {}, "is this the address of a zkperf service"),
    ],
)
def test_what_stands_before_the_service_is_called_what_it_is(
    status: int, headers: dict[str, str], said: str
) -> None:
    with pytest.raises(EncodingError) as caught:
        client(lambda _: httpx.Response(status, headers=headers)).checkpoint()
    assert said in str(caught.value)


def test_little_is_told() -> None:
    """No cookie comes back, and nothing says which program or machine is asking."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"", headers={"Set-Cookie": "who=me; Path=/"})

    remote = client(handler)
    remote.checkpoint()
    remote.checkpoint()
    assert "cookie" not in seen[1].headers and seen[1].headers["user-agent"] == "zkperf"


# -- batches --------------------------------------------------------------------------------------------


def test_verdicts_of_a_batch() -> None:
    answer = [{"leaf": 3}, {"type": PROBLEMS + "issuance", "detail": "used"}]
    items = [Submission(transaction=b"a", bundle=None)] * 2
    leaf, refusal = client(cbor(answer)).submit_batch(items)
    assert leaf == 3 and isinstance(refusal, ZkperfError) and refusal.check == "issuance"


# -- receipts from tiles ----------------------------------------------------------------------------------


@dataclass
class Log:
    """A log of ``size`` small leaves, as a service shows it."""

    size: int
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leaves = [number.to_bytes(4, "big") for number in range(self.size)]
        tree = Tree()
        self.nodes = {
            (node.level, node.index): node.hash for node in tree.extend(map(leaf_hash, self.leaves))
        }
        signer = Signer("log", Ed25519PrivateKey.generate())
        self.note = signer.sign(Checkpoint("log", self.size, tree.root()))
        self.policy = Policy("log", signer.verifier_key)

    def read(self, ids: list[NodeId]) -> list[bytes]:
        return [self.nodes[node] for node in ids]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/log/")
        self.asked.append(path)
        if path == "checkpoint":
            return httpx.Response(200, text=self.note)
        tile = Tile.parse(path)
        if tile.level is None:
            span = tile.span(self.size)
            bundle = b"".join(map(framed, self.leaves[span.start : span.stop]))
            return httpx.Response(200, content=bundle)
        return httpx.Response(200, content=hash_tile(tile, self.size, self.read))

    def find(self, index: int, start: int = 0) -> Receipt:
        digest = sha256(index.to_bytes(4, "big")).digest()
        return Receipt.parse(client(self).find_receipt(digest, start))


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 512, 700])
def test_every_leaf_can_be_found(size: int) -> None:
    log = Log(size)
    for index in {0, 1, 5, size // 2, 254, 255, 256, 511, size - 1} & set(range(size)):
        receipt = log.find(index)
        receipt.verify(log.policy)
        assert (receipt.index, receipt.leaf) == (index, log.leaves[index])


def test_far_along_a_long_log() -> None:
    log = Log(66_000)
    for index in (65_300, 65_535, 65_536, 65_999):
        log.find(index, start=65_290).verify(log.policy)
    assert len(log.asked) < 80


def test_what_is_asked_for_does_not_tell_which_leaf() -> None:
    log = Log(700)
    asked = []
    for index in (300, 500, 699):
        log.asked.clear()
        log.find(index, start=290)
        asked.append(list(log.asked))
    log.asked.clear()
    with pytest.raises(NotOnTheLog):
        log.find(5000, start=290)
    assert asked == [log.asked] * 3
    assert "tile/entries/000" not in log.asked


def test_false_tiles_give_no_receipt() -> None:
    log = Log(10)

    def short(request: httpx.Request) -> httpx.Response:
        answer = log(request)
        return answer if "entries" in request.url.path else httpx.Response(200, content=answer.content[:-32])

    def other(request: httpx.Request) -> httpx.Response:
        answer = log(request)
        if "tile/0" in request.url.path:
            return httpx.Response(200, content=bytes(len(answer.content)))
        return answer

    digest = sha256((3).to_bytes(4, "big")).digest()
    with pytest.raises((InvalidLogProof, EncodingError)):
        Receipt.parse(client(short).find_receipt(digest)).verify(log.policy)
    with pytest.raises(InvalidLogProof):
        Receipt.parse(client(other).find_receipt(digest)).verify(log.policy)


def test_a_bundle_that_breaks_off() -> None:
    log = Log(10)

    def torn(request: httpx.Request) -> httpx.Response:
        answer = log(request)
        return httpx.Response(200, content=answer.content[:-1]) if "entries" in request.url.path else answer

    with pytest.raises(EncodingError, match="breaks off"):
        client(torn).find_receipt(bytes(32))
