"""What the clients run. Each program returns the names of the effects that it meant to have."""

from __future__ import annotations

import random
from typing import Any

_SEQUENTIAL = """
made = []
total = 0
for number in range(config["steps"]):
    step = f"s{number}"
    total += tools.record(run=config["run"], step=step, amount=number)
    made.append(step)
assert total == sum(range(config["steps"]))
result = made
"""

_PARALLEL = """
import asyncio

async def branch(name):
    first = await tools.record_async(run=config["run"], step=f"{name}.first", amount=1)
    await asyncio.sleep(0.001)
    second = await tools.record_async(run=config["run"], step=f"{name}.second", amount=first + 1)
    return [f"{name}.first", f"{name}.second"], second

branches = await asyncio.gather(*(branch(f"b{number}") for number in range(config["steps"])))
assert all(second == 2 for _, second in branches)
result = [step for steps, _ in branches for step in steps]
"""

# What it does depends on the clock, on chance, on who answers first, and on an error that a tool raises.
_BRANCHING = """
import asyncio, random, time, uuid

made = []

async def record(step, amount=1):
    made.append(step)
    return await tools.record_async(run=config["run"], step=step, amount=amount)

await record(f"clock-{time.time_ns() % 1000}")
await record(f"chance-{random.randrange(10**6)}-{uuid.uuid4().hex[:8]}")
tasks = [asyncio.create_task(record(f"race-{number}", number)) for number in range(3)]
first = await next(asyncio.as_completed(tasks))
await record(f"winner-{first}")
await asyncio.gather(*tasks)
try:
    tools.refuse(run=config["run"], step="refused")
except ToolError as error:
    made.append("refused")
    await record(f"after-{error.type}")
result = made
"""

_THREADED = """
from concurrent.futures import ThreadPoolExecutor

def record(number):
    step = f"t{number}"
    tools.record(run=config["run"], step=step, amount=number)
    return step

with ThreadPoolExecutor(4) as threads:
    result = list(threads.map(record, range(config["steps"])))
tools.record(run=config["run"], step="last", amount=0)
result.append("last")
"""

PROGRAMS = {"sequential": _SEQUENTIAL, "parallel": _PARALLEL, "branching": _BRANCHING, "threaded": _THREADED}


def some(chance: random.Random, run: str) -> tuple[str, str, dict[str, Any]]:
    """A program's name, its source and its config."""
    name = chance.choice(list(PROGRAMS))
    return name, PROGRAMS[name], {"run": run, "steps": chance.randint(2, 6)}
