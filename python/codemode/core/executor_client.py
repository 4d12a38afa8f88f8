"""The client of one executor: sends programs, serves their tool calls, returns their results.

A program's own failure is a result, not an exception. The exceptions below are of the request: see
`codemode.core.errors` for the tree. An execution whose executor was lost is run again with the journal of its tool
calls, so that no tool is called twice and no output is passed on twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codemode.core import client_arguments as arguments
from codemode.core.correlation import generate_correlation_id
from codemode.core.errors import (
    ExecutionFailedError,
    ExecutorClientError,
    ExecutorConnectionError,
    ExecutorTimeoutError,
    ReplayDivergedError,
    UnknownToolError,
)
from codemode.core.keeping import Keeping, check_kept, ended
from codemode.core.models import ExecutionResult, LimitOptions
from codemode.core.names import described
from codemode.core.threads import in_thread, in_trio

if TYPE_CHECKING:
    import grpc
    from typing_extensions import Self

    from codemode.checkpoints import CheckpointStore
    from codemode.config import GrpcTlsConfig, TlsClientConfig
    from codemode.core.approvals import Answer
    from codemode.core.checkpoint import Checkpoint
    from codemode.core.context import RuntimeContext
    from codemode.core.dispatch import Dispatch
    from codemode.core.dispatch_async import AsyncDispatch
    from codemode.core.dispatch_trio import TrioDispatch
    from codemode.core.registry import ComponentRegistry
    from codemode.core.request import OutputSink, Request
    from codemode.core.trace import CallTraceCollector

__all__ = [
    "ExecutionFailedError",
    "ExecutorClient",
    "ExecutorClientError",
    "ExecutorConnectionError",
    "ExecutorTimeoutError",
    "ReplayDivergedError",
    "UnknownToolError",
]

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
        tls_config: GrpcTlsConfig | TlsClientConfig | None = None,
        retry_enabled: bool = True,
        retry_max_attempts: int = 3,
        retry_backoff_base_ms: int = 100,
        retry_backoff_max_ms: int = 5000,
        retry_status_codes: list[grpc.StatusCode] | list[str] | None = None,
        include_correlation_id: bool = True,
        correlation_id_prefix: str = "cm",
        trace_collector: CallTraceCollector | None = None,
        *,
        registry: ComponentRegistry | None = None,
        checkpoints: CheckpointStore | None = None,
        checkpoint_key: bytes | str | None = None,
    ) -> None:
        """Prepares the client. Nothing is sent: the connection opens at the first request.

        Args:
            executor_url: ``http://host:port``, ``https://host:port``, ``grpc://``, ``grpcs://`` or ``unix:/path``.
                Several, separated by commas, are executors that are as good as each other, as are all addresses of the
                name in ``dns+http://host:port`` and ``dns+https://host:port``.
            api_key: The executor's key; empty for an executor without one.
            timeout: Seconds for a whole request, retries included.
            tls_config: TLS to the executor. Default: the system's authorities for ``https://`` and ``grpcs://``, no
                TLS for the others.
            retry_enabled: Run an execution again whose executor was lost, refused it or drains; with its journal, so
                that no tool is called twice.
            retry_max_attempts: How often it is sent at most.
            retry_backoff_base_ms: Wait before the first retry, in milliseconds; it doubles, and up to half of it is
                taken off at random.
            retry_backoff_max_ms: The longest wait, in milliseconds.
            retry_status_codes: `grpc.StatusCode` members, or their names, to retry on. Default: UNAVAILABLE and
                RESOURCE_EXHAUSTED.
            include_correlation_id: Send a correlation id, generated where the caller gives none.
            correlation_id_prefix: What generated correlation ids begin with.
            trace_collector: Is given each tool call, under its correlation id, when its execution has ended.
            registry: Where the tools are.
            checkpoints: Where durable executions are kept: a store of `codemode.checkpoints`. It is not closed here.
            checkpoint_key: Encrypts and authenticates what is kept there: a secret of 16 bytes or more. Default: the
                environment variable ``CODEMODE_CHECKPOINT_KEY``, else a digest that notices accidents only.

        Raises:
            ValueError: An argument cannot be used; the message names it.
        """
        from codemode import _codemode
        from codemode.core import tls

        url, key = arguments.url(executor_url), arguments.key(api_key)
        retry = arguments.retry_policy(
            enabled=retry_enabled,
            max_attempts=retry_max_attempts,
            backoff_base_ms=retry_backoff_base_ms,
            backoff_max_ms=retry_backoff_max_ms,
            status_codes=retry_status_codes,
        )
        self.executor_url = url
        self.timeout = arguments.seconds("timeout", timeout)
        self.registry = registry
        self.trace_collector = trace_collector
        self._include_correlation_id = include_correlation_id
        self._correlation_id_prefix = arguments.prefix(correlation_id_prefix)
        options = tls.options_of(arguments.tls(tls_config), url)
        self._connection = _codemode.Connection(url, key or None, retry=retry, tls=options)
        tls.warn_if_plain(url, key, options)
        self._keeping = Keeping.of(checkpoints, checkpoint_key)
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
        tool_call_timeout: int | None = None,
        max_code_length: int | None = None,
        traceparent: str | None = None,
        *,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
        registry: ComponentRegistry | None = None,
        timeout: float | None = None,
        durable: bool = False,
    ) -> ExecutionResult:
        """Runs a program and waits for its end, inside or outside of a running event loop.

        Args:
            code: The program.
            available_tools: Names of the tools that it may call, and no others.
            config: The program's global ``config``.
            execution_timeout: Seconds that the program may run.
            context: What its tools see as the runtime context. Default: the registry's current one.
            correlation_id: For tracing, printable ASCII. Default: generated.
            tool_call_timeout: Seconds that one tool call may take; then the program gets an error for it, and an async
                tool is cancelled. Default: as long as the program may run.
            max_code_length: Characters of a program; a longer one is rejected unsent. Default: the executor's limit.
            traceparent: The W3C trace context that the executor and the tools belong to. Default: the context's
                variable ``traceparent``, else that of the current OpenTelemetry span.
            limits: Further limits, each lowered to the executor's own ceiling.
            on_output: Receives output as it is written: ``on_output("stdout", text)``.
            registry: Where the tools are, instead of `registry` of the client.
            timeout: Seconds for the whole request, instead of `timeout` of the client.
            durable: Keep the execution in the client's store as it runs: it can go on, without calling a tool twice,
                where this process dies or the request fails.

        Returns:
            How the program ended. ``success`` is False where it failed, timed out, or was killed, and where it waits
            for answers (``suspended``).

        Raises:
            ExecutorTimeoutError: ``timeout`` passed first; the execution was cancelled.
            ExecutorConnectionError: No executor answered, it refused the key, or the connection was lost for good.
            ReplayDivergedError: The executor was lost, and the program did something else when it was run again.
            ExecutorClientError: The executor refused the request, or the client is closed.
            UnknownToolError: A tool is not registered; nothing was sent.
            CheckpointStoreError: The store refused what a durable execution did; it was ended, and the tool call that
                could not be written down was not made.
            ValueError: An argument cannot be used, or a durable execution has no store; nothing was sent.
        """
        keeping = self._kept() if durable else None
        request = self._request(
            code,
            available_tools,
            config,
            execution_timeout,
            context=context,
            correlation_id=correlation_id,
            tool_call_timeout=tool_call_timeout,
            max_code_length=max_code_length,
            traceparent=traceparent,
            limits=limits,
            on_output=on_output,
            registry=registry,
            timeout=timeout,
        )
        rejected = request.rejected(max_code_length)
        if rejected is not None:
            return rejected
        return self._run(keeping.begin(request) if keeping is not None else request)

    async def execute_async(
        self,
        code: str,
        available_tools: list[str],
        config: dict[str, Any],
        execution_timeout: int = 30,
        context: RuntimeContext | None = None,
        correlation_id: str | None = None,
        tool_call_timeout: int | None = None,
        max_code_length: int | None = None,
        traceparent: str | None = None,
        *,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
        registry: ComponentRegistry | None = None,
        timeout: float | None = None,
        durable: bool = False,
    ) -> ExecutionResult:
        """As `execute`, without blocking the event loop, which may be asyncio's or trio's.

        Async tools run on it. Cancelling the task cancels the execution and the tools' tasks.
        """
        keeping = self._kept() if durable else None
        request = self._request(
            code,
            available_tools,
            config,
            execution_timeout,
            context=context,
            correlation_id=correlation_id,
            tool_call_timeout=tool_call_timeout,
            max_code_length=max_code_length,
            traceparent=traceparent,
            limits=limits,
            on_output=on_output,
            registry=registry,
            timeout=timeout,
        )
        rejected = request.rejected(max_code_length)
        if rejected is not None:
            return rejected
        if keeping is not None:
            request = await in_thread(partial(keeping.begin, request))
        return await self._run_async(request)

    # === executions that are kept ===

    def load_checkpoint(self, execution_id: str) -> Checkpoint:
        """What the client's store has of a durable execution: of one that is suspended, or whose application died.

        Raises:
            CheckpointNotFoundError: The store has no such execution.
            CheckpointError: It has finished, was changed, or is sealed with another key.
            ValueError: The client has no store.
        """
        return self._kept().load(execution_id)

    async def load_checkpoint_async(self, execution_id: str) -> Checkpoint:
        """As `load_checkpoint`, without blocking the event loop."""
        return await in_thread(partial(self._kept().load, execution_id))

    def resume(
        self,
        checkpoint: Checkpoint,
        results: Mapping[int, Answer] | None = None,
        *,
        execution_timeout: float | None = None,
        context: RuntimeContext | None = None,
        on_output: OutputSink | None = None,
        registry: ComponentRegistry | None = None,
        timeout: float | None = None,
    ) -> ExecutionResult:
        """Goes on with an execution: the program runs again from the top, and its earlier calls have their outcomes.

        One that is kept in a store is taken over first, so that of two clients that resume it one alone does.

        Args:
            checkpoint: Where it goes on from.
            results: What becomes of the calls that wait, by ``call_id``. One that is left out waits on.
            execution_timeout: Seconds that the program may run, from its top. Default: as before.
            context: What its tools see as the runtime context. Default: the registry's current one.
            on_output: Receives output as it is written, without what an ``on_output`` was given before.
            registry: Where the tools are, instead of `registry` of the client.
            timeout: Seconds for the whole request. Default: `timeout` of the client, or more where the program may run
                longer.

        Returns:
            How the program ended; ``suspended`` again where calls wait on.

        Raises:
            UncertainCallError: A call that had begun when the application died has no answer; nothing was run.
            CheckpointError: An answer does not fit, or the checkpoint cannot be resumed; nothing was run.
            CheckpointConflictError: It was resumed elsewhere or has finished; nothing was run.
            UnknownToolError: A tool of the program is not registered; nothing was run.
            ExecutorClientError: As of `execute`. An execution that is kept stays ``running`` in its store.
        """
        request, resumed = self._resumption(
            checkpoint, results, execution_timeout, context, on_output, registry, timeout
        )
        if resumed.revision is not None:
            request = self._kept().take_over(request, resumed)
        return self._run(request)

    async def resume_async(
        self,
        checkpoint: Checkpoint,
        results: Mapping[int, Answer] | None = None,
        *,
        execution_timeout: float | None = None,
        context: RuntimeContext | None = None,
        on_output: OutputSink | None = None,
        registry: ComponentRegistry | None = None,
        timeout: float | None = None,
    ) -> ExecutionResult:
        """As `resume`, without blocking the event loop."""
        request, resumed = self._resumption(
            checkpoint, results, execution_timeout, context, on_output, registry, timeout
        )
        if resumed.revision is not None:
            request = await in_thread(partial(self._kept().take_over, request, resumed))
        return await self._run_async(request)

    def use_checkpoints(self, store: CheckpointStore | None, key: bytes | str | None = None) -> None:
        """Keeps durable executions in ``store`` from now on; see ``checkpoints`` and ``checkpoint_key`` above."""
        self._keeping = Keeping.of(store, key)

    @property
    def keeps_checkpoints(self) -> bool:
        """Whether there is a store for durable executions."""
        return self._keeping is not None

    def _kept(self) -> Keeping:
        if self._keeping is None:
            raise ValueError("the client has no store of checkpoints: give it one, checkpoints=…")
        return self._keeping

    def _resumption(
        self,
        checkpoint: Checkpoint,
        results: Mapping[int, Answer] | None,
        execution_timeout: float | None,
        context: RuntimeContext | None,
        on_output: OutputSink | None,
        registry: ComponentRegistry | None,
        timeout: float | None,
    ) -> tuple[Request, Checkpoint]:
        """What is to be sent, and the checkpoint with the answers. Nothing was sent or written."""
        from codemode.core.answers import answered
        from codemode.core.checkpoint import Checkpoint
        from codemode.core.defaults import MARGIN
        from codemode.core.request import Request, selected

        if self._closed:
            raise ExecutorClientError("ExecutorClient has been closed")
        if not isinstance(checkpoint, Checkpoint):
            raise ValueError(
                f"checkpoint must be a Checkpoint, not {described(checkpoint)}; see `Checkpoint.from_bytes` and "
                "`load_checkpoint`"
            )
        check_kept(self._keeping, checkpoint)
        registry = registry if registry is not None else self.registry
        tools, _ = selected(registry, checkpoint.tools)
        given = answered(checkpoint, results if results is not None else {}, tools)
        if execution_timeout is not None:
            arguments.seconds("execution_timeout", execution_timeout)
        if timeout is None:
            wall_time = execution_timeout or checkpoint.limits.get("wall_time", 0.0)
            timeout = max(self.timeout, wall_time + MARGIN)
        request = Request.resumption(
            given,
            tools=tools,
            execution_timeout=execution_timeout,
            deadline=arguments.seconds("timeout", timeout),
            context=context,
            registry=registry,
            on_output=on_output,
        )
        return request, given.checkpoint

    # === how they are carried out ===

    def _run(self, request: Request) -> ExecutionResult:
        from codemode.core.dispatch_sync import SyncDispatch

        dispatch = SyncDispatch(self._connection, request)
        try:
            return ended(request, dispatch.run())
        except ExecutorClientError as error:
            raise _explained(error, dispatch)  # noqa: B904  # it is the same, or has it as its cause
        finally:
            self._record(dispatch)

    async def _run_async(self, request: Request) -> ExecutionResult:
        dispatch = _async_dispatch()(self._connection, request)
        try:
            result = await dispatch.run()
            return await in_thread(partial(ended, request, result)) if request.durable is not None else result
        except ExecutorClientError as error:
            raise _explained(error, dispatch)  # noqa: B904  # it is the same, or has it as its cause
        finally:
            self._record(dispatch)

    def _request(
        self,
        code: str,
        available_tools: list[str],
        config: dict[str, Any],
        execution_timeout: float,
        *,
        context: RuntimeContext | None = None,
        correlation_id: str | None = None,
        tool_call_timeout: float | None = None,
        max_code_length: int | None = None,
        traceparent: str | None = None,
        limits: LimitOptions | None = None,
        on_output: OutputSink | None = None,
        registry: ComponentRegistry | None = None,
        timeout: float | None = None,
    ) -> Request:
        from codemode.core.request import Request

        if self._closed:
            raise ExecutorClientError("ExecutorClient has been closed")
        return Request.prepare(
            code=arguments.text("code", code),
            available_tools=arguments.names(available_tools),
            config=arguments.settings(config),
            execution_timeout=arguments.seconds("execution_timeout", execution_timeout),
            deadline=arguments.seconds("timeout", timeout) if timeout is not None else self.timeout,
            execution_id=os.urandom(16).hex(),
            correlation_id=self._correlation_id(correlation_id),
            context=context,
            traceparent=traceparent,
            limits=arguments.limits(limits, tool_call_timeout, max_code_length),
            registry=registry if registry is not None else self.registry,
            on_output=on_output,
        )

    def _correlation_id(self, given: str | None) -> str:
        if given is None:
            return generate_correlation_id(self._correlation_id_prefix) if self._include_correlation_id else ""
        return arguments.correlation_id(given)

    def _record(self, dispatch: Dispatch) -> None:
        if self.trace_collector is not None:
            for call in dispatch.records():
                self.trace_collector.record(dispatch.request.correlation_id or None, call)

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


def _explained(error: ExecutorClientError, dispatch: Dispatch) -> Exception:
    """The error with what is known of its execution; of one that its store ended, the store's."""
    request = dispatch.request
    error.correlation_id = request.correlation_id or None
    error.journal = dispatch.journal()
    if request.durable is None and len(error.journal) and error.journal.unreplayable is None:
        error.checkpoint = request.checkpoint(error.journal.core)
    if request.durable is not None and request.durable.error is not None:
        request.durable.error.__cause__ = error
        return request.durable.error
    return error


def _async_dispatch() -> type[AsyncDispatch | TrioDispatch]:
    """The dispatcher for the event loop that this runs on."""
    if in_trio():
        from codemode.core.dispatch_trio import TrioDispatch

        return TrioDispatch
    from codemode.core.dispatch_async import AsyncDispatch

    return AsyncDispatch


def _probe(token: str, timeout: float) -> dict[str, Any]:
    from codemode.core.registry import ComponentRegistry

    registry = ComponentRegistry()
    registry.register_tool("codemode_ping", lambda token: token, description="Returns the token.")
    return {
        "code": _PROBE,
        "available_tools": ["codemode_ping"],
        "config": {"token": token},
        "execution_timeout": timeout,
        "correlation_id": "",  # of no interest to anybody who traces
        "registry": registry,
        "timeout": timeout,
    }
