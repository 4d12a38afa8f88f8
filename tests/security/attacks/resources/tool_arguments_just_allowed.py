"""Passes the largest arguments that are allowed, and lets the answers wait.

tries: have many values of the largest size in the executor at once
layers: executor
observed: stopped | killed protocol | killed memory | failed MemoryError | timed_out
runs: once
host: endures
"""

import asyncio

text = "x" * ((1 << 20) - 100)
answers = await asyncio.gather(*(tools.echo.run_async(text=text) for _ in range(50)), return_exceptions=True)
result = f"stopped: {sum(isinstance(answer, dict) for answer in answers)} of 50 were answered"
