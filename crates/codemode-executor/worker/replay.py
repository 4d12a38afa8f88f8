"""Answers the calls of a replay from the journal, and notices where it leaves it (docs/design/journal.md).

While entries of the journal were not made yet, nothing is sent: a call is an entry's, or it is held. An answer that has
a place is given when all before it were given and all calls were made that were made without it. When every entry was
made and every placed answer given, answers without a place are given; then the replay is over: calls that have no
outcome are asked for by their number, held calls go on, and the bridge forgets this.

An event loop gets one answer at a time, when it has nothing else to do: what the answer before led to has happened
then. So each loop's selector tells when it is about to wait; that is also how it is known that nothing can happen any
more.

    call ──► is an entry's ──► its answer's turn ──► given to a thread, or to a loop that is quiet
         └─► is none ──► held ──► every entry made ──► goes on as a call beyond the journal
                             └──► every thread waits, or the program ends ──► diverged

All state is guarded by one lock. Who holds it runs no code of the program.
"""

from __future__ import annotations

import selectors
import struct
import sys
import threading
from _thread import allocate_lock
from asyncio import AbstractEventLoop, Future
from asyncio.events import _get_running_loop
from collections.abc import Callable, Sequence
from concurrent.futures import thread as pool_thread
from types import CodeType, FrameType
from typing import Any, Final

from . import program
from .channel import PAYLOAD, RESULT

# Call id, tool index, seen, order, status, lengths of clock, arguments and outcome.
_ENTRY: Final = struct.Struct("<IHIIBIII")
_REPLY: Final = struct.Struct("<IBIB")
_UNDECIDED: Final = 2

_SHOWN: Final = 200
"""Characters of a call's arguments in the message of a divergence."""

_BUSY: Final = 256
"""Turns after which a loop that always has something to do gets its answer all the same: it may be polling for it."""

_CHECK: Final = 0.1
"""Seconds between two looks at whether anything can still happen: nothing tells of a thread that ended."""

_STILL: Final = 10
"""Looks in a row at which threads must stand at the same place, in a wait without a timeout, to count as waiting."""

_current_frames = sys._current_frames

Answer = tuple["bytes | None", int]
"""The reply, or None where the application is to be asked; then the call's number, 0 for a new one."""


class Entry:
    """A call of the journal."""

    __slots__ = ("arguments", "call_id", "index", "made", "next_equal", "order", "reply", "seen", "waiter")

    def __init__(self, call_id: int, index: int, seen: int, order: int, arguments: bytes, reply: bytes | None) -> None:
        self.call_id = call_id
        self.index = index
        self.seen = seen
        self.order = order
        self.arguments = arguments
        self.reply = reply
        self.made = False
        self.next_equal: Entry | None = None
        self.waiter: Turn | Future[Answer] | None = None


class Turn:
    """A thread that waits for an answer, or for the end of the replay."""

    __slots__ = ("answer", "wake")

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.wake: Any = None


