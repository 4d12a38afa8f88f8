"""`sys.stdout` and `sys.stderr` of the program: real text streams whose bytes become OUTPUT frames.

They are flushed at each newline, before each tool call, and at the end, so that what a program printed before a call
is there before the call. `sys.stdin` is empty. The runner keeps the streams that it made: a program may replace, close
or detach its own.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

from .channel import OUTPUT

STDOUT: Final = 1
STDERR: Final = 2

_MOST: Final = 64 * 1024
"""Bytes of one frame: the executor counts and drops output by the frame, and holds no more than this for it."""

_HEADER: Final = struct.Struct("<IBB")


class _Frames(io.RawIOBase):
    def __init__(self, stream: int, name: str, send: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._send = send
        self.name = name
        self.mode = "wb"

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _MOST):
            part = view[start : start + _MOST]
            self._send(b"".join((_HEADER.pack(2 + len(part), OUTPUT, self._stream), part)))
        return len(view)


class Output:
    """The streams of one execution."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._buffers = [
            io.BufferedWriter(_Frames(STDOUT, "<stdout>", send), _MOST),
            io.BufferedWriter(_Frames(STDERR, "<stderr>", send), _MOST),
        ]
        self.stdout, self.stderr = (
            io.TextIOWrapper(buffer, "utf-8", "backslashreplace", newline="\n", line_buffering=True)
            for buffer in self._buffers
        )
        vars(self.stdout)["mode"] = vars(self.stderr)["mode"] = "w"  # As a file opened for text has it.
        self.stdin = io.TextIOWrapper(io.BytesIO(), "utf-8")
        self._flushes = (self.stdout.flush, self.stderr.flush)

    def install(self) -> None:
        sys.stdout = sys.__stdout__ = self.stdout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self.stderr  # type: ignore[misc]
        sys.stdin = sys.__stdin__ = self.stdin  # type: ignore[misc]

    def flush(self) -> None:
        for flush in self._flushes:
            try:
                flush()
            except ValueError:  # Closed or detached by the program.
                continue

    def finish(self) -> None:
        """Flushes all there is: streams that the program put in place of ours, ours, and the buffers below."""
        for stream in (sys.stdout, sys.stderr, self.stdout, self.stderr, *self._buffers):
            try:
                stream.flush()
            except BaseException:  # noqa: S112 - whatever the program put there, or None
                continue
