"""Starting and stopping the process."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from service.settings import Settings
from tests.service.serving import Office, service
from tests.service.test_kill import prepare, stream
from zkperf.cli.serve import serve
from zkperf.errors import EncodingError, InputError, OldCopy
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.folder import LedgerFolder


def test_no_ledger_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no ledger here"):
        serve(tmp_path, "127.0.0.1", 0)


def test_a_folder_that_does_not_say_which_ledger_it_has(tmp_path: Path) -> None:
    description = {"genesis": "unknown", "name": "Springfield", "suite": "ristretto255"}
    (tmp_path / "ledger.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=r"ledger\.json: the genesis digest is not hexadecimal"):
        serve(tmp_path, "127.0.0.1", 0)


def test_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}"):
            serve(tmp_path, "127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_no_such_address(tmp_path: Path, host: str) -> None:
    with pytest.raises(InputError, match="cannot be listened on"):
        serve(tmp_path, host, 0)


def test_the_folder_is_served_already(tmp_path: Path) -> None:
    _, consortium = LedgerFolder.create(tmp_path / "ledger", members=1, threshold=1, min_cohort_floor=2)
    try:
        with pytest.raises(InputError, match="another process"):
            serve(tmp_path / "ledger", "127.0.0.1", 0)
    finally:
        consortium.close()


def test_settings_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKPERF_MAX_BODY", "large")
    with pytest.raises(InputError, match="ZKPERF_MAX_BODY"):
        serve(tmp_path, "127.0.0.1", 0)
    with pytest.raises(ValueError, match="max_body"):
        Settings()


def test_it_serves_without_one_of_its_members_and_says_so(tmp_path: Path) -> None:
    office = Office.create(tmp_path / "ledger", members=4)
    with service(office.folder.path) as running, running.remote() as remote:
        round_id = office.open_round(remote)
        assert running.stop() == 0
    shutil.rmtree(tmp_path / "ledger" / "keys" / "member-1")
    with service(office.folder.path) as running, running.remote() as remote:
        citizen, token = office.citizen(remote, round_id)
        core, bundle = citizen.rate(token, {"recommend": "good"})
        remote.submit_rating(encode_transaction(core), bundle.encode())
        office.close_round(remote, round_id)
        assert remote.round(round_id)["phase"] == "checking"
        assert running.stop() == 0
    said = running.errors.read_text()
    assert "Member 1 (member 1) takes no part" in said and "member-1/signing.pem is missing" in said


def test_an_old_copy_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office, path = Office.create(tmp_path / "ledger"), tmp_path / "ledger"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copytree(path, tmp_path / "copy")
    with service(path) as running, running.remote() as remote:
        office.open_round(remote)
        latest = remote.checkpoint()
        receipt = remote.receipt(1)
        assert running.stop() == 0
    for name in ("ledger", "copy"):
        shutil.rmtree(path)
        shutil.copytree(tmp_path / "copy", path)
        with pytest.raises(OldCopy, match=r"an old copy\. It has 1 leaves"):
            serve(tmp_path / name, "127.0.0.1", 0)
    # On a new machine only what somebody has seen tells.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "new machine"))
    for text in (latest, receipt):
        (tmp_path / "seen").write_text(text)
        with pytest.raises(OldCopy, match=r"\(the one given\)"):
            serve(path, "127.0.0.1", 0, tmp_path / "seen")
    (tmp_path / "seen").write_text("seen")
    with pytest.raises(EncodingError, match="seen: neither a checkpoint nor a receipt"):
        serve(path, "127.0.0.1", 0, tmp_path / "seen")
    with pytest.raises(InputError, match="nowhere: No such file"):
        serve(path, "127.0.0.1", 0, tmp_path / "nowhere")
    for told in (True, False):
        with service(path) as running:
            assert running.stop() == 0
        assert ("has not written to this ledger before" in running.errors.read_text()) is told
        running.errors.unlink()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_what_it_has_taken(tmp_path: Path, how: signal.Signals) -> None:
    """Whatever was acknowledged before is durable, and the process ends by itself with 0."""
    path = tmp_path / "ledger"
    office, round_id, ratings = prepare(path, citizens=20)
    with service(path) as running, ThreadPoolExecutor(1) as pool:
        first = Event()
        sent = pool.submit(stream, running.url, ratings, first)
        assert first.wait(30)
        running.process.send_signal(how)
        assert running.process.wait(60) == 0
        promised = sent.result()
    assert promised
    _, consortium = LedgerFolder.open(path)
    office.close_round(consortium, round_id)
    [found] = consortium.ledger.state.rounds.values()
    on_log = {rating.digest for rating in found.cohort(1).ratings.values()}
    consortium.close()
    assert set(promised) <= on_log


def test_told_twice_it_still_ends(tmp_path: Path) -> None:
    """A request that never ends does not keep a process that is told to stop twice."""
    path = tmp_path / "ledger"
    _, consortium = LedgerFolder.create(path, members=1, threshold=1, min_cohort_floor=2)
    consortium.close()
    with service(path) as running:
        address = httpx.URL(running.url)
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(
                b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\n"
                b"Content-Type: application/cbor\r\nContent-Length: 9\r\n\r\n"
            )
            # The service has to be waiting for the body by now, or there is nothing to wait for.
            connection.settimeout(5)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            running.process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                running.process.wait(1)
            running.process.send_signal(signal.SIGINT)
            assert running.process.wait(60) == 0
