import pytest

from zkperf.errors import EncodingError
from zkperf.ledger.log.textual import (
    check_key_name,
    check_note_text,
    decode_base64,
    decode_decimal,
    decode_hash,
    encode_base64,
)


def test_base64_has_one_form() -> None:
    assert decode_base64("/+8=", what="x") == b"\xff\xef"
    assert encode_base64(b"\xff\xef") == "/+8="
    assert decode_base64("", what="x") == b""


@pytest.mark.parametrize("text", ["/+9=", "/+8", "_-8=", "/+8=\n", " /+8=", "/+8==", "é", "=", "/+8=AAAA"])
def test_any_other_base64_is_refused(text: str) -> None:
    with pytest.raises(EncodingError, match="thing"):
        decode_base64(text, what="thing")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_hash_has_32_bytes(size: int) -> None:
    assert decode_hash(encode_base64(bytes(32)), what="x") == bytes(32)
    with pytest.raises(EncodingError, match="32 bytes"):
        decode_hash(encode_base64(bytes(size)), what="x")


def test_decimals() -> None:
    assert decode_decimal("0", what="x") == 0
    assert decode_decimal(str(2**63 - 1), what="x") == 2**63 - 1


@pytest.mark.parametrize(
    "text", ["", "00", "01", "-1", "+1", " 1", "1 ", "1_0", "1\n", "٣", "0x1", str(2**63), "9" * 5000]
)
def test_any_other_decimal_is_refused(text: str) -> None:
    with pytest.raises(EncodingError, match="thing"):
        decode_decimal(text, what="thing")


@pytest.mark.parametrize("text", ["a\tb", "a\rb", "a\x00b", "a\x1fb", "a\ud800b"])
def test_text_that_no_note_may_hold(text: str) -> None:
    check_note_text("ä\n\x7f\u2028", what="x")
    with pytest.raises(EncodingError):
        check_note_text(text, what="x")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\tb", "a\ud800"])
def test_names_that_no_key_may_have(name: str) -> None:
    check_key_name("example.com/log-ä")
    with pytest.raises(EncodingError):
        check_key_name(name)
