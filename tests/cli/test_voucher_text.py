"""Vouchers survive what mails, chats and documents do to them, and nothing repeats them in an error."""

from __future__ import annotations

import quopri
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.command import zkperf
from zkperf.cli.voucher import read_voucher
from zkperf.cli.voucher_text import BEGINNING, find_vouchers
from zkperf.errors import EncodingError, InputError
from zkperf.roles.registrar import Voucher

ADDRESS = "https://rate.example.org/spring/"


def made(secret: bytes, unit: int = 1) -> Voucher:
    """A voucher of which nothing but the form is good."""
    return Voucher(
        ledger=secret, round=secret[::-1], unit=unit, secret=secret, registrar_signature=secret * 2
    )


vouchers = st.builds(
    made,
    st.binary(min_size=32, max_size=32),
    st.one_of(st.integers(0, 30), st.integers(0, 2**16), st.integers(0, 2**63 - 1)),
)

Mangler = Callable[[str], str]


def wrapped(width: int, end: str) -> Mangler:
    def mangle(text: str) -> str:
        return end.join(text[at : at + width] for at in range(0, len(text), width))

    return mangle


def sprinkled(character: str, every: int) -> Mangler:
    return wrapped(every, character)


LINKS: dict[str, Mangler] = {
    "parameters behind": lambda link: link + "&utm_source=mail&utm_medium=letter",
    "parameters behind '?'": lambda link: link + "?utm_source=mail",
    "parameters before '#'": lambda link: link.replace("#", "?utm_source=mail&lang=zh#", 1),
    "parameters within": lambda link: link.replace("#voucher", "#utm_source=mail&voucher", 1),
    "an upper-case scheme": lambda link: link.replace("https", "HTTPS", 1),
}
"""What is added to links."""

ENCODED: dict[str, Mangler] = {
    "as it is": lambda text: text,
    "percent signs": lambda text: quote(text, safe=""),
    "percent signs twice": lambda text: quote(quote(text, safe=""), safe=""),
    "a safe link": lambda text: f"https://safe.example.net/?url={quote(text, safe='')}&data=05%7C&reserved=0",
    "a soft hyphen": sprinkled("\u00ad", 31),
    "zero-width spaces": sprinkled("\u200b", 17),
    "joiners and marks": sprinkled("\u200d\u2060\ufeff", 40),
}

WRAPPED: dict[str, Mangler] = {
    "as it is": lambda text: text,
    "70 columns": wrapped(70, "\n"),
    "76 columns": wrapped(76, "\r\n"),
    "blanks for breaks": wrapped(76, " "),
    "a quoted mail": wrapped(70, "\n> "),
    "quoted twice": wrapped(68, "\r\n>> "),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode("ascii"),
    "non-breaking hyphens": lambda text: text.replace("-", "\u2011"),
}

AROUND: dict[str, Mangler] = {
    "nothing": lambda text: text,
    "brackets": lambda text: f"<{text}>",
    "quotes": lambda text: f'"{text}"',
    "Chinese quotes": lambda text: f"“{text}”",
    "a dot": lambda text: text + ".",
    "a Chinese sentence": lambda text: f"您的凭证：{text}。请妥善保管",
    "a mail": lambda text: f"Dear citizen,\nhere it is:\n\n{text}\n\nThank you very much\nThe office\n",
    "a byte-order mark": lambda text: f"\ufeff{text}\r\n",
    "markdown": lambda text: f"[rate]({text})",
    "HTML": lambda text: f'<a href="{text}">rate</a>',
}


@given(
    vouchers,
    st.lists(st.sampled_from(sorted(LINKS)), max_size=2, unique=True),
    st.sampled_from(sorted(ENCODED)),
    st.sampled_from(sorted(WRAPPED)),
    st.sampled_from(sorted(AROUND)),
)
def test_a_link_is_read_whatever_mailers_do_to_it(
    voucher: Voucher, added: list[str], encoded: str, wrap: str, around: str
) -> None:
    text = f"{ADDRESS}#voucher={voucher.text()}"
    for name in added:
        text = LINKS[name](text)
    text = AROUND[around](WRAPPED[wrap](ENCODED[encoded](text)))
    assert find_vouchers(text) == {voucher: ADDRESS}


