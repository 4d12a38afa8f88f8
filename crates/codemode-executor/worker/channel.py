"""Frames on the executor's socket (docs/design/worker-protocol.md): the only way in and out of a worker.

`send` may be called from any thread. `receive` is called by one thread at a time: the bridge sees to that. The executor
is trusted, so a frame is bounded only to notice a stream that has lost its place. When the socket fails there is nobody
left to tell, so the process ends.
"""

from __future__ import annotations

import os
import socket
import struct
from select import EPOLLIN, EPOLLOUT
from select import epoll as _epoll
from typing import Final, NoReturn

START: Final = 1
RESULT: Final = 2
JOURNAL: Final = 3
READY: Final = 16
CALL: Final = 17
OUTPUT: Final = 18
FINISHED: Final = 19

PAYLOAD: Final = 5
"""Where a frame's payload begins: after `u32` length and `u8` kind."""

# Most replies are far smaller. 64 KiB is also the most that one output frame carries.
_CHUNK: Final = 64 * 1024
_LARGE_CHUNK: Final = 1024 * 1024
# No value limit is near this: a greater length means that the stream is out of step.
_MAX_FRAME: Final = 1 << 30

_LENGTH: Final = struct.Struct("<I")
_HEADER: Final = struct.Struct("<IB")
_DONT_WAIT: Final = socket.MSG_DONTWAIT

_exit = os._exit


class Channel:
    """One end of the socket. Keeps bytes of a frame that has arrived in part."""

    def __init__(self, descriptor: int) -> None:
        # Family and type are given, so that the socket module does not ask the kernel for them.
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptor)
        self._recv = self._socket.recv
        self._send = self._socket.send
        self._rest = bytearray()
        self.descriptor = descriptor

    def write(self, data: bytes | memoryview) -> int:
        """Sends as much of `data` as the socket takes at once. The caller holds the lock that orders frames."""
        try:
            return self._send(data, _DONT_WAIT)
        except BlockingIOError:
            return 0
        except OSError:
            _lost()

    def wait(self) -> tuple[bool, bool]:
        """Waits until the socket can be read or written, and says which."""
        # By epoll, which event loops need anyway: the jail allows no other call for this.
        with _epoll() as poll:
            poll.register(self.descriptor, EPOLLIN | EPOLLOUT)
            events = poll.poll()[0][1]
        return bool(events & ~EPOLLOUT), bool(events & EPOLLOUT)

    def receive(self, *, wait: bool = True) -> list[bytes]:
        """Reads once and returns the frames that are complete by then, headers included. May be none."""
        rest = self._rest
        size = _CHUNK
        if rest:
            size = max(_CHUNK, min(_missing(rest), _LARGE_CHUNK))
        try:
            data = self._recv(size) if wait else self._recv(size, _DONT_WAIT)
        except BlockingIOError:
            return []
        except OSError:
            _lost()
        if not data:
            _lost()
        if not rest and len(data) >= PAYLOAD and _LENGTH.unpack_from(data)[0] == len(data) - 4:
            return [data]
        rest += data
        return self._complete()

    def _complete(self) -> list[bytes]:
        rest = self._rest
        frames = []
        start = 0
        while len(rest) - start >= PAYLOAD:
            end = start + 4 + _LENGTH.unpack_from(rest, start)[0]
            if end - start > _MAX_FRAME:
                _lost()
            if end > len(rest):
                break
            frames.append(bytes(rest[start:end]))
            start = end
        if start:
            del rest[:start]
        return frames


def frame(kind: int, *parts: bytes) -> bytes:
    """A frame of `kind` whose payload is `parts` one after the other."""
    return b"".join((_HEADER.pack(1 + sum(map(len, parts)), kind), *parts))


def _missing(rest: bytearray) -> int:
    return _LENGTH.unpack_from(rest)[0] + 4 - len(rest) if len(rest) >= 4 else _CHUNK


def _lost() -> NoReturn:
    _exit(1)
