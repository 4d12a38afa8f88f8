"""What a store of checkpoints keeps and promises. The stores of this package are in `directory`, `sqlite`, `postgres`.

A store keeps, for each execution, one document and the records that came after it. Both are opaque to it: they arrive
sealed.

    begin ─► running, revision 1 ──replace──► suspended, revision 2 ──replace──► running, revision 3 ──► finished
                 append, append …                                                    append …

Whoever replaces an execution's document takes it over: the revision that the former owner knows is no longer the
current one, and its `append` fails. A client that was thought dead and is not cannot begin another tool call; and where
it has begun one since the other looked, the taking over fails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from codemode.core.errors import CodemodeError

CheckpointState = Literal["running", "suspended", "finished"]
STATES: tuple[CheckpointState, ...] = ("running", "suspended", "finished")

_EXECUTION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class CheckpointStoreError(CodemodeError):
    """A store that could not do what it was asked to. What it holds is unchanged."""


class CheckpointNotFoundError(CheckpointStoreError):
    """The store has no such execution."""

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"no execution `{execution_id}` is stored")
        self.execution_id = execution_id

    def __reduce__(self) -> tuple[type[CheckpointNotFoundError], tuple[str]]:
        return type(self), (self.execution_id,)


class CheckpointConflictError(CheckpointStoreError):
    """Another client has taken the execution over, or it exists already. Nothing was written.

    Attributes:
        execution_id: The execution.
    """

    hint = "load the checkpoint again: it was resumed elsewhere, has gone on or has finished"

    def __init__(self, execution_id: str, message: str) -> None:
        super().__init__(message)
        self.execution_id = execution_id

    def __reduce__(self) -> tuple[type[CheckpointConflictError], tuple[str, str]]:
        return type(self), (self.execution_id, str(self))


@dataclass(frozen=True)
class StoredCheckpoint:
    """An execution as it is stored.

    Attributes:
        execution_id: The execution.
        revision: Grows with each `replace`.
        state: ``running`` (its client works on it, or died), ``suspended`` (it waits for answers) or ``finished``.
        document: What `begin` or the last `replace` stored.
        records: What was appended since, in order.
    """

    execution_id: str
    revision: int
    state: CheckpointState
    document: bytes
    records: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class CheckpointInfo:
    """A line of a store's list.

    Attributes:
        execution_id: The execution.
        state: See `StoredCheckpoint`.
        revision: See `StoredCheckpoint`.
        updated_at: When it was last begun or replaced, in seconds since 1970.
    """

    execution_id: str
    state: CheckpointState
    revision: int
    updated_at: float


@runtime_checkable
class CheckpointStore(Protocol):
    """A place for checkpoints. All methods block, may be called from any thread, and are durable when they return."""

    def begin(self, execution_id: str, document: bytes) -> int:
        """Stores a new execution, ``running``, and returns its revision.

        Raises:
            CheckpointConflictError: There is one of this id.
        """
        ...

    def append(self, execution_id: str, revision: int, position: int, records: Sequence[bytes]) -> None:
        """Adds records at ``position``: the number of records that this revision has. Repeating a call is harmless.

        Raises:
            CheckpointConflictError: ``revision`` is not the current one.
            CheckpointNotFoundError: There is no such execution.
        """
        ...

    def replace(
        self,
        execution_id: str,
        revision: int,
        state: CheckpointState,
        document: bytes,
        position: int | None = None,
    ) -> int:
        """Stores a new document in place of the old one and its records, and returns the new revision.

        ``position``: how many records the caller knows. Of a client that is alive after all there are more.

        Raises:
            CheckpointConflictError: ``revision`` is not the current one, or it has other than ``position`` records.
            CheckpointNotFoundError: There is no such execution.
        """
        ...

    def load(self, execution_id: str) -> StoredCheckpoint:
        """The execution as it is stored.

        Raises:
            CheckpointNotFoundError: There is no such execution.
        """
        ...

    def delete(self, execution_id: str) -> None:
        """Forgets the execution. Harmless where there is none."""
        ...

    def list(self, state: CheckpointState | None = None) -> list[CheckpointInfo]:
        """All executions, or those in one state, the one that waits longest first."""
        ...

    def close(self) -> None:
        """Gives back what it holds. Idempotent."""
        ...


def checked_id(execution_id: str) -> str:
    """``execution_id`` where it is one. Raises ``ValueError`` where it is not."""
    if not isinstance(execution_id, str) or not _EXECUTION_ID.fullmatch(execution_id):
        raise ValueError(f"execution_id must be 1 to 128 characters of A-Z, a-z, 0-9 and `._:-`, not {execution_id!r}")
    return execution_id


def exists(execution_id: str) -> CheckpointConflictError:
    """For `CheckpointStore.begin`."""
    return CheckpointConflictError(execution_id, f"the execution `{execution_id}` is stored already")


def goes_on(execution_id: str, position: int, records: int) -> CheckpointConflictError:
    """For an execution that is not where it was thought to be."""
    message = f"the execution `{execution_id}` has gone on: {records} records are there, not {position}"
    return CheckpointConflictError(execution_id, message)


def taken_over(execution_id: str, revision: int, current: int) -> CheckpointConflictError:
    """For a revision that is not the current one."""
    message = f"the execution `{execution_id}` was taken over: its revision is {current}, not {revision}"
    return CheckpointConflictError(execution_id, message)
