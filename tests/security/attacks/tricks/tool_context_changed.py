"""Changes the name, the context and the correlation of a tool proxy before the call.

tries: call another tool, or act as another tenant, by attributes of the proxy
layers: executor
observed: stopped
runs: once
host: application
source: opencodemode 0.3: proxy.context and the tool's name were the sandbox's to set
"""

from contextlib import suppress

proxy = tools["whoami"]
changes = {
    "name": "delete_everything",
    "tool_name": "delete_everything",
    "context": {"variables": {"tenant": "other"}},
    "correlation_id": "other",
    "execution_id": "other",
    "parameters": ["context"],
}
for attribute, value in changes.items():
    with suppress(AttributeError):
        setattr(proxy, attribute, value)
    with suppress(AttributeError):
        setattr(tools, attribute, value)
answer = proxy.run()
result = "stopped: it is acme's whoami" if answer == "acme" else f"escaped: {answer}"
