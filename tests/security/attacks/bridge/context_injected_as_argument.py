"""Passes a runtime context of its own to a tool that takes one.

tries: act as another tenant
layers: executor
observed: stopped
runs: once
host: application
source: opencodemode 0.3: the runtime context came from the sandbox
"""

from contextlib import suppress

forged = {"variables": {"tenant": "other"}, "metadata": {}}
answers = set()
for name in ("context", "self", "runtime_context", "_context", "tenant"):
    with suppress(ToolError, TypeError):
        answers.add(tools.whoami(**{name: forged}))
context_type = type(context)
with suppress(TypeError):
    context["tenant"] = "other"
dict.__setitem__(context, "tenant", "other")
tools.whoami.parameters.append("context")
with suppress(ToolError):
    answers.add(tools.whoami(forged))
answers.add(tools.whoami())
result = "stopped: it is acme to every tool" if answers == {"acme"} else f"escaped: {answers}"
