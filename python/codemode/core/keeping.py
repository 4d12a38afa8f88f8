"""What a client does with its store of checkpoints: begins executions there, loads them, takes them over, ends them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codemode.core.checkpoint import Checkpoint, sealing
from codemode.core.durable import DurableExecution, restored
from codemode.core.errors import CheckpointError
from codemode.core.names import described

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.checkpoints import CheckpointStore
    from codemode.core.models import ExecutionResult
    from codemode.core.request import Request

KEY_VARIABLE = "CODEMODE_CHECKPOINT_KEY"
"""Environment variable: the key that seals checkpoints in a store, where the application gives none."""


@dataclass(frozen=True)
class Keeping:
    """A store, and the key that seals what is put there. All methods block."""

    store: CheckpointStore
    key: _codemode.CheckpointKey

    @classmethod
    def of(cls, store: Any, key: bytes | str | None) -> Keeping | None:
        """Of the arguments ``checkpoints`` and ``checkpoint_key``.

        Raises:
            ValueError: One of them cannot be used.
        """
        if store is None:
            if key is not None:
                raise ValueError("checkpoint_key is of no use without checkpoints=…, the store")
            return None
        from codemode.checkpoints import CheckpointStore

        if not isinstance(store, CheckpointStore):
            raise ValueError(f"checkpoints must be a store of codemode.checkpoints, not {described(store)}")
        if key is not None and not isinstance(key, (bytes, str)):
            raise ValueError(f"checkpoint_key must be bytes or a str, not of type {type(key).__name__}")
        if key is None:
            key = os.environ.get(KEY_VARIABLE) or None
        try:
            return cls(store, sealing(key))
        except ValueError as error:
            raise ValueError(f"checkpoint_key: {error}") from error

    def begin(self, request: Request) -> Request:
        """Stores an execution that is about to begin. Raises `CheckpointStoreError`; it must not begin then."""
        return replace(request, durable=DurableExecution.begin(self.store, self.key, request.checkpoint(None)))

    def load(self, execution_id: str) -> Checkpoint:
        """The execution as it is stored.

        Raises:
            CheckpointNotFoundError: There is no such execution.
            CheckpointError: It has finished, was changed, or is sealed with another key.
        """
        return restored(self.store.load(execution_id), self.key)

    def take_over(self, request: Request, checkpoint: Checkpoint) -> Request:
        """Takes an execution that is about to be resumed from whoever had it. ``checkpoint`` has the answers.

        Raises:
            CheckpointConflictError: It was resumed, or has finished, since it was loaded.
        """
        return replace(request, durable=DurableExecution.take_over(self.store, self.key, checkpoint))


def check_kept(keeping: Keeping | None, checkpoint: Checkpoint) -> None:
    """Raises `CheckpointError` for a checkpoint that only its store can say is the current one."""
    if checkpoint.revision is not None and keeping is None:
        raise CheckpointError(
            f"the execution `{checkpoint.execution_id}` is kept in a store, and this client has none",
            "give the client the store: checkpoints=…",
        )


def ended(request: Request, result: ExecutionResult) -> ExecutionResult:
    """Stores how a durable execution ended. Blocks. Raises `CheckpointStoreError`."""
    if request.durable is None:
        return result
    checkpoint = result.checkpoint
    if checkpoint is None:
        checkpoint = request.checkpoint(result.journal.core if result.journal is not None else None)
    return request.durable.end(result, checkpoint)
