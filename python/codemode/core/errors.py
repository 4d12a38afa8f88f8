"""The exceptions that the application sees.

    CodemodeError
    ├── ExecutorClientError            the request was not carried out, or the program did not complete
    │   ├── ExecutorConnectionError    no executor answered, or it refused the key
    │   │   └── ExecutableNotFoundError  the embedded executor's program is not installed
    │   ├── ExecutorTimeoutError       the request's deadline passed; the execution was cancelled
    │   ├── ReplayDivergedError        an execution that was run again did not do what its journal says; it was stopped
    │   ├── ExecutionFailedError       the program ran and did not complete; `.result` has everything
    │   │   └── ExecutionSuspendedError  it waits for answers; `.result.checkpoint` goes on
    │   └── UnknownToolError           a tool was asked for that is not registered; nothing was sent (also a ValueError)
    ├── CheckpointError                a checkpoint cannot be read, or not be resumed; nothing was run
    │   └── UncertainCallError         nobody said what became of a call that was in flight when the application died
    ├── CheckpointStoreError           a store of checkpoints refused (`codemode.checkpoints`)
    └── RegistryError
        ├── ComponentNotFoundError
        └── ComponentAlreadyExistsError

They are imported from ``codemode``, ``codemode.core.executor_client`` and ``codemode.core.registry``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codemode.core.checkpoint import Checkpoint
    from codemode.core.journal import Journal
    from codemode.core.models import ExecutionResult


class CodemodeError(Exception):
    """The root of all exceptions of this package."""

    hint: str | None = None
    """What to do about it, naming a command or a setting."""


class ExecutorClientError(CodemodeError):
    """A request to an executor that was not carried out. The client stays usable."""

    correlation_id: str | None = None
    """The correlation id of the request, where it had one."""

    journal: Journal | None = None
    """The tool calls that the execution had made, where it was sent."""

    checkpoint: Checkpoint | None = None
    """What `Codemode.resume` goes on from, where tools were called; of an execution that is kept, the store has it."""


class ExecutorConnectionError(ExecutorClientError):
    """No executor answered, it refused the key, or the connection was lost. The next request connects anew."""


class ExecutableNotFoundError(ExecutorConnectionError):
    """The embedded executor cannot start, for its program is not installed."""

    hint = "install the package with its executable, put `codemode` on PATH, or set CODEMODE_EXECUTABLE to its path"


class ExecutorTimeoutError(ExecutorClientError):
    """The deadline of the whole request passed first. The execution was cancelled."""


class ReplayDivergedError(ExecutorClientError):
    """An execution that was run again with its journal did something that the journal does not explain.

    It was stopped before it made a tool call of its own. Trying again may do the same.

    Attributes:
        call_id: The first call of the journal that the program did not make; 0 where there is none.
        message: What the journal has, and what the program did instead.
        journal: The tool calls that had been made.
    """

    def __init__(self, text: str, call_id: int = 0, message: str = "") -> None:
        super().__init__(text)
        self.call_id = call_id
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.call_id, self.message), self.__dict__


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


_ENDINGS = {
    "suspended": "is suspended",
    "rejected": "was rejected",
    "timed_out": "timed out",
    "cancelled": "was cancelled",
    "killed": "was killed",
}


class ExecutionSuspendedError(ExecutionFailedError):
    """The program waits for answers to some of its calls. Only where a result cannot say so: `Codemode.execute`.

    Attributes:
        result: Its ``pending`` says which calls, its ``checkpoint`` goes to `Codemode.resume`.
    """


class CheckpointError(CodemodeError):
    """A checkpoint that cannot be read, or not be resumed so. Nothing was run."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class UncertainCallError(CheckpointError):
    """A call was in flight when the application died, and nobody said what became of it. Nothing was run.

    Attributes:
        call_ids: The calls.
    """

    hint = "answer them in `results`: Return(value) or Fail(error) with what the tool did, Retry() where it did nothing"

    def __init__(self, execution_id: str, calls: Sequence[tuple[int, str]]) -> None:
        named = ", ".join(f"{call_id} (`{tool}`)" for call_id, tool in calls)
        super().__init__(f"it is uncertain what became of the calls {named} of the execution `{execution_id}`")
        self.call_ids = [call_id for call_id, _ in calls]
        self._parts = execution_id, calls

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._parts


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
