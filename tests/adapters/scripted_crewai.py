"""CrewAI with a scripted model: real agents, tasks and crews."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crewai import Agent, Crew, Task
from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr

from codemode import Codemode, RuntimeContext
from codemode.integrations.crewai import CodemodeTool, create_crewai_integration

from .scripted import Answer, Seen, Turn

OBSERVED = "\nObservation: "


class ScriptedLLM(BaseLLM):
    """Plays back turns: as native tool calls, or as text in the form that CrewAI asks other models for."""

    _turns: list[Turn] = PrivateAttr(default_factory=list)
    _seen: Seen = PrivateAttr(default_factory=Seen)
    _native: bool = PrivateAttr(default=True)
    _before: Callable[[], object] | None = PrivateAttr(default=None)
    _calls: int = PrivateAttr(default=0)

    def __init__(self, turns: list[Turn], *, native: bool = True, before: Callable[[], object] | None = None) -> None:
        super().__init__(model="scripted", provider="scripted")
        self._turns, self._native, self._before = list(turns), native, before
        self._seen, self._calls = Seen(), 0

    @property
    def seen(self) -> Seen:
        return self._seen

    def supports_function_calling(self) -> bool:
        return self._native

    def call(self, messages: Any, tools: Any = None, *_: Any, **__: Any) -> Any:
        if self._before is not None:
            self._before()
        self._record(messages, tools)
        turn = self._turns[self._calls]
        self._calls += 1
        if self._native:
            return str(turn) if isinstance(turn, Answer) else [_native_call(self._calls, turn)]
        if isinstance(turn, Answer):
            return f"Thought: I know it.\nFinal Answer: {turn}"
        return f"Thought: I run it.\nAction: codemode\nAction Input: {json.dumps({'code': turn})}"

    async def acall(self, messages: Any, tools: Any = None, *arguments: Any, **options: Any) -> Any:
        return self.call(messages, tools, *arguments, **options)

    def _record(self, messages: Any, tools: Any) -> None:
        if self._native:
            self._seen.descriptions += [tool["function"]["description"] for tool in tools or []]
            replies = [message["content"] for message in messages if message["role"] == "tool"]
        else:
            self._seen.descriptions.append(str(messages[0]["content"]))
            said = [str(message["content"]) for message in messages if message["role"] == "assistant"]
            replies = [text.partition(OBSERVED)[2] for text in said if OBSERVED in text]
        self._seen.replies = replies


def _native_call(number: int, code: str) -> dict[str, Any]:
    return {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": "codemode", "arguments": json.dumps({"code": code})},
    }


def crew_of(tool: Any, llm: ScriptedLLM, **options: Any) -> Crew:
    """A crew of one agent with one task."""
    agent = Agent(role="Analyst", goal="Answer", backstory="You write Python.", tools=[tool], llm=llm)
    task = Task(description="Find it out.", expected_output="The answer", agent=agent)
    return Crew(agents=[agent], tasks=[task], **options)


class CrewAIAdapter:
    """The contract's view of CrewAI."""

    def tool(self, codemode: Codemode, **options: Any) -> Any:
        return CodemodeTool(codemode.registry, codemode.executor_client, **options)

    async def call(self, tool: Any, code: str) -> str:
        text: str = await tool.arun(code=code)
        return text

    async def converse(self, tool: Any, turns: list[Turn], context: RuntimeContext | None = None) -> Seen:
        llm = ScriptedLLM(turns)
        crew = create_crewai_integration(tool.registry).wrap_crew(crew_of(tool, llm), context)
        output = await crew.kickoff_async()
        llm.seen.answer = output.raw
        return llm.seen
