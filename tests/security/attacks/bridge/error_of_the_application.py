"""Reads everything that a failed tool call brings.

tries: learn paths and code of the application from its exceptions
layers: executor
observed: stopped
runs: once
host: application
"""

import traceback

seen = []
for call in (lambda: tools.fails(), lambda: tools.add(x="no number"), lambda: tools.add(), lambda: tools.add(x=1, z=2)):
    try:
        call()
    except ToolError as error:
        seen += [str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
        seen += [repr(error.__cause__), repr(error.__context__), repr(error.args)]
text = "\n".join(seen)
print(text)
leaks = [word for word in ("/work", "tests/", "scenarios.py", "site-packages", "invocation.py") if word in text]
result = f"escaped: {leaks}" if leaks else f"stopped: {len(text)} characters without a path"
