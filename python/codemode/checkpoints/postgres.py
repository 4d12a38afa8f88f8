"""Checkpoints in PostgreSQL, for a fleet of applications. Needs psycopg: ``pip install 'codemode[postgres]'``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from codemode.checkpoints.sql import SqlStore
from codemode.checkpoints.store import CheckpointStoreError


class PostgresStore(SqlStore):
    """A store in a PostgreSQL database, over one connection that is opened again when it was lost."""

    _parameter = "%s"
    _bytes = "BYTEA"
    _for_update = " FOR UPDATE"

    def __init__(self, conninfo: str) -> None:
        """Connects, and makes its two tables where there are none.

        Args:
            conninfo: As psycopg takes it: ``postgresql://user@host/database``. It is never shown in an error.

        Raises:
            CheckpointStoreError: The database cannot be used.
            ImportError: psycopg is not installed.
        """
        super().__init__()
        try:
            import psycopg
        except ImportError as error:
            raise ImportError("PostgresStore needs psycopg: pip install 'codemode[postgres]'") from error
        self._psycopg = psycopg
        self._conninfo = conninfo
        self._connection: Any = None
        self._closed = False
        self._make_tables()

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._lock:
            if self._closed:
                raise CheckpointStoreError("the store of checkpoints has been closed")
            try:
                connection = self._connected()
                with connection.transaction(), connection.cursor() as cursor:
                    # Whatever the server's default: a checkpoint that was acknowledged is on its disk.
                    cursor.execute("SET LOCAL synchronous_commit = on")
                    yield cursor
            except self._psycopg.Error as error:
                if self._connection is not None and self._connection.broken:
                    self._connection.close()
                raise CheckpointStoreError(f"failed to use the checkpoints in PostgreSQL: {error}") from error

    def _connected(self) -> Any:
        """The connection, a new one where the server or the network has ended the last."""
        if self._connection is not None and not self._connection.closed:
            try:
                self._connection.execute("SELECT 1")
            except self._psycopg.OperationalError:
                self._connection.close()
        if self._connection is None or self._connection.closed:
            self._connection = self._psycopg.connect(self._conninfo, autocommit=True, connect_timeout=10)
        return self._connection

    def close(self) -> None:
        """See `CheckpointStore`."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    def __repr__(self) -> str:
        return "PostgresStore(…)"
