"""A ledger far away, over HTTP: what a device, a registrar and an operator need of the service.

The service is not believed: everything it returns is verified by the roles, as anything else a
`LedgerClient` returns. And it is told little: no cookies are kept, every request has a connection of its
own, so that drawing a token and rating later are not tied together by it, and a receipt can be put
together from the log's tiles without saying which rating it is for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from zkperf import encoding
from zkperf.errors import EncodingError, InputError, InvalidLogProof, RuleViolation, ZkperfError
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.merkle import root_from_leaf_hashes
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.log.textual import HASH_BYTES
from zkperf.ledger.log.tiles import TILE_HEIGHT, TILE_WIDTH, Tile
from zkperf.ledger.promises import Promise
from zkperf.roles.outlook import Outlook, OutlookAsked
from zkperf.roles.view import RoundLeaves
from zkperf.roles.wire import CBOR, PROBLEMS, Submission, encode_submissions

MAX_ANSWER = 32 * 1024 * 1024
"""Bytes of the longest answer that is read: 256 of the largest leaves are half of that."""
ATTEMPTS = 4
PATIENCE = 30.0
"""Seconds that one request is put off at most, all pauses together. A service that asks for more is not
waited for: whoever asks is told."""
JSON = "application/json"
ANY_TEXT = "text/plain"
ANY_BYTES = "application/octet-stream"


class NotOnTheLog(InvalidLogProof):
    """A transaction that was looked for is not on the log that was shown."""


class RemoteLedger:
    """A `LedgerClient` that speaks to the service at ``url``.

    Every method raises InputError if the service cannot be reached, RuleViolation with the service's reason
    if it refuses, and EncodingError if it does not answer as it should. ``tell`` hears when it has to be
    waited for.
    """

    def __init__(
        self,
        url: str,
        *,
        seconds: float = 60,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._url = url.rstrip("/")
        self._pause, self._tell = pause, tell
        try:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.netloc:
                raise ValueError("expected one such as http://127.0.0.1:8000")
            self._http = httpx.Client(
                base_url=self._url,
                timeout=seconds,
                transport=transport or httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0)),
                cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
                headers={"User-Agent": "zkperf"},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise InputError(f"{url}: not an address of a service ({error})") from None

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- as a device needs it: LedgerClient ---------------------------------------------------------

    def round_leaves(self, round_id: bytes) -> RoundLeaves:
        """Where a round's foundations are on the log."""
        answer = self._cbor("GET", f"/v1/rounds/{round_id.hex()}")
        try:
            leaves = answer["leaves"]
            found = RoundLeaves(leaves["scheme"], leaves["round"], tuple(leaves["keys"]))
        except (TypeError, KeyError):
            raise EncodingError("the service's answer about the round has no leaves") from None
        if not all(type(leaf) is int for leaf in (found.scheme, found.round, *found.keys)):
            raise EncodingError("the service's answer about the round: leaves are numbers")
        return found

    def receipt(self, leaf: int) -> str:
        """Proof that a leaf is on the log (C2SP tlog-proof), not verified."""
        return self._text(f"/v1/receipts/{leaf}")

    def submit(self, data: bytes) -> int:
        """Submits a transaction that has no bundle; the index of its leaf."""
        answer = self._post("/v1/transactions", Submission(transaction=data, bundle=None).encode())
        return _leaf(answer)

    def submit_report(self, data: bytes, bundle: bytes) -> int:
        """Submits a provider's report with its bundle; the index of its leaf."""
        return _leaf(self._post("/v1/transactions", Submission(transaction=data, bundle=bundle).encode()))

    def token_shares(self, voucher: bytes) -> dict[int, bytes]:
        """Every trustee's share of the signature on the point recorded for a voucher, not verified."""
        answer = self._cbor("GET", f"/v1/issuances/{voucher.hex()}")
        shares = answer.get("shares") if isinstance(answer, dict) else None
        if not isinstance(shares, dict):
            raise EncodingError("the service's answer has no token shares")
        if not all(type(trustee) is int and type(share) is bytes for trustee, share in shares.items()):
            raise EncodingError("the service's answer: token shares are byte strings by trustee")
        return shares

    def submit_rating(self, core: bytes, bundle: bytes) -> Promise:
        """Submits a rating; the sequencer's promise, not verified."""
        body = Submission(transaction=core, bundle=bundle).encode()
        return Promise.from_array(self._post("/v1/transactions", body))

    # -- for gateways, operators and people ---------------------------------------------------------

    def submit_batch(self, items: Sequence[Submission]) -> list[Promise | int | ZkperfError]:
        """Submits up to 1,000 at once: a promise, a leaf's index or a refusal for each, in order."""
        answers = self._post("/v1/transactions/batch", encode_submissions(items))
        if not isinstance(answers, list) or len(answers) != len(items):
            raise EncodingError("the service's answer has not one verdict for each submission")
        return [_verdict(answer) for answer in answers]

    def outlook(self, asked: OutlookAsked) -> Outlook:
        """What closing a round would publish, as the service says."""
        body = asked.encode()
        answer = self._cbor("POST", f"/v1/rounds/{asked.round.hex()}/outlook", body)
        return Outlook.from_array(answer)

    def genesis(self) -> bytes:
        """The digest of the ledger that the service says it serves."""
        try:
            return bytes.fromhex(self.ledger()["genesis"])
        except (KeyError, TypeError, ValueError):
            raise EncodingError("the service's answer names no ledger") from None

    def ledger(self) -> dict[str, Any]:
        """What the service says of the ledger, as its JSON has it. The members' word counts, not this."""
        return self._object("/v1/ledger")

    def rounds(self) -> list[dict[str, Any]]:
        """The rounds, oldest first, as the service's JSON has them."""
        return self._list("/v1/rounds")

    def round(self, round_id: bytes) -> dict[str, Any]:
        """A round, as the service's JSON has it."""
        return self._object(f"/v1/rounds/{round_id.hex()}")

    def result(self, round_id: bytes) -> dict[str, Any]:
        """A round's result, as the service's JSON has it. RuleViolation while there is none."""
        return self._object(f"/v1/results/{round_id.hex()}")

    def figure_rounds(self) -> list[dict[str, Any]]:
        """The rounds of figures, oldest first, as the service's JSON has them."""
        return self._list("/v1/figures/rounds")

    def figure_round(self, round_id: bytes) -> dict[str, Any]:
        """A round of figures, as the service's JSON has it."""
        return self._object(f"/v1/figures/rounds/{round_id.hex()}")

    def figure_result(self, round_id: bytes) -> dict[str, Any]:
        """What a round of figures has published, as the service's JSON has it. RuleViolation while there is
        nothing."""
        return self._object(f"/v1/figures/results/{round_id.hex()}")

    def checkpoint(self) -> str:
        """The log's latest checkpoint (C2SP tlog-checkpoint), not verified."""
        return self._text("/v1/log/checkpoint")

    def entries(self, number: int, size: int) -> bytes:
        """Bundle ``number`` of a log of ``size`` leaves, of which it holds up to 256, not verified."""
        return self._tile(None, number, size)

    # -- receipts without telling whose ---------------------------------------------------------------

    def find_receipt(self, digest: bytes, start: int = 0) -> str:
        """The receipt of the leaf with this SHA-256 digest, put together here from the log's tiles.

        What is asked for does not depend on the digest: the service learns that somebody reads the log from
        leaf ``start`` on (a round's first leaf, the same for all its raters), not which rating they look for.
        Like every receipt it is to be verified. NotOnTheLog if there is no such leaf (yet).
        """
        note = self.checkpoint()
        size = Checkpoint.unverified(note).size
        tiles: dict[tuple[int, int], bytes] = {}
        found: tuple[int, bytes] | None = None
        for number in range(start // TILE_WIDTH, _tiles(size)):
            # Siblings below level 8 are in the leaf's own tile, all others in the few tiles above.
            tiles[0, number] = self._tile(0, number, size)
            for place, leaf in enumerate(entries_of(self._tile(None, number, size))):
                if sha256(leaf).digest() == digest:
                    found = (number * TILE_WIDTH + place, leaf)
        level = 1
        while nodes := size >> (TILE_HEIGHT * level):
            for number in range(_tiles(nodes)):
                tiles[level, number] = self._tile(level, number, size)
            level += 1
        if found is None:
            raise NotOnTheLog("no leaf of the log has this digest (yet)")
        index, leaf = found
        return Receipt.issue(leaf, index, note, lambda ids: [_node(tiles, *node) for node in ids]).format()

    def _tile(self, level: int | None, number: int, size: int) -> bytes:
        there = (size >> (TILE_HEIGHT * (level or 0))) - number * TILE_WIDTH
        path = Tile(level, number, min(TILE_WIDTH, there)).path
        return self._request("GET", f"/v1/log/{path}", ANY_BYTES)

    # -- HTTP ----------------------------------------------------------------------------------------

    def _post(self, path: str, body: bytes) -> Any:
        return self._cbor("POST", path, body)

    def _cbor(self, method: str, path: str, body: bytes | None = None) -> Any:
        return encoding.decode(self._request(method, path, CBOR, body), what="the service's answer")

    def _text(self, path: str) -> str:
        try:
            return self._request("GET", path, ANY_TEXT).decode("utf-8")
        except UnicodeDecodeError:
            raise EncodingError("the service's answer: not UTF-8 text") from None

    def _json(self, path: str) -> Any:
        try:
            return httpx.Response(200, content=self._request("GET", path, JSON)).json()
        except ValueError:
            raise EncodingError("the service's answer: not JSON") from None

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer = self._json(path)
        if not isinstance(answer, list):
            raise EncodingError("the service's answer: expected a list")
        return answer

    def _object(self, path: str) -> dict[str, Any]:
        answer = self._json(path)
        if not isinstance(answer, dict):
            raise EncodingError("the service's answer: expected an object")
        return answer

    def _request(self, method: str, path: str, accept: str, body: bytes | None = None) -> bytes:
        """The body of a successful answer; waits and tries again where the service asks for that."""
        headers = {"Accept": accept} | ({} if body is None else {"Content-Type": CBOR})
        patience = PATIENCE
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._http.stream(method, path, headers=headers, content=body) as response:
                    content = _read(response)
            except httpx.HTTPError as error:
                raise InputError(f"{self._url}: no answer from the service ({error})") from None
            if response.status_code not in (429, 503):
                break
            # Neither answer comes after anything was written.
            pause = _pause_asked(response)
            if attempt == ATTEMPTS or pause > patience:
                break
            patience -= pause
            self._tell(
                f"The service cannot take this now ({response.status_code}): "
                f"asking again in {pause:.0f} s ({attempt} of {ATTEMPTS - 1}) …"
            )
            self._pause(pause)
        if response.is_redirect:
            target = str(response.url.join(response.headers.get("location", "")))
            raise EncodingError(
                f"{self._url}: leads elsewhere, to {target.removesuffix(path)}: if that is the service, give "
                "that address"
            )
        if response.headers.get("content-type", "").startswith("text/html"):
            raise EncodingError(
                f"{self._url}: answers with a web page (status {response.status_code}), so it is not the "
                "address of a zkperf service, or a proxy has it under another path: ask whoever runs it"
            )
        if response.is_success:
            return content
        raise _refusal(response, content)


def _tiles(nodes: int) -> int:
    """How many tiles hold this many nodes of one level."""
    return -(-nodes // TILE_WIDTH)


def _node(tiles: Mapping[tuple[int, int], bytes], level: int, index: int) -> bytes:
    """Node (l, i) of the tree: the root over 2^(l mod 8) hashes of a tile of level ⌊l/8⌋."""
    height = level % TILE_HEIGHT
    first = index << height
    tile = tiles.get((level // TILE_HEIGHT, first // TILE_WIDTH), b"")
    place = HASH_BYTES * (first % TILE_WIDTH)
    row = tile[place : place + (HASH_BYTES << height)]
    if len(row) != HASH_BYTES << height:
        raise InvalidLogProof("the service's tile is too short")
    return root_from_leaf_hashes(row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES))


def _read(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    length = 0
    for chunk in response.iter_bytes():
        length += len(chunk)
        if length > MAX_ANSWER:
            raise EncodingError(f"the service's answer is longer than {MAX_ANSWER} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _pause_asked(response: httpx.Response) -> float:
    asked = response.headers.get("retry-after", "")
    return float(asked[:9]) if asked.isdecimal() else 1.0


def _refusal(response: httpx.Response, content: bytes) -> ZkperfError:
    try:
        problem = httpx.Response(200, content=content).json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and response.headers.get("content-type") == "application/problem+json":
        error = _problem(problem)
        if response.status_code in (429, 503) and isinstance(error, RuleViolation):
            seconds = _pause_asked(response)
            return RuleViolation(
                f"{error}; the service asks to come back in {seconds:.0f} s", check=error.check
            )
        return error
    advice = {
        404: "is the address whole? A proxy may have the service under a path of its own",
        502: "a proxy answers, and the service behind it does not run",
        503: "a proxy answers, and the service behind it does not run, or nobody is let in now",
        504: "a proxy answers, and the service behind it does not",
    }.get(response.status_code, "is this the address of a zkperf service?")
    return EncodingError(f"the service answered with status {response.status_code} and no reason: {advice}")


def _problem(problem: dict[Any, Any]) -> ZkperfError:
    kind, detail = problem.get("type"), problem.get("detail")
    if not (isinstance(kind, str) and kind.startswith(PROBLEMS) and isinstance(detail, str)):
        return EncodingError("the service answered with a problem of an unknown type")
    return RuleViolation(detail, check=kind.removeprefix(PROBLEMS).replace("-", " "))


def _leaf(answer: Any) -> int:
    if isinstance(answer, dict) and type(answer.get("leaf")) is int:
        return int(answer["leaf"])
    raise EncodingError("the service's answer has no leaf")


def _verdict(answer: Any) -> Promise | int | ZkperfError:
    if isinstance(answer, list):
        return Promise.from_array(answer)
    if isinstance(answer, dict) and "type" in answer:
        return _problem(answer)
    return _leaf(answer)


def entries_of(bundle: bytes) -> list[bytes]:
    """The leaves of a bundle of entries: each comes after its length in two bytes. EncodingError for anything
    that is not that."""
    entries = []
    at = 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        entries.append(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(bundle):
        raise EncodingError("the service's bundle of entries breaks off")
    return entries
