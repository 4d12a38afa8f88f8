"""Sends large calls while the executor sends large answers.

tries: have each side wait for the other to read
layers: executor
observed: stopped | killed protocol | timed_out
runs: once
host: endures_large_answers
"""

from concurrent.futures import ThreadPoolExecutor

text = "x" * (900 << 10)
with ThreadPoolExecutor(8) as pool:
    answers = list(pool.map(lambda n: len(tools.echo(text=text)), range(40)))
result = f"stopped: {len(answers)} calls and {sum(answers) >> 20} MiB of answers passed each other"
