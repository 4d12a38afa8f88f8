"""Executors of an ordinary user: with user namespaces, and where the system refuses them, as containers do."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from codemode.core.local import find_executable

from .headers import Program
from .runner import Executor, Observation, run_in_lanes, serve, started

NOBODY = 65534
SCRIPT = Path(__file__).with_name("no_user_namespaces.py")


def interpreter() -> str | None:
    """An interpreter that every user may run, programs' own; `CODEMODE_PYTHON`, else the system's."""
    for candidate in (os.environ.get("CODEMODE_PYTHON"), "/usr/bin/python3", "/usr/local/bin/python3"):
        if candidate and _runs(candidate):
            return candidate
    return None


def _runs(candidate: str) -> bool:
    try:
        tried = subprocess.run([candidate, "-c", "import json"], capture_output=True, cwd="/", **_identity())
    except OSError:
        return False
    return tried.returncode == 0


def _identity() -> dict[str, Any]:
    """Options of `Popen`: another user where this is root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def observe_in_a_container(programs: Sequence[Program]) -> tuple[Any, dict[str, Observation]]:
    """What the executor reports of its jail, and what is observed of each program, in the profile `container`."""
    python = interpreter()
    if python is None:
        raise FileNotFoundError("found no interpreter that an ordinary user may run; set CODEMODE_PYTHON")
    jails = []

    @contextlib.contextmanager
    def start() -> Iterator[Executor]:
        with running(python, "--profile", "container", user_namespaces=False) as executor:
            client = executor.client()
            jails.append(client.info().jail)
            client.close()
            yield executor

    observations = run_in_lanes(programs, start)
    return jails[0], observations


@contextlib.contextmanager
def running(python: str, *arguments: str, user_namespaces: bool = True) -> Iterator[Executor]:
    """An executor of an ordinary user."""
    with tempfile.TemporaryDirectory(prefix="codemode-security-") as name:
        directory = Path(name).resolve()
        # The build tree may be root's alone, and so may this package be.
        executable = shutil.copy(find_executable(), directory / "codemode")
        script = shutil.copy(SCRIPT, directory / SCRIPT.name)
        if os.getuid() == 0:
            for path in (directory, Path(executable), Path(script)):
                os.chown(path, NOBODY, NOBODY)
        target = f"unix:{directory / 'socket'}"
        around = [] if user_namespaces else [python, str(script)]
        command = [*around, *serve(target, str(executable)), "--python", python, *arguments]
        with started(command, target, **{"cwd": directory, **_identity()}) as executor:
            yield executor
