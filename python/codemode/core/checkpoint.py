"""A checkpoint: an execution that can go on elsewhere. The program, what it was given, and the journal of its calls.

The document is JSON, sealed with a `CheckpointKey`. What a store keeps of an execution that runs is the same document
with records behind it: pieces of the journal as it grew, and what was asked.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codemode._values import decode, encode
from codemode.core.approvals import CallState, PendingCall
from codemode.core.errors import CheckpointError

if TYPE_CHECKING:
    from codemode import _codemode

FORMAT = 1
_PLACE = b"codemode checkpoint"

_HINTS = (
    ("another key", "open it with the key that it was sealed with: `checkpoint_key`, or CODEMODE_CHECKPOINT_KEY"),
    ("no key was given", "give the key that it was sealed with: `checkpoint_key`, or CODEMODE_CHECKPOINT_KEY"),
    ("although a key", "open it without a key, if it can only come from the application"),
    ("this version reads", "upgrade codemode here to the release that wrote it"),
)

Tool = tuple[str, str, Sequence[str], bool, bytes, bytes]
"""A tool as it was sent: name, description, parameter names, is_async, input schema, output schema."""


@dataclass(frozen=True)
class Asked:
    """Why a call waits."""

    reason: str = ""
    data: Any = None


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint:
    """An execution that waits, or whose application died. Resumed with `Codemode.resume`.

    Attributes:
        execution_id: The execution.
        code: The program.
        config: The program's global ``config``.
        tools: Names of the tools that it may call.
        journal: Its tool calls so far; None where it had not begun.
        pending: The calls that have no outcome.
        revision: Which state of it a store had; None where it came from no store.
        position: How far the store had written on from there.
    """

    execution_id: str
    code: str
    journal: _codemode.Journal | None
    tool_descriptions: Sequence[Tool]
    encoded_config: bytes = b""
    readable: bytes = b""
    limits: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str = ""
    traceparent: str = ""
    asked: Mapping[int, Asked] = field(default_factory=dict)
    revision: int | None = None
    position: int = 0

    @property
    def config(self) -> dict[str, Any]:
        config = decode(self.encoded_config) if self.encoded_config else {}
        return config if isinstance(config, dict) else {}

    @property
    def tools(self) -> list[str]:
        return [tool[0] for tool in self.tool_descriptions]

    @property
    def pending(self) -> list[PendingCall]:
        return [self._pending(*call) for call in self.journal.pending()] if self.journal is not None else []

    def _pending(self, call_id: int, tool: str, arguments: bytes) -> PendingCall:
        asked = self.asked.get(call_id)
        state: CallState = "uncertain" if asked is None else "asked"
        asked = asked or Asked("its application died while the tool ran")
        decoded = decode(arguments)
        return PendingCall(
            call_id=call_id,
            tool=tool,
            arguments=decoded if isinstance(decoded, dict) else {},
            execution_id=self.execution_id,
            state=state,
            reason=asked.reason,
            data=asked.data,
        )

    # === as data ===

    def to_bytes(self, key: bytes | str | None = None) -> bytes:
        """The checkpoint as one document.

        Args:
            key: 16 bytes or more: it is then encrypted and authenticated. Default: a digest, which notices accidents
                only.

        Raises:
            ValueError: The key is too short.
        """
        return sealed(self.document(), sealing(key))

    @classmethod
    def from_bytes(cls, data: bytes, key: bytes | str | None = None) -> Checkpoint:
        """Reads what `to_bytes` wrote with the same key.

        Raises:
            CheckpointError: It was changed, is sealed with another key, or has another format; nothing was run.
            ValueError: The key is too short.
        """
        return cls.of_document(opened(data, sealing(key)))

    def document(self) -> bytes:
        """Unsealed."""
        return json.dumps(
            {
                "format": FORMAT,
                "execution_id": self.execution_id,
                "code": self.code,
                "config": self.encoded_config.decode(),
                "context": self.readable.decode(),
                "tools": [[*tool[:4], *map(_base64, tool[4:])] for tool in self.tool_descriptions],
                "limits": dict(self.limits),
                "correlation_id": self.correlation_id,
                "traceparent": self.traceparent,
                "asked": {str(call_id): [asked.reason, encode(asked.data)] for call_id, asked in self.asked.items()},
                "journal": self.journal.to_json().decode() if self.journal is not None else None,
                "revision": self.revision,
                "position": self.position,
            },
            ensure_ascii=False,
        ).encode()

    @classmethod
    def of_document(cls, document: bytes) -> Checkpoint:
        """Reads an unsealed document. Raises `CheckpointError`."""
        from codemode import _codemode

        try:
            data = json.loads(document)
            version = data["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"failed to read a checkpoint: {error}") from error
        if version != FORMAT:
            raise CheckpointError(
                f"failed to read a checkpoint of format {version}: this version reads format {FORMAT}",
                "upgrade codemode here to the release that wrote it",
            )
        try:
            checkpoint = cls(
                execution_id=data["execution_id"],
                code=data["code"],
                journal=_codemode.Journal.from_json(data["journal"].encode()) if data["journal"] is not None else None,
                tool_descriptions=[(*tool[:4], *map(b64decode, tool[4:])) for tool in data["tools"]],
                encoded_config=data["config"].encode(),
                readable=data["context"].encode(),
                limits=data["limits"],
                correlation_id=data["correlation_id"],
                traceparent=data["traceparent"],
                asked={
                    int(call_id): Asked(reason, decode(shown)) for call_id, (reason, shown) in data["asked"].items()
                },
                revision=data["revision"],
                position=data["position"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"failed to read a checkpoint: {error}") from error
        journal = checkpoint.journal
        if journal is not None and journal.execution_id != checkpoint.execution_id:
            raise CheckpointError(
                f"the checkpoint of the execution `{checkpoint.execution_id}` has the journal of another one:"
                f" `{journal.execution_id}`"
            )
        return checkpoint

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        # What a service returns of a result is no way to keep it: it serialises as null.
        from pydantic_core import core_schema

        nothing = core_schema.plain_serializer_function_ser_schema(lambda _: None)
        return core_schema.is_instance_schema(cls, serialization=nothing)

    def __repr__(self) -> str:
        # Neither program nor arguments: checkpoints are logged.
        calls = len(self.journal) if self.journal is not None else 0
        return f"Checkpoint({self.execution_id!r}, {calls} calls, {len(self.pending)} pending)"

    def __reduce__(self) -> tuple[Any, ...]:
        return Checkpoint.of_document, (self.document(),)


def sealing(key: bytes | str | None) -> _codemode.CheckpointKey:
    """What seals with ``key``. Raises ``ValueError`` for a key that is too short."""
    from codemode import _codemode

    return _codemode.CheckpointKey(key.encode() if isinstance(key, str) else key)


def sealed(document: bytes, key: _codemode.CheckpointKey) -> bytes:
    """The document as it is stored."""
    return key.seal(_PLACE, document)


def opened(data: bytes, key: _codemode.CheckpointKey) -> bytes:
    """The document that was stored. Raises `CheckpointError`."""
    try:
        return key.open(_PLACE, bytes(data))
    except ValueError as error:
        raise unopened("a checkpoint", error) from error


def unopened(what: str, error: ValueError) -> CheckpointError:
    """For what a `CheckpointKey` refuses to open."""
    text = str(error)
    hint = next((hint for words, hint in _HINTS if words in text), None)
    return CheckpointError(f"failed to open {what}: {text}", hint)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
