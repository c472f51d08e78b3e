"""Where one party keeps its secrets: a folder that only its owner can read, never exported."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from zkperf.errors import EncodingError, InputError
from zkperf.files import private_folder, write_private
from zkperf.groups.base import Group
from zkperf.randomness import RandomBytes, system


class KeyStore:
    """One holder's folder of secrets. Files are written whole or not at all, with mode 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def signing_key(self) -> Ed25519PrivateKey:
        """The holder's Ed25519 key. InputError if it is not there, damaged, or none."""
        try:
            key = load_pem_private_key(self.read("signing.pem"), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise InputError(f"{self._folder / 'signing.pem'} is damaged: it holds no key") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError(f"{self._folder / 'signing.pem'}: expected an Ed25519 key")
        return key

    def new_signing_key(self) -> Ed25519PrivateKey:
        """A fresh signing key, kept as PKCS #8 PEM."""
        key = Ed25519PrivateKey.generate()
        self.write("signing.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return key

    def sealing_key(self, group: Group) -> int:
        """The trustee's secret t_j. InputError if it is not there or damaged."""
        try:
            return group.decode_scalar(self.read("sealing.key"))
        except EncodingError:
            raise InputError(f"{self._folder / 'sealing.key'} is damaged: it holds no key") from None

    def new_sealing_key(self, group: Group, source: RandomBytes = system) -> int:
        """A fresh secret t_j."""
        secret = group.random_nonzero_scalar(source)
        self.write("sealing.key", group.encode_scalar(secret))
        return secret

    def has(self, name: str) -> bool:
        """Whether a file of this name is there."""
        return (self._folder / name).exists()

    def read(self, name: str) -> bytes:
        """A file's bytes. InputError, saying which file it is, if it is not there or cannot be read."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise InputError(f"{self._folder / name} is missing: this party's keys are not here") from None
        except OSError as error:
            raise InputError(f"{self._folder / name}: cannot be read ({error.strerror})") from None

    def write(self, name: str, data: bytes) -> None:
        """Writes a file durably: a crash leaves the old one or the new one."""
        write_private(private_folder(self._folder) / name, data)

    def delete(self, name: str) -> None:
        """Removes a file that is no longer needed."""
        (self._folder / name).unlink(missing_ok=True)

    def __repr__(self) -> str:
        return f"<key store {self._folder.name}>"
