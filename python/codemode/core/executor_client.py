"""The client of one executor: sends programs, serves their tool calls, returns their results.

A program's own failure is a result, not an exception. The exceptions below are of the request: see
`codemode.core.errors` for the tree. A request is sent again only while the executor has not accepted it, so no retry
runs a program twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codemode.core.correlation import generate_correlation_id
from codemode.core.errors import (
    ExecutionFailedError,
    ExecutorClientError,
    ExecutorConnectionError,
    ExecutorTimeoutError,
    UnknownToolError,
    suggest,
)
from codemode.core.models import ExecutionResult, LimitOptions

if TYPE_CHECKING:
    from typing_extensions import Self

    from codemode.core.context import RuntimeContext
    from codemode.core.registry import ComponentRegistry
    from codemode.core.request import OutputSink, Request

__all__ = [
    "ExecutionFailedError",
    "ExecutorClient",
    "ExecutorClientError",
    "ExecutorConnectionError",
    "ExecutorTimeoutError",
    "UnknownToolError",
]

_RETRIED = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")  # nothing ran: no route, draining, or no free worker
_PROBE_TIME = 5.0  # seconds that a health or ready check waits at most
_PROBE = "result = tools['codemode_ping'].run(token=config['token'])"


class ExecutorClient:
    """A client of one executor. Safe to use from several threads, tasks and event loops at once.

    Attributes:
        executor_url: Where the executor is.
        timeout: Seconds for a whole request.
        registry: Where the tools named by ``available_tools`` are; set by `Codemode`.
    """

    def __init__(
        self,
        executor_url: str,
        api_key: str,
        timeout: int = 35,
        tls_config: Any | None = None,
        retry_enabled: bool = True,
        retry_max_attempts: int = 3,
        retry_backoff_base_ms: int = 100,
        retry_backoff_max_ms: int = 5000,
        retry_status_codes: list[Any] | None = None,
        include_correlation_id: bool = True,
        correlation_id_prefix: str = "cm",
        *,
        registry: ComponentRegistry | None = None,
    ) -> None:
        """Prepares the client. Nothing is sent: the connection opens at the first request.

        Args:
            executor_url: ``http://host:port``, ``grpc://host:port`` or ``unix:/path``.
            api_key: The executor's key; empty for an executor without one.
            timeout: Seconds for a whole request, retries included.
            tls_config: Must be None.
            retry_enabled: Send a request again that the executor did not accept.
            retry_max_attempts: How often it is sent at most.
            retry_backoff_base_ms: Wait before the first retry, in milliseconds; it doubles.
            retry_backoff_max_ms: The longest wait, in milliseconds.
            retry_status_codes: `grpc.StatusCode` members, or their names, to retry on. Default: UNAVAILABLE and
                RESOURCE_EXHAUSTED.
            include_correlation_id: Send a correlation id, generated where the caller gives none.
            correlation_id_prefix: What generated correlation ids begin with.
            registry: Where the tools are.

        Raises:
            ValueError: The URL cannot be used, or an option is out of range.
        """
        from codemode import _codemode

        if tls_config is not None:
            raise ValueError("tls_config: this version has no TLS; use http://, grpc:// or unix:/path")
        if timeout <= 0:
            raise ValueError(f"timeout must be more than 0 seconds, not {timeout}")
        if retry_max_attempts < 1 or retry_backoff_base_ms < 0 or retry_backoff_max_ms < 0:
            raise ValueError("retry_max_attempts must be at least 1 and the backoff times at least 0")
        codes = retry_status_codes if retry_status_codes is not None else _RETRIED
        retry = _codemode.RetryPolicy(
            max_attempts=retry_max_attempts if retry_enabled else 1,
            backoff_base=retry_backoff_base_ms / 1000,
            backoff_max=retry_backoff_max_ms / 1000,
            status_codes=[str(getattr(code, "name", code)) for code in codes],
        )
        self.executor_url = executor_url
        self.timeout = timeout
        self.registry = registry
        self._include_correlation_id = include_correlation_id
        self._correlation_id_prefix = correlation_id_prefix
        self._connection = _codemode.Connection(executor_url, api_key or None, retry=retry)
        self._closed = False

    # === executions ===

    def execute(
        self,
        code: str,
        available_tools: list[str],
        config: dict[str, Any],
        execution_timeout: int = 30,
        context: RuntimeContext | None = None,
        correlation_id: str | None = None,
        *,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
        registry: ComponentRegistry | None = None,
        timeout: float | None = None,
    ) -> ExecutionResult:
        """Runs a program and waits for its end, inside or outside of a running event loop.

        Args:
            code: The program.
            available_tools: Names of the tools that it may call, and no others.
            config: The program's global ``config``.
            execution_timeout: Seconds that the program may run.
            context: What its tools see as the runtime context. Default: the registry's current one.
            correlation_id: For tracing, printable ASCII. Default: generated.
            limits: Further limits, each lowered to the executor's own ceiling.
            on_output: Receives output as it is written: ``on_output("stdout", text)``.
            registry: Where the tools are, instead of `registry` of the client.
            timeout: Seconds for the whole request, instead of `timeout` of the client.

        Returns:
            How the program ended. ``success`` is False where it failed, timed out, or was killed.

        Raises:
            ExecutorTimeoutError: ``timeout`` passed first; the execution was cancelled.
            ExecutorConnectionError: No executor answered, it refused the key, or the connection was lost.
            ExecutorClientError: The executor refused the request, or the client is closed.
            UnknownToolError: A tool is not registered; nothing was sent.
            ValueError: An argument cannot be used; nothing was sent.
        """
        from codemode.core.dispatch_sync import SyncDispatch

        request = self._request(
            code,
            available_tools,
            config,
            execution_timeout,
            context,
            correlation_id,
            limits,
            on_output,
            registry,
            timeout,
        )
        try:
            return SyncDispatch(self._connection, request).run()
        except ExecutorClientError as error:
            error.correlation_id = request.correlation_id or None
            raise

    async def execute_async(
        self,
        code: str,
        available_tools: list[str],
        config: dict[str, Any],
        execution_timeout: int = 30,
        context: RuntimeContext | None = None,
        correlation_id: str | None = None,
        *,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
        registry: ComponentRegistry | None = None,
        timeout: float | None = None,
    ) -> ExecutionResult:
        """As `execute`, without blocking the event loop. Async tools run on it; cancelling the task cancels all."""
        from codemode.core.dispatch_async import AsyncDispatch

        request = self._request(
            code,
            available_tools,
            config,
            execution_timeout,
            context,
            correlation_id,
            limits,
            on_output,
            registry,
            timeout,
        )
        try:
            return await AsyncDispatch(self._connection, request).run()
        except ExecutorClientError as error:
            error.correlation_id = request.correlation_id or None
            raise

    def _request(
        self,
        code: str,
        available_tools: Sequence[str],
        config: Mapping[str, Any],
        execution_timeout: float,
        context: RuntimeContext | None,
        correlation_id: str | None,
        limits: LimitOptions | None,
        on_output: OutputSink | None,
        registry: ComponentRegistry | None,
        timeout: float | None,
    ) -> Request:
        from codemode import _codemode
        from codemode._values import encode
        from codemode.core.registry import ComponentRegistry
        from codemode.core.request import Request

        if self._closed:
            raise ExecutorClientError("ExecutorClient has been closed")
        if not isinstance(code, str):
            raise TypeError(f"code must be a str, not {type(code).__name__}")
        if execution_timeout <= 0:
            raise ValueError(f"execution_timeout must be more than 0 seconds, not {execution_timeout}")
        registry = registry if registry is not None else self.registry
        wanted = [name for name in available_tools if not name.startswith("__")]
        if registry is None and wanted:
            raise UnknownToolError(wanted, None)
        tools, tool_set = (registry if registry is not None else ComponentRegistry()).select(wanted)
        if context is None and registry is not None:
            context = registry.get_context()
        return Request(
            code=code,
            tools=tools,
            tool_set=tool_set,
            config=encode(dict(config), root="config").encode(),
            limits=_codemode.Limits(wall_time=float(execution_timeout), **_checked(limits)),
            deadline=float(timeout if timeout is not None else self.timeout),
            execution_id=os.urandom(16).hex(),
            correlation_id=self._correlation_id(correlation_id),
            context=context,
            registry=registry,
            value_limit=(limits or {}).get("value"),
            on_output=on_output,
        )

    def _correlation_id(self, given: str | None) -> str:
        if given is None:
            return generate_correlation_id(self._correlation_id_prefix) if self._include_correlation_id else ""
        if not given.isascii() or not given.isprintable() or len(given) > 128:
            raise ValueError(f"a correlation id must be at most 128 printable ASCII characters, not {given!r}")
        return given

    # === checks ===

    def health_check(self) -> bool:
        """Whether the executor says that it serves. False where it does not answer within 5 s."""
        return not self._closed and self._connection.health(min(_PROBE_TIME, self.timeout))

    def ready_check(self) -> bool:
        """Whether a program runs there and reaches a tool here: one is run that calls a private tool."""
        token = os.urandom(8).hex()
        try:
            result = self.execute(**_probe(token, min(_PROBE_TIME, self.timeout)))
        except ExecutorClientError:
            return False
        return result.success and result.value == token

    # === closing ===

    def close(self) -> None:
        """Cancels what runs and closes the connection. Idempotent, from any thread."""
        self._closed = True
        self._connection.close()

    async def close_async(self) -> None:
        """As `close`. It does not wait for the network."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close_async()

    def __repr__(self) -> str:
        return f"ExecutorClient({self.executor_url!r}{', closed' if self._closed else ''})"


def _checked(limits: LimitOptions | None) -> dict[str, Any]:
    known = list(LimitOptions.__annotations__)
    options: dict[str, Any] = dict(limits or {})
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"unknown limit `{name}`{suggest(name, known)}; there are {', '.join(known)}")
        if value <= 0:
            raise ValueError(f"limit `{name}` must be more than 0, not {value}")
    return options


def _probe(token: str, timeout: float) -> dict[str, Any]:
    from codemode.core.registry import ComponentRegistry

    registry = ComponentRegistry()
    registry.register_tool("codemode_ping", lambda token: token, description="Returns the token.")
    return {
        "code": _PROBE,
        "available_tools": ["codemode_ping"],
        "config": {"token": token},
        "execution_timeout": timeout,
        "registry": registry,
        "timeout": timeout,
    }
