"""Tool calls from any mixture of plain code, threads and event loops, over one socket.

There is no reader thread. Whoever waits in a thread reads the socket itself and hands out the replies that are for
others (the leader); who finds a leader at work sleeps until its reply is there, or until it is made the next leader
(a follower). An event loop with calls in flight watches the socket, and reads only when no leader does. So a call from
plain code costs one write and one read, and no switch of threads.

    a thread waits ──► nobody reads ──► leader: read, hand out … until its own reply ──► promotes a follower, if any
                   └─► somebody does ─► follower: sleep ──► reply, or promoted ──► leader
    a loop waits ───► watches the socket ──► readable, and nobody reads ──► read once, hand out ──► promotes likewise

With each call goes which answers the program received since the call before: a replay gives them in the same order.
While a replay lasts, its calls go no further than `replay`.

Invariant: who gives up reading has handed out every complete frame, so what is left is in the kernel, and wakes a loop.
"""

from __future__ import annotations

import struct
from _thread import allocate_lock
from asyncio import AbstractEventLoop, Future, get_running_loop
from asyncio.events import _get_running_loop
from collections.abc import Callable, Iterable
from typing import Any, Final
from weakref import WeakKeyDictionary

from . import determinism
from .channel import CALL, PAYLOAD, Channel
from .replay import Replay

# Length, kind, call id, tool index, flags, number of answers received.
_CALL_HEADER: Final = struct.Struct("<IBIHBI")
_CALL_ID: Final = struct.Struct("<I")
# The same with one answer and no clock.
_SECOND_HEADER: Final = struct.Struct("<IBIHBI4sI")
_CLOCK: Final = struct.Struct("<I")
# Of a call's header, without the length, and the clock's length.
_CALL_OVERHEAD: Final = 16
_NO_CLOCK: Final = _CLOCK.pack(0)

_take_clock = determinism.take_clock

Reply = bytes
"""A whole result frame: `status` and `content` read it."""


def is_failure(reply: Reply) -> bool:
    return reply[PAYLOAD + 4] != 0


def content(reply: Reply) -> bytes:
    return reply[PAYLOAD + 5 :]


class _Waiter:
    """A thread that waits for one reply."""

    __slots__ = ("promoted", "reply", "wake")

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self.wake: Any = None
        self.promoted = False


class _Port:
    """One event loop: how many of its calls are in flight, and whether it watches the socket."""

    __slots__ = ("__weakref__", "calls", "watching")

    def __init__(self) -> None:
        self.calls = 0
        self.watching = False


