"""Compiles source that is nested as deep as the parser allows, and deeper.

tries: crash the compiler, in the program and by the program itself
layers: executor
observed: stopped | killed crash
runs: once
host: endures
"""

import ast

refused = 0
for source in ("(" * 50_000 + ")" * 50_000, "-" * 50_000 + "1", "+".join("1" * 50_000), "a." * 50_000 + "b"):
    for parse in (ast.parse, lambda text: compile(text, "deep", "eval")):
        try:
            parse(source)
        except (SyntaxError, RecursionError, MemoryError):
            refused += 1
result = f"stopped: {refused} of 8 were refused"
