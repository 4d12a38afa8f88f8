"""``codemode checkpoints``: the executions that a store has, and what each waits for.

The native executable calls ``python -m codemode.cli.checkpoints_command``. Nothing is changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from codemode.checkpoints import CheckpointStore, DirectoryStore, PostgresStore, SqliteStore
from codemode.cli import report
from codemode.core.checkpoint import Checkpoint
from codemode.core.durable import restored
from codemode.core.errors import CodemodeError
from codemode.core.keeping import Keeping


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command. Returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        key = Path(options.key_file).read_text(encoding="utf-8").strip() if options.key_file else None
        store = _opened(options.store)
        keeping = Keeping.of(store, key)
        assert keeping is not None
        try:
            return _list(store, options) if options.command == "list" else _show(keeping, options)
        finally:
            store.close()
    except (OSError, ValueError, ImportError) as error:
        report.error(str(error))
        return report.USAGE
    except CodemodeError as error:
        report.error(str(error), error.hint)
        return report.UNAVAILABLE


def _opened(place: str) -> CheckpointStore:
    if place.startswith(("postgresql://", "postgres://")):
        return PostgresStore(place)
    if Path(place).is_dir():
        return DirectoryStore(place)
    if Path(place).is_file():
        return SqliteStore(place)
    raise FileNotFoundError(f"there is no store of checkpoints at `{place}`")


def _list(store: CheckpointStore, options: argparse.Namespace) -> int:
    found = store.list(options.state)
    if options.json:
        print(json.dumps([vars(info) for info in found]))
        return 0
    for info in found:
        print(f"{info.execution_id}  {info.state:<9}  {_when(info.updated_at)}")
    return 0


def _show(keeping: Keeping, options: argparse.Namespace) -> int:
    stored = keeping.store.load(options.execution_id)
    if stored.state == "finished":
        report.error(f"the execution `{stored.execution_id}` has finished: nothing of it waits")
        return 1
    checkpoint = restored(stored, keeping.key)
    if options.json:
        print(json.dumps(_document(stored.state, checkpoint), ensure_ascii=False))
        return 0
    print(f"execution {checkpoint.execution_id}: {stored.state}")
    print("".join(f"    {line}\n" for line in checkpoint.code.splitlines()), end="")
    for call in checkpoint.pending:
        print(report.waiting(call))
    return 0


def _document(state: str, checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "execution_id": checkpoint.execution_id,
        "state": state,
        "code": checkpoint.code,
        "tools": checkpoint.tools,
        "calls": len(checkpoint.journal) if checkpoint.journal is not None else 0,
        "pending": [call.to_dict() for call in checkpoint.pending],
    }


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codemode checkpoints",
        description="Shows the executions that a store of checkpoints has, and what they wait for.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="list|show")
    listing = commands.add_parser("list", help="the executions, the one that waits longest first")
    showing = commands.add_parser("show", help="the program of one, and the calls that wait")
    for command in (listing, showing):
        command.add_argument("store", help="a directory, a SQLite file, or postgresql://…")
        command.add_argument("--json", action="store_true", help="print one JSON document")
        command.add_argument("--key-file", metavar="FILE", help="holds the key; default: $CODEMODE_CHECKPOINT_KEY")
    listing.add_argument("--state", choices=("running", "suspended", "finished"), help="those in one state")
    showing.add_argument("execution_id", metavar="execution", help="its id")
    return parser


if __name__ == "__main__":
    sys.exit(main())
