"""What the package before this one had and this one has not: its import, or its call, says what to do instead."""

from __future__ import annotations

import asyncio
import importlib

import pytest

from codemode import ComponentRegistry


@pytest.mark.parametrize(
    ("module", "remedy"),
    [
        ("codemode.executor.runner", "use Codemode.run"),
        ("codemode.executor.security", "the kernel confines programs"),
        ("codemode.executor.service", "`codemode serve`"),
        ("codemode.docker", "`codemode serve`"),
        ("codemode.docker_assets", "`codemode serve`"),
        ("codemode.protos", "proto/codemode/v1/executor.proto"),
    ],
)
def test_the_import_says_what_replaced_it(module: str, remedy: str) -> None:
    with pytest.raises(ImportError) as raised:
        importlib.import_module(module)
    assert str(raised.value).startswith(f"`{module}` is gone: ")
    assert remedy in str(raised.value)


def test_a_tool_service_beside_the_client_keeps_the_application_running() -> None:
    from codemode.grpc import create_tool_server, start_tool_service_async

    async def main() -> None:
        with pytest.warns(DeprecationWarning, match="^start_tool_service_async does nothing: executors call the tools"):
            server = await start_tool_service_async(ComponentRegistry(), host="0.0.0.0", port=50051, api_key="key")
        assert await server.wait_for_termination(timeout=0.01) is True
        with pytest.warns(DeprecationWarning, match="^create_tool_server does nothing"):
            server = create_tool_server(ComponentRegistry(), "0.0.0.0", 50051)
        await server.start()
        waiting = asyncio.ensure_future(server.wait_for_termination())
        await server.stop(grace=1)
        assert await waiting is False

    asyncio.run(main())
