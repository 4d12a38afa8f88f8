"""Finds and starts the embedded executor: the native `codemode` program as a child of this process.

Also what the console script execs. Imports nothing heavy.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codemode.core.errors import ExecutableNotFoundError

if TYPE_CHECKING:
    from codemode import _codemode

EXECUTABLE_VARIABLE = "CODEMODE_EXECUTABLE"
"""Environment variable: the path of the native executable, instead of looking for it."""


def find_executable() -> str:
    """The native executable: `CODEMODE_EXECUTABLE`, else the one within the package, else ``codemode`` on PATH.

    Raises:
        ExecutableNotFoundError: There is none, or `CODEMODE_EXECUTABLE` does not name an executable file.
    """
    named = os.environ.get(EXECUTABLE_VARIABLE)
    if named:
        if not _is_executable(named):
            raise ExecutableNotFoundError(f"{EXECUTABLE_VARIABLE} is not an executable file: `{named}`")
        return named
    for candidate in _candidates():
        if _is_executable(candidate) and not _is_script(candidate):
            return candidate
    raise ExecutableNotFoundError("the native `codemode` executable was not found in the package or on PATH")


def start(
    *,
    python: str | os.PathLike[str] | None = None,
    profile: str | None = None,
    workers: int | None = None,
    arguments: Sequence[str] = (),
    start_timeout: float = 30.0,
) -> _codemode.LocalExecutor:
    """Starts the embedded executor and waits until it serves.

    Args:
        python: The interpreter that programs run under. Default: `CODEMODE_PYTHON`, else the one that runs this.
        profile: The jail profile to require: ``container``, ``standard`` or ``max``. Default: the executor's choice.
        workers: How many programs may run at once. Default: the executor's choice.
        arguments: Further arguments of ``codemode serve``.
        start_timeout: Seconds to wait.

    Raises:
        ExecutorConnectionError: It is not installed or refused to start; the message is its own.
        ValueError: ``workers`` is below 1.
    """
    from codemode import _codemode

    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    if python is None and not os.environ.get("CODEMODE_PYTHON"):
        python = sys.executable or None
    options: list[str] = []
    for flag, value in (("--python", python), ("--profile", profile), ("--capacity", workers)):
        if value is not None:
            options += [flag, str(value)]
    return _codemode.LocalExecutor(find_executable(), arguments=[*options, *arguments], start_timeout=start_timeout)


def _candidates() -> Iterator[str]:
    yield str(Path(__file__).parent.parent / "_bin" / "codemode")
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if directory:
            yield str(Path(directory) / "codemode")


def _is_executable(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)


def _is_script(path: str) -> bool:
    # The package's own console script is called `codemode` too; to exec it would never end.
    try:
        with Path(path).open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True
