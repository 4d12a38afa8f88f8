"""Checkpoints as files, for one host.

    DIRECTORY/e-<execution id>/lock         held while anything of it is read or written; there as long as it is
                              /document     revision and state in its first line, then the document
                              /records-<n>  what was appended to revision n: length, checksum, record

A document is written to a file of its own and renamed over the old one. A record that was cut short by a crash is
dropped: the call that wrote it never returned, so nobody relied on it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

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

_PREFIX = "e-"  # so that no id can be `..`, or hidden
_RECORD = struct.Struct("<II")  # length and CRC-32 of a record


class DirectoryStore:
    """A store in a directory of the local file system. Several processes of one host may use it at once."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        """Makes the directory where there is none, for its owner alone.

        Raises:
            CheckpointStoreError: It cannot be made or used.
        """
        self._root = Path(directory)
        self._ends: dict[Path, tuple[int, int]] = {}
        with _named(f"use the directory `{self._root}`"):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def begin(self, execution_id: str, document: bytes) -> int:
        """See `CheckpointStore`."""
        with self._locked(execution_id, make=True) as place:
            if (place / "document").exists():
                raise exists(execution_id)
            # Of one of this id that was deleted half-way.
            self._clear(place)
            _write(place, 1, "running", document)
        return 1

    def append(self, execution_id: str, revision: int, position: int, records: Sequence[bytes]) -> None:
        """See `CheckpointStore`."""
        with self._locked(execution_id) as place:
            current, _ = _head(execution_id, place)
            if current != revision:
                raise taken_over(execution_id, revision, current)
            path = place / f"records-{revision}"
            there, end = self._end(path)
            new = records[max(0, there - position) :]
            if there < position:
                raise CheckpointStoreError(f"records of `{execution_id}` are missing: {there} of {position} are there")
            frames = b"".join(_RECORD.pack(len(record), zlib.crc32(record)) + record for record in new)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                # What a crash left half written goes.
                os.ftruncate(descriptor, end)
                written = 0
                while written < len(frames):
                    written += os.pwrite(descriptor, frames[written:], end + written)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if not there:
                _sync(place)
            self._ends[path] = there + len(new), end + len(frames)

    def replace(
        self,
        execution_id: str,
        revision: int,
        state: CheckpointState,
        document: bytes,
        position: int | None = None,
    ) -> int:
        """See `CheckpointStore`."""
        with self._locked(execution_id) as place:
            current, _ = _head(execution_id, place)
            if current != revision:
                raise taken_over(execution_id, revision, current)
            path = place / f"records-{revision}"
            if position is not None:
                there, _ = self._end(path)
                if there != position:
                    raise goes_on(execution_id, position, there)
            _write(place, revision + 1, state, document)
            path.unlink(missing_ok=True)
            self._ends.pop(path, None)
        return revision + 1

    def load(self, execution_id: str) -> StoredCheckpoint:
        """See `CheckpointStore`."""
        with self._locked(execution_id) as place:
            revision, state = _head(execution_id, place)
            document = (place / "document").read_bytes().partition(b"\n")[2]
            records, _ = _records(place / f"records-{revision}")
        return StoredCheckpoint(execution_id, revision, state, document, tuple(records))

    def delete(self, execution_id: str) -> None:
        """See `CheckpointStore`."""
        try:
            with self._locked(execution_id) as place:
                # First, and on the disk: without it the execution is not there, whatever else a crash leaves of it.
                (place / "document").unlink(missing_ok=True)
                _sync(place)
                self._clear(place)
                (place / "lock").unlink()
                _remove(place)
        except CheckpointNotFoundError:
            _remove(self._root / (_PREFIX + execution_id))

    def list(self, state: CheckpointState | None = None) -> list[CheckpointInfo]:
        """See `CheckpointStore`."""
        found = []
        for place in self._root.glob(f"{_PREFIX}*"):
            execution_id = place.name[len(_PREFIX) :]
            with contextlib.suppress(CheckpointNotFoundError, FileNotFoundError):
                revision, current = _head(execution_id, place)
                if state in (None, current):
                    updated = (place / "document").stat().st_mtime
                    found.append(CheckpointInfo(execution_id, current, revision, updated))
        return sorted(found, key=lambda info: (info.updated_at, info.execution_id))

    def close(self) -> None:
        """See `CheckpointStore`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"DirectoryStore({str(self._root)!r})"

    def _clear(self, place: Path) -> None:
        """Removes what is there beside the lock, which the caller has."""
        for path in place.iterdir():
            if path.name != "lock":
                path.unlink()
                self._ends.pop(path, None)

    def _end(self, path: Path) -> tuple[int, int]:
        """How many records a file has, and where the last one ends: known, where nobody else has written to it."""
        known = self._ends.get(path)
        if known is not None:
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_size == known[1]:
                    return known
        records, end = _records(path)
        return len(records), end

    @contextlib.contextmanager
    def _locked(self, execution_id: str, *, make: bool = False) -> Iterator[Path]:
        """The execution's directory, for this caller alone."""
        place = self._root / (_PREFIX + checked_id(execution_id))
        with _named(f"use `{place}`"):
            while True:
                if make:
                    try:
                        place.mkdir(mode=0o700)
                    except FileExistsError:
                        if place.is_symlink():
                            raise
                # Made by who begins it, or where somebody cleaned up: another's would be left by who deletes it now.
                create = os.O_CREAT if make or (place / "document").exists() else 0
                try:
                    lock = os.open(place / "lock", os.O_RDWR | os.O_CLOEXEC | create, 0o600)
                except FileNotFoundError:
                    if make:  # Deleted in between.
                        continue
                    raise CheckpointNotFoundError(execution_id) from None
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    if os.fstat(lock).st_nlink == 0:  # Deleted while it was waited for.
                        continue
                    yield place
                    return
                finally:
                    os.close(lock)


