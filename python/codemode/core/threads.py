"""The threads and the event loop that tools run on where the caller's own cannot serve them.

`submit` runs a function on one of at most `MAX_THREADS` daemon threads, started as they are needed: daemon, so that a
tool that hangs does not keep the process from ending. `background_loop` is one event loop in a thread of its own, for
async tools under a synchronous `execute`. Both are one per process, shared by all clients, and start afresh in a forked
child.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

MAX_THREADS = 64
"""Calls of sync tools that run at once. A program that gathers more waits: each costs a stack and a host resource."""

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
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_run())


async def in_thread(function: Callable[[], object]) -> None:
    """Waits for a function that blocks, without blocking the event loop."""
    if in_trio():
        import trio

        await trio.to_thread.run_sync(function)
    else:
        import asyncio

        await asyncio.get_running_loop().run_in_executor(None, function)


def _restart_in_child() -> None:
    global _lock, _threads, _background
    _lock, _threads, _background = threading.Lock(), ToolThreads(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_in_child)
