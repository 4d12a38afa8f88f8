"""``codemode config client``, ``codemode config legacy`` and ``codemode validate`` for their files.

The native executable calls ``python -m codemode.cli.config_command``; an executor's settings it shows itself. Secrets
are never printed, and neither are the values of mappings that hold what the application likes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codemode.cli import report
from codemode.config.effective import DEFAULT, ENVIRONMENT, FILE, FLAG, Effective, EffectiveSetting, effective
from codemode.config.loader import FILES, MODELS, ConfigLoadError, inspect_file
from codemode.config.section import Section

MASK = "********"
WRONG = "(invalid)"
"""What is shown in place of a value that is refused: it may be a secret in the wrong place."""
INVALID = 64  # EX_USAGE of sysexits.h, as the native executable has it for unusable settings

_ORIGINS = {DEFAULT: "default", FILE: "file", ENVIRONMENT: "environment", FLAG: "flag"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command. Returns the exit status."""
    options = _parser().parse_args(arguments)
    path = _file(options)
    try:
        if path is None:
            found: Effective[Section] = effective(MODELS[options.kind], environ=os.environ)
        else:
            found = inspect_file(path, options.kind)
    except FileNotFoundError as error:
        report.error(str(error))
        return report.UNAVAILABLE
    except ConfigLoadError as error:
        report.error(str(error))
        return INVALID
    status = INVALID if found.faults else 0
    if options.json:
        print(json.dumps(document(options.kind, path, found), ensure_ascii=False, indent=2))
        return status
    if not options.validate:
        print("\n".join(table(found)))
    elif not found.faults:
        print(f"valid: {path} ({options.kind})")
    sys.stdout.flush()
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for fault in found.faults:
        report.error(str(fault))
    return status


def table(found: Effective[Section]) -> list[str]:
    """One line for each setting: key, value, origin. Those that are gone are shown where they are set."""
    rows = [_row(entry) for entry in found.settings if entry.setting.gone is None or entry.origin.rank != DEFAULT]
    keys, values = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{key:{keys}}  {value:{values}}  {origin}" for key, value, origin in rows]


def document(kind: str, path: Path | None, found: Effective[Section]) -> dict[str, Any]:
    """Everything, for ``--json``."""
    return {
        "kind": kind,
        "file": str(path) if path is not None else None,
        "settings": {
            entry.setting.key: {
                "value": _shown(entry),
                "origin": {"kind": _ORIGINS[entry.origin.rank], "name": entry.origin.name or None},
                "variable": entry.setting.variable,
                "flag": entry.setting.flag,
                "gone": entry.setting.gone,
            }
            for entry in found.settings
        },
        "errors": [str(fault) for fault in found.faults],
        "warnings": list(found.warnings),
    }


def _row(entry: EffectiveSetting) -> tuple[str, str, str]:
    value = _shown(entry)
    if value is None:
        text = "-"
    elif isinstance(value, str) and value.isascii() and value.isprintable() and value not in ("", "-"):
        text = value if " " not in value else json.dumps(value)
    else:
        # Quoted, so that nothing in it reaches the terminal as more than text.
        text = json.dumps(value)
    missing = entry.setting.required and entry.origin.rank == DEFAULT
    origin = "missing" if missing else f"{entry.origin}{' (no effect)' if entry.setting.gone else ''}"
    return entry.setting.key, text, origin


def _shown(entry: EffectiveSetting) -> Any:
    if entry.invalid:
        return WRONG
    value = entry.value
    if entry.setting.secret:
        return None if value is None else MASK
    if isinstance(value, Section):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, dict):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    if isinstance(value, list):
        return [_without_user(item) for item in value]
    return _without_user(value)


def _without_user(value: Any) -> Any:
    """The value; of a url, without user and password. Without a scheme it is ``user:password@host``, and not a path."""
    before, at, host = value.rpartition("@") if isinstance(value, str) else ("", "", "")
    scheme, separator, _ = before.partition("://")
    if not at or not (separator or ("/" not in before.partition(":")[0] and ":" in before)):
        return value
    return f"{scheme if separator else ''}{separator}{MASK}@{host}"


def _file(options: argparse.Namespace) -> Path | None:
    if options.file is not None:
        return Path(options.file)
    usual = Path(FILES[options.kind])
    return usual if usual.exists() else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codemode config",
        description="Shows each setting in force and where it came from.",
        allow_abbrev=False,
    )
    parser.add_argument("kind", choices=list(MODELS), help="whose settings")
    parser.add_argument(
        "--file", metavar="FILE", help="the file; default: the usual one in this folder, if there is one"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--validate", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
