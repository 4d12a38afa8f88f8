"""`Codemode`: a registry of tools and an executor, together. The object that most applications use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codemode.core.context import RuntimeContext
from codemode.core.errors import ExecutionFailedError
from codemode.core.executor_client import ExecutorClient
from codemode.core.models import ExecutionError, ExecutionResult, LimitOptions
from codemode.core.registry import ComponentRegistry

if TYPE_CHECKING:
    import os

    from typing_extensions import Self

    from codemode import _codemode
    from codemode.config.client_config import ClientConfig
    from codemode.core.request import OutputSink

_MARGIN = 5.0  # seconds of a request that are left for the connection and the queue, next to the program


class Codemode:
    """Runs programs that call the tools of a registry.

    Attributes:
        registry: The tools.
        executor_client: The client that runs the programs.
        client_config: The configuration that it was made from, where there is one.
        config: None; there is no legacy configuration.
    """

    def __init__(
        self,
        config: Any | None = None,
        registry: ComponentRegistry | None = None,
        client_config: ClientConfig | None = None,
        executor_client: ExecutorClient | None = None,
    ) -> None:
        """Nothing is sent: the connection opens at the first execution.

        Args:
            config: Must be None; use ``client_config``.
            registry: The tools. Default: a new registry.
            client_config: Where the executor is and how to talk to it.
            executor_client: A client that exists already; it is closed with this object.

        Raises:
            ValueError: Neither ``client_config`` nor ``executor_client`` is given, or the configuration cannot be used.
        """
        if config is not None:
            raise ValueError("legacy configurations are not supported: pass `client_config`, a ClientConfig")
        if client_config is None and executor_client is None:
            raise ValueError("Either 'config' or 'client_config' must be provided")
        self.config = None
        self.registry = registry if registry is not None else ComponentRegistry()
        self.client_config = client_config
        self.executor_client = executor_client if executor_client is not None else _client_of(client_config)
        self._local: _codemode.LocalExecutor | None = None
        if getattr(self.executor_client, "registry", None) is None:
            self.executor_client.registry = self.registry

    @classmethod
    def from_client_config(
        cls,
        config: ClientConfig | None = None,
        registry: ComponentRegistry | None = None,
        config_path: str | Path | None = None,
    ) -> Self:
        """From a configuration, else from a ``codemode-client.yaml``, else from the environment.

        Args:
            config: The configuration.
            registry: The tools. Default: a new registry.
            config_path: The path of the YAML file.

        Raises:
            ValueError: Both are given, or environment variables are missing or wrong; the message names them.
            FileNotFoundError: There is no such file.
            ConfigLoadError: The file is invalid.
        """
        if config is not None and config_path is not None:
            raise ValueError("pass either `config` or `config_path`, not both")
        if config is None:
            from codemode.config.client_config import ClientConfig
            from codemode.config.loader import ConfigLoader

            if config_path is not None:
                config = ConfigLoader.load_client_config(config_path)
            else:
                config = ClientConfig.from_env()
        return cls(client_config=config, registry=registry)

    @classmethod
    def from_env(cls, registry: ComponentRegistry | None = None) -> Self:
        """From ``CODEMODE_EXECUTOR_URL``, ``CODEMODE_EXECUTOR_API_KEY`` and the optional variables.

        Raises:
            ValueError: Variables are missing or wrong; the message names them.
        """
        return cls.from_client_config(registry=registry)

    @classmethod
    def local(
        cls,
        registry: ComponentRegistry | None = None,
        *,
        python: str | os.PathLike[str] | None = None,
        profile: str | None = None,
        workers: int | None = None,
        timeout: int = 35,
        start_timeout: float = 30.0,
        arguments: Sequence[str] = (),
    ) -> Self:
        """Starts an executor as a child process on a private socket, with the usual jail. `close` stops it.

        Args:
            registry: The tools. Default: a new registry.
            python: The interpreter that programs run under. Default: ``CODEMODE_PYTHON``, else the one running this.
            profile: The jail profile to require: ``container``, ``standard``, ``max``. Default: the executor's choice.
            workers: How many programs may run at once. Default: the executor's choice.
            timeout: Seconds for a whole request.
            start_timeout: Seconds to wait until it serves.
            arguments: Further arguments of ``codemode serve``.

        Raises:
            ExecutorConnectionError: The executor is not installed or refused to start.
        """
        from codemode.core import local

        executor = local.start(
            python=python, profile=profile, workers=workers, arguments=arguments, start_timeout=start_timeout
        )
        try:
            client = ExecutorClient(executor.url, executor.api_key, timeout=timeout)
            codemode = cls(registry=registry, executor_client=client)
        except BaseException:
            executor.stop()
            raise
        codemode._local = executor
        return codemode

    # === executions ===

    def execute(self, code: str, execution_timeout: int | None = None, tool_filter: list[str] | None = None) -> str:
        """Runs a program and returns its value: its variable ``result``, else its last expression.

        Args:
            code: The program.
            execution_timeout: Seconds that it may run. Default: the request's timeout less a margin (30 of 35).
            tool_filter: Names of the tools that it may call. Default: all of the registry.

        Returns:
            A JSON document: ``'4'``, ``'"hello"'``, ``'null'``.

        Raises:
            ExecutionFailedError: The program did not complete; ``result`` has its output, traceback and tool calls.
            ExecutorClientError: The request was not carried out; see `ExecutorClient.execute`.
        """
        return _text(self.run(code, execution_timeout, tool_filter))

    async def execute_async(
        self, code: str, execution_timeout: int | None = None, tool_filter: list[str] | None = None
    ) -> str:
        """As `execute`, without blocking the event loop. Async tools run on it; cancelling the task cancels all."""
        return _text(await self.run_async(code, execution_timeout, tool_filter))

    def run(
        self,
        code: str,
        execution_timeout: float | None = None,
        tool_filter: list[str] | None = None,
        *,
        correlation_id: str | None = None,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
    ) -> ExecutionResult:
        """Runs a program and returns everything about it. A program that fails is a result too.

        Args:
            code: The program.
            execution_timeout: Seconds that it may run. Default: the request's timeout less a margin (30 of 35).
            tool_filter: Names of the tools that it may call. Default: all of the registry.
            correlation_id: For tracing. Default: generated.
            limits: Further limits, such as ``{"memory": 256 * 2**20}``.
            on_output: Receives output as it is written: ``on_output("stdout", text)``.

        Raises:
            ExecutorClientError: The request was not carried out; see `ExecutorClient.execute`.
        """
        too_long = self._too_long(code)
        if too_long is not None:
            return too_long
        options = self._options(execution_timeout, tool_filter, correlation_id, limits, on_output)
        return self.executor_client.execute(code, **options)

    async def run_async(
        self,
        code: str,
        execution_timeout: float | None = None,
        tool_filter: list[str] | None = None,
        *,
        correlation_id: str | None = None,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
    ) -> ExecutionResult:
        """As `run`, without blocking the event loop."""
        too_long = self._too_long(code)
        if too_long is not None:
            return too_long
        options = self._options(execution_timeout, tool_filter, correlation_id, limits, on_output)
        return await self.executor_client.execute_async(code, **options)

    def _options(
        self,
        execution_timeout: float | None,
        tool_filter: list[str] | None,
        correlation_id: str | None,
        limits: LimitOptions | None,
        on_output: OutputSink | None,
    ) -> dict[str, Any]:
        client = self.executor_client
        timeout = self.client_config.executor_timeout if self.client_config is not None else client.timeout
        options: dict[str, Any] = {
            "available_tools": list(self.registry.get_tool_registrations()) if tool_filter is None else tool_filter,
            "config": self.registry.config,
            "context": self.registry.get_context(),
            "correlation_id": correlation_id,
        }
        if execution_timeout is None:
            # 30 of the default 35 s, and the same share of shorter ones.
            execution_timeout = timeout - min(_MARGIN, timeout / 7)
        elif execution_timeout + _MARGIN > timeout:
            # A longer time that was asked for expressly is not cut by the client's default deadline.
            options["timeout"] = execution_timeout + _MARGIN
        options["execution_timeout"] = execution_timeout
        for name, value in (("limits", limits), ("on_output", on_output)):
            if value is not None:
                options[name] = value
        if client.registry is not self.registry:
            options["registry"] = self.registry
        return options

    def _too_long(self, code: str) -> ExecutionResult | None:
        limit = self.client_config.max_code_length if self.client_config is not None else None
        if limit is None or len(code) <= limit:
            return None
        message = f"the program has {len(code)} characters; `max_code_length` of the client is {limit}"
        details = ExecutionError("CodeTooLong", message)
        return ExecutionResult(
            success=False, error=f"CodeTooLong: {message}", error_details=details, code=code, outcome="rejected"
        )

    # === context and configuration ===

    def with_context(self, **variables: Any) -> Self:
        """Sets the runtime context that tools see, for the current task or thread. Replaces the one before.

        Returns:
            This object.
        """
        self.registry.set_context(RuntimeContext(variables=variables))
        return self

    def with_config(self, **config: Any) -> Self:
        """Sets entries of the programs' global ``config``, for all tasks.

        Returns:
            This object.
        """
        self.registry.update_config(**config)
        return self

    # === checks and closing ===

    def health_check(self) -> bool:
        """Whether the executor says that it serves. False where it does not answer within 5 s."""
        return self.executor_client.health_check()

    def ready_check(self) -> bool:
        """Whether a program runs there and reaches a tool here: one is run that calls a private tool."""
        return self.executor_client.ready_check()

    def close(self) -> None:
        """Closes the client, and stops the executor that `local` started. Idempotent."""
        self.executor_client.close()
        if self._local is not None:
            self._local.stop()

    async def close_async(self) -> None:
        """As `close`; the embedded executor's end is awaited without blocking the event loop."""
        await self.executor_client.close_async()
        if self._local is not None:
            import asyncio

            await asyncio.get_running_loop().run_in_executor(None, self._local.stop)

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
        return f"Codemode({self.executor_client!r}, {len(self.registry.get_tool_registrations())} tools)"


def _text(result: ExecutionResult) -> str:
    if not result.success:
        raise ExecutionFailedError(result)
    return result.result if result.result is not None else "null"


def _client_of(config: ClientConfig | None) -> ExecutorClient:
    assert config is not None  # the constructor has checked that one of the two is given
    if config.tls.enabled:
        raise ValueError("tls.enabled: this version has no TLS; use http://, grpc:// or unix:/path")
    return ExecutorClient(
        config.executor_url,
        config.executor_api_key,
        timeout=config.executor_timeout,
        retry_enabled=config.retry.enabled,
        retry_max_attempts=config.retry.max_attempts,
        retry_backoff_base_ms=config.retry.backoff_base_ms,
        retry_backoff_max_ms=config.retry.backoff_max_ms,
        include_correlation_id=config.observability.include_correlation_id,
        correlation_id_prefix=config.observability.correlation_id_prefix,
    )
