"""Who may hold how many connections.

To hold a connection and say nothing costs nothing, so nobody may keep others out by that: one source has a
share of the places, and where a place is wanted, whoever has kept the service waiting longest gives way. What
is being answered is never dropped.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from time import monotonic

from service.limits import network

DROPS = 64
"""How many connections of one source give way in a second. To end one within a request costs more than
to turn away a new one."""

Drop = Callable[[], None]
"""Ends a connection on the spot."""


class Connections:
    """The open connections of one server. For one thread: that of its event loop."""

    def __init__(
        self, limit: int, share: int, exempt: str = "", clock: Callable[[], float] = monotonic
    ) -> None:
        """At most ``limit`` at once, ``share`` of them of one source. ``exempt`` lists addresses and
        networks, separated by commas, that have no share: proxies, behind which everybody is. ``*``: all."""
        self._limit, self._share = limit, share
        self._everybody = "*" in exempt
        self._exempt = [
            ip_network(item.strip(), strict=False)
            for item in exempt.split(",")
            if item.strip() not in ("", "*")
        ]
        self._open: dict[object, bytes] = {}
        """By connection its source."""
        self._counts: Counter[bytes] = Counter()
        self._clock, self._second = clock, 0
        self._dropped: Counter[bytes] = Counter()
        """By source, within this second."""
        self._awaited: OrderedDict[object, Drop] = OrderedDict()
        """Those of which a request is awaited, or the rest of one; the longest awaited first."""

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: object, address: str, drop: Drop) -> bool:
        """A new connection. False if there is no place for it, and it has to go."""
        source = self._source(address)
        if source and self._counts[source] >= self._share:
            if not self._may_drop(source) or not self._make_room(source):
                return False
        elif len(self._open) >= self._limit and not self._make_room(b""):
            return False
        self._open[connection] = source
        self._counts[source] += 1
        self._awaited[connection] = drop
        return True

    def answering(self, connection: object) -> None:
        """A request has arrived whole."""
        self._awaited.pop(connection, None)

    def awaited(self, connection: object, drop: Drop) -> None:
        """Another request is awaited."""
        if connection in self._open:
            self._awaited[connection] = drop
            self._awaited.move_to_end(connection)

    def remove(self, connection: object) -> None:
        """The connection has ended."""
        self._awaited.pop(connection, None)
        source = self._open.pop(connection, None)
        if source is not None:
            self._counts[source] -= 1
            if not self._counts[source]:
                del self._counts[source]

    def _may_drop(self, source: bytes) -> bool:
        if (second := int(self._clock())) != self._second:
            self._second = second
            self._dropped.clear()
        self._dropped[source] += 1
        return self._dropped[source] <= DROPS

    def _make_room(self, source: bytes) -> bool:
        """Drops the longest awaited connection, of this source if one is named."""
        for connection, drop in self._awaited.items():
            if not source or self._open[connection] == source:
                self.remove(connection)
                drop()
                return True
        return False

    def _source(self, address: str) -> bytes:
        """Empty for what has no share."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return b""
        if self._everybody or any(parsed in listed for listed in self._exempt):
            return b""
        return network(address)
