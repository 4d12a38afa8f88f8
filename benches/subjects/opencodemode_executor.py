"""opencodemode's sidecar, on loopback: its own `serve` listens on every address of the machine, whatever it is told."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any


async def main() -> None:
    """Serves until the process is ended."""
    grpc: Any = import_module("grpc")
    service: Any = import_module("codemode.executor.service")
    messages: Any = import_module("codemode.protos.codemode_pb2_grpc")
    config = import_module("codemode.config.sidecar_config").SidecarConfig.from_env()
    server = grpc.aio.server()
    messages.add_ExecutorServiceServicer_to_server(service.ExecutorGrpcService.from_config(config), server)
    server.add_insecure_port(f"127.0.0.1:{config.port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
