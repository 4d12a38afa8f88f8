"""What a store promises, of each store: the real file system, SQLite, and a real PostgreSQL server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codemode.checkpoints import (
    CheckpointConflictError,
    CheckpointNotFoundError,
    CheckpointStore,
    CheckpointStoreError,
    DirectoryStore,
    PostgresStore,
    SqliteStore,
    StoredCheckpoint,
)

from .conftest import Opener
from .postgres import Server


def test_what_was_stored_is_loaded_by_another(opener: Opener) -> None:
    store = opener()
    assert isinstance(store, CheckpointStore)
    assert store.begin("exec.1:a-b_c", b"document\nwith\0bytes") == 1
    store.append("exec.1:a-b_c", 1, 0, [b"first", b""])
    store.append("exec.1:a-b_c", 1, 2, [b"third\n"])
    assert opener().load("exec.1:a-b_c") == StoredCheckpoint(
        "exec.1:a-b_c", 1, "running", b"document\nwith\0bytes", (b"first", b"", b"third\n")
    )


def test_replace_drops_the_records_and_fences_the_former_owner(opener: Opener) -> None:
    former, latter = opener(), opener()
    former.begin("e", b"1")
    former.append("e", 1, 0, [b"record"])
    assert latter.replace("e", 1, "suspended", b"2") == 2
    assert latter.load("e") == StoredCheckpoint("e", 2, "suspended", b"2")
    for late in (
        lambda: former.append("e", 1, 1, [b"late"]),
        lambda: former.replace("e", 1, "finished", b"late"),
    ):
        with pytest.raises(CheckpointConflictError, match="`e` was taken over: its revision is 2, not 1") as caught:
            late()
        assert caught.value.execution_id == "e"
        assert caught.value.hint is not None
    assert latter.load("e") == StoredCheckpoint("e", 2, "suspended", b"2")


def test_an_execution_that_goes_on_is_not_taken_over(opener: Opener) -> None:
    former, latter = opener(), opener()
    former.begin("e", b"1")
    former.append("e", 1, 0, [b"record"])
    known = latter.load("e")
    former.append("e", 1, 1, [b"later"])
    with pytest.raises(CheckpointConflictError, match="`e` has gone on: 2 records are there, not 1") as caught:
        latter.replace("e", 1, "running", b"2", len(known.records))
    assert caught.value.execution_id == "e"
    former.append("e", 1, 2, [b"third"])
    assert latter.load("e") == StoredCheckpoint("e", 1, "running", b"1", (b"record", b"later", b"third"))
    assert latter.replace("e", 1, "running", b"2", 3) == 2


def test_an_execution_is_begun_once(store: CheckpointStore) -> None:
    store.begin("e", b"1")
    with pytest.raises(CheckpointConflictError, match="the execution `e` is stored already"):
        store.begin("e", b"2")
    assert store.load("e").document == b"1"


def test_an_unknown_execution_is_named(store: CheckpointStore) -> None:
    for call in (
        lambda: store.load("nobody"),
        lambda: store.append("nobody", 1, 0, [b"x"]),
        lambda: store.replace("nobody", 1, "finished", b"x"),
    ):
        with pytest.raises(CheckpointNotFoundError, match="no execution `nobody` is stored"):
            call()
    store.delete("nobody")


@pytest.mark.parametrize("execution_id", ["", "..", "a/b", "a\0", "é", "x" * 129, None])
def test_an_id_is_no_path(store: CheckpointStore, execution_id: str) -> None:
    if execution_id == "..":
        # An id like another, and no place outside of the store.
        store.begin(execution_id, b"x")
        assert store.load(execution_id).document == b"x"
        return
    with pytest.raises(ValueError, match="execution_id must be 1 to 128 characters"):
        store.begin(execution_id, b"x")


def test_an_unknown_state_is_refused(store: CheckpointStore) -> None:
    store.begin("e", b"1")
    with pytest.raises(ValueError, match="state must be one of running, suspended, finished, not 'odd'"):
        store.replace("e", 1, "odd", b"2")  # type: ignore[arg-type]
    assert store.load("e").revision == 1


def test_appending_again_changes_nothing(store: CheckpointStore) -> None:
    store.begin("e", b"1")
    store.append("e", 1, 0, [b"a", b"b"])
    store.append("e", 1, 0, [b"a", b"b"])
    store.append("e", 1, 1, [b"b", b"c"])
    assert store.load("e").records == (b"a", b"b", b"c")


def test_a_deleted_execution_is_gone_and_its_id_free(store: CheckpointStore) -> None:
    store.begin("e", b"1")
    store.append("e", 1, 0, [b"a"])
    store.delete("e")
    with pytest.raises(CheckpointNotFoundError):
        store.load("e")
    assert store.begin("e", b"2") == 1
    assert store.load("e") == StoredCheckpoint("e", 1, "running", b"2")


def test_deleting_is_no_ones_failure(store: CheckpointStore) -> None:
    """Whoever uses an execution that others delete and begin anew hears that it is not there, or is another's."""
    over = time.monotonic() + 1.5
    failures: list[BaseException] = []

    def often(call: Callable[[], object]) -> None:
        while time.monotonic() < over and not failures:
            try:
                call()
            except (CheckpointNotFoundError, CheckpointConflictError):
                pass
            except BaseException as error:
                failures.append(error)

    calls = [
        lambda: store.begin("e", b"1"),
        lambda: store.append("e", 1, 0, [b"x"]),
        lambda: store.load("e"),
        lambda: store.replace("e", 1, "suspended", b"2"),
        lambda: store.delete("e"),
        lambda: store.delete("e"),
        store.list,
    ]
    threads = [threading.Thread(target=often, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store.delete("e")
    assert store.begin("e", b"1") == 1
    assert store.load("e") == StoredCheckpoint("e", 1, "running", b"1")


def test_a_delete_that_is_cut_short_leaves_the_old_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a document without its records, and never records for the next of that id."""
    whole = StoredCheckpoint("e", 1, "running", b"1", (b"first", b"second"))
    cuts, number = 0, 0
    unlink = Path.unlink

    def cut(path: Path, missing_ok: bool = False) -> None:
        nonlocal number
        number += 1
        if number > cuts:
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    for again in (DirectoryStore.delete, lambda store, name: store.begin(name, b"new")):
        for cuts in range(4):
            store = DirectoryStore(tmp_path / f"{again.__name__.strip('<>')}-{cuts}")
            store.begin("e", b"1")
            store.append("e", 1, 0, whole.records)
            number = 0
            with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
                patch.setattr(Path, "unlink", cut)
                store.delete("e")
            other = DirectoryStore(tmp_path / f"{again.__name__.strip('<>')}-{cuts}")
            if cuts == 0:
                assert other.load("e") == whole
                continue
            with pytest.raises(CheckpointNotFoundError):
                other.load("e")
            again(other, "e")
            if again is not DirectoryStore.delete:
                assert other.load("e") == StoredCheckpoint("e", 1, "running", b"new")
                other.append("e", 1, 0, [b"its own"])
                assert other.load("e").records == (b"its own",)
                other.delete("e")
            assert list((other._root).iterdir()) == []


def test_a_lock_that_was_cleaned_away_is_made_anew(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.begin("e", b"1")
    (tmp_path / "e-e" / "lock").unlink()
    store.append("e", 1, 0, [b"record"])
    assert store.load("e").records == (b"record",)
    store.delete("e")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "e-link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CheckpointStoreError, match="failed to use"):
        store.begin("link", b"1")


def test_a_list_has_the_longest_waiting_first(store: CheckpointStore) -> None:
    for name in ("a", "b", "c"):
        store.begin(name, b"")
    time.sleep(0.05)  # the times of files go on in steps of some milliseconds
    store.replace("a", 1, "suspended", b"")
    assert [(info.execution_id, info.state, info.revision) for info in store.list()] == [
        ("b", "running", 1),
        ("c", "running", 1),
        ("a", "suspended", 2),
    ]
    assert [info.execution_id for info in store.list("suspended")] == ["a"]
    assert store.list("finished") == []


def test_of_many_who_take_over_one_succeeds(opener: Opener) -> None:
    opener().begin("e", b"")
    stores = [opener() for _ in range(8)]
    barrier = threading.Barrier(len(stores))
    won: list[int] = []

    def take(number: int, store: CheckpointStore) -> None:
        barrier.wait()
        try:
            store.replace("e", 1, "running", b"%d" % number)
        except CheckpointConflictError:
            return
        won.append(number)

    threads = [threading.Thread(target=take, args=pair) for pair in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert opener().load("e").document == b"%d" % won[0]


def test_one_store_serves_many_threads(store: CheckpointStore) -> None:
    def write(name: str) -> None:
        revision = store.begin(name, b"")
        for position in range(20):
            store.append(name, revision, position, [b"%d" % position])

    threads = [threading.Thread(target=write, args=(f"e{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        assert store.load(f"e{number}").records == tuple(b"%d" % position for position in range(20))


_WRITER = """
import sys
from codemode.checkpoints import DirectoryStore, SqliteStore
store = {"directory": DirectoryStore, "sqlite": SqliteStore}[sys.argv[1]](sys.argv[2])
revision = store.begin("e", b"document")
for position in range(100000):
    store.append("e", revision, position, [b"%d" % position * 50])
    print(position, flush=True)
"""


@pytest.mark.parametrize("kind", ["directory", "sqlite"])
def test_what_was_acknowledged_outlives_a_kill(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "store"
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, kind, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(30):
        acknowledged = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()
    store = DirectoryStore(path) if kind == "directory" else SqliteStore(path)
    records = store.load("e").records
    # The last one may have been written without its writer living to hear of it.
    assert len(records) - (acknowledged + 1) in (0, 1)
    assert records == tuple(b"%d" % position * 50 for position in range(len(records)))
    assert store.replace("e", 1, "suspended", b"again") == 2
    store.close()


def test_a_record_cut_short_is_dropped_and_written_over(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.begin("e", b"document")
    store.append("e", 1, 0, [b"whole"])
    path = tmp_path / "e-e" / "records-1"
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        assert store.load("e").records == (b"whole",)
    store.append("e", 1, 1, [b"next"])
    assert store.load("e").records == (b"whole", b"next")


def test_a_damaged_document_is_named(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.begin("e", b"document")
    for damaged in (b"", b"x running\n", b"1 odd\n", b"1\n"):
        (tmp_path / "e-e" / "document").write_bytes(damaged)
        with pytest.raises(CheckpointStoreError, match="is damaged: its first line is not one of a checkpoint"):
            store.load("e")


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    store.begin("e", b"document")
    store.append("e", 1, 0, [b"record"])
    SqliteStore(tmp_path / "store.db").close()
    for path in (tmp_path / "store", *(tmp_path / "store").rglob("*"), tmp_path / "store.db"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_places_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database at all, and long enough to look like one" * 100)
    with pytest.raises(
        CheckpointStoreError, match=f"failed to use the directory `{tmp_path}/file/below`: Not a directory"
    ):
        DirectoryStore(tmp_path / "file" / "below")
    with pytest.raises(CheckpointStoreError, match=f"failed to open the checkpoints in `{tmp_path}/file`"):
        SqliteStore(tmp_path / "file")
    with pytest.raises(CheckpointStoreError, match="failed to use the checkpoints in PostgreSQL") as caught:
        PostgresStore(f"host={tmp_path} user=nobody password=hunter2")
    assert "hunter2" not in str(caught.value)


def test_a_closed_store_says_so(opener: Opener) -> None:
    store = opener()
    store.begin("e", b"")
    store.close()
    store.close()
    if opener.kind != "directory":
        with pytest.raises(CheckpointStoreError, match="closed"):
            store.load("e")


def test_postgres_is_connected_to_again(server: Server) -> None:
    store = PostgresStore(server.conninfo)
    store.begin("again", b"document")
    store.append("again", 1, 0, [b"record"])
    server.stop()
    with pytest.raises(CheckpointStoreError, match="failed to use the checkpoints in PostgreSQL"):
        store.load("again")
    server.start()
    assert store.load("again") == StoredCheckpoint("again", 1, "running", b"document", (b"record",))
    store.delete("again")
    store.close()
