"""Gets a console from help, pdb, code and the site's own objects.

tries: have the standard library run what is typed, where nothing is typed
layers: landlock, namespaces
observed: stopped
source: published for restricted consoles: help(), breakpoint(), license()
"""

import code
import io
import pdb
import sys

console = code.InteractiveConsole({})
console.push("opened = open")
sys.stdin = io.StringIO("!import io; found = io.open\nc\n")
scope = {}
pdb.Pdb(stdin=sys.stdin, stdout=io.StringIO(), nosigint=True).run("None", scope)
site_names = getattr(exit, "__class__").__init__.__globals__
open_ = scope.get("found") or console.locals["opened"] or site_names["sys"].modules["io"].open

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
