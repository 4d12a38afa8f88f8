"""Makes thousands of calls at once, from a loop and from threads.

tries: fill queues between program, executor and application
layers: executor
observed: stopped
runs: once
host: endures
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def attempt(n):
    try:
        return tools.echo(n=n)
    except RuntimeError as error:
        return error


answers = await asyncio.gather(*(tools.echo.run_async(n=n) for n in range(3000)), return_exceptions=True)
with ThreadPoolExecutor(8) as pool:
    answers += pool.map(attempt, range(200))
good = sum(isinstance(answer, dict) for answer in answers)
result = f"escaped: {good} calls" if good > 100 else f"stopped: {good} of {len(answers)} calls were made"
