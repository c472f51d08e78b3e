"""An attacker in a process of its own: ``python -m tests.soak.attacker URL ATTACK SECONDS COUNT FILE``.

``FILE`` holds what is sent. It ends by itself after so many seconds.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
PATIENCE = 120

Address = tuple[str, int]


def connect(address: Address, place: int, *, small: bool = False) -> socket.socket:
    """A connection from one of the attacker's addresses; a ``small`` one takes little at a time."""
    connection = socket.socket()
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.bind((ADDRESSES[place % len(ADDRESSES)], 0))
    connection.connect(address)
    return connection


def flood(address: Address, request: bytes, until: float, count: int) -> None:
    """From so many connections the same request, again and again."""

    def send(place: int) -> None:
        while time.monotonic() < until:
            with suppress(OSError), connect(address, place) as connection:
                connection.sendall(request)
                while connection.recv(65_536):
                    pass

    threads = [threading.Thread(target=send, args=(place,), daemon=True) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, until - time.monotonic()))


def hold(address: Address, first: bytes, until: float, count: int) -> None:
    """So many connections, opened again when they are hung up on, each of which says a byte now and then."""
    held: list[socket.socket | None] = [None] * count
    while time.monotonic() < until:
        for place, connection in enumerate(held):
            if time.monotonic() >= until:
                return
            try:
                if connection is None:
                    connection = connect(address, place)
                    connection.sendall(first)
                    held[place] = connection
                else:
                    connection.sendall(b"x")
            except OSError:
                held[place] = None
        time.sleep(0.2)


def dribble(address: Address, request: bytes, until: float, count: int) -> None:
    """So many answers of which hardly anything is taken."""
    taking = [connect(address, place, small=True) for place in range(count)]
    for connection in taking:
        connection.sendall(request)
        connection.settimeout(0.05)
    while time.monotonic() < until:
        for connection in taking:
            with suppress(OSError):
                connection.recv(16)
        time.sleep(0.2)


ATTACKS: dict[str, Callable[[Address, bytes, float, int], None]] = {
    "flood": flood,
    "hold": hold,
    "dribble": dribble,
}


def main(url: str, attack: str, seconds: str, count: str, path: str) -> None:
    split = urlsplit(url)
    assert split.hostname is not None and split.port is not None
    until = time.monotonic() + float(seconds)
    ATTACKS[attack]((split.hostname, split.port), Path(path).read_bytes(), until, int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
