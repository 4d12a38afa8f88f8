"""codemode: programs that an agent wrote, run as full CPython in a kernel jail; their tools stay in the application.

The names of this package are loaded when they are first used, so that ``import codemode`` costs next to nothing and
pydantic is imported only where a schema or a configuration needs it. What is public is in ``__all__``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # true to type checkers; importing `typing` would take most of this module's time

if TYPE_CHECKING:
    from codemode._codemode import __version__ as __version__
    from codemode.core.approvals import Approve as Approve
    from codemode.core.approvals import Deny as Deny
    from codemode.core.approvals import Fail as Fail
    from codemode.core.approvals import PendingCall as PendingCall
    from codemode.core.approvals import Retry as Retry
    from codemode.core.approvals import Return as Return
    from codemode.core.approvals import Suspend as Suspend
    from codemode.core.approvals import ToolDenied as ToolDenied
    from codemode.core.checkpoint import Checkpoint as Checkpoint
    from codemode.core.codemode import Codemode as Codemode
    from codemode.core.context import RuntimeContext as RuntimeContext
    from codemode.core.errors import CheckpointError as CheckpointError
    from codemode.core.errors import CodemodeError as CodemodeError
    from codemode.core.errors import ComponentAlreadyExistsError as ComponentAlreadyExistsError
    from codemode.core.errors import ComponentNotFoundError as ComponentNotFoundError
    from codemode.core.errors import ExecutableNotFoundError as ExecutableNotFoundError
    from codemode.core.errors import ExecutionFailedError as ExecutionFailedError
    from codemode.core.errors import ExecutionSuspendedError as ExecutionSuspendedError
    from codemode.core.errors import ExecutorClientError as ExecutorClientError
    from codemode.core.errors import ExecutorConnectionError as ExecutorConnectionError
    from codemode.core.errors import ExecutorTimeoutError as ExecutorTimeoutError
    from codemode.core.errors import RegistryError as RegistryError
    from codemode.core.errors import ReplayDivergedError as ReplayDivergedError
    from codemode.core.errors import UncertainCallError as UncertainCallError
    from codemode.core.errors import UnknownToolError as UnknownToolError
    from codemode.core.executor_client import ExecutorClient as ExecutorClient
    from codemode.core.journal import Journal as Journal
    from codemode.core.models import ExecutionError as ExecutionError
    from codemode.core.models import ExecutionResult as ExecutionResult
    from codemode.core.models import ToolCall as ToolCall
    from codemode.core.models import Usage as Usage
    from codemode.core.registry import ComponentRegistry as ComponentRegistry
    from codemode.core.registry import get_current_context as get_current_context
    from codemode.core.scoped_registry import ScopedRegistry as ScopedRegistry
    from codemode.core.tls import InsecureTransportWarning as InsecureTransportWarning
    from codemode.tools.decorator import tool as tool

_HOMES = {
    "Approve": "codemode.core.approvals",
    "Checkpoint": "codemode.core.checkpoint",
    "CheckpointError": "codemode.core.errors",
    "Codemode": "codemode.core.codemode",
    "CodemodeError": "codemode.core.errors",
    "ComponentAlreadyExistsError": "codemode.core.errors",
    "ComponentNotFoundError": "codemode.core.errors",
    "ComponentRegistry": "codemode.core.registry",
    "Deny": "codemode.core.approvals",
    "ExecutableNotFoundError": "codemode.core.errors",
    "ExecutionError": "codemode.core.models",
    "ExecutionFailedError": "codemode.core.errors",
    "ExecutionResult": "codemode.core.models",
    "ExecutionSuspendedError": "codemode.core.errors",
    "ExecutorClient": "codemode.core.executor_client",
    "ExecutorClientError": "codemode.core.errors",
    "ExecutorConnectionError": "codemode.core.errors",
    "ExecutorTimeoutError": "codemode.core.errors",
    "Fail": "codemode.core.approvals",
    "InsecureTransportWarning": "codemode.core.tls",
    "Journal": "codemode.core.journal",
    "PendingCall": "codemode.core.approvals",
    "RegistryError": "codemode.core.errors",
    "ReplayDivergedError": "codemode.core.errors",
    "Retry": "codemode.core.approvals",
    "Return": "codemode.core.approvals",
    "RuntimeContext": "codemode.core.context",
    "ScopedRegistry": "codemode.core.scoped_registry",
    "Suspend": "codemode.core.approvals",
    "ToolCall": "codemode.core.models",
    "ToolDenied": "codemode.core.approvals",
    "UncertainCallError": "codemode.core.errors",
    "UnknownToolError": "codemode.core.errors",
    "Usage": "codemode.core.models",
    "__version__": "codemode._codemode",
    "get_current_context": "codemode.core.registry",
    "tool": "codemode.tools.decorator",
}

__all__ = [
    "Approve",
    "Checkpoint",
    "CheckpointError",
    "Codemode",
    "CodemodeError",
    "ComponentAlreadyExistsError",
    "ComponentNotFoundError",
    "ComponentRegistry",
    "Deny",
    "ExecutableNotFoundError",
    "ExecutionError",
    "ExecutionFailedError",
    "ExecutionResult",
    "ExecutionSuspendedError",
    "ExecutorClient",
    "ExecutorClientError",
    "ExecutorConnectionError",
    "ExecutorTimeoutError",
    "Fail",
    "InsecureTransportWarning",
    "Journal",
    "PendingCall",
    "RegistryError",
    "ReplayDivergedError",
    "Retry",
    "Return",
    "RuntimeContext",
    "ScopedRegistry",
    "Suspend",
    "ToolCall",
    "ToolDenied",
    "UncertainCallError",
    "UnknownToolError",
    "Usage",
    "__version__",
    "get_current_context",
    "tool",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'codemode' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
