"""Passes a set whose members have one hash.

tries: make the application compare each member with each other, with its interpreter's lock held
layers: executor
observed: stopped
runs: once
host: application
source: hash flooding of CPython's integers, whose hash is not randomised
"""

modulus = (1 << 61) - 1
text = b'{"value":{"$":["set",[%s]]}}' % ",".join(str(number * modulus) for number in range(16_000)).encode()
call = tools.echo._call
try:
    call.now("echo", text)
    result = "stopped: it was taken"
except ToolError as error:
    result = f"stopped: {error.type}"