def _remove(place: Path) -> None:
    """Removes a directory that is empty. One whose id is free may be somebody's again."""
    try:
        place.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    _sync(place.parent)


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointStoreError(f"failed to {what}: {error.strerror or error}") from error


def _head(execution_id: str, place: Path) -> tuple[int, CheckpointState]:
    """Revision and state of what is stored."""
    try:
        with (place / "document").open("rb") as file:
            revision, state = file.readline(64).split()
    except FileNotFoundError:
        raise CheckpointNotFoundError(execution_id) from None
    except ValueError:
        raise CheckpointStoreError(
            f"`{place / 'document'}` is damaged: its first line is not one of a checkpoint"
        ) from None
    for known in STATES:
        if state == known.encode() and revision.isdigit():
            return int(revision), known
    raise _damaged(place)


def _damaged(place: Path) -> CheckpointStoreError:
    return CheckpointStoreError(f"`{place / 'document'}` is damaged: its first line is not one of a checkpoint")


def _write(place: Path, revision: int, state: CheckpointState, document: bytes) -> None:
    if state not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}, not {state!r}")
    temporary = place / "document.new"
    with open(temporary, "wb", opener=_private) as file:
        file.write(b"%d %s\n" % (revision, state.encode()))
        file.write(document)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(place / "document")
    _sync(place)
    if revision == 1:
        _sync(place.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(directory: Path) -> None:
    """A name in a directory outlives a crash only when the directory was written."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _records(path: Path) -> tuple[list[bytes], int]:
    """The whole records of a file, and where the last one ends."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    records: list[bytes] = []
    end = 0
    while len(data) - end >= _RECORD.size:
        length, checksum = _RECORD.unpack_from(data, end)
        record = data[end + _RECORD.size : end + _RECORD.size + length]
        if len(record) < length or zlib.crc32(record) != checksum:
            break
        records.append(record)
        end += _RECORD.size + length
    return records, end
