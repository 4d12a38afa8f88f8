"""The Rust core, seen from Python: connections, executions, the embedded executor.

It knows only ``str``, ``bytes``, numbers and the frozen classes below. Encoded values (``bytes``) are those of
``codemode._values``. Every call that waits releases the GIL. Nothing here may be used after ``os.fork()``: each call then
raises ``RuntimeError`` that says to create the client in the child.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Literal, final

__all__ = [
    "CheckpointKey",
    "Connection",
    "Execution",
    "Finished",
    "Journal",
    "Limits",
    "LocalExecutor",
    "RetryPolicy",
    "Suspended",
    "TlsOptions",
    "ToolSet",
    "__version__",
]
__version__: str

@final
class CheckpointKey:
    """Seals and opens checkpoints: with a secret, encrypted and authenticated; with None, with a digest, which notices
    accidents and no forgeries. ``place`` names what is sealed and is needed again to open it; it is not stored."""

    def __new__(cls, secret: bytes | None) -> CheckpointKey:
        """Raises ``ValueError`` for a secret of less than 16 bytes."""
    def seal(self, place: bytes, content: bytes) -> bytes: ...
    def open(self, place: bytes, document: bytes) -> bytes:
        """Raises ``ValueError`` that says why: another key, changed, another place, a later format."""

@final
class ToolSet:
    """The tools of an execution, ready to be sent. Built once for each version of a registry."""

    def __new__(cls, tools: Sequence[tuple[str, str, Sequence[str], bool, bytes, bytes]]) -> ToolSet:
        """Each tool: name, description, parameter names, is_async, input schema, output schema (JSON or ``b""``)."""
    def __len__(self) -> int: ...

@final
class Limits:
    """What an execution asks for. ``None`` means the executor's default. Times in seconds, sizes in bytes."""

    def __new__(
        cls,
        *,
        wall_time: float | None = None,
        cpu_time: float | None = None,
        memory: int | None = None,
        output: int | None = None,
        tool_calls: int | None = None,
        code: int | None = None,
        value: int | None = None,
        open_files: int | None = None,
        tasks: int | None = None,
        scratch: int | None = None,
        scratch_files: int | None = None,
        tool_call_time: float | None = None,
    ) -> Limits: ...

@final
class RetryPolicy:
    """When an execution is sent again, with its journal."""

    def __new__(
        cls, *, max_attempts: int, backoff_base: float, backoff_max: float, status_codes: Sequence[str]
    ) -> RetryPolicy: ...

@final
class TlsOptions:
    """TLS to an executor, for ``https://`` with other than its defaults, and for ``http://``. Files are PEM."""

    def __new__(
        cls,
        *,
        ca_file: str | PathLike[str] | None = None,
        client_cert_file: str | PathLike[str] | None = None,
        client_key_file: str | PathLike[str] | None = None,
    ) -> TlsOptions:
        """``ca_file``: the authorities to trust *instead of* the system's. The others: for an executor that asks for a
        client certificate. Nothing is read here: ``Connection`` does that."""

@final
class Connection:
    """An HTTP/2 connection to one executor, opened at first use and again after a loss. Safe from any thread."""

    def __new__(
        cls,
        url: str,
        api_key: str | None,
        *,
        connect_timeout: float = 5.0,
        retry: RetryPolicy | None = None,
        tls: TlsOptions | None = None,
    ) -> Connection:
        """``url``: ``http://host:port``, ``https://host:port`` (``grpc://`` and ``grpcs://`` are other words for them),
        ``unix:/path``, ``dns+http://host:port`` or ``dns+https://host:port`` (each address of the name is an executor), or
        several of them, separated by commas. Dials nothing, and reads the files of ``tls``. Raises ``ValueError`` for an url or file that cannot
        be used."""
    def start(
        self,
        code: str,
        tools: ToolSet,
        *,
        config: bytes,
        context: bytes,
        limits: Limits,
        execution_id: str,
        correlation_id: str,
        traceparent: str,
        deadline: float,
        stream_output: bool,
        journal: Journal | None = None,
        resumed: Sequence[int] = ...,
    ) -> Execution:
        """Begins an execution and returns at once. ``deadline``: seconds for the whole of it, as seen from here.
        ``journal``: what it goes on from; its calls without an outcome count as suspended, but for those in ``resumed``,
        which are given as events when the program makes them again. Where the journal is of another execution, cannot be
        replayed or has no such calls, ``next_event`` raises ``CheckpointError``."""
    def info(self, timeout: float) -> bytes:
        """The executor's version, Python, limits, pool and jail report as a JSON document."""
    def health(self, timeout: float) -> bool:
        """True when ``grpc.health.v1`` says SERVING; False when it says otherwise or does not answer."""
    def close(self) -> None:
        """Cancels what runs and closes the connection. Idempotent."""

