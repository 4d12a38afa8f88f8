"""``codemode run``: runs a program file with tools from Python files, in the embedded executor or in one with a URL.

The native executable calls ``python -m codemode.cli.run_program`` with its arguments unchanged, because tools are
Python. Output is passed on as it is written. The exit status says how the program ended: see `codemode.cli.report`.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from codemode.cli import report, tool_files
from codemode.core.codemode import Codemode
from codemode.core.errors import CodemodeError
from codemode.core.executor_client import ExecutorClient
from codemode.core.models import LimitOptions
from codemode.core.registry import ComponentRegistry

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_DEFAULT_TIMEOUT = 30.0  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command. Returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code = _read_program(options.program)
        registry = tool_files.load(options.tools)
        api_key = _api_key(options.api_key_file)
    except (OSError, UnicodeDecodeError, tool_files.ToolFileError) as error:
        report.error(str(error))
        return report.USAGE
    if options.url and options.profile:
        report.error("--profile is for the embedded executor; the one at --url has its own", "drop --profile or --url")
        return report.USAGE
    try:
        return _run(options, code, registry, api_key)
    except KeyboardInterrupt:
        report.error("interrupted; the program was cancelled")
        return report.CANCELLED
    except CodemodeError as error:
        return report.unavailable(error)
    except ValueError as error:  # an argument that the client refuses
        report.error(str(error))
        return report.USAGE


def _run(options: argparse.Namespace, code: str, registry: ComponentRegistry, api_key: str) -> int:
    if options.url:
        codemode = Codemode(registry=registry, executor_client=ExecutorClient(options.url, api_key))
    else:
        codemode = Codemode.local(registry, profile=options.profile)
    limits: LimitOptions = {"memory": options.memory} if options.memory is not None else {}
    with codemode:
        result = codemode.run(code, options.timeout, limits=limits or None, on_output=None if options.json else _write)
    return report.show(result, as_json=options.json, with_timeline=options.timeline)


def _write(stream: Literal["stdout", "stderr"], text: str) -> None:
    file = sys.stdout if stream == "stdout" else sys.stderr
    file.write(text)
    file.flush()


def _read_program(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    return Path(path).read_text(encoding="utf-8")


def _api_key(path: str | None) -> str:
    if path is not None:
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get("CODEMODE_EXECUTOR_API_KEY", "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codemode run",
        description="Runs a Python program in the jail, with tools that run here.",
        allow_abbrev=False,
    )
    parser.add_argument("program", help="the program's file, or - for standard input")
    parser.add_argument(
        "--tools", metavar="FILE", action="append", default=[], help="a Python file with tools; repeatable"
    )
    parser.add_argument("--url", help="an executor to use; default: an embedded one, for this program alone")
    parser.add_argument("--api-key-file", metavar="FILE", help="holds its key; default: $CODEMODE_EXECUTOR_API_KEY")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=_DEFAULT_TIMEOUT,
        help="how long it may run (default: 30)",
    )
    parser.add_argument("--memory", metavar="SIZE", type=_size, help="how much memory it may use, such as 256MiB")
    parser.add_argument("--profile", choices=("container", "standard", "max"), help="the jail profile to require")
    parser.add_argument("--json", action="store_true", help="print one JSON document with everything")
    parser.add_argument("--timeline", action="store_true", help="print the tool calls as bars over time")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return seconds


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?I?)B?", text.strip().upper())
    if match is None or match.group(2) not in _UNITS or float(match.group(1)) == 0:
        raise argparse.ArgumentTypeError(f"not a size: {text!r} (such as 256MiB)")
    return int(float(match.group(1)) * _UNITS[match.group(2)])


if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
