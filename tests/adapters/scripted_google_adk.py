"""Google ADK with a scripted model: real agents, runners and sessions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from google.adk.agents import LlmAgent
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_request import LlmRequest
from google.adk.models.llm_response import LlmResponse
from google.adk.runners import InMemoryRunner
from google.genai import types
from pydantic import PrivateAttr

from codemode import Codemode, RuntimeContext
from codemode.integrations.google_adk import CodemodeAdkTool

from .scripted import Answer, Seen, Turn


class ScriptedLlm(BaseLlm):
    """Plays back turns as function calls."""

    _turns: list[Turn] = PrivateAttr(default_factory=list)
    _seen: Seen = PrivateAttr(default_factory=Seen)
    _calls: int = PrivateAttr(default=0)

    def __init__(self, turns: list[Turn]) -> None:
        super().__init__(model="scripted")
        self._turns = list(turns)

    @property
    def seen(self) -> Seen:
        return self._seen

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        self._record(llm_request)
        turn = self._turns[self._calls]
        self._calls += 1
        if isinstance(turn, Answer):
            part = types.Part(text=str(turn))
        else:
            part = types.Part(function_call=types.FunctionCall(name="codemode", args={"code": turn}))
        yield LlmResponse(content=types.Content(role="model", parts=[part]))

    def _record(self, request: LlmRequest) -> None:
        tools = request.config.tools or []
        declarations = [each for tool in tools for each in tool.function_declarations or []]
        self._seen.descriptions += [each.description for each in declarations]
        parts = [part for content in request.contents for part in content.parts or []]
        self._seen.replies = [part.function_response.response["result"] for part in parts if part.function_response]


async def run(
    tool: Any, llm: ScriptedLlm, *, user_id: str = "u1", session_id: str = "s1", state: dict[str, Any] | None = None
) -> Seen:
    """One conversation of an agent that has ``tool``."""
    agent = LlmAgent(name="analyst", model=llm, instruction="You write Python.", tools=[tool])
    runner = InMemoryRunner(agent=agent, app_name="shop")
    await runner.session_service.create_session(app_name="shop", user_id=user_id, session_id=session_id, state=state)
    message = types.Content(role="user", parts=[types.Part(text="Find it out.")])
    async for event in runner.run_async(user_id=user_id, session_id=session_id, new_message=message):
        if event.is_final_response() and event.content is not None:
            llm.seen.answer = event.content.parts[0].text
    return llm.seen


class GoogleAdkAdapter:
    """The contract's view of ADK. The caller's context is in the session, and a resolver takes it from there."""

    def tool(self, codemode: Codemode, **options: Any) -> Any:
        def resolve(tool_context: Any) -> RuntimeContext | None:
            variables = tool_context.state.get("caller") if tool_context is not None else None
            return RuntimeContext(variables=variables) if variables else None

        return CodemodeAdkTool(codemode.registry, codemode.executor_client, resolve, **options)

    async def call(self, tool: Any, code: str) -> str:
        text: str = await tool.as_function_tool().func(code=code, tool_context=None)
        return text

    async def converse(self, tool: Any, turns: list[Turn], context: RuntimeContext | None = None) -> Seen:
        state = {"caller": context.variables} if context is not None else None
        return await run(tool.as_function_tool(), ScriptedLlm(turns), state=state)
