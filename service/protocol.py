"""HTTP/1.1 as uvicorn speaks it with httptools, with bounds on everything but a body.

Every connection is under a clock at every moment. While a request is answered, `service.limits` has one for
its body. Before and after that it is those here: whoever says half of a request's head and then nothing, one
header without end, or anything at all between two requests, is hung up on, and so is whoever takes no answer.
Whoever makes progress is not, however slow it is, down to `SLOWEST`. How many connections there may be is the
business of `service.connections`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from fcntl import ioctl
from sys import byteorder
from termios import TIOCOUTQ
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.connections import Connections
from service.limits import SLOWEST

MAX_HEAD = 64 * 1024
"""Bytes of a request before its body."""


class Bounded(HttpToolsProtocol):
    """One connection."""

    head_seconds: ClassVar[float] = 5
    """How long the head of a request may take, from the first byte after the last answer on, on a new
    connection from its beginning on."""
    taking_seconds: ClassVar[float] = 20
    """After how long a client must have taken some of an answer."""
    places: ClassVar[Connections]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._in_body = False
        address = transport.get_extra_info("peername") or ("",)
        if self.places.add(self, address[0], transport.abort):
            self._expect_head()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.places.remove(self)
        self._have_head()
        self._is_taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        of_body = self._in_body
        super().data_received(data)
        # uvicorn's clock for connections at rest was stopped by these bytes, whatever they are: the rest of a
        # body that nobody reads any more, or line ends before a head.
        if self._head_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()
        # What begins in a body may be all of it but the end: then it says nothing of a head's length.
        if self._head_timer is not None and not of_body and not self._in_body:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_timer is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._have_head()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        self.places.answering(self)
        super().on_message_complete()

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _have_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    # -- answers that are not taken ------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_taking()

    def resume_writing(self) -> None:
        self._is_taken()
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_taking()
        elif self.cycle is None or self.cycle.response_complete:
            self.places.awaited(self, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect_taking()

    def _expect_taking(self) -> None:
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(
                self.taking_seconds, self._look_at_progress, self._not_taken()
            )

    def _look_at_progress(self, left: int) -> None:
        """Hangs up on whoever has taken too little since so much was left."""
        self._write_timer = None
        if left - self._not_taken() >= SLOWEST * self.taking_seconds:
            self._expect_taking()
        else:
            self.transport.abort()

    def _not_taken(self) -> int:
        """Bytes that are here or in the system's buffer, and not acknowledged. Where the system does not say
        what it holds, that shows when it takes more."""
        held = self.transport.get_write_buffer_size()
        with suppress(OSError, AttributeError):
            answer = ioctl(self.transport.get_extra_info("socket").fileno(), TIOCOUTQ, bytes(4))
            held += int.from_bytes(answer, byteorder)
        return held

    def _is_taken(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def bounded(head_seconds: float, taking_seconds: float, places: Connections) -> type[Bounded]:
    """Connections whose heads and answers may take so long, with so many places for them."""
    own = {"head_seconds": head_seconds, "taking_seconds": taking_seconds, "places": places}
    return type("Bounded", (Bounded,), own)
