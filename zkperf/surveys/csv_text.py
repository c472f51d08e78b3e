"""The text of a CSV file, in UTF-8 or in the encoding that is named; and what a file that is none may be.

Nothing is guessed: a file in another encoding, or a workbook, is refused with what to do about it.
"""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from zkperf.errors import InputError

SAVE_AS = (
    "in Excel choose “File > Save As > CSV UTF-8 (Comma delimited) (*.csv)”"
    "，即“文件 > 另存为 > CSV UTF-8（逗号分隔）(*.csv)”"
)
MAX_FAULTS = 20
"""Faults that are shown; how many more there are is said."""
_CHINESE = "gb18030"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def csv_text(path: Path, encoding: str | None) -> str:
    """What is in the file. InputError, saying what it is instead, if it is no text in this encoding: UTF-8,
    if none is named."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if (kind := _workbook(data)) is not None:
        raise InputError(f"{path}: is {kind}, not CSV; {SAVE_AS}")
    try:
        if encoding is not None and not codecs.lookup(encoding).name.startswith("utf"):
            if data.startswith(codecs.BOM_UTF8):
                raise InputError(f"{path}: begins as UTF-8 does: leave out --encoding {encoding}")
            text = data.decode(encoding)
        else:
            text = data.decode("utf-8-sig" if encoding is None else encoding).removeprefix("\ufeff")
    except LookupError:
        raise InputError(f"--encoding: {encoding!r} is none; Excel in China writes gbk") from None
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = data.count(b"\n", 0, start) + 1
        raise InputError(
            f"{path}: line {line} is not {encoding or 'UTF-8'}; {_advice(data, encoding)}"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path}: line {line} contains a NUL byte; {SAVE_AS}")
    return text


def refusal(faults: Sequence[str]) -> InputError:
    """All faults of a file in one error, so that it can be mended in one go."""
    return InputError("\n".join(_limited(faults)))


def _limited(faults: Sequence[str]) -> Iterator[str]:
    yield from faults[:MAX_FAULTS]
    if len(faults) > MAX_FAULTS:
        yield f"and {len(faults) - MAX_FAULTS} more faults"


def _advice(data: bytes, encoding: str | None) -> str:
    if encoding is None and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return f"it seems to be UTF-16: say --encoding utf-16, or {SAVE_AS}"
    try:
        data.decode(_CHINESE)
    except UnicodeError:
        return SAVE_AS
    return SAVE_AS if encoding is not None else f"if it is GBK, say --encoding gbk, or {SAVE_AS}"


def _workbook(data: bytes) -> str | None:
    """What a spreadsheet program has saved in its own format, or any other zip; None for text."""
    if data.startswith(_OLD_WORKBOOK):
        return "an Excel workbook (.xls)"
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        names = []
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook (.xlsx)"
    if any(name.endswith(".iwa") for name in names):
        return "a Numbers document (.numbers)"
    if "content.xml" in names:
        return "an OpenDocument spreadsheet (.ods)"
    return "a zip archive"
