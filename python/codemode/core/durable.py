"""What an execution leaves in a store as it runs, so that it can go on when its application has died.

    begin ──► document, revision n
    a call ──► record: the journal's news, and with them the call    before its tool starts
    an approved call ──► record: it has begun                        before its tool starts
    an outcome ──► record                                            as soon as it is there
    a call waits ──► record: why                                     before the execution's end
    end ──► document `suspended` or `finished`, revision n + 1

An outcome is on the disk before the next call's tool starts, for it is among the journal's news then at the latest.

One writer at a time: a caller that finds its news written by another has waited for that. A store that refuses (another
client has taken the execution over, the disk is full) ends the execution: its next tool does not start.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from codemode._values import decode, encode
from codemode.core.checkpoint import Asked, Checkpoint, opened, sealed, unopened
from codemode.core.errors import CheckpointError

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.checkpoints import CheckpointState, CheckpointStore, StoredCheckpoint
    from codemode.core.models import ExecutionResult

_JOURNAL = b"J"
_ASKED = b"A"
_BEGUN = b"B"


class DurableExecution:
    """One execution in a store, for the client that runs it. Its methods block."""

    def __init__(self, store: CheckpointStore, key: _codemode.CheckpointKey, execution_id: str, revision: int) -> None:
        self._store, self._key = store, key
        self._execution_id, self._revision = execution_id, revision
        self._position = 0
        self._ended = False
        self._lock = threading.Lock()
        self.error: Exception | None = None
        """Why the execution was ended, where its store refused."""

    @classmethod
    def begin(cls, store: CheckpointStore, key: _codemode.CheckpointKey, checkpoint: Checkpoint) -> DurableExecution:
        """Stores an execution that is about to begin. Raises `CheckpointStoreError`."""
        revision = store.begin(checkpoint.execution_id, sealed(checkpoint.document(), key))
        return cls(store, key, checkpoint.execution_id, revision)

    @classmethod
    def take_over(
        cls, store: CheckpointStore, key: _codemode.CheckpointKey, checkpoint: Checkpoint
    ) -> DurableExecution:
        """Takes an execution that is about to be resumed from whoever had it. Raises `CheckpointConflictError`."""
        assert checkpoint.revision is not None
        document = sealed(checkpoint.document(), key)
        revision = store.replace(checkpoint.execution_id, checkpoint.revision, "running", document, checkpoint.position)
        return cls(store, key, checkpoint.execution_id, revision)

    def begin_call(self, execution: _codemode.Execution, call_id: int, *, resumed: bool) -> None:
        """Writes that a call begins. Returns when it is durable. Raises `CheckpointStoreError`: it must not begin.

        ``resumed``: the store has that it waits.
        """
        with self._lock:
            if self._ended:
                raise CheckpointError(f"the execution `{self._execution_id}` has ended")
            self._take_news(execution)
            if resumed:
                self._append(_BEGUN + str(call_id).encode())

    def record(self, execution: _codemode.Execution) -> None:
        """Writes what is new in the journal. Returns when it is durable. Raises `CheckpointStoreError`."""
        with self._lock:
            if not self._ended:
                self._take_news(execution)

    def ask(self, execution: _codemode.Execution, call_id: int, asked: Asked) -> None:
        """Writes that a call waits: else it would be uncertain after a crash. Raises `CheckpointStoreError`."""
        with self._lock:
            if not self._ended:
                self._take_news(execution)
                self._append(_ASKED + json.dumps([call_id, asked.reason, encode(asked.data)]).encode())

    def _take_news(self, execution: _codemode.Execution) -> None:
        if self.error is not None:
            raise self.error  # the news that could not be written are lost
        news = execution.journal_changes()
        if news:
            self._append(_JOURNAL + news)

    def _append(self, record: bytes) -> None:
        place = _place(self._execution_id, self._revision, self._position)
        try:
            self._store.append(self._execution_id, self._revision, self._position, [self._key.seal(place, record)])
        except Exception as error:
            self.error = error
            raise
        self._position += 1

    def end(self, result: ExecutionResult, checkpoint: Checkpoint) -> ExecutionResult:
        """Stores how it ended; the checkpoint of a suspended one goes on from there. Raises `CheckpointStoreError`."""
        suspended = result.outcome == "suspended"
        with self._lock:
            self._ended = True
            document = sealed(checkpoint.document(), self._key)
            state: CheckpointState = "suspended" if suspended else "finished"
            revision = self._store.replace(self._execution_id, self._revision, state, document)
        return replace(result, checkpoint=replace(checkpoint, revision=revision, position=0)) if suspended else result


def restored(stored: StoredCheckpoint, key: _codemode.CheckpointKey) -> Checkpoint:
    """The checkpoint of what a store has. Raises `CheckpointError`."""
    from codemode import _codemode

    if stored.state == "finished":
        raise CheckpointError(f"the execution `{stored.execution_id}` has finished: there is nothing to resume")
    checkpoint = Checkpoint.of_document(opened(stored.document, key))
    if checkpoint.execution_id != stored.execution_id:
        raise CheckpointError(
            f"the store has the execution `{checkpoint.execution_id}` under the id `{stored.execution_id}`"
        )
    news, asked = [], dict(checkpoint.asked)
    for position, record in enumerate(stored.records):
        try:
            content = key.open(_place(stored.execution_id, stored.revision, position), record)
        except ValueError as error:
            raise unopened(f"record {position} of the execution `{stored.execution_id}`", error) from error
        kind, content = content[:1], content[1:]
        if kind == _JOURNAL:
            news.append(content)
        elif kind == _BEGUN:
            asked.pop(int(content), None)
        elif kind == _ASKED:
            call_id, reason, data = json.loads(content)
            asked[call_id] = Asked(reason, decode(data))
        else:
            raise CheckpointError(
                f"record {position} of the execution `{stored.execution_id}` is of an unknown kind",
                "upgrade codemode here to the release that wrote it",
            )
    journal = checkpoint.journal
    if news:
        try:
            journal = _codemode.Journal.from_log(b"".join(news))
        except ValueError as error:
            raise CheckpointError(f"failed to read the journal of `{stored.execution_id}`: {error}") from error
    waiting = {call_id for call_id, _, _ in journal.pending()} if journal is not None else set()
    asked = {call_id: why for call_id, why in asked.items() if call_id in waiting}
    position = len(stored.records)
    return replace(checkpoint, journal=journal, asked=asked, revision=stored.revision, position=position)


def _place(execution_id: str, revision: int, position: int) -> bytes:
    return f"codemode record {execution_id} {revision} {position}".encode()
