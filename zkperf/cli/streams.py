"""The standard streams as every command has them: whatever the terminal can show, and whoever still reads.

What a stream's encoding cannot show is written as an escape (\\u2713), and what is written to a pipe whose
reader has gone is dropped. So neither changes what a command does, nor the code that it exits with: a passed
audit passes in a GBK terminal, and into ``head -1``.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

ESCAPE = "backslashreplace"


class _Pipe(io.RawIOBase):
    """A file descriptor that takes everything, also when nobody reads it any more. What else is wrong with
    it is raised, once: what the interpreter has kept back cannot be written at its end either."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw, self._dead = raw, False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        if not self._dead:
            try:
                return self._raw.write(data)
            except OSError as error:
                self._dead = True
                if not isinstance(error, BrokenPipeError):
                    raise
        return len(memoryview(data))

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()


def steady(stream: TextIO | None) -> TextIO | None:
    """The same stream, which escapes what it cannot show and minds no closed pipe. Streams that are no files,
    and those that are not there, stay as they are."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = getattr(stream.buffer, "raw", stream.buffer)
    if not isinstance(raw, io.RawIOBase):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Pipe(raw)),
        encoding=stream.encoding,
        errors=ESCAPE,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


@contextmanager
def steady_streams() -> Iterator[None]:
    """Makes the standard streams `steady` for as long as a command runs; what was typed and cannot be decoded
    is read as escapes."""
    before = sys.stdout, sys.stderr
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors=ESCAPE)
    now = steady(sys.stdout), steady(sys.stderr)
    sys.stdout, sys.stderr = now
    try:
        yield
    finally:
        for stream in now:
            if stream is not None:
                stream.flush()
        sys.stdout, sys.stderr = before


def write_utf8(text: str) -> None:
    """Writes text for programs to stdout: UTF-8, whatever the terminal's encoding is."""
    if sys.stdout is None:
        return
    sys.stdout.flush()
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        sys.stdout.write(text)
    else:
        binary.write(text.encode("utf-8", ESCAPE))
        binary.flush()
