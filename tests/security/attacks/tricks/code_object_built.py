"""Makes a function from marshalled bytes.

tries: bring code past a checker of syntax
layers: landlock, namespaces
observed: stopped
source: published for several sandboxes; marshal in the standard library
"""

import marshal
import types

source = compile("lambda: open", "none", "eval").co_consts[0]
code = marshal.loads(marshal.dumps(source))
open_ = types.FunctionType(code, {"__builtins__": __builtins__})()

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
