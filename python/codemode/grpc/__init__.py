"""What applications of the package before this one import to serve their tools. There is nothing to serve any more.

An executor calls tools over the connection that the client opened, so an application needs no server and no port. These
functions keep such applications running: each warns, and what it returns does nothing.
"""

from __future__ import annotations

from codemode.grpc.server import ToolServer, create_tool_server, start_tool_service, start_tool_service_async

__all__ = ["ToolServer", "create_tool_server", "start_tool_service", "start_tool_service_async"]
