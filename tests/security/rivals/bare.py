"""`python3` in a subprocess, as a careful person writes it: isolated, no environment, limits, a timeout, a session.

The program is executed by a few lines that print `result` as JSON in the end; the last line of the output is taken.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from .rival import Ended, Rival, plain

WRAPPER = """\
import json, sys
code, variables = json.load(sys.stdin)
exec(compile(code, "<program>", "exec"), variables := {"__name__": "__main__", **variables})
print(); print(json.dumps(variables.get("result")))
"""
LIMITS = {
    resource.RLIMIT_AS: 512 << 20,
    resource.RLIMIT_CPU: 2,
    resource.RLIMIT_FSIZE: 16 << 20,
    resource.RLIMIT_NOFILE: 128,
    resource.RLIMIT_NPROC: 64,
    resource.RLIMIT_CORE: 0,
}
# What is read of the output; the file itself is bounded by RLIMIT_FSIZE.
OUTPUT = 1 << 20


def _limit() -> None:
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))


class Bare(Rival):
    is_whole_python = True

    def load(self) -> str:
        return f"CPython {platform.python_version()}"

    def run(self, code: str, variables: Mapping[str, Any], seconds: float) -> Ended:
        # Files, not pipes: an output without end fills no memory of this process.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory() as directory:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", WRAPPER],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={},
                cwd=directory,
                start_new_session=True,
                preexec_fn=_limit,  # noqa: PLW1509 - there are no threads here
            )
            late = False
            try:
                process.communicate(json.dumps([code, dict(variables)]).encode(), timeout=seconds)
            except subprocess.TimeoutExpired:
                late = True
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            size = output.seek(0, os.SEEK_END)
            output.seek(max(0, size - OUTPUT))
            said = output.read().decode(errors="replace")
        return self._ended(process.returncode, said, late=late)

    @staticmethod
    def _ended(status: int, said: str, *, late: bool) -> Ended:
        last = (said.strip().splitlines() or [""])[-1]
        if late:
            return Ended("timed_out", output=said)
        if status < 0:
            how = "limited" if -status in {signal.SIGXCPU, signal.SIGXFSZ} else "died"
            return Ended(how, detail=signal.Signals(-status).name, output=said)
        if status > 0:
            return Ended("failed", detail=last[:200], output=said)
        try:
            value = json.loads(last)
        except ValueError:
            return Ended("died", detail="it ended with status 0 and without a result", output=said)
        return Ended("completed", value=plain(value), output=said)


RIVAL = Bare
