"""Provokes each exception of the document for real: one provocation or more for each row of a ``Raises`` list.

The key is the entry, the exception and the condition as the document words it; a row without a provocation fails, so a
changed sentence is looked at by a person. Each provocation must raise the exception of its row.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

import grpc  # type: ignore[import-untyped]

from .world import World, package_path

Provocation = Callable[[World], Any]

_SLEEP = "import time\ntime.sleep(60)"


def _without_variables(world: World) -> None:
    from codemode import Codemode

    Codemode.from_client_config()


def _without_one_variable(world: World) -> None:
    from codemode import Codemode

    with mock.patch.dict(os.environ, {"CODEMODE_EXECUTOR_URL": world.url}):
        Codemode.from_client_config()


def _no_configuration(world: World) -> None:
    from codemode import Codemode

    Codemode(registry=world.registry())


def _absent_file(world: World) -> None:
    from codemode import Codemode

    Codemode.from_config(world.directory / "absent.yaml")


def _invalid_file(text: str) -> Provocation:
    def provoke(world: World) -> None:
        from codemode import Codemode

        path = world.directory / "codemode.yaml"
        path.write_text(text)
        Codemode.from_config(str(path))

    return provoke


def _crewai_absent(world: World) -> None:
    # In a process of its own, for `crewai` may be installed and imported here.
    program = (
        "import sys\n"
        "sys.modules['crewai'] = sys.modules['crewai.tools'] = None\n"
        "from codemode import Codemode\n"
        "from codemode.config import ClientConfig\n"
        "config = ClientConfig(executor_url='http://localhost:1', executor_api_key='key')\n"
        "try:\n"
        "    Codemode(client_config=config).as_crewai_tool()\n"
        "except ImportError as error:\n"
        "    sys.exit(str(error))\n"
    )
    environment = {**os.environ, "PYTHONPATH": package_path()}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    raise ImportError(done.stderr)


def _program(code: str, timeout: int | None = None) -> Provocation:
    return lambda world: world.codemode().execute(code, timeout)


def _request(code: str = "result = 1", **options: Any) -> dict[str, Any]:
    return {"code": code, "available_tools": [], "config": {}, **options}


def _too_slow(world: World) -> None:
    world.client(timeout=1).execute(**_request(_SLEEP))


async def _too_slow_async(world: World) -> None:
    await world.client(timeout=1).execute_async(**_request(_SLEEP))


def _nobody_there(world: World) -> None:
    world.client(world.nowhere(), retry_backoff_base_ms=10).execute(**_request())


async def _nobody_there_async(world: World) -> None:
    await world.client(world.nowhere(), retry_backoff_base_ms=10).execute_async(**_request())


@contextlib.contextmanager
def _other_server() -> Iterator[str]:
    # It speaks gRPC and has no such service: UNIMPLEMENTED.
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def _only(error: Exception) -> Exception:
    from codemode.core.executor_client import ExecutorConnectionError, ExecutorTimeoutError

    assert not isinstance(error, ExecutorConnectionError | ExecutorTimeoutError), repr(error)
    return error


def _other_error(world: World) -> None:
    from codemode.core.executor_client import ExecutorClientError

    with _other_server() as url:
        try:
            world.client(url).execute(**_request())
        except ExecutorClientError as error:
            raise _only(error) from error


async def _other_error_async(world: World) -> None:
    from codemode.core.executor_client import ExecutorClientError

    with _other_server() as url:
        try:
            await world.client(url).execute_async(**_request())
        except ExecutorClientError as error:
            raise _only(error) from error


async def _closed(world: World) -> None:
    client = world.client()
    await client.close_async()
    await client.execute_async(**_request())


def _register(name: Any, tool: Any) -> Provocation:
    return lambda world: world.registry().register_tool(name, tool)


PROVOCATIONS: Mapping[tuple[str, str, str], tuple[Provocation, ...]] = {
    ("Codemode()", "ValueError", "If neither `config` nor `client_config` is provided"): (_no_configuration,),
    (
        "Codemode.from_client_config",
        "ValueError",
        "If environment variables are missing when loading from env",
    ): (_without_variables, _without_one_variable),
    ("Codemode.from_config", "FileNotFoundError", "If config file not found"): (_absent_file,),
    ("Codemode.from_config", "ConfigLoadError", "If config is invalid"): (
        _invalid_file("project: ["),
        _invalid_file("project:\n  name: a\n"),
        _invalid_file(""),
    ),
    ("Codemode.execute", "ExecutorClientError", "If execution fails"): (
        _program("1 / 0"),
        _program("result = ("),
        _program(_SLEEP, 1),
        _program("import os\nos._exit(0)"),
        lambda world: world.codemode(world.client_config(world.nowhere())).execute("1"),
    ),
    ("Codemode.as_crewai_tool", "ImportError", "If CrewAI is not installed"): (_crewai_absent,),
    ("ExecutorClient.execute", "ExecutorTimeoutError", "If request times out after all retries"): (_too_slow,),
    ("ExecutorClient.execute", "ExecutorConnectionError", "If connection fails after all retries"): (_nobody_there,),
    ("ExecutorClient.execute", "ExecutorClientError", "For other gRPC errors"): (_other_error,),
    ("ExecutorClient.execute_async", "ExecutorTimeoutError", "If request times out after all retries"): (
        _too_slow_async,
    ),
    ("ExecutorClient.execute_async", "ExecutorConnectionError", "If connection fails after all retries"): (
        _nobody_there_async,
    ),
    ("ExecutorClient.execute_async", "ExecutorClientError", "For other gRPC errors or if client is closed"): (
        _other_error_async,
        _closed,
    ),
    ("ComponentRegistry.register_tool", "ComponentAlreadyExistsError", "If tool exists and `overwrite=False`"): (
        _register("weather", lambda: None),
    ),
    ("ComponentRegistry.register_tool", "ValueError", "If name or tool is invalid"): (
        _register("", lambda: None),
        _register(None, lambda: None),
        _register("tool", None),
        _register("tool", 3),
    ),
    ("ComponentRegistry.get_tool", "ComponentNotFoundError", "If tool not found"): (
        lambda world: world.registry().get_tool("absent"),
    ),
}
"""Entry, exception and condition → what raises it."""
