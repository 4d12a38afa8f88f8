"""What users write, as `mypy --strict` must accept it. Not run: `test_typed_user_code` has mypy read it."""

from __future__ import annotations

from typing import Any

from codemode import Codemode, ComponentRegistry, ExecutionResult, ExecutorClient, RuntimeContext, tool
from codemode.config import ClientConfig, TlsClientConfig
from codemode.tools import ContextAwareTool, ToolContextRequirements

# === tools with a context: each way to write the parameters ===


class Weather(ContextAwareTool):
    context_requirements = ToolContextRequirements(required_keys=["tenant"])

    def run_with_context(self, context: RuntimeContext, city: str, days: int = 1) -> str:
        return f"{context.require('tenant')}: {city}, {days}"


class ByName(ContextAwareTool):
    async def run_with_context(self, context: RuntimeContext, *, city: str) -> dict[str, Any]:
        return {"city": city}


class Open(ContextAwareTool):
    async def run_with_context(self, context: RuntimeContext, **kwargs: Any) -> list[str]:
        return list(kwargs)


# === the decorator: what is marked keeps its type ===


@tool
def bare(x: int) -> int:
    return x


@tool("named")
async def named(x: int) -> int:
    return x


@tool(name="described", description="Described.")
class Described:
    def run(self, x: int) -> int:
        return x


class Account:
    @tool
    def balance(self, currency: str) -> float:
        return float(len(currency))

    @staticmethod
    @tool
    def rate(currency: str) -> float:
        return float(len(currency))


number: int = bare(1)
described: Described = Described()
balance: float = Account().balance("SEK") + Account.rate("SEK")


async def awaited() -> int:
    return await named(1)


# === the context ===

context = RuntimeContext({"tenant": "acme", "plan": "free"}, readable=["tenant"])
readable: frozenset[str] = context.readable
both: RuntimeContext = RuntimeContext(dict(context.variables), readable={*context.readable, "plan"})

registry = ComponentRegistry()
registry.register_tool("weather", Weather(), overwrite=True)
registry.set_context(context.expose("plan"))
current: RuntimeContext | None = registry.scoped({"weather"}).get_context()

# === configurations and clients ===

config = ClientConfig(
    executor_url="https://executor:8001",
    executor_api_key="key",
    tls=TlsClientConfig(enabled=True, mode="custom", ca_file="ca.pem"),
)


def use(client: ExecutorClient) -> ExecutionResult:
    with Codemode(registry=registry, executor_client=client) as codemode:
        text: str = codemode.execute("1 + 1", tool_filter=["weather"])
        return codemode.run(text)
