"""Tool calls from threads, event loops and plain code at once; replies late, out of order, and in pieces."""

from __future__ import annotations

import json
import signal
import struct
import time
from collections.abc import Callable

import pytest

from .conftest import Run
from .harness import CALL, FINISHED, OUTPUT, Call, Tool, Worker

ECHO = Tool("echo", lambda arguments: arguments["x"], parameters=["x"])


def call_of(payload: bytes) -> tuple[int, object]:
    call = Call.of(payload)
    return call.call_id, json.loads(call.arguments)["x"]


def test_calls_are_numbered_from_one(worker: Worker) -> None:
    worker.start("[tools.echo(x) for x in range(3)]", [ECHO])
    for expected in (1, 2, 3):
        kind, payload = worker.read()
        call = Call.of(payload)
        assert (kind, call.call_id, call.index) == (CALL, expected, 0)
        worker.answer(expected, json.dumps(expected * 10))
    assert list(worker.frames()) == [(FINISHED, b"\x01[10,20,30]")]


def test_replies_in_reverse_order(worker: Worker) -> None:
    worker.start("import asyncio\nawait asyncio.gather(*[tools.echo.run_async(x) for x in range(100)])", [ECHO])
    calls = [call_of(worker.read()[1]) for _ in range(100)]
    for call_id, x in reversed(calls):
        worker.answer(call_id, json.dumps(x))
    assert json.loads(list(worker.frames())[-1][1][1:]) == list(range(100))


def test_reply_in_pieces(worker: Worker) -> None:
    worker.start("x = tools.echo(1)\ny = await tools.echo.run_async(2)\nresult = [x, y]", [ECHO])
    for call_id in (1, 2):
        assert call_of(worker.read()[1]) == (call_id, call_id)
        frame = struct.pack("<IBIB", 6 + 4, 2, call_id, 0) + b'"ab"'
        for at in range(len(frame)):
            worker.socket.sendall(frame[at : at + 1])
            time.sleep(0.001)  # So that the worker reads each piece; correct without it.
    assert list(worker.frames()) == [(FINISHED, b'\x01["ab","ab"]')]


def test_several_replies_in_one_piece(worker: Worker) -> None:
    worker.start("import asyncio\nawait asyncio.gather(*[tools.echo.run_async(x) for x in range(50)])", [ECHO])
    calls = [call_of(worker.read()[1]) for _ in range(50)]
    worker.socket.sendall(
        b"".join(struct.pack("<IBIB", 8, 2, call_id, 0) + b"%02d" % (call_id + 9) for call_id, _ in calls)
    )
    assert json.loads(list(worker.frames())[-1][1][1:]) == [call_id + 9 for call_id, _ in calls]


def test_large_values_both_ways(run: Run) -> None:
    finished = run("s = 'x' * 8_000_000\nresult = [len(tools.echo(s)), len(await tools.echo.run_async(s))]", ECHO)
    assert finished.value == [8_000_000, 8_000_000]


def test_thousand_calls_side_by_side(run: Run) -> None:
    finished = run(
        "import asyncio, time\n"
        "start = time.perf_counter()\n"
        "values = await asyncio.gather(*[tools.echo.run_async(x) for x in range(1000)])\n"
        "assert time.perf_counter() - start < 5\n"
        "result = values == list(range(1000))",
        ECHO,
    )
    assert finished.value is True


def test_threads(run: Run) -> None:
    finished = run(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(16) as pool:\n"
        "    result = list(pool.map(tools.echo, range(2000))) == list(range(2000))",
        ECHO,
    )
    assert finished.value is True


def test_followers_are_answered_whatever_the_order(worker: Worker) -> None:
    worker.start(
        "import threading\n"
        "result = {}\n"
        "def work(x): result[str(x)] = tools.echo(x)\n"
        "threads = [threading.Thread(target=work, args=(x,)) for x in range(8)]\n"
        "for t in threads: t.start()\n"
        "for t in threads: t.join()\n",
        [ECHO],
    )
    calls = [call_of(worker.read()[1]) for _ in range(8)]
    for call_id, x in calls[1::2] + calls[0::2]:
        worker.answer(call_id, json.dumps(x))
    value = json.loads(list(worker.frames())[-1][1][1:])
    assert value == {str(x): x for x in range(8)}


def test_loops_in_several_threads(run: Run) -> None:
    finished = run(
        "import asyncio, threading\n"
        "result = []\n"
        "async def main(n):\n"
        "    for _ in range(20):\n"
        "        values = await asyncio.gather(*[tools.echo.run_async(x) for x in range(n, n + 10)])\n"
        "        assert values == list(range(n, n + 10)), values\n"
        "    return n\n"
        "def work(n): result.append(asyncio.run(main(n)))\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "for t in threads: t.start()\n"
        "for t in threads: t.join()\n"
        "result.sort()\n",
        ECHO,
    )
    assert finished.value == [0, 1, 2, 3]


def test_sync_call_inside_a_running_loop(worker: Worker) -> None:
    """It blocks the loop; replies for the loop's own calls that come meanwhile are not lost."""
    worker.start(
        "import asyncio\n"
        "task = asyncio.create_task(tools.echo.run_async('task'))\n"
        "await asyncio.sleep(0)\n"
        "await asyncio.sleep(0)\n"
        "result = [tools.echo('sync'), await task]",
        [ECHO],
    )
    assert call_of(worker.read()[1]) == (1, "task")
    assert call_of(worker.read()[1]) == (2, "sync")
    worker.answer(1, '"task"')
    worker.answer(2, '"sync"')
    assert list(worker.frames()) == [(FINISHED, b'\x01["sync","task"]')]


