"""The exceptions that the application sees.

    CodemodeError
    ├── ExecutorClientError            the request was not carried out, or the program did not complete
    │   ├── ExecutorConnectionError    no executor answered, or it refused the key
    │   │   └── ExecutableNotFoundError  the embedded executor's program is not installed
    │   ├── ExecutorTimeoutError       the request's deadline passed; the execution was cancelled
    │   ├── ExecutionFailedError       the program ran and did not complete; `.result` has everything
    │   └── UnknownToolError           a tool was asked for that is not registered; nothing was sent (also a ValueError)
    └── RegistryError
        ├── ComponentNotFoundError
        └── ComponentAlreadyExistsError

They are imported from ``codemode``, ``codemode.core.executor_client`` and ``codemode.core.registry``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codemode.core.models import ExecutionResult


class CodemodeError(Exception):
    """The root of all exceptions of this package."""

    hint: str | None = None
    """What to do about it, naming a command or a setting."""


class ExecutorClientError(CodemodeError):
    """A request to an executor that was not carried out. The client stays usable."""

    correlation_id: str | None = None
    """The correlation id of the request, where it had one."""


class ExecutorConnectionError(ExecutorClientError):
    """No executor answered, it refused the key, or the connection was lost. The next request connects anew."""


class ExecutableNotFoundError(ExecutorConnectionError):
    """The embedded executor cannot start, for its program is not installed."""

    hint = "install the package with its executable, put `codemode` on PATH, or set CODEMODE_EXECUTABLE to its path"


class ExecutorTimeoutError(ExecutorClientError):
    """The deadline of the whole request passed first. The execution was cancelled."""


class ExecutionFailedError(ExecutorClientError):
    """The program ran and did not complete. The executor and the client are fine.

    Attributes:
        result: The whole `ExecutionResult`: output, traceback, tool calls, usage.
    """

    def __init__(self, result: ExecutionResult) -> None:
        super().__init__(f"the execution {_ENDINGS.get(result.outcome, result.outcome)}: {result.error}")
        self.result = result
        self.correlation_id = result.correlation_id

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.result,)


_ENDINGS = {"rejected": "was rejected", "timed_out": "timed out", "cancelled": "was cancelled", "killed": "was killed"}


class UnknownToolError(ExecutorClientError, ValueError):
    """A tool was asked for that is not registered. Nothing was sent.

    Attributes:
        names: The names that are not registered.
    """

    def __init__(self, names: Sequence[str], registered: Sequence[str] | None) -> None:
        super().__init__("; ".join(_unknown(name, registered) for name in names))
        self.names = tuple(names)
        if registered is None:
            self.hint = "set `client.registry` to the ComponentRegistry that holds the tools"
        self._registered = registered

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.names, self._registered)


class RegistryError(CodemodeError):
    """A request that the registry refused. The registry is unchanged."""


class ComponentNotFoundError(RegistryError):
    """No component has this name."""


class ComponentAlreadyExistsError(RegistryError):
    """The name is taken and `overwrite` was not asked for."""


def _unknown(name: str, registered: Sequence[str] | None) -> str:
    if registered is None:
        return f"tool `{name}` is unknown: this client has no registry"
    return f"tool `{name}` is not registered{suggest(name, registered)}"


def suggest(name: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown name: `` (did you mean `x`?)``, or nothing where no name is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3)
    return f" (did you mean {', '.join(f'`{match}`' for match in near)}?)" if near else ""
