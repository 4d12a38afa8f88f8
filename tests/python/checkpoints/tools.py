"""The application of the tests: tools that note what they did, and a client."""

from __future__ import annotations

import asyncio
from typing import Any

from codemode import Codemode, ComponentRegistry, ExecutorClient, PendingCall, Suspend, get_current_context

KEY = b"0123456789abcdef"


class Bank:
    """Tools that note each of their calls in `did`."""

    def __init__(self, registry: ComponentRegistry, client: ExecutorClient, api_key: str) -> None:
        self.registry = registry
        self.api_key = api_key
        self.codemode = Codemode(registry=registry, executor_client=client)
        self.did: list[tuple[Any, ...]] = []
        registry.register_tool("pay", self._pay)
        registry.register_tool("pay_async", self._pay_async)
        registry.register_tool("ask_first", self._ask_first)

    def _pay(self, to: str, amount: int) -> str:
        """Pays."""
        self.did.append((to, amount))
        return f"paid {amount} to {to}"

    async def _pay_async(self, to: str, amount: int) -> str:
        """Pays."""
        await asyncio.sleep(0)
        return self._pay(to, amount)

    def _ask_first(self, to: str) -> str:
        """Is for a person to allow."""
        metadata = self.metadata()
        if "approval" not in metadata:
            raise Suspend("is it you?", {"to": to, "at": [1, 2]})
        self.did.append((to, metadata["idempotency_key"]))
        return f"asked {to}"

    @staticmethod
    def metadata() -> dict[str, Any]:
        context = get_current_context()
        assert context is not None
        return context.metadata


def large(call: PendingCall) -> str:
    """A policy: payments above 100 are asked about."""
    return "ask" if call.arguments.get("amount", 0) > 100 else "allow"
