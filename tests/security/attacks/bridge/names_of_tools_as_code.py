"""Calls tools with argument names that are code, paths, or the names of Python's own attributes.

tries: have the application evaluate a name that the program chose
layers: executor
observed: stopped
runs: once
host: application
source: opencodemode 0.3: tool names and configuration were pasted into source
"""

names = [
    "__class__",
    "__globals__",
    "x\ny",
    "'); raise SystemExit('",
    "../x",
    "",
    " ",
    "\0",
    "a" * 10_000,
    "$",
    "args",
    "kwargs",
]
told = ""
taken = []
for name in names:
    for tool in (tools.add, tools.whoami, tools.fails):
        try:
            taken.append((name, tool(**{name: 1})))
        except ToolError as error:
            told += str(error)[:2000]
leaks = [word for word in ("/work", "<function", "Traceback", "site-packages") if word in told]
result = f"escaped: {taken} {leaks}" if taken or leaks else f"stopped: {len(names)} names are none of any tool"
