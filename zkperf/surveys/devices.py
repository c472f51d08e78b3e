"""Citizens' devices in processes of their own: what crosses are the bytes that would cross a network.

Each device verifies the round's foundations for itself, draws its own pseudonym and keeps its secrets in
its process. One process serves many devices, so that a replay uses all cores.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from circuits.layout import Answer
from circuits.rating import Core
from zkperf.errors import InvalidLogProof
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.promises import Promise
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.citizen import Citizen, Request, Token
from zkperf.roles.registrar import Voucher
from zkperf.roles.view import RoundLeaves, RoundView


@dataclass(frozen=True)
class Foundations:
    """What a ledger shows to a device that wants to join a round: receipts of the leaves it rests on."""

    leaves: RoundLeaves
    receipts: Mapping[int, str]

    def round_leaves(self, round_id: bytes) -> RoundLeaves:
        return self.leaves

    def receipt(self, leaf: int) -> str:
        return self.receipts[leaf]

    def submit(self, data: bytes) -> int:
        raise NotImplementedError("a device in a replay hands its messages to the replay")

    def token_shares(self, voucher: bytes) -> dict[int, bytes]:
        raise NotImplementedError("a device in a replay is handed its token shares")

    def submit_rating(self, core: bytes, bundle: bytes) -> Promise:
        raise NotImplementedError("a device in a replay hands its rating to the replay")


@dataclass
class Device:
    """One citizen's device, as it lives in its process."""

    citizen: Citizen
    request: Request
    token: Token | None = None
    core: Core | None = field(default=None, repr=False)


_devices: dict[int, Device] = {}


def _start(number: int, voucher: str, foundations: Foundations) -> bytes:
    parsed = Voucher.from_text(voucher)
    citizen = Citizen(RoundView.load(foundations, parsed.ledger, parsed.round))
    request = citizen.request_token(parsed)
    _devices[number] = Device(citizen, request)
    return request.issue


def _finish(number: int, shares: Mapping[int, bytes]) -> None:
    device = _devices[number]
    device.token = device.citizen.finish_token(device.request, shares)


def _rate(number: int, answers: Mapping[str, Answer]) -> tuple[bytes, bytes]:
    device = _devices[number]
    assert device.token is not None
    device.core, bundle = device.citizen.rate(device.token, answers)
    return encode_transaction(device.core), bundle.encode()


def _check_promise(number: int, promise: bytes) -> None:
    device = _devices[number]
    assert device.core is not None
    device.citizen.check_promise(device.core, Promise.decode(promise))


def _check_receipt(number: int, text: str) -> None:
    """The device sees its own rating on the log, and is done."""
    device = _devices.pop(number)
    assert device.core is not None
    receipt = Receipt.parse(text)
    receipt.verify(device.citizen.view.policy)
    if sha256(receipt.leaf).digest() != sha256(encode_transaction(device.core)).digest():
        raise InvalidLogProof("the receipt is for another rating")


def _many(task: str, items: Sequence[tuple[object, ...]]) -> list[object]:
    return [_TASKS[task](*item) for item in items]


_TASKS: dict[str, Callable[..., Any]] = {
    "start": _start,
    "finish": _finish,
    "rate": _rate,
    "check promise": _check_promise,
    "check receipt": _check_receipt,
}


class DevicePark:
    """All devices of a replay, spread over processes. Device i lives in process i mod their number."""

    def __init__(self, processes: int | None = None) -> None:
        count = processes or max(1, min(os.cpu_count() or 1, 8))
        # spawned, not forked: the kernel's threads do not survive a fork
        context = multiprocessing.get_context("spawn")
        self._pools = [ProcessPoolExecutor(1, mp_context=context) for _ in range(count)]

    def send(
        self, task: str, items: Mapping[int, tuple[object, ...]]
    ) -> dict[tuple[int, ...], Future[list[object]]]:
        """Starts ``task`` for devices {number: arguments}; futures by the devices each covers, in order."""
        futures: dict[tuple[int, ...], Future[list[object]]] = {}
        for place, pool in enumerate(self._pools):
            numbers = tuple(number for number in items if number % len(self._pools) == place)
            if numbers:
                work = [(number, *items[number]) for number in numbers]
                futures[numbers] = pool.submit(_many, task, work)
        return futures

    def close(self) -> None:
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)
