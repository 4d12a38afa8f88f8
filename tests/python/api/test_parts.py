"""The small parts: package, context, correlation ids, models, clients, threads, the console script."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydantic
import pytest

import codemode as package
from codemode import (
    Codemode,
    ComponentRegistry,
    ExecutableNotFoundError,
    ExecutionError,
    ExecutionFailedError,
    ExecutionResult,
    ExecutorClient,
    ExecutorClientError,
    RuntimeContext,
    ToolCall,
    UnknownToolError,
    get_current_context,
)
from codemode.core import local
from codemode.core.context import reset_context
from codemode.core.threads import ToolThreads

from .fake_executor import Connection


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


class TestPackage:
    def test_every_public_name_is_there(self) -> None:
        for name in package.__all__:
            assert getattr(package, name) is not None
        assert set(package.__all__) <= set(dir(package))
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            _ = package.nothing

    def test_names_are_also_where_they_have_been(self) -> None:
        from codemode.core.executor_client import ExecutorConnectionError, ExecutorTimeoutError
        from codemode.core.registry import ComponentAlreadyExistsError, ComponentNotFoundError, RegistryError
        from codemode.core.registry import RuntimeContext as Context
        from codemode.executor.models import ExecutionResult as Result

        assert issubclass(ExecutorConnectionError, ExecutorClientError)
        assert issubclass(ExecutorTimeoutError, ExecutorClientError)
        assert issubclass(ComponentNotFoundError, RegistryError)
        assert issubclass(ComponentAlreadyExistsError, RegistryError)
        assert (Context, Result) == (RuntimeContext, ExecutionResult)

    def test_importing_it_loads_nothing_heavy(self) -> None:
        code = "import sys, codemode; print(sorted({'pydantic', 'asyncio', 'dataclasses'} & set(sys.modules)))"
        assert python(code) == "[]"
        code = "import sys; from codemode import Codemode; print(sorted({'pydantic', 'asyncio'} & set(sys.modules)))"
        assert python(code) == "[]"


class TestContext:
    def test_variables(self) -> None:
        context = RuntimeContext(variables={"a": 1})
        context.set("b", None)
        context.update(c=3)
        assert (context.get("a"), context.get("x", 9), context.has("b"), context.keys()) == (
            1,
            9,
            True,
            ["a", "b", "c"],
        )
        assert context.require("c") == 3
        with pytest.raises(KeyError, match=r"no variable `x` \(it has: a, b, c\)"):
            context.require("x")
        assert RuntimeContext.from_json(context.to_json()) == context
        assert not RuntimeContext(metadata={"a": 1})

    def test_registries_do_not_see_each_others(self) -> None:
        reset_context()
        one, two = ComponentRegistry(), ComponentRegistry()
        one.set_context(RuntimeContext({"n": 1}))
        two.set_context(RuntimeContext({"n": 2}))
        assert (one.get_context(), two.get_context()) == (RuntimeContext({"n": 1}), RuntimeContext({"n": 2}))
        assert get_current_context() is two.get_context()
        one.clear_context()
        assert one.get_context() is None
        assert get_current_context() is two.get_context()
        two.clear_context()
        assert get_current_context() is None

    def test_tasks_and_threads_do_not_see_each_others(self) -> None:
        registry = ComponentRegistry()

        async def task(n: int) -> object:
            registry.set_context(RuntimeContext({"n": n}))
            await asyncio.sleep(0)
            context = registry.get_context()
            return context.get("n") if context else None

        async def main() -> list[object]:
            return await asyncio.gather(*(task(n) for n in range(5)))

        reset_context()
        assert asyncio.run(main()) == list(range(5))
        registry.set_context(RuntimeContext({"n": 1}))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(registry.get_context).result() is None
        reset_context()


class TestModels:
    RESULT = ExecutionResult(
        success=False,
        error="ValueError: x (line 1)",
        error_details=ExecutionError("ValueError", "x", line=1),
        tool_calls=[ToolCall("t")],
    )

    def test_a_result_is_json_data(self) -> None:
        data = json.loads(self.RESULT.to_json())
        assert (data["outcome"], data["value"]) == ("failed", None)
        assert data["error_details"] == {
            "error_type": "ValueError",
            "message": "x",
            "traceback": None,
            "line": 1,
            "column": None,
        }
        assert data["tool_calls"][0]["name"] == "t"
        assert ExecutionResult(success=True, result='{"a":[1]}', value={"a": (1,)}).to_dict()["value"] == {"a": [1]}

    def test_pydantic_takes_it_as_a_field(self) -> None:
        class Reply(pydantic.BaseModel):
            result: ExecutionResult

        assert Reply(result=self.RESULT).model_dump()["result"]["outcome"] == "failed"

    def test_errors_survive_pickling(self) -> None:
        error = pickle.loads(pickle.dumps(ExecutionFailedError(self.RESULT)))
        assert (str(error), error.result) == ("the execution failed: ValueError: x (line 1)", self.RESULT)
        unknown = pickle.loads(pickle.dumps(UnknownToolError(["a"], None)))
        assert str(unknown) == "tool `a` is unknown: this client has no registry"


class TestClient:
    def test_a_client_needs_no_executor_to_be_made(self) -> None:
        with ExecutorClient("http://127.0.0.1:1", "key") as client:
            assert repr(client) == "ExecutorClient('http://127.0.0.1:1')"
            assert client.health_check() is False
            assert client.ready_check() is False
        assert repr(client) == "ExecutorClient('http://127.0.0.1:1', closed)"
        with pytest.raises(ExecutorClientError, match=r"^ExecutorClient has been closed$"):
            client.execute("1", [], {})
        client.close()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"executor_url": "ftp://x"}, "unknown scheme"),
            ({"tls_config": object()}, "tls_config must be a GrpcTlsConfig or TlsClientConfig, not an object"),
            ({"tls_config": {"enabled": True}}, "tls_config must be a GrpcTlsConfig or TlsClientConfig, not a dict"),
            ({"executor_url": ""}, "executor_url must not be empty"),
            ({"executor_url": None}, "executor_url must be a str, not None"),
            ({"api_key": 7}, "api_key must be a str, not of type int"),
            ({"api_key": "a\nb"}, "api_key has characters that a header cannot carry"),
            ({"timeout": "35"}, "timeout must be a number of seconds, not a str"),
            ({"timeout": True}, "timeout must be a number of seconds, not True"),
            ({"timeout": float("nan")}, "timeout must be more than 0 seconds, not nan"),
            ({"retry_max_attempts": 2.5}, r"retry_max_attempts must be an int, not 2\.5"),
            ({"retry_backoff_base_ms": -1}, "retry_backoff_base_ms must be at least 0, not -1"),
            ({"retry_status_codes": "UNAVAILABLE"}, "retry_status_codes must be a list of status codes, not a str"),
            ({"retry_status_codes": [14]}, r"retry_status_codes: 14 is neither a grpc\.StatusCode nor the name of one"),
            ({"correlation_id_prefix": ""}, "correlation_id_prefix must be 1 to 64 printable ASCII characters"),
            ({"timeout": 0}, "timeout must be more than 0 seconds, not 0"),
            ({"retry_max_attempts": 0}, "retry_max_attempts must be at least 1"),
            ({"retry_status_codes": ["NONSENSE"]}, "NONSENSE"),
        ],
    )
    def test_wrong_options_are_refused(self, options: dict[str, object], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ExecutorClient(**{"executor_url": "http://x:1", "api_key": "k", **options})  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"execution_timeout": 0}, "execution_timeout must be more than 0 seconds, not 0"),
            ({"code": 1}, "code must be a str, not 1"),
            ({"available_tools": "weather"}, "available_tools must be a list of tool names, not a str"),
            ({"available_tools": [1]}, "available_tools must be a list of tool names; 1 is none"),
            ({"config": []}, "config must be a dict, not a list"),
            ({"timeout": -1}, "timeout must be more than 0 seconds, not -1"),
            ({"tool_call_timeout": 0}, "tool_call_timeout must be more than 0 seconds, not 0"),
            ({"max_code_length": 0}, "max_code_length must be at least 1, not 0"),
            ({"traceparent": 1}, "traceparent must be a str, not int"),
            ({"correlation_id": "a\nb"}, "a correlation id must be at most 128 printable ASCII characters"),
            ({"limits": {"memry": 1}}, r"unknown limit `memry` \(did you mean `memory`\?\)"),
            ({"limits": {"memory": 0}}, "limit `memory` must be at least 1, not 0"),
            ({"limits": {"memory": 1.5}}, r"limit `memory` must be an int, not 1\.5"),
            ({"limits": {"memory": 2**70}}, "limit `memory` is too large"),
            ({"limits": {"tool_calls": 2**32}}, "limit `tool_calls` is too large"),
            ({"limits": {"cpu_time": 0}}, "limit `cpu_time` must be more than 0 seconds, not 0"),
            ({"execution_timeout": 10**400}, "execution_timeout must be at most 1000000000 seconds"),
            ({"execution_timeout": float("inf")}, "execution_timeout must be at most 1000000000 seconds"),
            ({"config": {"a": object()}}, r"cannot send config.a: object"),
        ],
    )
    def test_wrong_arguments_are_refused(
        self, client: ExecutorClient, connection: Connection, options: dict[str, object], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            client.execute(**{"code": "1", "available_tools": [], "config": {}, **options})  # type: ignore[arg-type]
        assert connection.started == []

    def test_correlation_ids_are_generated_or_left_out(self, codemode: Codemode, connection: Connection) -> None:
        result = codemode.run("1")
        assert result.correlation_id is not None
        assert result.correlation_id.startswith("cm-")
        codemode.executor_client._include_correlation_id = False
        assert codemode.run("1").correlation_id is None
        assert [execution.options["correlation_id"] for execution in connection.started] == [result.correlation_id, ""]

    @pytest.mark.parametrize(
        ("asked", "wall_time", "deadline"), [(None, 10 - 10 / 7, 10.0), (2, 2.0, 10.0), (60, 60.0, 65.0)]
    )
    def test_times(
        self, codemode: Codemode, connection: Connection, asked: int | None, wall_time: float, deadline: float
    ) -> None:
        codemode.run("1", asked)
        (execution,) = connection.started
        assert execution.options["limits"].options["wall_time"] == pytest.approx(wall_time)
        assert execution.options["deadline"] == deadline

    def test_codemode_needs_to_know_an_executor(self) -> None:
        with pytest.raises(ValueError, match=r"^Either 'config' or 'client_config' must be provided$"):
            Codemode()
        with pytest.raises(ValueError, match=r"^config must be a CodemodeConfig, not an object$"):
            Codemode(config=object())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"^client_config must be a ClientConfig, not a str$"):
            Codemode(client_config="http://localhost:1")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"^registry must be a ComponentRegistry, not a dict$"):
            Codemode(registry={}, executor_client=ExecutorClient("http://localhost:1", "k"))  # type: ignore[arg-type]

    def test_codemode_works_over_anything_like_a_client(self) -> None:
        from unittest.mock import Mock

        client = Mock()
        client.timeout = 35
        client.execute.return_value = ExecutionResult(success=True, result="4")
        assert Codemode(executor_client=client).execute("2 + 2") == "4"
        assert client.execute.call_args.kwargs["execution_timeout"] == 30


class TestThreads:
    def test_as_many_threads_as_needed_and_no_more(self) -> None:
        threads = ToolThreads(limit=4)
        done = threading.Event()
        for _ in range(20):
            done.clear()
            threads.submit(done.set)
            assert done.wait(5)
        assert threads._started <= 3  # one, and one more for each job that came while another was being put away
        together = threading.Barrier(5, timeout=5)
        for _ in range(4):
            threads.submit(together.wait)
        together.wait()
        assert threads._started == 4
        finished = threading.Semaphore(0)
        for _ in range(50):
            threads.submit(finished.release)
        for _ in range(50):
            assert finished.acquire(timeout=5)
        assert threads._started == 4

    def test_a_hanging_tool_does_not_keep_the_process(self) -> None:
        assert python("from codemode.core.threads import submit; import time; submit(lambda: time.sleep(60))") == ""


class TestExecutable:
    def executable(self, directory: Path, content: bytes = b"\x7fELF") -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "codemode"
        path.write_bytes(content)
        path.chmod(0o755)
        return path

    def test_the_variable_comes_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        named = self.executable(tmp_path / "named")
        monkeypatch.setenv("PATH", str(self.executable(tmp_path / "path").parent))
        monkeypatch.setenv("CODEMODE_EXECUTABLE", str(named))
        assert local.find_executable() == str(named)
        monkeypatch.setenv("CODEMODE_EXECUTABLE", "/nowhere")
        with pytest.raises(ExecutableNotFoundError, match="CODEMODE_EXECUTABLE is not an executable file: `/nowhere`"):
            local.find_executable()

    def test_a_console_script_on_the_path_is_not_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        script, native = self.executable(tmp_path / "a", b"#!/usr/bin/python3\n"), self.executable(tmp_path / "b")
        monkeypatch.delenv("CODEMODE_EXECUTABLE", raising=False)
        monkeypatch.setattr(local, "__file__", str(tmp_path / "none" / "core" / "local.py"))
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{native.parent}")
        assert local.find_executable() == str(native)
        monkeypatch.setenv("PATH", str(script.parent))
        with pytest.raises(ExecutableNotFoundError, match="was not found in the package or on PATH"):
            local.find_executable()

    def test_the_console_script_becomes_the_executable(self, tmp_path: Path) -> None:
        fake = tmp_path / "codemode"
        fake.write_text('#!/bin/sh\necho "$@" "$CODEMODE_PYTHON"\n')
        fake.chmod(0o755)
        env = {**os.environ, "CODEMODE_EXECUTABLE": str(fake)}
        env.pop("CODEMODE_PYTHON", None)
        command = [sys.executable, "-m", "codemode", "doctor", "--json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert done.stdout == f"doctor --json {sys.executable}\n"

    def test_without_one_it_says_what_to_do(self) -> None:
        env = {**os.environ, "CODEMODE_EXECUTABLE": "/nowhere"}
        done = subprocess.run([sys.executable, "-m", "codemode"], env=env, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (69, "")
        assert done.stderr.startswith("error: CODEMODE_EXECUTABLE is not an executable file: `/nowhere`\nhint: ")
