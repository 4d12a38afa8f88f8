"""Changes what the runner says of the limits, then goes past them.

tries: have limits that only the worker enforces
layers: executor
observed: stopped
runs: once
host: endures
"""

call = tools.echo._call
call.limit = 1 << 40
call.bridge._last_call = 0
made = 0
try:
    while made < 500:
        tools.echo(n=made)
        made += 1
    result = f"escaped: {made} calls"
except RuntimeError as error:
    result = f"stopped: {error.type} after {made} calls"
