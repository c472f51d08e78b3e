from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import done, zkperf
from tests.cli.conftest import Town
from zkperf.cli.voucher import links, read_voucher
from zkperf.errors import EncodingError, InputError
from zkperf.ledger.signing import public_bytes
from zkperf.roles.registrar import Voucher


def test_vouchers_as_files(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    arguments = ("--ledger", town.folder, "--round", "spring", "--unit", "Library", "--output", folder)
    outcome = done("registrar", "voucher", *arguments, "--count", "3")
    paths = [Path(line) for line in outcome.out.splitlines()]
    assert sorted(paths) == sorted(folder.iterdir()) and len(paths) == 3
    assert folder.stat().st_mode & 0o777 == 0o700
    registrar = (town.folder / "keys" / "registrar").exists()
    assert registrar
    vouchers = []
    for path in paths:
        assert path.stat().st_mode & 0o777 == 0o600
        voucher, address = read_voucher(str(path))
        assert address is None
        assert path.read_text() == voucher.text() + "\n"
        assert (voucher.ledger.hex(), voucher.round.hex(), voucher.unit) == (town.genesis, town.round, 1)
        vouchers.append(public_bytes(voucher.key()))
    assert len(set(vouchers)) == 3
    done("registrar", "voucher", *arguments, "--count", "2")
    assert len(list(folder.iterdir())) == 5


def test_vouchers_as_links(town: Town) -> None:
    arguments = ("--ledger", town.folder, "--round", town.round[:8], "--unit", "Surgery", "--count", "2")
    outcome = done("registrar", "voucher", *arguments, "--link-base", "https://rate.example.org/r?x=1")
    lines = outcome.out.splitlines()
    assert len(lines) == 2
    for line in lines:
        # What a browser sends to the server ends before the '#'.
        assert line.split("#")[0] == "https://rate.example.org/r?x=1"
        voucher, address = read_voucher(line)
        assert address == "https://rate.example.org/r" and voucher.unit == 2
    assert "no server ever sees it" in outcome.err


def test_a_voucher_in_any_form(town: Town, tmp_path: Path) -> None:
    word = town.voucher()
    voucher = Voucher.from_text(word)
    assert read_voucher(word) == (voucher, None)
    assert read_voucher(f" https://a.example/#voucher={word}\n") == (voucher, "https://a.example/")
    file = tmp_path / "voucher.txt"
    for text in (word, word + "\r\n", "\ufeff" + word, f"https://a.example/#voucher={word}\n"):
        file.write_text(text, "utf-8")
        assert read_voucher(str(file))[0] == voucher


def test_what_is_no_voucher(town: Town, tmp_path: Path) -> None:
    word = town.voucher()
    for text in (
        word[:-1],
        word + "A",
        word[:-4] + "AAAA" + "A",
        "A" * 227,
        f"https://a/#voucher={word[:-2]}",
    ):
        with pytest.raises(EncodingError):
            read_voucher(text)
    with pytest.raises(InputError, match="No such file"):
        read_voucher(str(tmp_path / "none.txt"))
    with pytest.raises(InputError, match="Is a directory"):
        read_voucher(str(tmp_path))
    (tmp_path / "noise").write_bytes(b"\xff" * 300)
    (tmp_path / "answers").write_text('{"recommend": "yes"}')
    for name in ("noise", "answers"):
        with pytest.raises(EncodingError, match=rf"{name}: this is no voucher"):
            read_voucher(str(tmp_path / name))
    with pytest.raises(EncodingError) as caught:
        read_voucher(word[:-1])
    assert word[:20] not in str(caught.value)


@pytest.mark.parametrize("base", ["rate.example.org", "ftp://a/", "https://", "https://a.example/#x", ""])
def test_addresses_that_links_cannot_begin_with(base: str) -> None:
    with pytest.raises(InputError, match="--link-base"):
        links([], base)


def test_no_vouchers_for_what_is_no_service_of_an_open_round(town: Town) -> None:
    def refused(*arguments: str) -> tuple[int, str]:
        outcome = zkperf("registrar", "voucher", "--ledger", town.folder, *arguments)
        assert outcome.out == ""
        return outcome.code, outcome.err

    code, message = refused("--round", "spring", "--unit", "Zoo")
    assert code == 2 and "no service 'Zoo'; it has: Library, Surgery" in message
    code, message = refused("--round", "spring", "--unit", "all")
    assert code == 2 and "all is no service" in message
    code, message = refused("--round", "autumn", "--unit", "Library")
    assert code == 2 and "no round 'autumn' on this ledger; there is " in message and "(spring)" in message
    code, message = refused("--round", "spring", "--unit", "Library", "--count", "0")
    assert code == 2 and "count" in message
    done("round", "close", "spring", "--yes", "--ledger", town.folder)
    code, message = refused("--round", "spring", "--unit", "Library")
    assert code == 1 and "phase" in message


def test_a_registrar_signs_for_its_own_services_only(town: Town) -> None:
    (town.folder / "keys" / "registrar" / "signing.pem").unlink()
    from zkperf.roles.folder import LedgerFolder

    LedgerFolder(town.folder).keys("registrar").new_signing_key()
    outcome = zkperf(
        "registrar", "voucher", "--ledger", town.folder, "--round", "spring", "--unit", "Library"
    )
    assert outcome.code == 2 and "another registrar" in outcome.err
