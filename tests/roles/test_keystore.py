"""Key stores: for their owner only, written whole or not at all, and silent about what they hold."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.suites import REAL
from zkperf.errors import InputError
from zkperf.groups.base import Group
from zkperf.ledger.signing import public_bytes
from zkperf.roles.keystore import KeyStore


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "keys" / "member-1"
    store = KeyStore(folder)
    store.new_signing_key()
    store.write("deal.cbor", b"secret")
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == {"signing.pem": 0o600, "deal.cbor": 0o600}


def test_a_signing_key_comes_back(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    key = store.new_signing_key()
    assert public_bytes(KeyStore(tmp_path).signing_key()) == public_bytes(key)
    assert public_bytes(store.new_signing_key()) != public_bytes(key)


@pytest.mark.parametrize("group", REAL)
def test_a_sealing_key_comes_back(tmp_path: Path, group: Group) -> None:
    store = KeyStore(tmp_path)
    secret = store.new_sealing_key(group)
    assert 1 <= secret < group.order
    assert KeyStore(tmp_path).sealing_key(group) == secret
    assert store.new_sealing_key(group) != secret


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "nobody")
    with pytest.raises(InputError, match=r"nobody/signing\.pem is missing: this party's keys are not here"):
        store.signing_key()
    with pytest.raises(InputError, match=r"sealing\.key is missing"):
        store.read("sealing.key")
    assert not store.has("signing.pem")


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    store, other = KeyStore(tmp_path), generate_private_key(SECP256R1())
    store.write("signing.pem", other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InputError, match=r"signing\.pem: expected an Ed25519 key"):
        store.signing_key()


@pytest.mark.parametrize("data", [b"", bytes(31), b"\xff" * 32])
@pytest.mark.parametrize("group", REAL)
def test_what_is_no_scalar_is_no_sealing_key(tmp_path: Path, group: Group, data: bytes) -> None:
    store = KeyStore(tmp_path)
    store.write("sealing.key", data)
    with pytest.raises(InputError, match=r"sealing\.key is damaged: it holds no key"):
        store.sealing_key(group)


@pytest.mark.parametrize("data", [b"", b"-----BEGIN PRIVATE KEY-----\n", b"\xff" * 64])
def test_what_is_no_key_is_no_signing_key(tmp_path: Path, data: bytes) -> None:
    store = KeyStore(tmp_path)
    store.write("signing.pem", data)
    with pytest.raises(InputError, match=r"signing\.pem is damaged: it holds no key"):
        store.signing_key()


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "signing.pem").mkdir()
    with pytest.raises(InputError, match=r"signing\.pem: cannot be read"):
        KeyStore(tmp_path).signing_key()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeyStore(tmp_path)
    store.write("state", b"old")

    def fail(descriptor: int) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="the disk is full"):
            store.write("state", b"new and longer")
    assert store.read("state") == b"old"
    store.write("state", b"new")
    assert store.read("state") == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_what_is_deleted_is_gone(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    store.write("deal.cbor", b"x")
    assert store.has("deal.cbor")
    store.delete("deal.cbor")
    assert not store.has("deal.cbor")
    store.delete("deal.cbor")


def test_it_says_whose_it_is_and_not_what_it_holds(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "member-1")
    key: Ed25519PrivateKey = store.new_signing_key()
    assert repr(store) == str(store) == "<key store member-1>"
    assert key.private_bytes_raw().hex() not in repr(vars(store))
