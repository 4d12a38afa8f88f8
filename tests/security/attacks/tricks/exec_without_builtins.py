"""Runs code with an empty dict of builtins and climbs out.

tries: leave exec(code, {'__builtins__': {}})
layers: landlock, namespaces
observed: stopped
source: Skyvern issue 6868; browser-use pull request 4679; mcp-use issue 1718
"""

code = """
classes = ().__class__.__mro__[1].__subclasses__()
for cls in classes:
    init = cls.__init__
    if init.__class__.__name__ == "function" and "sys" in init.__globals__:
        found = init.__globals__["sys"].modules["io"].open
"""
scope = {"__builtins__": {}}
exec(code, scope)
open_ = scope["found"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
