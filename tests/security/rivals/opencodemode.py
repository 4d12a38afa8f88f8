"""opencodemode's executor with its default settings, without the container that its documentation puts around it.

The sidecar is a process beside the application, as `benches/subjects` starts it; the key is the application's. Its
default timeout of 30 s is shortened, by the argument that its client has for it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .rival import Ended, Rival, plain

SUBJECTS = Path(__file__).parents[3] / "benches" / "subjects"


class Opencodemode(Rival):
    is_whole_python = True

    def load(self) -> str:
        sys.path.insert(0, str(SUBJECTS))
        self._client = import_module("codemode.core.executor_client")
        self._subject, self._executor = import_module("opencodemode_sidecar"), import_module("opencodemode_executor")
        for name in ("grpc.aio", "codemode.executor.service", "codemode.config.sidecar_config"):
            import_module(name)
        return version("opencodemode")

    def start(self, key: str) -> None:
        port = self._subject._free_port()
        os.environ |= {"CODEMODE_SIDECAR_PORT": str(port), "CODEMODE_API_KEY": key, "CODEMODE_LOG_LEVEL": "WARNING"}
        # Forked, because a start from nothing takes a second of the processor; nothing has used gRPC yet.
        sidecar = os.fork()
        if sidecar == 0:
            try:
                asyncio.run(self._executor.main())
            finally:
                os._exit(1)
        self._subject._until_listening(port, _Forked(sidecar))
        self._target, self._key = f"http://127.0.0.1:{port}", key

    def run(self, code: str, variables: Mapping[str, Any], seconds: float) -> Ended:
        config = dict(variables).get("config", {})
        # Its own default is 5 s above the execution's limit.
        client = self._client.ExecutorClient(self._target, self._key, timeout=int(seconds) + 5)
        try:
            ended = client.execute(code, [], config, execution_timeout=int(seconds))
        except self._client.ExecutorTimeoutError as error:
            return Ended("timed_out", detail=str(error)[:200])
        except self._client.ExecutorClientError as error:
            return Ended("failed", detail=f"{type(error).__name__}: {error}"[:200])
        output = f"{ended.stdout or ''}\n{ended.stderr or ''}"
        if ended.success:
            return Ended("completed", value=_value(ended.result), output=output)
        error = ended.error or ""
        if error.startswith("Security violation"):
            return Ended("refused", detail=error[:200])
        if error.startswith("Execution timeout"):
            return Ended("timed_out", detail=error)
        last = ((ended.stderr or "").strip().splitlines() or [error])[-1]
        died = "return code -" in error
        return Ended("died" if died else "failed", detail=error if died else last[:200], output=output)


class _Forked:
    """What `_until_listening` asks of a process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def poll(self) -> int | None:
        ended, status = os.waitpid(self._pid, os.WNOHANG)
        return status if ended else None


def _value(result: str | None) -> Any:
    import json

    try:
        return plain(json.loads(result)) if result else None
    except ValueError:
        return None


RIVAL = Opencodemode
