"""The runtime context that ADK's ``ToolContext`` stands for. Imports no ADK: attributes are looked for.

Variables: ``user_id``, ``app_name``, ``session_id``, ``invocation_id``. Metadata: ``agent_name``, ``function_call_id``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codemode.core.context import RuntimeContext


def default_context(tool_context: Any) -> RuntimeContext | None:
    """The context of a call; None where ADK says nothing about the caller."""
    # `session` and `user_id` are public in ADK 2; before, only the invocation has them, and it is a private attribute.
    if tool_context is None:
        return None
    invocation = getattr(tool_context, "invocation_context", None) or getattr(tool_context, "_invocation_context", None)
    session = getattr(tool_context, "session", None) or getattr(invocation, "session", None)
    places = {
        "user_id": ((tool_context, "user_id"), (session, "user_id"), (invocation, "user_id")),
        "app_name": ((session, "app_name"), (invocation, "app_name")),
        "session_id": ((session, "id"),),
        "invocation_id": ((tool_context, "invocation_id"), (invocation, "invocation_id")),
    }
    about = {
        "agent_name": ((tool_context, "agent_name"),),
        "function_call_id": ((tool_context, "function_call_id"),),
    }
    variables = _texts(places)
    return RuntimeContext(variables, _texts(about)) if variables else None


def _texts(places: Mapping[str, Sequence[tuple[Any, str]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, candidates in places.items():
        values = (getattr(owner, attribute, None) for owner, attribute in candidates)
        text = next((value for value in values if isinstance(value, str) and value), None)
        if text is not None:
            found[name] = text
    return found
