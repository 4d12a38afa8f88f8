"""The settings of a file hold in the executor that reads it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from .executors import running

MIB = 2**20


def plain(lines: list[str]) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", "".join(lines))


def test_limits_of_the_file_hold_whatever_a_client_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "main_app_grpc_target: app:50051\n"
        "limits: {code_timeout: 3, max_code_length: 200, memory: 64MiB, tool_calls: 1}\n"
    )
    with running("-c", str(path)) as executor:
        log = plain(executor.log)
        assert f"read settings path={path} named=true" in log
        assert f"WARN `{path}`: main_app_grpc_target has no effect: tool calls come back on the connection" in log
        client = executor.client()
        asked: dict[str, Any] = {"wall_time": 60, "memory": 1024 * MIB, "code": 100_000}
        started = time.monotonic()
        ended = client.run("import time; time.sleep(30)", **asked)
        assert (ended.outcome, time.monotonic() - started < 20) == ("timed_out", True)
        assert client.run("x = 1 #" + "-" * 300, **asked).outcome == "rejected"
        ended = client.run(f"x = bytearray({200 * MIB})", **asked)
        assert (ended.outcome, ended.finished.error.type) == ("failed", "MemoryError")
        assert client.run("result = 1", **asked).outcome == "completed"
        info = client.info()
        for limits in (info.default_limits, info.limit_ceilings):
            assert (limits.wall_time.ToMilliseconds(), limits.code, limits.memory) == (3000, 200, 64 * MIB)
            assert limits.tool_calls == 1


def test_limits_that_are_not_set_are_defaults_and_no_ceilings() -> None:
    with running() as executor:
        info = executor.client().info()
        defaults, ceilings = info.default_limits, info.limit_ceilings
        assert (defaults.wall_time.ToMilliseconds(), ceilings.wall_time.ToMilliseconds()) == (30_000, 300_000)
        assert (defaults.code, ceilings.code) == (50_000, MIB)
        assert (defaults.memory, ceilings.memory) == (256 * MIB, 2048 * MIB)


def test_the_file_in_the_folder_is_used_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "codemode-sidecar.yaml").write_text("limits: {tool_calls: 3}\n")
    monkeypatch.chdir(tmp_path)
    with running() as executor:
        assert "read settings path=codemode-sidecar.yaml named=false" in plain(executor.log)
        assert executor.client().info().default_limits.tool_calls == 3