class Bridge:
    """`flush` is called before each call, so that output and calls keep their order."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.flush: Callable[[], None] = _nothing
        self._send_lock = allocate_lock()
        self._last_call = 0
        # Numbers, as sent, of answers that no call has told of yet. Appended by whoever gives one, taken by a call.
        self._received: list[bytes] = []
        self._replay: Replay | None = None
        self._pending: dict[int, _Waiter | Future[Reply]] = {}
        # Guards the four below: who reads, who sleeps, and each waiter's reply.
        self._mutex = allocate_lock()
        self._reading = False
        self._followers: dict[_Waiter, None] = {}
        self._ports: WeakKeyDictionary[AbstractEventLoop, _Port] = WeakKeyDictionary()

    def send(self, frame: bytes) -> None:
        with self._send_lock:
            self._write(frame)

    def send_last(self, frame: bytes) -> None:
        """Sends the frame after which nothing may follow: threads that still run wait here for the process to end."""
        self._send_lock.acquire()
        self._write(frame)

    def begin_replay(self, replay: Replay, diverge: Callable[[dict[str, Any]], None]) -> None:
        self._replay = replay
        replay.begin(self._received, self._end_replay, diverge)
        self._last_call = replay.last_call

    def _end_replay(self) -> None:
        self._replay = None

    def call(self, index: int, arguments: bytes) -> Reply:
        """Calls a tool and blocks this thread, and the event loop that may run in it, until its reply is there."""
        self.flush()
        call_id = 0
        if self._replay is not None:
            replayed, call_id = self._replay.call(index, arguments)
            if replayed is not None:
                return replayed
        waiter = _Waiter()
        call_id = self._begin(index, arguments, waiter, call_id)
        try:
            while (reply := waiter.reply) is None:
                self._wait(waiter)
        except BaseException:
            self._abandon(call_id, waiter)
            raise
        return reply

    async def call_async(self, index: int, arguments: bytes) -> Reply:
        """Calls a tool from a coroutine. A cancelled call goes on in the application; its reply is dropped."""
        self.flush()
        loop = get_running_loop()
        call_id = 0
        if self._replay is not None:
            replayed, call_id = await self._replay.call_async(loop, index, arguments)
            if replayed is not None:
                return replayed
        port = self._ports.get(loop)
        if port is None:
            port = self._ports[loop] = _Port()
        future: Future[Reply] = loop.create_future()
        port.calls += 1
        call_id = self._begin(index, arguments, future, call_id)
        try:
            if not port.watching:
                loop.add_reader(self._channel.descriptor, self._readable, loop, port)
                port.watching = True
            return await future
        finally:
            port.calls -= 1
            self._pending.pop(call_id, None)

    def _begin(self, index: int, arguments: bytes, waiter: _Waiter | Future[Reply], call_id: int) -> int:
        """``call_id``: of a call that the journal has without an outcome, else 0."""
        with self._send_lock:
            if call_id:
                # When it was made, what the program had received and read from the clock, the journal has already.
                self._pending[call_id] = waiter
                header = _CALL_HEADER.pack(_CALL_OVERHEAD + len(arguments), CALL, call_id, index, 0, 0)
                self._write(header + _NO_CLOCK + arguments)
                return call_id
            call_id = self._last_call + 1
            self._pending[call_id] = waiter
            clock, overrun = _take_clock()
            received = self._received
            count = len(received)
            if count == 1 and not clock:  # As plain calls are made one after the other.
                length = _CALL_OVERHEAD + 4 + len(arguments)
                header = _SECOND_HEADER.pack(length, CALL, call_id, index, overrun, 1, received.pop(0), 0)
                self._write(header + arguments)
            else:
                answered = b"".join(received[:count])
                del received[:count]
                length = _CALL_OVERHEAD + len(answered) + len(clock) + len(arguments)
                header = _CALL_HEADER.pack(length, CALL, call_id, index, overrun, count)
                self._write(b"".join((header, answered, _CLOCK.pack(len(clock)), clock, arguments)))
            self._last_call = call_id
        return call_id

    def _write(self, frame: bytes) -> None:
        sent = self._channel.write(frame)
        if sent == len(frame):
            return
        rest = memoryview(frame)[sent:]
        while rest:
            # The executor may be waiting to write, too: who only waited for it to read would wait for ever.
            readable, writable = self._channel.wait()
            if readable:
                self._read_once()
            if writable:
                rest = rest[self._channel.write(rest) :]

    # --- waiting in a thread ---

    def _wait(self, waiter: _Waiter) -> None:
        with self._mutex:
            if waiter.reply is not None:
                return
            leads = not self._reading or waiter.promoted
            if leads:
                self._reading = True
            else:
                waiter.wake = allocate_lock()
                waiter.wake.acquire()
                self._followers[waiter] = None
        if not leads:
            waiter.wake.acquire()
            return
        try:
            receive = self._channel.receive
            while waiter.reply is None:
                self._hand_out(receive())
        finally:
            waiter.promoted = False
            self._stop_reading()

    def _abandon(self, call_id: int, waiter: _Waiter) -> None:
        """A signal handler raised in a waiting thread. Where it had been promoted, the next follower must read."""
        self._pending.pop(call_id, None)
        with self._mutex:
            self._followers.pop(waiter, None)
        if waiter.promoted:
            self._stop_reading()

    def _stop_reading(self) -> None:
        with self._mutex:
            while self._followers:
                follower, _ = self._followers.popitem()
                if follower.reply is None:
                    follower.promoted = True
                    follower.wake.release()
                    return
            self._reading = False

    # --- waiting in a loop ---

    def _readable(self, loop: AbstractEventLoop, port: _Port) -> None:
        if port.calls == 0:
            # Left on after the last reply: a loop that calls one tool after another keeps its registration.
            loop.remove_reader(self._channel.descriptor)
            port.watching = False
            return
        self._read_once()

    def _read_once(self) -> None:
        """Reads what is there, unless somebody reads already."""
        with self._mutex:
            if self._reading:
                return
            self._reading = True
        try:
            self._hand_out(self._channel.receive(wait=False))
        finally:
            self._stop_reading()

    # --- replies ---

    def _hand_out(self, replies: list[Reply]) -> None:
        elsewhere: dict[AbstractEventLoop, list[tuple[Future[Reply], Reply]]] = {}
        for reply in replies:
            waiter = self._pending.pop(_CALL_ID.unpack_from(reply, PAYLOAD)[0], None)
            if waiter is None:  # Cancelled or interrupted.
                continue
            if type(waiter) is _Waiter:
                with self._mutex:
                    self._received.append(reply[PAYLOAD : PAYLOAD + 4])
                    waiter.reply = reply
                    if self._followers.pop(waiter, waiter) is None:
                        waiter.wake.release()
                continue
            loop = waiter.get_loop()  # type: ignore[union-attr]
            if loop is _get_running_loop():
                self._settle(((waiter, reply),))  # type: ignore[arg-type]
            else:
                elsewhere.setdefault(loop, []).append((waiter, reply))  # type: ignore[arg-type]
        for loop, settled in elsewhere.items():
            try:
                loop.call_soon_threadsafe(self._settle, settled)
            except RuntimeError:  # The loop is closed: nobody waits any more.
                continue

    def _settle(self, replies: Iterable[tuple[Future[Reply], Reply]]) -> None:
        """In the thread of the futures' loop: only now does the program receive what another thread read for it."""
        for future, reply in replies:
            if not future.done():
                self._received.append(reply[PAYLOAD : PAYLOAD + 4])
                future.set_result(reply)


def _nothing() -> None:
    """Before there is output to flush."""
