"""Clients that stop half-way: bytes of HTTP/2 and gRPC written by hand, so that a peer may stop at any of them.

No library is between a peer and its socket: none reads ahead, answers a window or closes what was left open.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EXECUTE: Final = "/codemode.v1.Executor/Execute"

DATA: Final = 0
_HEADERS: Final = 1
_RESET: Final = 3
_SETTINGS: Final = 4
_PING: Final = 6
_WINDOW_UPDATE: Final = 8
_ACKNOWLEDGED: Final = 1
_INITIAL_WINDOW: Final = 4
_END_STREAM: Final = 1
_END_HEADERS: Final = 4


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def settings(window: int | None = None) -> bytes:
    """`window`: what the executor may send of one stream before it must wait."""
    return frame(_SETTINGS, 0, 0, b"" if window is None else struct.pack(">HI", _INITIAL_WINDOW, window))


def headers(key: str | None, flags: int = _END_HEADERS, path: str = EXECUTE, stream: int = 1) -> bytes:
    """The beginning of a request, each field as a literal that no table keeps."""
    fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost"}
    fields |= {"content-type": "application/grpc", "te": "trailers"}
    if key is not None:
        fields["authorization"] = f"Bearer {key}"
    block = b"".join(
        b"\0" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()
        for name, value in fields.items()
    )
    return frame(_HEADERS, flags, stream, block)


def opened(key: str | None, path: str = EXECUTE, window: int | None = None) -> bytes:
    """Everything up to the headers of one request."""
    return PREFACE + settings(window) + headers(key, path=path)


def message(content: bytes, size: int | None = None) -> bytes:
    """A message as gRPC frames it. `size`: what it says of its length, where that is not true."""
    return b"\0" + struct.pack(">I", len(content) if size is None else size) + content


def part(size: int, sent: int) -> bytes:
    """The first bytes of a message of this size, of which no more come."""
    content = message(bytes(sent), size)
    return b"".join(frame(DATA, 0, 1, content[start : start + 16_384]) for start in range(0, len(content), 16_384))


def data(request: Any) -> bytes:
    """One message of the stream."""
    return frame(DATA, 0, 1, message(request.SerializeToString()))


def end(stream: int = 1, content: bytes = b"") -> bytes:
    """The client sends no more, and listens."""
    return frame(DATA, _END_STREAM, stream, content)


EMPTY_MESSAGE: Final = message(b"")

RESET: Final = frame(_RESET, 0, 1, struct.pack(">I", 8))
"""The client cancels."""


def begun(key: str | None, request: Any, window: int | None = None) -> bytes:
    """Everything up to a whole `Start`."""
    return opened(key, window=window) + data(request)


def stalls(key: str | None, request: Any) -> dict[str, bytes]:
    """What a peer may have said when it stops, over TCP or within TLS. `request`: a `Start`."""
    connected = PREFACE + settings()
    return {
        "connected": b"",
        "half a preface": PREFACE[:12],
        "preface": PREFACE,
        "half of the headers": connected + headers(key)[:40],
        "headers that go on": connected + headers(key, flags=0),
        "stream without start": opened(key),
        "part of start": begun(key, request)[:-20],
    }


HALF_A_TLS_HELLO: Final = bytes((22, 3, 1, 2, 0, 1))


def connect(target: tuple[str, int], said: bytes, tls: ssl.SSLContext | None = None) -> socket.socket:
    """A connection on which this was said. One that was closed meanwhile is returned as it is."""
    plain = socket.create_connection(target, timeout=30)
    peer = plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")
    with contextlib.suppress(ConnectionError):
        peer.sendall(said)
    return peer


def send_part(peer: socket.socket, size: int, sent: int) -> int:
    """Sends the first bytes of a message of this size, as far as the executor takes them; returns how many it took."""
    content = message(bytes(sent), size)
    peer.settimeout(3)
    buffer = bytearray()
    windows = {0: 65_535, 1: 65_535}
    done = 0
    while done < len(content):
        room = min(16_384, *windows.values())
        if room > 0:
            piece = content[done : done + room]
            peer.sendall(frame(DATA, 0, 1, piece))
            done += len(piece)
            windows = {stream: window - len(piece) for stream, window in windows.items()}
            continue
        try:
            buffer += peer.recv(65_536)
        except TimeoutError:
            break
        for kind, _, stream, payload in _frames(buffer):
            if kind == _WINDOW_UPDATE:
                windows[stream] += int.from_bytes(payload, "big")
            elif kind == _SETTINGS and payload:
                peer.sendall(frame(_SETTINGS, _ACKNOWLEDGED, 0, b""))
                initial = [value for name, value in struct.iter_unpack(">HI", payload) if name == _INITIAL_WINDOW]
                windows[1] += sum(initial) - 65_535 * len(initial)
    return done


def hear(peer: socket.socket, messages: int = 1) -> None:
    """Waits for the first messages of the stream."""
    content = bytearray()
    for kind, _, _, payload in _heard(peer):
        content += payload if kind == DATA else b""
        while len(content) >= 5 and len(content) >= (size := 5 + int.from_bytes(content[1:5], "big")):
            messages -= 1
            if not messages:
                return
            del content[:size]
    raise ConnectionError("the executor closed the connection")


def is_ended(peer: socket.socket) -> bool:
    """Whether the executor has said that it ended the stream."""
    return any(kind == _HEADERS and flags & _END_STREAM for kind, flags, *_ in _heard(peer))


def settle(peer: socket.socket) -> None:
    """Returns when the executor has read what was sent so far."""
    peer.sendall(frame(_PING, 0, 0, bytes(8)))
    if not any(kind == _PING and flags & _ACKNOWLEDGED for kind, flags, *_ in _heard(peer)):
        raise ConnectionError("the executor closed the connection")


def ended_streams(peer: socket.socket, expected: int) -> int:
    """How many streams the executor ends with headers alone: as many as are expected, and those of one second more."""
    count = 0
    peer.settimeout(30 if expected else 1)
    with contextlib.suppress(TimeoutError):
        for kind, flags, *_ in _heard(peer):
            count += kind == _HEADERS and bool(flags & _END_STREAM)
            peer.settimeout(30 if count < expected else 1)
    return count


class Deaf:
    """Connections that answer the executor's pings and grant it no window: alive, and taking nothing.

    One thread serves them all.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._received: dict[socket.socket, bytearray] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def add(self, peer: socket.socket) -> None:
        with self._lock:
            self._received[peer] = bytearray()
            self._selector.register(peer, selectors.EVENT_READ)

    def open(self) -> int:
        """Connections that the executor has not closed."""
        with self._lock:
            return len(self._received)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        for peer in list(self._received):
            self._drop(peer)
        self._selector.close()

    def _drop(self, peer: socket.socket) -> None:
        with self._lock:
            if self._received.pop(peer, None) is not None:
                self._selector.unregister(peer)
        peer.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            with self._lock:
                ready = self._selector.select(0)
            if not ready:
                self._over.wait(0.05)
            for key, _ in ready:
                peer: Any = key.fileobj
                try:
                    received = peer.recv(65_536)
                    if not received:
                        raise ConnectionError
                    self._answer(peer, received)
                except OSError:
                    self._drop(peer)

    def _answer(self, peer: socket.socket, received: bytes) -> None:
        buffer = self._received[peer]
        buffer += received
        for kind, flags, _, payload in _frames(buffer):
            if kind == _SETTINGS and not flags & _ACKNOWLEDGED:
                peer.sendall(frame(_SETTINGS, _ACKNOWLEDGED, 0, b""))
            elif kind == _PING and not flags & _ACKNOWLEDGED:
                peer.sendall(frame(_PING, _ACKNOWLEDGED, 0, payload))


def _heard(peer: socket.socket) -> Iterator[tuple[int, int, int, bytes]]:
    """Every frame until the executor closes the connection."""
    buffer = bytearray()
    while received := peer.recv(65_536):
        buffer += received
        yield from _frames(buffer)


def _frames(buffer: bytearray) -> Iterator[tuple[int, int, int, bytes]]:
    """Takes every whole frame: its kind, its flags, its stream, its payload."""
    while len(buffer) >= 9:
        length = int.from_bytes(buffer[:3], "big")
        if len(buffer) < 9 + length:
            return
        yield buffer[3], buffer[4], int.from_bytes(buffer[5:9], "big"), bytes(buffer[9 : 9 + length])
        del buffer[: 9 + length]


def dribble(
    peers: Sequence[tuple[socket.socket, bytes]],
    closed: set[int],
    over: Callable[[], bool],
    pause: Callable[[], object],
) -> None:
    """Slow loris: to each peer one byte more of what it has to say, over and over. `closed` gets those that were."""
    position = 0
    while not over():
        for index, (peer, said) in enumerate(peers):
            if index not in closed and position < len(said):
                try:
                    peer.sendall(said[position : position + 1])
                except OSError:
                    closed.add(index)
        position += 1
        pause()