@given(
    vouchers,
    st.sampled_from(sorted(set(ENCODED) - {"a safe link"})),
    st.sampled_from(sorted(WRAPPED)),
    st.sampled_from(sorted(AROUND)),
)
def test_a_word_is_read_whatever_mailers_do_to_it(
    voucher: Voucher, encoded: str, wrap: str, around: str
) -> None:
    text = AROUND[around](WRAPPED[wrap](ENCODED[encoded](voucher.text())))
    assert find_vouchers(text) == {voucher: None}


@given(vouchers, st.data())
def test_nothing_is_guessed_about_the_word_itself(voucher: Voucher, data: st.DataObject) -> None:
    word = voucher.text()
    place = data.draw(st.integers(4, len(word) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_"))
    for damaged in (word[:place], word[:place] + word[place + 1 :], word[:place] + letter + word[place:]):
        assert voucher not in find_vouchers(damaged)
        assert voucher not in find_vouchers(f"{ADDRESS}#voucher={damaged}&x=1")


@given(vouchers, st.data())
def test_no_error_repeats_a_voucher(voucher: Voucher, data: st.DataObject) -> None:
    """A voucher that lost letters, or the half of it, is not shown to whoever reads over the shoulder."""
    word = voucher.text()
    start = data.draw(st.integers(0, len(word) - 30))
    stop = data.draw(st.integers(start + 30, len(word) - (start == 0)))
    for text in (word[start:stop], f"{ADDRESS}#voucher={word[start:stop]}", word[start:stop] + ".txt"):
        with pytest.raises((EncodingError, InputError)) as caught:
            read_voucher(text)
        shown = str(caught.value)
        assert not any(word[at : at + 12] in shown for at in range(len(word) - 12))


def test_vouchers_have_one_beginning() -> None:
    assert all(made(bytes([n]) * 32, unit).text().startswith(BEGINNING) for n, unit in ((0, 0), (255, 2**62)))


def test_two_vouchers_at_once_are_one_too_many(tmp_path: Path) -> None:
    both = tmp_path / "both.txt"
    both.write_text("\n".join(made(bytes([n]) * 32).text() for n in (1, 2)))
    with pytest.raises(EncodingError, match="there are 2 vouchers; give one at a time"):
        read_voucher(str(both))
    both.write_text("\n".join([made(bytes(32)).text()] * 2))
    assert read_voucher(str(both))[0] == made(bytes(32))


def test_a_whole_mail_may_be_given(tmp_path: Path) -> None:
    voucher = made(b"m" * 32)
    mail = tmp_path / "mail.eml"
    body = quopri.encodestring(f"Guten Tag,\n{ADDRESS}#voucher={voucher.text()}\nGrüße\n".encode())
    mail.write_bytes(b"From: office@example.org\nSubject: h\n\n" + b"x " * 20_000 + body)
    assert read_voucher(str(mail)) == (voucher, ADDRESS)


@pytest.mark.parametrize("text", ["http://[::1#voucher=", "https://#voucher=", "see #voucher="])
def test_an_address_that_is_none_is_not_taken(text: str) -> None:
    voucher = made(b"a" * 32)
    assert find_vouchers(text + voucher.text()) == {voucher: None}


def test_only_one_thing_comes_from_standard_input() -> None:
    outcome = zkperf("rate", "--voucher", "-", "--answers", "-", "--service", "http://127.0.0.1:9")
    assert outcome.code == 2 and "only one of them" in outcome.err


def test_nothing_on_standard_input() -> None:
    outcome = zkperf("rate", "--voucher", "-", "--service", "http://127.0.0.1:9", stdin="hello\n")
    assert outcome.code == 2 and "standard input: this is no voucher" in outcome.err
