"""Walks from a tuple to every class of the interpreter.

tries: find a class whose module has the real builtins
layers: landlock, namespaces
observed: stopped
source: RestrictedPython issue 142; Skyvern issue 6868
"""

found = None
for cls in ().__class__.__base__.__subclasses__():
    scope = getattr(cls.__init__, "__globals__", None)
    if scope and "__builtins__" in scope:
        names = scope["__builtins__"]
        found = names if isinstance(names, dict) else vars(names)
        break
open_ = found["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
