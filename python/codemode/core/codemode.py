"""`Codemode`: a registry of tools and an executor, together. The object that most applications use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codemode.core import defaults
from codemode.core.context import RuntimeContext
from codemode.core.errors import ExecutionFailedError, ExecutionSuspendedError
from codemode.core.executor_client import ExecutorClient
from codemode.core.models import ExecutionResult, LimitOptions
from codemode.core.registry import ComponentRegistry
from codemode.core.threads import in_thread

if TYPE_CHECKING:
    import os

    from typing_extensions import Self

    from codemode import _codemode
    from codemode.checkpoints import CheckpointStore
    from codemode.config import ClientConfig, CodemodeConfig
    from codemode.core.approvals import Answer
    from codemode.core.checkpoint import Checkpoint
    from codemode.core.request import OutputSink
    from codemode.integrations.crewai import CodemodeTool
    from codemode.integrations.google_adk import CodemodeAdkTool


class Codemode:
    """Runs programs that call the tools of a registry.

    Attributes:
        registry: The tools.
        executor_client: The client that runs the programs.
        client_config: The configuration that it was made from, where there is one.
        config: The legacy configuration that it was made from, where there is one.
    """

    def __init__(
        self,
        config: CodemodeConfig | None = None,
        registry: ComponentRegistry | None = None,
        client_config: ClientConfig | None = None,
        executor_client: ExecutorClient | None = None,
        *,
        checkpoints: CheckpointStore | None = None,
        checkpoint_key: bytes | str | None = None,
    ) -> None:
        """Nothing is sent: the connection opens at the first execution.

        Args:
            config: A legacy configuration; its ``config`` becomes that of the registry.
            registry: The tools. Default: a new registry.
            client_config: Where the executor is and how to talk to it.
            executor_client: A client that exists already; it is closed with this object.
            checkpoints: Where durable executions are kept: a store of `codemode.checkpoints`. It is not closed here.
            checkpoint_key: What seals them there; see `ExecutorClient`.

        Raises:
            ValueError: None of ``config``, ``client_config`` and ``executor_client`` is given, or two configurations
                are, or one cannot be used.
        """
        defaults.check(config, registry, client_config)
        if config is None and client_config is None and executor_client is None:
            raise ValueError("Either 'config' or 'client_config' must be provided")
        if config is not None and client_config is not None:
            raise ValueError("pass either `config` or `client_config`, not both")
        self.config = config
        self.registry = registry if registry is not None else ComponentRegistry()
        self.client_config = client_config
        if executor_client is None:
            executor_client = ExecutorClient(**defaults.client_options(config, client_config))
            defaults.set_log_level(client_config)
        if checkpoints is not None or checkpoint_key is not None:
            executor_client.use_checkpoints(checkpoints, checkpoint_key)
        self.executor_client = executor_client
        if config is not None and config.config:
            self.registry.update_config(**config.config)
        self._local: _codemode.LocalExecutor | None = None
        if getattr(self.executor_client, "registry", None) is None:
            self.executor_client.registry = self.registry

    @classmethod
    def from_client_config(
        cls,
        config: ClientConfig | None = None,
        registry: ComponentRegistry | None = None,
        config_path: str | Path | None = None,
        *,
        checkpoints: CheckpointStore | None = None,
        checkpoint_key: bytes | str | None = None,
    ) -> Self:
        """From a configuration, else from a ``codemode-client.yaml``, else from the environment.

        Args:
            config: The configuration.
            registry: The tools. Default: a new registry.
            config_path: The path of the YAML file.
            checkpoints: Where durable executions are kept.
            checkpoint_key: What seals them there.

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
        return cls(client_config=config, registry=registry, checkpoints=checkpoints, checkpoint_key=checkpoint_key)

    @classmethod
    def from_env(
        cls,
        registry: ComponentRegistry | None = None,
        *,
        checkpoints: CheckpointStore | None = None,
        checkpoint_key: bytes | str | None = None,
    ) -> Self:
        """From ``CODEMODE_EXECUTOR_URL``, ``CODEMODE_EXECUTOR_API_KEY`` and the optional variables.

        Args:
            registry: The tools. Default: a new registry.
            checkpoints: Where durable executions are kept.
            checkpoint_key: What seals them there.

        Raises:
            ValueError: Variables are missing or wrong; the message names them.
        """
        return cls.from_client_config(registry=registry, checkpoints=checkpoints, checkpoint_key=checkpoint_key)

    @classmethod
    def from_config(cls, config_path: str | Path, registry: ComponentRegistry | None = None) -> Self:
        """From a legacy ``codemode.yaml``.

        Args:
            config_path: The path of the file.
            registry: The tools. Default: a new registry.

        Raises:
            FileNotFoundError: There is no such file.
            ConfigLoadError: The file is invalid.
        """
        from codemode.config.loader import ConfigLoader

        return cls(config=ConfigLoader.load(config_path), registry=registry)

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], registry: ComponentRegistry | None = None) -> Self:
        """From a dict with the keys of a legacy ``codemode.yaml``. Raises `ConfigLoadError` where one is wrong."""
        from codemode.config.loader import ConfigLoader

        return cls(config=ConfigLoader.load_dict(config_dict), registry=registry)

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
        checkpoints: CheckpointStore | None = None,
        checkpoint_key: bytes | str | None = None,
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
            checkpoints: Where durable executions are kept: a store of `codemode.checkpoints`. It is not closed here.
            checkpoint_key: What seals them there; see `ExecutorClient`.

        Raises:
            ExecutorConnectionError: The executor is not installed or refused to start.
        """
        from codemode.core import local

        executor = local.start(
            python=python, profile=profile, workers=workers, arguments=arguments, start_timeout=start_timeout
        )
        try:
            client = ExecutorClient(
                executor.url,
                executor.api_key,
                timeout=timeout,
                checkpoints=checkpoints,
                checkpoint_key=checkpoint_key,
            )
            codemode = cls(registry=registry, executor_client=client)
        except BaseException:
            executor.stop()
            raise
        codemode._local = executor
        return codemode

    # === executions ===

    def execute(
        self,
        code: str,
        execution_timeout: int | None = None,
        tool_filter: list[str] | None = None,
        *,
        durable: bool = False,
    ) -> str:
        """Runs a program and returns its value: its variable ``result``, else its last expression.

        Args:
            code: The program.
            execution_timeout: Seconds that it may run. Default: the request's timeout less a margin (30 of 35), or
                ``executor.limits.code_timeout`` of a legacy configuration.
            tool_filter: Names of the tools that it may call. Default: all of the registry.
            durable: Keep it in the store as it runs; see `ExecutorClient.execute`.

        Returns:
            A JSON document: ``'4'``, ``'"hello"'``, ``'null'``.

        Raises:
            ExecutionFailedError: The program did not complete; ``result`` has its output, traceback and tool calls.
            ExecutionSuspendedError: It waits for answers; ``result`` has the calls, and the checkpoint.
            ExecutorClientError: The request was not carried out; see `ExecutorClient.execute`.
        """
        return _text(self.run(code, execution_timeout, tool_filter, durable=durable))

    async def execute_async(
        self,
        code: str,
        execution_timeout: int | None = None,
        tool_filter: list[str] | None = None,
        *,
        durable: bool = False,
    ) -> str:
        """As `execute`, without blocking the event loop. Async tools run on it; cancelling the task cancels all."""
        return _text(await self.run_async(code, execution_timeout, tool_filter, durable=durable))

    def run(
        self,
        code: str,
        execution_timeout: float | None = None,
        tool_filter: list[str] | None = None,
        *,
        correlation_id: str | None = None,
        tool_call_timeout: float | None = None,
        max_code_length: int | None = None,
        traceparent: str | None = None,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
        durable: bool = False,
    ) -> ExecutionResult:
        """Runs a program and returns everything about it. A program that fails is a result too.

        Args:
            code: The program.
            execution_timeout: Seconds that it may run. Default: the request's timeout less a margin (30 of 35).
            tool_filter: Names of the tools that it may call. Default: all of the registry.
            correlation_id: For tracing. Default: generated.
            tool_call_timeout: Seconds that one tool call may take. Default: as long as the program may run.
            max_code_length: Characters of a program; a longer one is rejected unsent. Default: the configuration's.
            traceparent: The W3C trace context; see `ExecutorClient.execute`.
            limits: Further limits, such as ``{"memory": 256 * 2**20}``.
            on_output: Receives output as it is written: ``on_output("stdout", text)``.
            durable: Keep it in the store as it runs; see `ExecutorClient.execute`.

        Raises:
            ExecutorClientError: The request was not carried out; see `ExecutorClient.execute`.
        """
        options = self._options(
            execution_timeout,
            tool_filter,
            correlation_id,
            max_code_length,
            tool_call_timeout=tool_call_timeout,
            traceparent=traceparent,
            limits=limits,
            on_output=on_output,
            durable=durable or None,
        )
        return defaults.presented(self, self.executor_client.execute(code=code, **options))

    async def run_async(
        self,
        code: str,
        execution_timeout: float | None = None,
        tool_filter: list[str] | None = None,
        *,
        correlation_id: str | None = None,
        tool_call_timeout: float | None = None,
        max_code_length: int | None = None,
        traceparent: str | None = None,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
        durable: bool = False,
    ) -> ExecutionResult:
        """As `run`, without blocking the event loop."""
        options = self._options(
            execution_timeout,
            tool_filter,
            correlation_id,
            max_code_length,
            tool_call_timeout=tool_call_timeout,
            traceparent=traceparent,
            limits=limits,
            on_output=on_output,
            durable=durable or None,
        )
        return defaults.presented(self, await self.executor_client.execute_async(code=code, **options))

    def load_checkpoint(self, execution_id: str) -> Checkpoint:
        """What the store has of a durable execution; see `ExecutorClient.load_checkpoint`."""
        return self.executor_client.load_checkpoint(execution_id)

    async def load_checkpoint_async(self, execution_id: str) -> Checkpoint:
        """As `load_checkpoint`, without blocking the event loop."""
        return await self.executor_client.load_checkpoint_async(execution_id)

    def resume(
        self,
        checkpoint: Checkpoint,
        results: Mapping[int, Answer] | None = None,
        *,
        execution_timeout: float | None = None,
        on_output: OutputSink | None = None,
    ) -> ExecutionResult:
        """Goes on with an execution that waits for answers, or whose application died.

        Args:
            checkpoint: Of a result, of `load_checkpoint` or of `Checkpoint.from_bytes`.
            results: What becomes of the calls that wait, by ``call_id``: `Approve`, `Deny`, `Return`, `Fail`, or, of an
                uncertain one, `Retry`. One that is left out waits on.
            execution_timeout: Seconds that the program may run, from its top. Default: as before.
            on_output: Receives output as it is written, without what an ``on_output`` was given before.

        Raises:
            UncertainCallError: A call that had begun when the application died has no answer; nothing was run.
            CheckpointError: An answer does not fit, or the checkpoint cannot be resumed; nothing was run.
            CheckpointConflictError: It was resumed elsewhere or has finished; nothing was run.
            ExecutorClientError: See `ExecutorClient.resume`.
        """
        options = self._resume_options(execution_timeout, on_output)
        return defaults.presented(self, self.executor_client.resume(checkpoint, results, **options))

    async def resume_async(
        self,
        checkpoint: Checkpoint,
        results: Mapping[int, Answer] | None = None,
        *,
        execution_timeout: float | None = None,
        on_output: OutputSink | None = None,
    ) -> ExecutionResult:
        """As `resume`, without blocking the event loop."""
        options = self._resume_options(execution_timeout, on_output)
        return defaults.presented(self, await self.executor_client.resume_async(checkpoint, results, **options))

    def _resume_options(self, execution_timeout: float | None, on_output: OutputSink | None) -> dict[str, Any]:
        return {
            "execution_timeout": execution_timeout,
            "context": self.registry.get_context(),
            "on_output": on_output,
            "registry": self.registry,
        }

    def _options(
        self,
        execution_timeout: float | None,
        tool_filter: list[str] | None,
        correlation_id: str | None,
        max_code_length: int | None,
        **further: Any,
    ) -> dict[str, Any]:
        client = self.executor_client
        options: dict[str, Any] = {
            "available_tools": list(self.registry.get_tool_registrations()) if tool_filter is None else tool_filter,
            "config": self.registry.config,
            "context": self.registry.get_context(),
            "correlation_id": correlation_id,
        }
        named = execution_timeout is not None or self.config is not None
        if execution_timeout is None:
            execution_timeout = defaults.execution_timeout(self)
        if named and isinstance(execution_timeout, (int, float)):
            least = execution_timeout + defaults.MARGIN
            if least > defaults.timeout(self):
                # A longer time that was asked for expressly is not cut by the client's default deadline.
                further["timeout"] = least
        options["execution_timeout"] = execution_timeout
        further["max_code_length"] = max_code_length if max_code_length is not None else defaults.max_code_length(self)
        further["limits"] = defaults.limits(self, further["limits"])
        if client.registry is not self.registry:
            further["registry"] = self.registry
        options.update((name, value) for name, value in further.items() if value is not None)
        return options

    # === context and configuration ===

    def with_context(self, **variables: Any) -> Self:
        """Sets the runtime context that tools see, for the current task or thread. Replaces the one before.

        Returns:
            This object.
        """
        self.registry.set_context(RuntimeContext(variables=variables))
        return self

    async def with_context_async(self, **variables: Any) -> Self:
        """As `with_context`, for the task that awaits it."""
        return self.with_context(**variables)

    def with_config(self, **config: Any) -> Self:
        """Sets entries of the programs' global ``config``, for all tasks.

        Returns:
            This object.
        """
        self.registry.update_config(**config)
        return self

    async def with_config_async(self, **config: Any) -> Self:
        """As `with_config`."""
        return self.with_config(**config)

    # === frameworks ===

    def as_crewai_tool(self, tool_filter: list[str] | None = None) -> CodemodeTool:
        """This object as a tool for CrewAI's agents, who write the programs.

        Args:
            tool_filter: Names of the tools that programs may call. Default: all of the registry.

        Raises:
            ImportError: CrewAI is not installed.
        """
        from codemode.integrations.crewai import create_codemode_tool

        return create_codemode_tool(
            self.registry,
            self.executor_client,
            tool_filter=tool_filter,
            **defaults.tool_options(self),
        )

    def as_google_adk_tool(
        self,
        context_resolver: Any = None,
        description: str | None = None,
        tool_filter: list[str] | None = None,
    ) -> CodemodeAdkTool:
        """This object as a tool for agents of Google's Agent Development Kit: its `as_function_tool` goes to an agent.

        Args:
            context_resolver: Makes the `RuntimeContext` of ADK's tool context. Default: user, session and invocation.
            description: What the model is told, instead of the description made from the registry.
            tool_filter: Names of the tools that programs may call. Default: all of the registry.

        Raises:
            ImportError: google-adk is not installed.
        """
        from codemode.integrations.google_adk import create_google_adk_tool

        return create_google_adk_tool(
            self.registry,
            self.executor_client,
            context_resolver,
            description,
            tool_filter,
            **defaults.tool_options(self),
        )

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
            await in_thread(self._local.stop)

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
    if result.outcome == "suspended":
        raise ExecutionSuspendedError(result)
    if not result.success:
        raise ExecutionFailedError(result)
    return result.result if result.result is not None else "null"
