"""A second implementation of the client's side of the contract, on grpcio.

It shares no code with the product: messages come from the checked-in descriptor set, and a test may send whatever it
likes, in any order. So it plays hostile clients, and shows that the contract is enough to write one in another
language.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = Path(__file__).parents[3]
DESCRIPTORS = ROOT / "crates" / "codemode-proto" / "src" / "generated" / "codemode.v1.bin"

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file:
    _pool.Add(_file)


def message(name: str) -> Any:
    """The class of a message of `codemode.v1`."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"codemode.v1.{name}"))


Request: Any = message("ExecuteRequest")
Response: Any = message("ExecuteResponse")


@dataclass
class Ended:
    """Everything that one execution sent back."""

    finished: Any
    accepted: Any = None
    stdout: str = ""
    stderr: str = ""
    calls: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        name: str = (
            message("Finished")
            .DESCRIPTOR.fields_by_name["outcome"]
            .enum_type.values_by_number[self.finished.outcome]
            .name
        )
        return name.removeprefix("OUTCOME_").lower()

    @property
    def limit(self) -> str:
        name: str = (
            message("Exceeded")
            .DESCRIPTOR.fields_by_name["limit"]
            .enum_type.values_by_number[self.finished.exceeded.limit]
            .name
        )
        return name.removeprefix("LIMIT_").lower()


def start(program: str, tools: Sequence[str] = (), execution_id: str = "test", **limits: Any) -> Any:
    """A start message. `limits`: fields of `Limits`; times in seconds."""
    request = Request()
    request.start.execution_id = execution_id
    request.start.code = program
    for name in tools:
        request.start.tools.add(name=name)
    for name, value in limits.items():
        if name.endswith("_time"):
            getattr(request.start.limits, name).FromNanoseconds(int(value * 1e9))
        else:
            setattr(request.start.limits, name, value)
    return request


class Conversation:
    """One `Execute` stream, spoken message by message."""

    def __init__(self, client: Client, *, timeout: float = 30) -> None:
        self._requests: queue.Queue[Any] = queue.Queue()
        self.call = client.execute(iter(self._requests.get, None), metadata=client.metadata, timeout=timeout)

    def send(self, request: Any) -> None:
        self._requests.put(request)

    def receive(self, kind: str) -> Any:
        """The next message, which must be of this kind."""
        response = next(self.call)
        assert response.WhichOneof("message") == kind, response
        return getattr(response, kind)

    def end_requests(self) -> None:
        self._requests.put(None)

    def cancel(self) -> None:
        """Resets the stream, as a client that dies does."""
        self.call.cancel()
        self.end_requests()

    def status(self) -> tuple[str, str]:
        """Reads to the end and returns the status that the stream ended with."""
        try:
            for _ in self.call:
                pass
        except grpc.RpcError:
            pass
        finally:
            self.end_requests()
        return self.call.code().name, self.call.details()


class Client:
    """A client of one executor."""

    def __init__(self, target: str, api_key: str | None) -> None:
        # The name of a Unix socket is no valid HTTP/2 authority.
        options = [("grpc.default_authority", "localhost"), ("grpc.max_send_message_length", 128 * 1024 * 1024)]
        self.channel = grpc.insecure_channel(target, options=options)
        self.metadata = [("authorization", f"Bearer {api_key}")] if api_key else []
        self.execute = self.channel.stream_stream(
            "/codemode.v1.Executor/Execute",
            request_serializer=lambda request: request if isinstance(request, bytes) else request.SerializeToString(),
            response_deserializer=Response.FromString,
        )
        self._info = self.channel.unary_unary(
            "/codemode.v1.Executor/GetInfo",
            request_serializer=message("GetInfoRequest").SerializeToString,
            response_deserializer=message("GetInfoResponse").FromString,
        )

    def info(self) -> Any:
        return self._info(message("GetInfoRequest")(), metadata=self.metadata, timeout=10)

    def converse(self, request: Any = None, *, timeout: float = 30) -> Conversation:
        conversation = Conversation(self, timeout=timeout)
        if request is not None:
            conversation.send(request)
        return conversation

    def run(
        self,
        program: str,
        tools: Sequence[str] = (),
        answer: Callable[[str, bytes], bytes] = lambda _tool, arguments: arguments,
        *,
        timeout: float = 30,
        **limits: Any,
    ) -> Ended:
        """Runs a program; tools answer at once with `answer`, by default their own arguments."""
        conversation = self.converse(start(program, tools, **limits), timeout=timeout)
        ended = Ended(None)
        for kind, content in _messages(conversation):
            if kind == "accepted":
                ended.accepted = content
            elif kind == "output":
                text = content.data.decode(errors="replace")
                if content.stream == 1:
                    ended.stdout += text
                else:
                    ended.stderr += text
            elif kind == "tool_call":
                ended.calls.append((content.tool, content.arguments))
                reply = Request()
                reply.tool_result.call_id = content.call_id
                reply.tool_result.value = answer(content.tool, content.arguments)
                conversation.send(reply)
            else:
                ended.finished = content
                conversation.end_requests()
        assert ended.finished is not None
        return ended

    def close(self) -> None:
        self.channel.close()


def _messages(conversation: Conversation) -> Iterator[tuple[str, Any]]:
    try:
        for response in conversation.call:
            kind = response.WhichOneof("message")
            yield kind, getattr(response, kind)
    finally:
        conversation.end_requests()
