"""`zkperf serve`: a ledger's folder over HTTP."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from service.app import create_app
from service.connections import Connections
from service.protocol import bounded
from service.settings import Settings
from zkperf.cli.collector import seldom_collecting
from zkperf.cli.operate import ledger_digest, say_absent
from zkperf.cli.output import say
from zkperf.cli.words import Words, default_language
from zkperf.errors import InputError
from zkperf.roles.evaluator import Evaluator
from zkperf.roles.evidence import read_checkpoint
from zkperf.roles.folder import LedgerFolder

SEND_BUFFER = 128 * 1024
"""Bytes that the system keeps of an answer for each connection (Linux takes twice as many)."""

EMBEDDED = (
    "This is the embedded mode: the keys of all trustees are in this process. The published proofs are as\n"
    "good as anywhere, but towards whoever operates this process no answer is secret."
)

NEW_HERE = (
    "This machine has not written to this ledger before. If the folder was copied here, make sure that it\n"
    "is the latest copy: to go on from an old one forks the ledger. --not-before FILE, with a checkpoint or\n"
    "a receipt of the ledger, refuses one that is older than that."
)


def serve(ledger: Path, host: str, port: int, not_before: Path | None = None) -> None:
    """Serves until it is told to stop (SIGTERM, SIGINT); by then everything acknowledged is durable.

    ``not_before`` is a file with a checkpoint, or a receipt, which the log has to contain: OldCopy if it does
    not.

    Prints one line on stdout when it is ready. Port 0 takes a free one. InputError if there is no ledger in
    the folder, another process serves it, or the port is taken.
    """
    settings = _settings()
    with _listen(host, port) as listener:
        new_here = _is_new_here(ledger)
        note = None if not_before is None else read_checkpoint(not_before)
        folder, consortium = LedgerFolder.open(ledger, not_before=note)
        try:
            say(EMBEDDED)
            if consortium.ledger.state.rules.rehearsal:
                say(Words(default_language())("rehearsal"))
            say_absent(consortium)
            if new_here and note is None:
                say(NEW_HERE)
            address = _address(listener)
            line = f"zkperf serves {folder.describe()['genesis'][:16]} at {address}"
            app = create_app(consortium, settings, _evaluator(folder))
            exempt = settings.trusted_proxies
            places = Connections(settings.connections, settings.connections_of_one, exempt)
            config = uvicorn.Config(
                app,
                http=bounded(settings.head_seconds, settings.body_seconds, places),
                loop="uvloop",
                ws="none",
                log_level="warning",
                access_log=False,  # it would hold addresses and times
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies or None,
                timeout_graceful_shutdown=int(settings.body_seconds) + 10,
            )
            # Told to stop, the server finishes what it has begun, and then signals this process again.
            signal.signal(signal.SIGTERM, lambda *_: None)
            signal.signal(signal.SIGINT, lambda *_: None)
            try:
                with seldom_collecting():
                    _Server(config, line).run(sockets=[listener])
            finally:
                # Told twice, the server leaves at once; what was taken is finished all the same.
                app.state.context.worker.stop()
        finally:
            consortium.close()


def _is_new_here(path: Path) -> bool:
    """Whether nothing outside of the folder keeps how far this ledger is signed."""
    folder = LedgerFolder(path)
    _, outside = folder.last_signed(ledger_digest(folder))
    return not outside.exists()


def _evaluator(folder: LedgerFolder) -> Evaluator | None:
    """Who closes rounds at their announced ends: the evaluator, if its key lies in the folder."""
    if not folder.keys("evaluator").has("signing.pem"):
        say("The evaluator's key is not here: rounds are not closed at their announced ends from here.")
        return None
    return folder.evaluator(ledger_digest(folder))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "ZKPERF_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InputError(f"{name}: {first['msg']}") from None


class _Server(uvicorn.Server):
    """Says on stdout when it is ready."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._line, flush=True)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # So that it shows here, too, how fast clients take their answers. Connections inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        # From here on nobody else can have the port; connections wait until the ledger is read.
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(f"{host}, port {port}: cannot be listened on ({error})") from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
