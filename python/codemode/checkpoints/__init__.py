"""Checkpoints: executions that wait, or whose application may die, and where they are kept.

See `codemode.checkpoints.store` for what a store promises, and docs/guides/approvals.md for how to use one.
"""

from __future__ import annotations

from codemode.checkpoints.directory import DirectoryStore as DirectoryStore
from codemode.checkpoints.postgres import PostgresStore as PostgresStore
from codemode.checkpoints.sqlite import SqliteStore as SqliteStore
from codemode.checkpoints.store import (
    CheckpointConflictError as CheckpointConflictError,
)
from codemode.checkpoints.store import (
    CheckpointInfo as CheckpointInfo,
)
from codemode.checkpoints.store import (
    CheckpointNotFoundError as CheckpointNotFoundError,
)
from codemode.checkpoints.store import (
    CheckpointState as CheckpointState,
)
from codemode.checkpoints.store import (
    CheckpointStore as CheckpointStore,
)
from codemode.checkpoints.store import (
    CheckpointStoreError as CheckpointStoreError,
)
from codemode.checkpoints.store import (
    StoredCheckpoint as StoredCheckpoint,
)

__all__ = [
    "CheckpointConflictError",
    "CheckpointInfo",
    "CheckpointNotFoundError",
    "CheckpointState",
    "CheckpointStore",
    "CheckpointStoreError",
    "DirectoryStore",
    "PostgresStore",
    "SqliteStore",
    "StoredCheckpoint",
]
