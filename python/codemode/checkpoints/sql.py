"""Checkpoints in two tables, as SQLite and PostgreSQL have them in common."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from codemode.checkpoints.store import (
    STATES,
    CheckpointInfo,
    CheckpointNotFoundError,
    CheckpointState,
    CheckpointStoreError,
    StoredCheckpoint,
    checked_id,
    exists,
    goes_on,
    taken_over,
)

if TYPE_CHECKING:
    from typing_extensions import Self

_TABLES = (
    """CREATE TABLE IF NOT EXISTS codemode_checkpoints (
        execution_id TEXT PRIMARY KEY, revision BIGINT NOT NULL, state TEXT NOT NULL,
        updated_at DOUBLE PRECISION NOT NULL, document {bytes} NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS codemode_checkpoint_records (
        execution_id TEXT NOT NULL REFERENCES codemode_checkpoints ON DELETE CASCADE, position BIGINT NOT NULL,
        record {bytes} NOT NULL, PRIMARY KEY (execution_id, position))""",
)


class SqlStore(ABC):
    """A store over one connection, which its methods use one after the other."""

    _parameter: str
    """How a statement names a parameter."""
    _bytes: str
    """The type of bytes."""
    _for_update: str
    """The end of a statement that locks the row that it reads until the transaction ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Any]:
        """A cursor in a transaction that is durable at its end, and taken back by an exception. Under the lock.

        Raises:
            CheckpointStoreError: The database refused it.
        """

    @abstractmethod
    def close(self) -> None:
        """See `CheckpointStore`."""

    def _make_tables(self) -> None:
        with self._transaction() as cursor:
            for table in _TABLES:
                cursor.execute(table.format(bytes=self._bytes))

    def _run(self, cursor: Any, statement: str, *parameters: object) -> Any:
        return cursor.execute(statement.replace("?", self._parameter), parameters)

    def _revision(self, cursor: Any, execution_id: str, revision: int) -> None:
        """Holds the execution's row. Raises where it is not at ``revision``."""
        statement = "SELECT revision FROM codemode_checkpoints WHERE execution_id = ?"
        row = self._run(cursor, statement + self._for_update, execution_id).fetchone()
        if row is None:
            raise CheckpointNotFoundError(execution_id)
        if row[0] != revision:
            raise taken_over(execution_id, revision, row[0])

    def begin(self, execution_id: str, document: bytes) -> int:
        """See `CheckpointStore`."""
        with self._transaction() as cursor:
            self._run(
                cursor,
                "INSERT INTO codemode_checkpoints (execution_id, revision, state, updated_at, document)"
                " VALUES (?, 1, 'running', ?, ?) ON CONFLICT DO NOTHING",
                checked_id(execution_id),
                time.time(),
                document,
            )
            if cursor.rowcount != 1:
                raise exists(execution_id)
        return 1

    def append(self, execution_id: str, revision: int, position: int, records: Sequence[bytes]) -> None:
        """See `CheckpointStore`."""
        with self._transaction() as cursor:
            self._revision(cursor, checked_id(execution_id), revision)
            for offset, record in enumerate(records):
                self._run(
                    cursor,
                    "INSERT INTO codemode_checkpoint_records (execution_id, position, record)"
                    " VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    execution_id,
                    position + offset,
                    record,
                )

    def replace(
        self,
        execution_id: str,
        revision: int,
        state: CheckpointState,
        document: bytes,
        position: int | None = None,
    ) -> int:
        """See `CheckpointStore`."""
        if state not in STATES:
            raise ValueError(f"state must be one of {', '.join(STATES)}, not {state!r}")
        with self._transaction() as cursor:
            self._revision(cursor, checked_id(execution_id), revision)
            if position is not None:
                statement = "SELECT count(*) FROM codemode_checkpoint_records WHERE execution_id = ?"
                (there,) = self._run(cursor, statement, execution_id).fetchone()
                if there != position:
                    raise goes_on(execution_id, position, there)
            self._run(
                cursor,
                "UPDATE codemode_checkpoints SET revision = ?, state = ?, updated_at = ?, document = ?"
                " WHERE execution_id = ?",
                revision + 1,
                state,
                time.time(),
                document,
                execution_id,
            )
            self._run(cursor, "DELETE FROM codemode_checkpoint_records WHERE execution_id = ?", execution_id)
        return revision + 1

    def load(self, execution_id: str) -> StoredCheckpoint:
        """See `CheckpointStore`."""
        with self._transaction() as cursor:
            statement = "SELECT revision, state, document FROM codemode_checkpoints WHERE execution_id = ?"
            row = self._run(cursor, statement + self._for_update, checked_id(execution_id)).fetchone()
            if row is None:
                raise CheckpointNotFoundError(execution_id)
            rows = self._run(
                cursor,
                "SELECT position, record FROM codemode_checkpoint_records WHERE execution_id = ? ORDER BY position",
                execution_id,
            ).fetchall()
        if [position for position, _ in rows] != list(range(len(rows))):
            raise CheckpointStoreError(f"records of `{execution_id}` are missing: the store is damaged")
        records = tuple(bytes(record) for _, record in rows)
        return StoredCheckpoint(execution_id, row[0], cast(CheckpointState, row[1]), bytes(row[2]), records)

    def delete(self, execution_id: str) -> None:
        """See `CheckpointStore`."""
        with self._transaction() as cursor:
            for table in ("codemode_checkpoint_records", "codemode_checkpoints"):
                self._run(cursor, f"DELETE FROM {table} WHERE execution_id = ?", checked_id(execution_id))  # noqa: S608

    def list(self, state: CheckpointState | None = None) -> list[CheckpointInfo]:
        """See `CheckpointStore`."""
        statement = "SELECT execution_id, state, revision, updated_at FROM codemode_checkpoints"
        order = " ORDER BY updated_at, execution_id"
        with self._transaction() as cursor:
            if state is None:
                rows = self._run(cursor, statement + order).fetchall()
            else:
                rows = self._run(cursor, f"{statement} WHERE state = ?{order}", state).fetchall()
        return [CheckpointInfo(*row) for row in rows]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