def test_mixture_of_everything(run: Run) -> None:
    finished = run(
        "import asyncio, random, threading, time\n"
        "done = []\n"
        "def plain(n):\n"
        "    for i in range(100): assert tools.echo((n, i)) == (n, i)\n"
        "    done.append(n)\n"
        "async def one(n, i):\n"
        "    if i % 7 == 0: assert tools.echo((n, i)) == (n, i)\n"
        "    if i % 5 == 0: assert await asyncio.to_thread(tools.echo, i) == i\n"
        "    assert await tools.echo.run_async((n, i)) == (n, i)\n"
        "async def main(n):\n"
        "    await asyncio.gather(*[one(n, i) for i in range(100)])\n"
        "    done.append(n)\n"
        "threads = [threading.Thread(target=plain, args=(n,)) for n in range(4)]\n"
        "threads += [threading.Thread(target=asyncio.run, args=(main(n),)) for n in range(4, 7)]\n"
        "for t in threads: t.start()\n"
        "await main(7)\n"
        "for t in threads: t.join()\n"
        "result = sorted(done)",
        ECHO,
    )
    assert finished.value == list(range(8))
    assert finished.stderr == b""


def test_loop_hears_replies_while_a_thread_waits_long(worker: Worker) -> None:
    """The thread reads for the loop; when it has its own reply, the loop reads for itself."""
    worker.start(
        "import asyncio\n"
        "async def main():\n"
        "    thread = asyncio.create_task(asyncio.to_thread(tools.echo, 'thread'))\n"
        "    await asyncio.sleep(0.05)  # Most often the thread is the first, and reads for the loop.\n"
        "    a = await tools.echo.run_async('a')\n"
        "    b = asyncio.create_task(tools.echo.run_async('b'))\n"
        "    return [a, await thread, await b]\n"
        "result = await main()",
        [ECHO],
    )
    ids = {x: call_id for call_id, x in (call_of(worker.read()[1]) for _ in range(2))}
    worker.answer(ids["a"], '"a"')
    assert call_of(worker.read()[1]) == (3, "b")
    worker.answer(ids["thread"], '"thread"')
    worker.answer(3, '"b"')
    assert list(worker.frames()) == [(FINISHED, b'\x01["a","thread","b"]')]


def test_late_reply_of_a_cancelled_call_is_dropped(worker: Worker) -> None:
    worker.start(
        "import asyncio\n"
        "try:\n"
        "    await asyncio.wait_for(tools.echo.run_async('slow'), 0.05)\n"
        "except asyncio.TimeoutError:\n"
        "    result = [tools.echo('sync'), await tools.echo.run_async('async')]",
        [ECHO],
    )
    assert call_of(worker.read()[1]) == (1, "slow")
    assert call_of(worker.read()[1]) == (2, "sync")
    worker.answer(1, '"late"')
    worker.answer(2, '"sync"')
    assert call_of(worker.read()[1]) == (3, "async")
    worker.answer(3, '"async"')
    assert list(worker.frames()) == [(FINISHED, b'\x01["sync","async"]')]


def test_reply_for_a_loop_that_is_closed_is_dropped(worker: Worker) -> None:
    worker.start(
        "import asyncio\n"
        "async def main():\n"
        "    asyncio.create_task(tools.echo.run_async('left'))\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(main())\n"
        "result = tools.echo('next')",
        [ECHO],
    )
    assert call_of(worker.read()[1]) == (1, "left")
    assert call_of(worker.read()[1]) == (2, "next")
    worker.answer(1, '"late"')
    worker.answer(2, '"next"')
    assert list(worker.frames()) == [(FINISHED, b'\x01"next"')]


def test_interrupted_wait_hands_the_socket_on(worker: Worker) -> None:
    """A signal handler that raises in the reading thread leaves the other one with a reader."""
    worker.start(
        "import signal, threading\n"
        "class Stop(Exception): pass\n"
        "def stop(*_): raise Stop\n"
        "signal.signal(signal.SIGALRM, stop)\n"
        "def work(): result.append(tools.echo('thread'))\n"
        "result = []\n"
        "thread = threading.Thread(target=work)\n"
        "# Most often the main thread is the first, and reads for the other.\n"
        "threading.Timer(0.05, thread.start).start()\n"
        "try:\n"
        "    tools.echo('main')\n"
        "except Stop:\n"
        "    print('stopped')\n"
        "thread.join()\n"
        "result.append(tools.echo('again'))",
        [ECHO],
    )
    ids = {x: call_id for call_id, x in (call_of(worker.read()[1]) for _ in range(2))}
    worker.process.send_signal(signal.SIGALRM)
    assert worker.read() == (OUTPUT, b"\x01stopped\n")
    worker.answer(ids["main"], '"late"')
    worker.answer(ids["thread"], '"thread"')
    assert call_of(worker.read()[1]) == (3, "again")
    worker.answer(3, '"again"')
    assert list(worker.frames()) == [(FINISHED, b'\x01["thread","again"]')]


def test_worker_ends_when_the_executor_is_gone(new_worker: Callable[[], Worker]) -> None:
    for code in ("tools.echo(1)", "await tools.echo.run_async(1)", "while True: print(1)"):
        worker = new_worker()
        worker.start(code, [ECHO])
        worker.read()
        worker.socket.close()
        assert worker.process.wait(10) == 1


def test_worker_without_a_program_ends_with_the_executor(worker: Worker) -> None:
    worker.socket.close()
    assert worker.process.wait(10) == 1


@pytest.mark.parametrize("code", ["import os\nos.close(3)\ntools.echo(1)", "import os\nos._exit(7)"])
def test_program_that_ends_its_worker_sends_no_finished(worker: Worker, code: str) -> None:
    worker.start(code, [ECHO])
    with pytest.raises(EOFError):
        worker.read()
