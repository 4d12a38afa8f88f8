"""The ledger: one row for each effect that happened, written by the tools in the clients' processes.

Rows are never refused: an effect that happens twice is two rows, which is what the tally looks for.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path


class Ledger:
    """A SQLite file that several processes and threads write to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        with self._connection() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS effects (run TEXT NOT NULL, step TEXT NOT NULL, amount INTEGER NOT NULL,"
                " key TEXT NOT NULL, pid INTEGER NOT NULL)"
            )
            connection.execute("CREATE INDEX IF NOT EXISTS effects_of_a_run ON effects (run, step)")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            # A killed process loses nothing that was committed; only the machine's end could.
            connection.execute("PRAGMA synchronous = OFF")
        return connection

    def write(self, run: str, step: str, amount: int, key: str, pid: int) -> None:
        """The effect. It is there, whatever becomes of the process, when this returns."""
        self._connection().execute("INSERT INTO effects VALUES (?, ?, ?, ?, ?)", (run, step, amount, key, pid))

    def has(self, run: str, step: str) -> bool:
        """Whether the effect happened."""
        found = self._connection().execute("SELECT 1 FROM effects WHERE run = ? AND step = ?", (run, step))
        return found.fetchone() is not None

    def count(self) -> int:
        """Rows."""
        return int(self._connection().execute("SELECT count(*) FROM effects").fetchone()[0])

    def steps(self) -> dict[str, list[str]]:
        """The effects of each run in their order; one that happened twice is there twice."""
        steps: dict[str, list[str]] = {}
        for run, step in self._rows():
            steps.setdefault(run, []).append(step)
        return steps

    def executions(self) -> dict[str, str]:
        """The execution of each run that had an effect, by the idempotency keys of its tool calls."""
        rows = self._connection().execute("SELECT run, max(key) FROM effects GROUP BY run")
        return {run: key.rpartition(":")[0] for run, key in rows}

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield from self._connection().execute("SELECT run, step FROM effects ORDER BY rowid")

    def close(self) -> None:
        """Closes this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            del self._local.connection
