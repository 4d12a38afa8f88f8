"""The mix: programs good and hostile, how often each comes, and how it may end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

MIB: Final = 2**20


class Way(Enum):
    """How the client runs it."""

    PLAIN = "one client for all"
    OWN_CLIENT = "a client of its own, with a connection that ends with it"
    CANCEL = "its task is cancelled while it runs"
    RESET = "the stream is reset while it runs"
    DISCONNECT = "the connection is cut while it runs"


class Kind(NamedTuple):
    """One sort of program."""

    name: str
    share: int
    """Of 10,000 executions."""
    program: str
    ends: frozenset[str]
    """`outcome`, with its limit or exception where it has one. Empty where nobody hears it."""
    value: object = None
    limits: dict[str, int] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    wall_time: float | None = None
    way: Way = Way.PLAIN
    ends_zygote: bool = False


def _kind(name: str, share: int, program: str, *ends: str, **options: Any) -> Kind:
    return Kind(name, share, program, frozenset(ends), **options)


_FORGED = """
import os, struct, time
os.write(3, {bytes})
time.sleep(9)
"""

GOOD: Final = [
    _kind("compute", 2_838, "result = sum(n * n for n in range(2_000))", "completed", value=2_664_667_000),
    _kind("tool calls", 1_500, "result = [tools.echo(n) for n in range(3)]", "completed", value=[0, 1, 2]),
    _kind("output", 1_000, "for _ in range(100): print('x' * 99)\nresult = 1", "completed", value=1),
    _kind(
        "asyncio",
        700,
        "import asyncio\nresult = await asyncio.gather(*(tools.echo.run_async(n) for n in range(4)))",
        "completed",
        value=[0, 1, 2, 3],
    ),
    _kind("async tool", 500, "result = await tools.echo_async(7)", "completed", value=7),
    _kind(
        "threads",
        500,
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: result = list(pool.map(tools.echo, range(8)))",
        "completed",
        value=list(range(8)),
    ),
    _kind("large value", 300, "result = len(tools.echo('x' * 100_000))", "completed", value=100_000),
    _kind(
        "scratch file", 300, "open('/tmp/a', 'w').write('b')\nresult = open('/tmp/a').read()", "completed", value="b"
    ),
    _kind("exception", 300, "raise ValueError('no')", "failed ValueError"),
    _kind("failing tool", 200, "tools.fails()", "failed ToolError"),
    _kind("syntax error", 100, "result = = 1", "rejected SyntaxError"),
    _kind("own client", 200, "result = tools.echo(5)", "completed", value=5, way=Way.OWN_CLIENT),
]

HOSTILE: Final = [
    _kind(
        "memory bomb",
        200,
        "kept = []\nwhile True: kept.append(bytearray(4 * 2**20))",
        "failed MemoryError",
        "killed memory",
        limits={"memory": 32 * MIB},
    ),
    # A second of a processor each.
    _kind("processor time", 2, "while True: pass", "killed cpu_time", limits={"cpu_time": 1}),
    _kind("spin", 100, "while True: pass", "timed_out wall_time", wall_time=0.1),
    _kind("never ends", 100, "import time\ntime.sleep(99)", "timed_out wall_time", wall_time=0.1),
    _kind("output flood", 200, "while True: print('x' * 1000)", "killed output", limits={"output": 1024}),
    _kind("null pointer", 40, "import ctypes\nctypes.string_at(0)", "killed crash", ends_zygote=True),
    _kind(
        "forbidden system call",
        40,
        "import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)",
        "killed system_call",
        ends_zygote=True,
    ),
    _kind("ends by itself", 30, "import os\nos._exit(3)", "killed crash", ends_zygote=True),
    _kind("frame garbage", 60, _FORGED.format(bytes="b'\\xff' * 4096"), "killed value"),
    _kind(
        "unknown frame",
        30,
        _FORGED.format(bytes="struct.pack('<IB', 1, 99)"),
        "killed protocol",
        ends_zygote=True,
    ),
    _kind("half a frame", 30, "import os\nos.write(3, b'\\xff')\nos._exit(0)", "killed crash", ends_zygote=True),
    _kind("descriptors", 150, "kept = [open('/dev/null') for _ in range(999)]", "failed OSError"),
    _kind(
        "scratch bytes", 80, "with open('/tmp/a', 'wb') as f:\n    while True: f.write(bytes(2**20))", "failed OSError"
    ),
    _kind("scratch files", 40, "for n in range(9999): open(f'/tmp/{n}', 'w').close()", "failed OSError"),
    _kind(
        "thread bomb",
        50,
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "failed RuntimeError",
        limits={"tasks": 8},
    ),
    _kind("tool call flood", 150, "while True: tools.echo(1)", "failed ToolError", limits={"tool_calls": 10}),
    _kind(
        "calls without reading",
        20,
        "import os, struct\nn = 0\nwhile True:\n    n += 1\n    os.write(3, struct.pack('<IBIH', 9, 17, n, 0) + b'{}')",
        "killed protocol",
        limits={"tool_calls": 10},
        ends_zygote=True,
    ),
    _kind("cancelled", 120, "await tools.hold()", way=Way.CANCEL),
    _kind("reset", 60, "while True: pass", way=Way.RESET),
    _kind("disconnected", 60, "tools.hold()", way=Way.DISCONNECT),
]

KINDS: Final = [*GOOD, *HOSTILE]


def share(kinds: Sequence[Kind]) -> float:
    return sum(kind.share for kind in kinds) / sum(kind.share for kind in KINDS)


def mixed(executions: int, seed: int) -> list[Kind]:
    """So many, shuffled: the same for the same seed, each kind at its share and at least once where there is room."""
    rng = random.Random(seed)
    chosen = list(KINDS) if executions >= len(KINDS) else []
    chosen += rng.choices(KINDS, [kind.share for kind in KINDS], k=executions - len(chosen))
    rng.shuffle(chosen)
    return chosen