@final
class Execution:
    """One running execution: the events that come from it and the tool results that go to it."""

    def next_event(self) -> tuple[Literal[1], int, str, bytes] | tuple[Literal[2], int, bytes] | Finished | Suspended:
        """Waits for the next event: ``(1, call_id, tool, arguments)``, ``(2, stream, data)`` where output is streamed
        (stream 1 is stdout, 2 stderr), or the ``Finished`` or ``Suspended`` that is the last one. A call is given once,
        however often the execution is attempted, and is in the journal before it is given.

        Raises ``codemode.core.executor_client`` exceptions when the transport fails, and ``KeyboardInterrupt`` within
        50 ms of the signal (the execution goes on: call ``cancel``).
        """
    def poll_event(
        self,
    ) -> tuple[Literal[1], int, str, bytes] | tuple[Literal[2], int, bytes] | Finished | Suspended | None:
        """The next event if there is one; never waits."""
    def set_listener(self, listener: Callable[[], object] | None) -> None:
        """Calls ``listener()`` from a thread of the runtime whenever events arrive after the queue was empty (and at once, if
        some wait already). It must not block: ``functools.partial(loop.call_soon_threadsafe, drain)``."""
    def send_value(self, call_id: int, value: bytes) -> None: ...
    def send_failure(self, call_id: int, type: str, message: str, builtin_type: str) -> None: ...
    def suspend(self, call_id: int) -> None:
        """Leaves a call open. When every open call is suspended and the program makes no other one for 20 ms, the execution
        ends as ``Suspended``. A call that is suspended may still be answered before."""
    def journal(self) -> Journal:
        """The journal as it is now; after the end too, whatever that was."""
    def journal_changes(self) -> bytes:
        """What changed in the journal since the last call of this, as lines to append to a log (``Journal.from_log``); empty
        where nothing did. A store that survives a crash takes and appends them, as one step, when it is given a call,
        before the tool is started, and after each answer."""
    def cancel(self) -> None:
        """Stops the worker. ``Finished`` with outcome ``cancelled`` follows. Idempotent."""

@final
class Finished:
    """How an execution ended."""

    outcome: Literal["completed", "failed", "rejected", "timed_out", "cancelled", "killed"]
    value: bytes
    stdout: bytes
    stderr: bytes
    error_type: str
    error_message: str
    traceback: str
    line: int
    column: int
    limit: str
    limit_message: str
    wall_time: float
    queue_time: float
    cpu_time: float
    peak_memory: int
    tool_calls: int
    output: int
    output_dropped: int
    jail_profile: str
    journal: Journal
    attempts: int
    replayed_calls: int

@final
class Suspended:
    """The end of an execution whose open calls are all suspended. ``stdout`` and ``stderr``: what was not streamed."""

    journal: Journal
    stdout: bytes
    stderr: bytes
    attempts: int

@final
class Journal:
    """What an execution did up to one moment. Immutable; compares by content."""

    execution_id: str
    runtime: str
    unreplayable: str | None
    began: float
    @staticmethod
    def from_json(document: bytes) -> Journal:
        """Reads what `to_json` gave. ``ValueError``: it is malformed, edited, inconsistent, or of a newer format."""
    @staticmethod
    def from_log(log: bytes) -> Journal:
        """Reads the lines of `Execution.journal_changes`, one after the other; a last one that was cut off is passed over."""
    def to_json(self) -> bytes: ...
    def calls(
        self,
    ) -> list[tuple[int, str, bytes, bytes | None, tuple[str, str, str] | None, float, float | None]]:
        """Each call: number, tool, arguments, value, failure (type, message, builtin type), seconds from the execution's
        begin to the call's, and its duration. Neither value nor failure: it has no outcome."""
    def pending(self) -> list[tuple[int, str, bytes]]:
        """Each call without an outcome: number, tool, arguments."""
    def records(self, preview: int) -> list[tuple[str, bytes, bool, str | None, float, float | None]]:
        """Each call for a record: tool, the first ``preview`` bytes of its arguments, whether it has an outcome, the error
        (``Type: message``), begin and duration as in `calls`."""
    def answer_value(self, number: int, value: bytes) -> Journal:
        """The journal with the outcome of a call that has none. ``ValueError``: no such call, or it has one."""
    def answer_failure(self, number: int, type: str, message: str, builtin_type: str) -> Journal: ...
    def __len__(self) -> int: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...

@final
class LocalExecutor:
    """An executor as a child process on a private Unix socket with a random key. It ends with this process."""

    def __new__(cls, executable: str, *, arguments: Sequence[str] = (), start_timeout: float = 30.0) -> LocalExecutor:
        """Starts ``executable serve --embedded`` and waits until it serves. Raises ``ExecutorConnectionError`` with the
        executor's own message where it refuses to start."""
    url: str
    api_key: str
    pid: int
    def stop(self) -> None:
        """Stops the executor and waits for it. Idempotent."""
