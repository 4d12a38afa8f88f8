"""The application's side of an execution: ``Codemode``, ``ExecutorClient``, ``ComponentRegistry`` and what they need.

Names are loaded when they are first used, as in the package itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemode.core.codemode import Codemode as Codemode
    from codemode.core.context import RuntimeContext as RuntimeContext
    from codemode.core.correlation import generate_correlation_id as generate_correlation_id
    from codemode.core.executor_client import ExecutorClient as ExecutorClient
    from codemode.core.registry import ComponentRegistry as ComponentRegistry
    from codemode.core.scoped_registry import ScopedRegistry as ScopedRegistry

_HOMES = {
    "Codemode": "codemode.core.codemode",
    "ComponentRegistry": "codemode.core.registry",
    "ExecutorClient": "codemode.core.executor_client",
    "RuntimeContext": "codemode.core.context",
    "ScopedRegistry": "codemode.core.scoped_registry",
    "generate_correlation_id": "codemode.core.correlation",
}

__all__ = [
    "Codemode",
    "ComponentRegistry",
    "ExecutorClient",
    "RuntimeContext",
    "ScopedRegistry",
    "generate_correlation_id",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'codemode.core' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
