"""How fast a worker replays: calls of a journal a second, one after the other and gathered.

    python -m benches.replay [calls]

The worker is forked from this process and has no jail; nothing is called while it replays.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.python.worker.forked import Forked
from tests.python.worker.harness import FINISHED, OUTCOMES, Entry

PROGRAMS = {
    "one after the other": "result = sum(tools.a(x) for x in range({calls}))",
    "gathered": "import asyncio\nresult = sum(await asyncio.gather(*[tools.a.run_async(x) for x in range({calls})]))",
}


def journal(calls: int, *, placed: bool) -> list[Entry]:
    """Each call was made before any was answered (gathered), or after the one before it was."""
    return [
        Entry(x + 1, json.dumps({"x": x}, separators=(",", ":")), str(x), order=x + 1, seen=x if placed else 0)
        for x in range(calls)
    ]


def measure(name: str, calls: int) -> float:
    worker = Forked()
    entries = journal(calls, placed=name != "gathered")
    worker.start(PROGRAMS[name].format(calls=calls), ["a"], entries)
    frame = worker.read(300)
    # Processor time, from the fork to the end: what others do on the machine does not count.
    stat = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
    elapsed = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    worker.close()
    assert frame is not None
    kind, payload = frame
    assert (kind, OUTCOMES[payload[0]], payload[1:]) == (FINISHED, "completed", str(sum(range(calls))).encode()), (
        payload
    )
    return calls / elapsed


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for name in PROGRAMS:
        best = max(measure(name, calls) for _ in range(3))
        print(f"{name}: {best:,.0f} calls per second of processor time, of {calls:,}")


if __name__ == "__main__":
    main()
