"""The runtime context: what the application knows about the caller and gives to its tools, never to the program.

`RuntimeContext` holds it. Which one is current is kept per task and thread in one context variable: for each registry
its own, so that two registries in a thread do not see each other's, and the one set last, or the one of the
execution whose tool is running, as the current one of the module functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary


@dataclass
class RuntimeContext:
    """Variables of the caller (tenant, user, session, …) and metadata about the request. True if it has variables.

    Within a tool, ``metadata`` also has ``execution_id``, ``correlation_id``, ``call_id`` (int, 1 for the first call
    of an execution) and ``idempotency_key`` (str, the same when the same call is made again by a retry).

    Attributes:
        variables: What tools read; any values, for they do not leave the process.
        metadata: About the request rather than the caller.
    """

    variables: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        """Returns the variable ``key``, or ``default``."""
        return self.variables.get(key, default)

    def require(self, key: str) -> Any:
        """Returns the variable ``key``. Raises ``KeyError`` naming it and the variables there are."""
        try:
            return self.variables[key]
        except KeyError:
            present = ", ".join(sorted(map(str, self.variables))) or "none"
            raise KeyError(f"the runtime context has no variable `{key}` (it has: {present})") from None

    def has(self, key: str) -> bool:
        """Whether there is a variable ``key``, ``None`` included."""
        return key in self.variables

    def set(self, key: str, value: Any) -> None:
        """Sets the variable ``key``."""
        self.variables[key] = value

    def update(self, **kwargs: Any) -> None:
        """Sets several variables."""
        self.variables.update(kwargs)

    def keys(self) -> list[str]:
        """The names of the variables."""
        return list(self.variables)

    def to_dict(self) -> dict[str, Any]:
        """Returns ``{"variables": {…}, "metadata": {…}}``, with copies of both."""
        return {"variables": dict(self.variables), "metadata": dict(self.metadata)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuntimeContext:
        """The reverse of `to_dict`. A missing part is empty. Raises ``TypeError`` where a part is not a mapping."""
        parts = {}
        for part in ("variables", "metadata"):
            value = data.get(part) or {}
            if not isinstance(value, Mapping):
                raise TypeError(f"`{part}` of a runtime context must be a mapping, not {type(value).__name__}")
            parts[part] = dict(value)
        return cls(**parts)

    def to_json(self) -> str:
        """Returns `to_dict` as JSON text. Raises ``TypeError`` where a variable is not JSON data."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_str: str) -> RuntimeContext:
        """The reverse of `to_json`. Raises ``ValueError`` where the text is not JSON."""
        return cls.from_dict(json.loads(json_str))

    def __bool__(self) -> bool:
        return bool(self.variables)


@dataclass(frozen=True)
class _State:
    current: RuntimeContext | None
    by_registry: WeakKeyDictionary[Any, RuntimeContext]


_state: ContextVar[_State | None] = ContextVar("codemode_runtime_context", default=None)


def get_current_context() -> RuntimeContext | None:
    """The context set last in this task, or, within a tool, the context of the execution that calls it."""
    state = _state.get()
    return state.current if state is not None else None


def reset_context() -> None:
    """Forgets every context of this task, of all registries."""
    _state.set(None)


def context_of(registry: object) -> RuntimeContext | None:
    """The context set for ``registry`` in this task."""
    state = _state.get()
    return state.by_registry.get(registry) if state is not None else None


def set_context_of(registry: object | None, context: RuntimeContext | None) -> None:
    """Makes ``context`` the current one and that of ``registry``. ``None`` forgets the registry's."""
    state = _state.get()
    # Copied on every write: a task shares the value with the tasks that it started.
    by_registry = WeakKeyDictionary(state.by_registry) if state is not None else WeakKeyDictionary()
    current = context
    if registry is not None:
        previous = by_registry.pop(registry, None)
        if context is not None:
            by_registry[registry] = context
        elif state is not None and state.current is not previous:
            current = state.current
    _state.set(_State(current, by_registry))
