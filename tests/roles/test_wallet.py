from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.world import World
from zkperf.errors import EncodingError, InputError
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.signing import public_bytes
from zkperf.roles.citizen import Citizen, Request
from zkperf.roles.registrar import Voucher
from zkperf.roles.view import RoundView
from zkperf.roles.wallet import Entry, Slot, Wallet

Drawn = tuple[World, Citizen, Voucher, Request]


@pytest.fixture(scope="module", params=["ristretto255", "P-256"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    world = World.create(tmp_path_factory.mktemp("world") / "ledger", suite=request.param)
    found = world.open_round()
    citizen = Citizen(RoundView.load(world.consortium, world.state.ledger, found.digest))
    voucher = world.voucher(found)
    return world, citizen, voucher, citizen.request_token(voucher)


def test_a_request_that_was_kept_gives_the_same_token(drawn: Drawn, tmp_path: Path) -> None:
    world, citizen, voucher, request = drawn
    slot = Wallet(tmp_path / "w").slot(voucher)
    slot.save(Entry.start(request, citizen.view.group, BLS12381))
    # Another process, after a crash.
    kept = Wallet(tmp_path / "w").slot(voucher).load()
    assert kept is not None and kept.requested is not None and kept.requested.issue == request.issue
    again = kept.request(citizen.view.group, BLS12381)
    assert (again.secret, again.pseudonym, again.issue) == (request.secret, request.pseudonym, request.issue)
    if public_bytes(voucher.key()) not in world.state.vouchers:
        world.consortium.submit(again.issue)
    shares = world.consortium.token_shares(public_bytes(voucher.key()))
    token = citizen.finish_token(again, shares)
    assert token == citizen.finish_token(request, shares)
    entry = slot.save(kept.with_token(token))
    assert slot.load() == entry and entry.requested is None
    assert entry.usable_token() == token
    assert entry.taken(bytes(32), 0).usable_token().next_sequence == 1
    with pytest.raises(InputError, match="no token under way"):
        entry.request(citizen.view.group, BLS12381)
    with pytest.raises(InputError, match="the round is over"):
        entry.finished().usable_token()
    finished = entry.finished()
    assert finished.secret is None and finished.token is None


def test_what_was_sent_is_kept_until_it_is_settled(drawn: Drawn) -> None:
    _, citizen, _, request = drawn
    entry = Entry.start(request, citizen.view.group, BLS12381)
    sent = entry.sending(b"core", b"bundle")
    assert sent.outgoing is not None and (sent.outgoing.core, sent.outgoing.bundle) == (b"core", b"bundle")
    assert Entry.decode(sent.encode()) == sent
    assert sent.refused() == entry
    taken = sent.taken(b"d" * 32, 1)
    assert (taken.outgoing, taken.rated, taken.next_sequence) == (None, b"d" * 32, 2)


def test_an_entry_has_no_readable_form(drawn: Drawn) -> None:
    _, citizen, _, request = drawn
    entry = Entry.start(request, citizen.view.group, BLS12381)
    assert repr(entry) == str(entry) == f"{entry}" == "<wallet entry>"
    assert "entry" in repr([entry]) and request.secret.to_bytes(32, "little").hex() not in repr([entry])


def test_everything_is_for_its_owner_only(drawn: Drawn, tmp_path: Path) -> None:
    _, citizen, voucher, request = drawn
    before = os.umask(0)
    try:
        slot = Wallet(tmp_path / "a" / "w").slot(voucher)
        slot.save(Entry.start(request, citizen.view.group, BLS12381))
        slot.write(slot.promise, b"promise")
        with slot.locked():
            pass
    finally:
        os.umask(before)
    for path in (tmp_path / "a" / "w", *(tmp_path / "a" / "w").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_entries_are_found_by_voucher_ledger_and_name(drawn: Drawn, tmp_path: Path) -> None:
    world, citizen, voucher, request = drawn
    wallet = Wallet(tmp_path)
    slot = wallet.slot(voucher)
    assert slot.load() is None and wallet.slots(world.state.ledger) == []
    slot.save(Entry.start(request, citizen.view.group, BLS12381))
    assert wallet.slots(world.state.ledger) == [slot] == [wallet.find(slot.name)]
    assert wallet.slots(bytes(32)) == []
    assert slot == Slot(tmp_path / world.state.ledger.hex()[:32], slot.name)
    for name in ("0" * 32, "../" + slot.name, slot.name.upper(), "*", ""):
        with pytest.raises(InputError, match="holds no entry"):
            wallet.find(name)


def test_a_damaged_entry_is_not_mistaken_for_none(drawn: Drawn, tmp_path: Path) -> None:
    _, citizen, voucher, request = drawn
    slot = Wallet(tmp_path).slot(voucher)
    slot.save(Entry.start(request, citizen.view.group, BLS12381))
    [file] = slot.folder.glob("*.state")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(EncodingError):
        slot.load()


def test_two_do_not_use_an_entry_at_once(drawn: Drawn, tmp_path: Path) -> None:
    slot = Wallet(tmp_path).slot(drawn[2])
    with slot.locked(), pytest.raises(InputError, match="another process"), slot.locked():
        raise AssertionError("locked twice")
    with slot.locked():
        pass
