"""Asks for a tool that the application has but does not offer, in each way that a program can.

tries: get around a tool filter and a scoped registry
layers: executor
observed: stopped
runs: once
host: application
"""

import importlib

NAME = "delete_everything"
ways = {
    "item": lambda: tools[NAME].run(),
    "attribute": lambda: getattr(tools, NAME)(),
    "get": lambda: tools.get(NAME)(),
    "import": lambda: importlib.import_module(f"tools.{NAME}")(),
    "schema": lambda: tools["__schema__"].run(NAME),
    "dict": lambda: vars(tools)[NAME](),
    "dunder": lambda: tools.__tools__[NAME](),
    "unicode": lambda: tools["ｄelete_everything"].run(),
    "bytes": lambda: tools[b"delete_everything"].run(),
}
answered = []
for way, attempt in ways.items():
    try:
        answered.append((way, attempt()))
    except (LookupError, AttributeError, ImportError, TypeError):
        continue
named = NAME in str(tools["__list__"].run()) + str(tools["__search__"].run("delete everything"))
result = f"escaped: {answered}" if answered or named else f"stopped: {len(ways)} ways lead nowhere"
