"""The threads and the event loop that tools run on where the caller's own cannot serve them.

`submit` runs a function on one of at most `MAX_THREADS` daemon threads, started as they are needed: daemon, so that a
tool that hangs does not keep the process from ending. `Turns` bounds what one execution takes of them.
`background_loop` is one event loop in a thread of its own, for async tools under a synchronous `execute`. Both are
one per process, shared by all clients, and start afresh in a forked child.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio

MAX_THREADS = 1024
"""Threads of the process: calls of sync tools that run at once, of all executions. Each costs a stack and what its tool
uses; a call that hangs keeps its thread beyond the end of its execution."""

MAX_CALLS = 64
"""Calls of sync tools of one execution that run at once. A program that gathers more waits, and no other does."""

_T = TypeVar("_T")

_log = logging.getLogger("codemode.tools")


class ToolThreads:
    """A pool of daemon threads. Lighter than `concurrent.futures`: no futures, and no joining at exit."""

    def __init__(self, limit: int = MAX_THREADS) -> None:
        self._limit = limit
        self._jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._lock = threading.Lock()
        self._unfinished = 0
        self._started = 0

    def submit(self, job: Callable[[], object]) -> None:
        """Runs ``job`` in a thread, at once if one is idle or may be started. Never waits."""
        with self._lock:
            self._unfinished += 1
            # With no more jobs than threads, one of the threads is free for this job.
            start = self._unfinished > self._started and self._started < self._limit
            self._started += start
        self._jobs.put(job)
        if start:
            threading.Thread(target=self._work, name=f"codemode-tool-{self._started}", daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except BaseException:
                _log.exception("a tool thread's job failed")
            del job  # not kept alive while the thread waits
            with self._lock:
                self._unfinished -= 1


class Turns:
    """The calls of one execution: at most `MAX_CALLS` run at once, the others wait for their turn."""

    def __init__(self, limit: int = MAX_CALLS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: deque[Callable[[], object]] = deque()

    def submit(self, job: Callable[[], object]) -> None:
        """Runs ``job`` in a tool thread, when it is its turn. Never waits."""
        with self._lock:
            if self._running >= self._limit:
                self._waiting.append(job)
                return
            self._running += 1
        submit(partial(self._work, job))

    def clear(self) -> None:
        """Forgets the jobs that wait."""
        with self._lock:
            self._waiting.clear()

    def _work(self, job: Callable[[], object]) -> None:
        while True:
            try:
                job()
            finally:
                with self._lock:
                    following = self._waiting.popleft() if self._waiting else None
                    if following is None:
                        self._running -= 1
            if following is None:
                return
            job = following


class _BackgroundLoop:
    def __init__(self) -> None:
        import asyncio

        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="codemode-loop", daemon=True).start()


_lock = threading.Lock()
_threads = ToolThreads()
_background: _BackgroundLoop | None = None


def submit(job: Callable[[], object]) -> None:
    """Runs ``job`` on one of the process's tool threads."""
    _threads.submit(job)


def background_loop() -> asyncio.AbstractEventLoop:
    """The process's private event loop, started at the first call."""
    global _background  # noqa: PLW0603  # one for each process
    background = _background
    if background is None:
        with _lock:
            background = _background = _background or _BackgroundLoop()
    return background.loop


def in_trio() -> bool:
    """Whether this runs on trio's event loop rather than asyncio's."""
    # A module that another thread is importing may lack parts. Under asyncio, trio may run as a guest.
    lowlevel = getattr(sys.modules.get("trio"), "lowlevel", None)
    return lowlevel is not None and bool(lowlevel.in_trio_task())


async def in_thread(function: Callable[[], _T]) -> _T:
    """Waits for a function that blocks, without blocking the event loop."""
    if in_trio():
        import trio

        return await trio.to_thread.run_sync(function)
    import asyncio

    return await asyncio.get_running_loop().run_in_executor(None, function)


def _restart_in_child() -> None:
    global _lock, _threads, _background
    _lock, _threads, _background = threading.Lock(), ToolThreads(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_in_child)
