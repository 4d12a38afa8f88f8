"""Is a program of forty thousand lines that ends with a tool call.

tries: have the executor or the worker work on source that costs more than it is long
layers: executor
observed: stopped
runs: once
host: application
"""

source = "x = 1\n" * 40_000 + "y = " + "+".join(["x"] * 300)
names = {}
exec(compile(source, "long", "exec"), names)
result = f"stopped: {names['y']} and {tools.add(x=1)}"
