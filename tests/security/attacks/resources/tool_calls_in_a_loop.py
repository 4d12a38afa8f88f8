"""Calls a tool for ever.

tries: occupy the application with calls
layers: executor
observed: stopped
runs: once
host: endures
"""

made = 0
try:
    while made < 10_000:
        tools.echo(n=made)
        made += 1
    result = f"escaped: {made} calls"
except RuntimeError as error:
    result = f"stopped: {error}"