class Replay:
    """The journal of one execution. `names`: the tools', by index."""

    def __init__(self, names: Sequence[str]) -> None:
        self.clock: list[bytes] = []
        self.last_call = 0
        self._names = names
        self._lock = allocate_lock()
        self._entries: list[Entry] = []
        self._equal: dict[tuple[int, bytes], Entry] = {}
        self._unmade = 0
        # The first entry that was not made. Those after it have seen as many answers, or more.
        self._first = 0
        self._placed: list[Entry] = []
        self._next = 0
        self._held: list[tuple[int, bytes, Turn | Future[Answer]]] = []
        self._waiting = 0
        # Loops in whose thread a plain call waits.
        self._blocked: dict[AbstractEventLoop, int] = {}
        # Loops that were put answers and have not come to them yet: others may not get ahead of those.
        self._deferred: dict[AbstractEventLoop, int] = {}
        # Loops that wait, and whether without a timer.
        self._idle: dict[AbstractEventLoop, bool] = {}
        # The loop that gets the next answer as soon as it is quiet.
        self._turn: AbstractEventLoop | None = None
        self._busy = 0
        self._stood: object = None
        self._still = 0
        self.over = False
        self._received: list[bytes] = []
        self._when_over: Callable[[], None] = _nothing
        self._diverge: Callable[[dict[str, Any]], None] = _nothing  # type: ignore[assignment]

    # --- the journal arrives ---

    def add(self, frame: bytes) -> int:
        """Takes the entries of a JOURNAL frame and returns their number."""
        at, count = PAYLOAD, 0
        while at < len(frame):
            call_id, index, seen, order, status, *lengths = _ENTRY.unpack_from(frame, at)
            at += _ENTRY.size
            clock, arguments, outcome = (frame[at + sum(lengths[:n]) : at + sum(lengths[: n + 1])] for n in range(3))
            at += sum(lengths)
            reply = None
            if status != _UNDECIDED:
                reply = _REPLY.pack(6 + len(outcome), RESULT, call_id, status) + outcome
            if clock:
                self.clock.append(clock)
            self._entries.append(Entry(call_id, index, seen, order, arguments, reply))
            count += 1
        return count

    def begin(
        self, received: list[bytes], when_over: Callable[[], None], diverge: Callable[[dict[str, Any]], None]
    ) -> None:
        """The journal is complete. ``received`` gets the numbers of the answers that the program receives."""
        self._received, self._when_over, self._diverge = received, when_over, diverge
        self.last_call = self._entries[-1].call_id
        self._unmade = len(self._entries)
        last: dict[tuple[int, bytes], Entry] = {}
        for entry in self._entries:
            key = entry.index, entry.arguments
            before = last.get(key)
            if before is None:
                self._equal[key] = entry
            else:
                before.next_equal = entry
            last[key] = entry
        self._placed = sorted((entry for entry in self._entries if entry.order), key=lambda entry: entry.order)
        _watch_loops(self)

    # --- calls ---

    def call(self, index: int, arguments: bytes) -> Answer:
        """A plain call: blocks its thread."""
        turn = Turn()
        loop = _get_running_loop()
        with self._lock:
            if self.over:
                return None, 0
            if loop is not None:
                self._blocked[loop] = self._blocked.get(loop, 0) + 1
                if self._turn is loop:  # It will not be quiet before this call is answered.
                    self._turn = None
            entry = self._make(index, arguments, turn)
            self._advance()
            if turn.answer is not None:
                self._unblock(loop)
                return turn.answer
            turn.wake = allocate_lock()
            turn.wake.acquire()
            self._waiting += 1
        try:
            self._wait(turn)
        finally:
            with self._lock:
                if turn.answer is None:  # A signal handler raised.
                    self._waiting -= 1
                    self._forget(entry, turn)
                self._unblock(loop)
        assert turn.answer is not None
        return turn.answer

    async def call_async(self, loop: AbstractEventLoop, index: int, arguments: bytes) -> Answer:
        """A call from a coroutine."""
        future: Future[Answer] = loop.create_future()
        with self._lock:
            if self.over:
                return None, 0
            self._make(index, arguments, future)
            self._advance()
        return await future

    def _make(self, index: int, arguments: bytes, waiter: Turn | Future[Answer]) -> Entry | None:
        key = index, arguments
        entry = self._equal.get(key)
        if entry is None:
            self._held.append((index, arguments, waiter))
            return None
        if entry.next_equal is None:
            del self._equal[key]
        else:
            self._equal[key] = entry.next_equal
        entry.made = True
        entry.waiter = waiter
        self._unmade -= 1
        entries = self._entries
        while self._first < len(entries) and entries[self._first].made:
            self._first += 1
        if not self._unmade:
            # One at a time, too: the calls that follow confirm this order, and a replay of them gives it so.
            self._placed += [entry for entry in entries if not entry.order and entry.reply is not None]
        return entry

    def _forget(self, entry: Entry | None, turn: Turn) -> None:
        if entry is not None:
            entry.waiter = None
        else:
            self._held = [held for held in self._held if held[2] is not turn]

    def _unblock(self, loop: AbstractEventLoop | None) -> None:
        if loop is not None:
            self._blocked[loop] -= 1
            if not self._blocked[loop]:
                del self._blocked[loop]

    def _wait(self, turn: Turn) -> None:
        self._look()
        while not turn.wake.acquire(True, _CHECK):
            self._look()

    # --- answers, in their order ---

    def _advance(self) -> None:
        """Gives what can be given."""
        placed = self._placed
        while self._next < len(placed) and self._turn is None:
            entry = placed[self._next]
            if not entry.made or (self._unmade and self._entries[self._first].seen < entry.order):
                return
            if not self._give(entry):
                return
            self._next += 1
        if not self._unmade and self._turn is None:
            self._finish()

    def _give(self, entry: Entry) -> bool:
        """Gives an answer. False where its loop must be quiet first."""
        waiter = entry.waiter
        if isinstance(waiter, Turn) or waiter is None or waiter.done():
            self._hand(entry)
            return True
        loop = waiter.get_loop()
        if loop in self._blocked and loop not in self._deferred and not loop.get_debug():
            # Its thread waits in `call`, so it is as if this were that thread.
            self._hand(entry)
        elif loop in self._blocked or not _is_watched(loop) or loop.is_closed():
            self._hand(entry, loop)
        else:
            self._turn = loop
            self._busy = 0
            if loop in self._idle:
                _call_soon(loop, _nothing)
            return False
        return True

    def _hand(self, entry: Entry, loop: AbstractEventLoop | None = None) -> None:
        """`loop`: where the answer must get into the thread of."""
        reply, waiter = entry.reply, entry.waiter
        self._received.append(_CALL_ID.pack(entry.call_id))
        entry.reply = entry.waiter = None
        answer = reply, entry.call_id
        if isinstance(waiter, Turn):
            self._wake(waiter, answer)
        elif loop is not None:
            self._deferred[loop] = self._deferred.get(loop, 0) + 1
            _call_soon(loop, self._settle_deferred, loop, waiter, answer)
        elif waiter is not None:
            _settle(waiter, answer)

    def _settle_deferred(self, loop: AbstractEventLoop, future: Future[Answer], answer: Answer) -> None:
        with self._lock:
            self._deferred[loop] -= 1
            if not self._deferred[loop]:
                del self._deferred[loop]
        _settle(future, answer)

    def _wake(self, turn: Turn, answer: Answer) -> None:
        turn.answer = answer
        if turn.wake is not None:
            self._waiting -= 1
            turn.wake.release()

    def _finish(self) -> None:
        """Every entry was made, and every answer given: what is left is asked for."""
        self.over = True
        self._when_over()
        left: list[tuple[Turn | Future[Answer] | None, Answer]] = [
            (entry.waiter, (None, entry.call_id)) for entry in self._entries if entry.waiter is not None
        ]
        left += [(waiter, (None, 0)) for _, _, waiter in self._held]
        for waiter, answer in left:
            if isinstance(waiter, Turn):
                self._wake(waiter, answer)
            elif waiter is not None:
                loop = waiter.get_loop()
                if loop is _get_running_loop():
                    _settle(waiter, answer)
                else:
                    _call_soon(loop, _settle, waiter, answer)
        self._entries, self._placed, self._held = [], [], []

    # --- loops ---

    def quiet(self, loop: AbstractEventLoop, timeout: float | None) -> float | None:
        """A loop is about to wait so long. Returns how long it may wait; it calls `awake` afterwards."""
        if timeout is not None and timeout <= 0:
            if self._turn is not loop:
                return timeout
            self._busy += 1
            if self._busy < _BUSY:
                return timeout
        with self._lock:
            if self.over:
                return timeout
            if self._turn is loop:
                self._turn = None
                self._hand(self._placed[self._next])
                self._next += 1
                self._advance()
                return 0
            self._idle[loop] = timeout is None
        self._look()
        return _CHECK if timeout is None else min(timeout, _CHECK)

    def awake(self, loop: AbstractEventLoop) -> None:
        with self._lock:
            self._idle.pop(loop, None)

    # --- divergence ---

    def at_end(self) -> dict[str, Any] | None:
        """The program ended: the content of FINISHED where it left its journal."""
        with self._lock:
            if self.over or not self._unmade:
                return None
            return self._divergence()

    def _look(self) -> None:
        """Ends the execution where nothing can happen any more."""
        with self._lock:
            if self.over:
                return
            loop = self._turn
            if loop is not None and self._is_stuck(_STILL // 5):
                # Its thread waits for another, which waits for a later answer: when it was recorded, it was not quiet.
                self._turn = None
                self._hand(self._placed[self._next], loop)
                self._next += 1
                self._advance()
            if loop is not None or not self._unmade or not self._is_stuck(_STILL):
                return
            content = self._divergence()
        self._diverge(content)

    def _is_stuck(self, looks: int) -> bool:
        idle = 0
        for loop, forever in self._idle.items():
            # What another thread has put there, or a timer, will wake it.
            if not forever or getattr(loop, "_ready", None):
                return False
            idle += 1
        frames = _current_frames()
        others = len(frames) - self._waiting - idle
        if others <= 0:
            return True
        stood = {ident: (id(frame), frame.f_lasti) for ident, frame in frames.items() if _stands(frame)}
        if len(stood) < others or stood != self._stood:
            self._stood, self._still = stood, 0
            return False
        self._still += 1
        return self._still >= looks * (self._waiting + idle)

    def _divergence(self) -> dict[str, Any]:
        entry = self._entries[self._first]
        instead = "the program ended"
        for index, arguments, waiter in self._held:
            if isinstance(waiter, Turn) or not waiter.done():
                instead = f"the program called {self._show(index, arguments)}"
                break
        else:
            if self._waiting or self._idle:
                instead = "the program waits, and makes no other call"
        message = (
            f"call {entry.call_id} of the journal, {self._show(entry.index, entry.arguments)}, was not made: {instead}"
        )
        return {"call_id": entry.call_id, "message": message}

    def _show(self, index: int, arguments: bytes) -> str:
        text = arguments[: 4 * _SHOWN].decode("utf-8", "replace")
        if len(text) > _SHOWN:
            text = f"{text[:_SHOWN]}…"
        return f"{self._names[index]}({text})"


_CALL_ID: Final = struct.Struct("<I")


def _settle(future: Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)


def _call_soon(loop: AbstractEventLoop, *call: Any) -> None:
    try:
        loop.call_soon_threadsafe(*call)
    except RuntimeError:  # It is closed: nobody waits any more.
        return


def _nothing(*_: object) -> None:
    """Wakes a loop."""


# === threads that wait for other threads ===


def _codes(*functions: Any) -> set[CodeType]:
    return {function.__code__ for function in functions if hasattr(function, "__code__")}


# By version of Python some of these are not there, or not Python.
_WAITS: Final = _codes(
    threading.Condition.wait,
    threading.Thread.join,
    getattr(threading.Thread, "_wait_for_tstate_lock", None),
    threading._shutdown,  # type: ignore[attr-defined]
    pool_thread._worker,
    program._end,
)


def _stands(frame: FrameType) -> bool:
    """Whether a thread waits in the standard library until another thread does something."""
    return frame.f_code in _WAITS and frame.f_locals.get("timeout") in (None, -1)


# === loops that tell when they wait ===


class _Selector(selectors.EpollSelector):
    """What event loops made during a replay wait in."""

    replay: Replay

    def select(self, timeout: float | None = None) -> Any:
        replay = self.replay
        if replay.over or (loop := _get_running_loop()) is None or getattr(loop, "_selector", None) is not self:
            return _select(self, timeout)
        timeout = replay.quiet(loop, timeout)
        try:
            return _select(self, timeout)
        finally:
            replay.awake(loop)


_select = selectors.EpollSelector.select


def _is_watched(loop: AbstractEventLoop) -> bool:
    return isinstance(getattr(loop, "_selector", None), _Selector)


def _watch_loops(replay: Replay) -> None:
    _Selector.replay = replay
    selectors.DefaultSelector = _Selector  # type: ignore[misc]
