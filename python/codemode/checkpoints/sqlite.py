"""Checkpoints in a SQLite file, for one host."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codemode.checkpoints.sql import SqlStore
from codemode.checkpoints.store import CheckpointStoreError

_BUSY = 10.0  # seconds that a process waits for another one's transaction, each of which takes milliseconds


class SqliteStore(SqlStore):
    """A store in a SQLite file. Several processes of one host may use it at once; not over a network file system."""

    _parameter = "?"
    _bytes = "BLOB"
    _for_update = ""  # A transaction that writes holds the whole file.

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Opens the file, and makes it where there is none.

        Raises:
            CheckpointStoreError: It cannot be opened, or is something else.
        """
        super().__init__()
        self._path = Path(path)
        try:
            self._path.touch(mode=0o600)
            self._connection = sqlite3.connect(self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as error:
            raise self._unopened(error) from error
        try:
            # Written ahead, and on the disk before a transaction ends.
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._make_tables()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise self._unopened(error) from error
            raise

    def _unopened(self, error: Exception) -> CheckpointStoreError:
        return CheckpointStoreError(f"failed to open the checkpoints in `{self._path}`: {error}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            try:
                cursor = self._connection.cursor()
                cursor.execute("BEGIN IMMEDIATE")
                try:
                    yield cursor
                except BaseException:
                    self._connection.rollback()
                    raise
                cursor.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection_open() and self._connection.in_transaction:
                    self._connection.rollback()
                raise CheckpointStoreError(f"failed to use the checkpoints in `{self._path}`: {error}") from error

    def _connection_open(self) -> bool:
        try:
            return self._connection.total_changes >= 0
        except sqlite3.ProgrammingError:
            return False

    def close(self) -> None:
        """See `CheckpointStore`."""
        with self._lock:
            self._connection.close()

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._path)!r})"
