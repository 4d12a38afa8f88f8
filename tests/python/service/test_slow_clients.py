"""Clients that take nothing, or send byte by byte: they cost the executor little, and the others nothing.

Their bytes are written by hand (`half_spoken`), so that nothing reads ahead for them.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from . import half_spoken
from .contract import Request, start
from .executors import KEY, Executor, children, running, wait_for

MIB = 2**20
DELIVERY_TIME = 30
"""Seconds for what is left when a program has ended."""
START_TIME = 10
"""Seconds for a handshake, and for the first message of a stream."""


def address(executor: Executor) -> tuple[str, int]:
    host, _, port = executor.target.rpartition(":")
    return host, int(port)


def memory(executor: Executor) -> int:
    """Of the executor's process, in bytes."""
    lines = Path(f"/proc/{executor.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


PRINTS = "import time\nfor _ in range(800): print('x' * 1000)\ntime.sleep(60)"
CALLS = (
    "import threading, time\n"
    "for _ in range(14): threading.Thread(target=lambda: tools.echo(text='x' * 2**20), daemon=True).start()\n"
    "time.sleep(60)"
)
FINISHES = "for _ in range(800): print('x' * 1000)\nresult = 'x' * 2**20"
RETURNS = "result = 'x' * (2**24 - 2)"


SMALL = "result = 1"


@pytest.mark.parametrize(
    ("programs", "window"), [((PRINTS, CALLS, FINISHES), 1_000), ((RETURNS, CALLS, SMALL), 0)], ids=["some", "nothing"]
)
def test_clients_that_take_nothing_give_their_places_back(programs: tuple[str, ...], window: int) -> None:
    """They answer pings, so their connections live on. Whether a client goes on sending makes no difference."""
    # Whatever is large is given back to the kernel when it is freed, so that it can be seen from outside.
    allocator = {"MALLOC_MMAP_THRESHOLD_": "131072"}
    with (
        running("--capacity", "3", "--queue", "8", "--idle-workers", "3", **allocator) as executor,
        closing(half_spoken.Deaf()) as deaf,
    ):
        client = executor.client()
        assert client.run("result = 1").outcome == "completed"
        before = memory(executor)
        for program in programs:
            said = half_spoken.begun(KEY, start(program, ["echo"], wall_time=2), window=window)
            peer = half_spoken.connect(address(executor), said)
            deaf.add(peer)
            if program is CALLS:
                calling = peer
        wait_for(lambda: client.info().pool.in_use == 3, 10, "each has a worker")
        time.sleep(1)
        if window == 0:
            calling.sendall(half_spoken.end())
        # Each has its place until its time for what is left is over: so nobody can make the executor keep ever more.
        time.sleep(DELIVERY_TIME / 2)
        assert client.info().pool.in_use == 3
        # A value, what was read of it and what is encoded of it; of small ones a megabyte.
        most = sum(3 * 2**24 if program is RETURNS else 4 * MIB for program in programs)
        assert memory(executor) - before < most
        # Whoever else comes meanwhile waits in the queue, and no longer than this.
        wait_for(lambda: client.info().pool.in_use == 0, DELIVERY_TIME / 2 + 10, "the places are free")
        assert client.run("result = 6 * 7").finished.value == b"42"
        assert deaf.open() == 3
        # The library has the piece that it was given last, of each.
        assert memory(executor) - before < 8 * MIB


def test_crash_behind_output_that_nobody_takes_retires_the_zygote_at_once() -> None:
    with running("--idle-workers", "2") as executor, closing(half_spoken.Deaf()) as deaf:
        zygote = executor.zygote()
        program = (
            "import ctypes, threading, time\n"
            "def flood():\n    while True: print('x' * 1000)\n"
            "threading.Thread(target=flood, daemon=True).start()\ntime.sleep(0.5)\nctypes.string_at(0)"
        )
        said = half_spoken.begun(KEY, start(program, wall_time=120), window=0)
        deaf.add(half_spoken.connect(address(executor), said))
        wait_for(lambda: zygote not in children(executor.process.pid), 25, "the zygote is replaced")
        assert executor.client().run("result = 1").outcome == "completed"


def test_crash_after_its_client_left_retires_the_zygote() -> None:
    """The client goes as its program is about to crash: in some tries the crash comes first, in others the client."""
    with running("--idle-workers", "4") as executor:
        zygote = executor.zygote()
        program = "tools.go()\nimport ctypes\nctypes.string_at(0)"
        answer = half_spoken.data(_answer())
        deadline = time.monotonic() + 60
        while zygote in children(executor.process.pid):
            assert time.monotonic() < deadline, "the zygote is never replaced"
            with half_spoken.connect(address(executor), half_spoken.begun(KEY, start(program, ["go"]))) as peer:
                half_spoken.hear(peer, messages=2)  # The last one is the call.
                peer.sendall(answer)
                time.sleep(0.0005)
                peer.sendall(half_spoken.RESET)
        assert executor.client().run("result = 1").outcome == "completed"


def _answer() -> Any:
    request = Request()
    request.tool_result.call_id = 1
    request.tool_result.value = b"1"
    return request


def test_clients_that_send_byte_by_byte_are_ended_and_disturb_nobody() -> None:
    """Without a key they lose their connection; with one, the stream that they do not begin."""
    begun = half_spoken.begun(KEY, start("result = 1"))
    until_stream = len(half_spoken.opened(KEY))
    with running("--idle-workers", "2") as executor:
        client = executor.client()
        keyless = [(half_spoken.connect(address(executor), b""), half_spoken.PREFACE) for _ in range(50)]
        keyed = [
            (half_spoken.connect(address(executor), begun[:until_stream]), begun[until_stream:]) for _ in range(50)
        ]
        over = threading.Event()
        closed: set[int] = set()
        slow = threading.Thread(
            target=half_spoken.dribble, args=([*keyless, *keyed], closed, over.is_set, lambda: over.wait(1))
        )
        began = time.monotonic()
        slow.start()
        try:
            # One that was closed hears of it with the byte after the next.
            while time.monotonic() < began + START_TIME + 3 or (
                len(closed) < len(keyless) and time.monotonic() < began + 2 * START_TIME
            ):
                assert client.run("result = 6 * 7").finished.value == b"42"
        finally:
            over.set()
            slow.join()
        assert closed == set(range(len(keyless)))
        for peer, _ in keyed:
            peer.settimeout(5)
            assert half_spoken.is_ended(peer), "the stream is not ended"
        for peer, _ in [*keyless, *keyed]:
            peer.close()
