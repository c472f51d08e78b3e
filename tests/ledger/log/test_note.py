from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zkperf.errors import EncodingError
from zkperf.ledger.log.note import MAX_SIGNATURES, NoteSignature, SignedNote

LINE = "— log.example/a AAAAAQI="
SIGNATURE = NoteSignature("log.example/a", b"\0\0\0\x01", b"\x02")


def test_a_note_is_a_text_an_empty_line_and_signatures() -> None:
    note = SignedNote.parse(f"one\ntwo\n\n{LINE}\n")
    assert note == SignedNote("one\ntwo\n", (SIGNATURE,))
    assert note.format() == f"one\ntwo\n\n{LINE}\n"


def test_the_last_empty_line_separates() -> None:
    note = SignedNote.parse(f"one\n\n\ntwo\n\n{LINE}\n{LINE}\n")
    assert note == SignedNote("one\n\n\ntwo\n", (SIGNATURE, SIGNATURE))


def test_another_signature_is_one_more_line() -> None:
    note = SignedNote("one\n", (SIGNATURE,)).with_signature(NoteSignature("b", bytes(4), b"\xff"))
    assert note.format() == f"one\n\n{LINE}\n— b AAAAAP8=\n"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "one\n",
        "one\n\n",
        f"one\n{LINE}\n",
        f"{LINE}\n",
        f"{LINE}\n{LINE}\n",
        f"one\n\n{LINE}",
        f"one\n\n{LINE}\n\n",
        f"one\n\n{LINE}\n{LINE}",
        f"one\r\n\n{LINE}\n",
        f"one\t\n\n{LINE}\n",
        f"one\n\n {LINE}\n",
        f"one\n\n{LINE} \n",
        f"one\n\n{LINE}\nmore\n",
        "one\n\n— a  AAAAAQI=\n",
        "one\n\n— AAAAAQI=\n",
        "one\n\n—  AAAAAQI=\n",
        "one\n\n- a AAAAAQI=\n",
        "one\n\na AAAAAQI=\n",
        "one\n\n— a+b AAAAAQI=\n",
        "one\n\n— a\u00a0b AAAAAQI=\n",
        "one\n\n— a AAAAAQJ=\n",
        "one\n\n— a AAAAAQI\n",
        "one\n\n— a AAAAAQ==\n",
        "one\n\n— a \n",
        "one\ud800\n\n— a AAAAAQI=\n",
    ],
)
def test_anything_else_is_refused(note: str) -> None:
    with pytest.raises(EncodingError):
        SignedNote.parse(note)


def test_the_number_of_signatures_is_bounded() -> None:
    assert len(SignedNote.parse("one\n\n" + f"{LINE}\n" * MAX_SIGNATURES).signatures) == MAX_SIGNATURES
    with pytest.raises(EncodingError, match="more than"):
        SignedNote.parse("one\n\n" + f"{LINE}\n" * (MAX_SIGNATURES + 1))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["\n", "— ", "a", " ", "AAAAAQI=", LINE, "\x85", "+"]), max_size=12).map("".join)
)
@example(f"\n\n{LINE}\n")
def test_what_parses_is_written_back_unchanged(text: str) -> None:
    try:
        note = SignedNote.parse(text)
    except EncodingError:
        return
    assert note.format() == text
