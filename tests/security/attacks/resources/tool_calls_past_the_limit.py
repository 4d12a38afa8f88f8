"""Goes on calling after the limit is reached, and reads each refusal.

tries: occupy the executor with calls that it must refuse one by one
layers: executor
observed: killed cpu_time | timed_out | killed tool_calls | killed protocol
runs: once
host: endures
"""

while True:
    try:
        tools.echo()
    except RuntimeError:
        continue
