"""Calls that are asked about, and every answer to them."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

from codemode import (
    Approve,
    CheckpointError,
    Deny,
    ExecutionSuspendedError,
    Fail,
    PendingCall,
    RegistryError,
    Retry,
    Return,
    Suspend,
    ToolDenied,
    UnknownToolError,
)

from .tools import Bank, large

TWO = "result = [tools.pay('Ann', 50), tools.pay('Bob', 500)]"
CAUGHT = """
try:
    result = tools.pay('Bob', 500)
except ToolDenied as error:
    from tools import ToolDenied as Imported
    assert isinstance(error, ToolError) and isinstance(error, PermissionError) and Imported is ToolDenied
    import pickle
    assert type(pickle.loads(pickle.dumps(error))) is ToolDenied
    result = [str(error), error.tool, error.type, error.message]
"""
GATHERED = """
import asyncio

async def main():
    return await asyncio.gather(
        tools.pay.run_async('Ann', 500), tools.pay_async('Bob', 600),
        tools.pay.run_async('Carl', 7), tools.pay_async('Dan', 800),
    )

result = asyncio.run(main())
"""


def only(calls: list[PendingCall]) -> PendingCall:
    (call,) = calls
    return call


def test_a_call_that_is_asked_about_suspends(bank: Bank) -> None:
    bank.registry.approve = large
    result = bank.codemode.run(TWO)
    assert (result.success, result.outcome, result.error) == (
        False,
        "suspended",
        "Suspended: it waits for answers to the tool call 2 (`pay`)",
    )
    call = only(result.pending)
    assert (call.call_id, call.tool, call.arguments, call.state) == (2, "pay", {"to": "Bob", "amount": 500}, "asked")
    assert call.reason == "the policy asks about `pay`"
    assert call.execution_id == result.execution_id and call.idempotency_key == f"{result.execution_id}:2"
    assert [(record.status, record.error) for record in result.tool_calls] == [("success", None), ("suspended", None)]
    assert bank.did == [("Ann", 50)]
    assert pickle.loads(pickle.dumps(result)).pending == result.pending
    assert result.to_dict()["pending"] == [call.to_dict()] and "checkpoint" not in result.to_dict()


@pytest.mark.parametrize(
    ("answer", "value", "did"),
    [
        (Approve(), "paid 500 to Bob", [("Bob", 500)]),
        (Approve(arguments={"to": "Carl", "amount": 3}), "paid 3 to Carl", [("Carl", 3)]),
        (Return({"paid": 0}), {"paid": 0}, []),
        (Return(), None, []),
    ],
)
def test_answers_that_go_on(bank: Bank, answer: Any, value: Any, did: list[Any]) -> None:
    bank.registry.approve = large
    suspended = bank.codemode.run(TWO)
    assert suspended.checkpoint is not None
    result = bank.codemode.resume(suspended.checkpoint, {2: answer})
    assert (result.error, result.value) == (None, ["paid 50 to Ann", value])
    assert result.execution_id == suspended.execution_id and result.replayed_calls == 2
    assert bank.did == [("Ann", 50), *did]
    assert (result.pending, result.checkpoint) == ([], None)


def test_denied_calls_are_permission_errors(bank: Bank) -> None:
    bank.registry.approve = large
    suspended = bank.codemode.run(CAUGHT)
    assert suspended.checkpoint is not None
    result = bank.codemode.resume(suspended.checkpoint, {1: Deny("too much")})
    assert (result.error, result.value) == (
        None,
        ["tool 'pay' was denied: too much", "pay", "ToolDenied", "too much"],
    )
    assert bank.did == []


def test_a_call_may_fail_in_place_of_its_tool(bank: Bank) -> None:
    bank.registry.approve = large
    suspended = bank.codemode.run(TWO)
    assert suspended.checkpoint is not None
    result = bank.codemode.resume(suspended.checkpoint, {2: Fail(KeyError("no account"))})
    assert result.error == "ToolError: tool 'pay' failed: KeyError: 'no account' (line 1)"
    assert bank.did == [("Ann", 50)]


def test_several_calls_wait_and_are_answered_in_any_order(bank: Bank) -> None:
    seen: set[str] = set()
    all_made = threading.Event()

    def policy(call: PendingCall) -> str:
        # Where every open call waits, the execution does not wait long for the next one: the first holds it open.
        seen.add(call.arguments["to"])
        if len(seen) == 4:
            all_made.set()
        assert call.arguments["to"] != "Ann" or all_made.wait(10)
        return large(call)

    bank.registry.approve = policy
    result = bank.codemode.run(GATHERED)
    assert sorted(call.arguments["to"] for call in result.pending) == ["Ann", "Bob", "Dan"]
    assert bank.did == [("Carl", 7)]
    by_name = {call.arguments["to"]: call.call_id for call in result.pending}
    assert result.checkpoint is not None
    second = bank.codemode.resume(result.checkpoint, {by_name["Bob"]: Approve(), by_name["Dan"]: Return("nothing")})
    assert second.outcome == "suspended"
    assert [call.call_id for call in second.pending] == [by_name["Ann"]]
    assert only(second.pending).reason == "the policy asks about `pay`"
    assert bank.did == [("Carl", 7), ("Bob", 600)]
    assert second.checkpoint is not None
    third = bank.codemode.resume(second.checkpoint, {by_name["Ann"]: Approve()})
    assert third.value == ["paid 500 to Ann", "paid 600 to Bob", "paid 7 to Carl", "nothing"]
    assert bank.did == [("Carl", 7), ("Bob", 600), ("Ann", 500)]


def test_a_resume_without_answers_suspends_again(bank: Bank) -> None:
    bank.registry.approve = large
    first = bank.codemode.run(TWO)
    assert first.checkpoint is not None
    second = bank.codemode.resume(first.checkpoint)
    assert (second.outcome, second.pending) == ("suspended", first.pending)
    assert bank.did == [("Ann", 50)]


def test_a_tool_may_ask_for_itself(bank: Bank) -> None:
    suspended = bank.codemode.run("result = tools.ask_first('Eve')")
    call = only(suspended.pending)
    assert (call.reason, call.data, call.state) == ("is it you?", {"to": "Eve", "at": [1, 2]}, "asked")
    assert suspended.checkpoint is not None
    result = bank.codemode.resume(suspended.checkpoint, {1: Approve()})
    assert result.value == "asked Eve"
    assert bank.did == [("Eve", f"{result.execution_id}:1")]


def test_what_a_tool_shows_must_be_sendable(bank: Bank) -> None:
    def tool() -> None:
        raise Suspend("look", object())

    bank.registry.register_tool("tool", tool)
    error = bank.codemode.run("tools.tool()").error
    assert error is not None and error.startswith("ToolError: tool 'tool' failed: UnsendableValueError: ")


class Decided:
    """A policy that returns what it is told to."""

    def __init__(self, decision: Any) -> None:
        self.decision = decision
        self.calls: list[PendingCall] = []

    def __call__(self, call: PendingCall) -> Any:
        self.calls.append(call)
        if isinstance(self.decision, Exception) and not isinstance(self.decision, Suspend):
            raise self.decision
        return self.decision


class DecidedLater(Decided):
    async def __call__(self, call: PendingCall) -> Any:
        return super().__call__(call)


@pytest.mark.parametrize("tool", ["pay", "pay_async"])
@pytest.mark.parametrize("kind", [Decided, DecidedLater])
@pytest.mark.parametrize(
    ("decision", "end", "did"),
    [
        ("allow", "paid 5 to Ann", [("Ann", 5)]),
        (Approve(), "paid 5 to Ann", [("Ann", 5)]),
        (Approve(arguments={"to": "Ann", "amount": 1}), "paid 1 to Ann", [("Ann", 1)]),
        (Deny("no"), "ToolDenied: tool '{tool}' was denied: no", []),
        (ToolDenied("never"), "ToolDenied: tool '{tool}' was denied: never", []),
        (ZeroDivisionError("oh"), "ToolError: tool '{tool}' failed: ZeroDivisionError: oh", []),
        (
            Approve(arguments={"whom": "Ann"}),
            "ToolError: tool '{tool}' failed: TypeError: to: is required\namount: is required\n"
            "whom: is not an argument",
            [],
        ),
        (
            True,
            "ToolError: tool '{tool}' failed: TypeError: the approval policy returned True; it must return 'allow', "
            "'ask', Approve, Deny or Suspend",
            [],
        ),
        (Suspend("look at it", [1]), "look at it", []),
        ("ask", "the policy asks about `{tool}`", []),
    ],
)
def test_decisions(bank: Bank, tool: str, kind: type[Decided], decision: Any, end: str, did: list[Any]) -> None:
    bank.registry.approve = policy = kind(decision)
    awaited = "await " if tool == "pay_async" else ""
    result = bank.codemode.run(f"result = {awaited}tools.{tool}('Ann', amount=5)")
    shown = result.value
    if result.outcome == "suspended":
        shown = only(result.pending).reason
    elif not result.success:
        shown = str(result.error).removesuffix(" (line 1)")
    assert shown == end.format(tool=tool)
    assert bank.did == did
    call = only(policy.calls)
    assert (call.tool, call.arguments, call.state, call.call_id) == (tool, {"to": "Ann", "amount": 5}, "asked", 1)


def test_a_policy_cannot_change_what_it_is_shown(bank: Bank) -> None:
    def policy(call: PendingCall) -> str:
        call.arguments["amount"] = 0  # type: ignore[index]
        return "allow"

    bank.registry.approve = policy
    assert bank.codemode.run("result = tools.pay('Ann', 5)").value == "paid 5 to Ann"


def test_a_policy_sees_the_runtime_context(bank: Bank) -> None:
    seen: list[Any] = []

    def policy(call: PendingCall) -> str:
        context = bank.registry.get_context()
        assert context is not None
        seen.append((context.get("user"), context.metadata["call_id"]))
        return "allow"

    bank.registry.approve = policy
    bank.codemode.with_context(user="Eve")
    assert bank.codemode.run("tools.pay('Ann', 5)").success
    assert seen == [("Eve", 1)]


def test_a_scoped_registry_has_the_policy_of_its_parent(bank: Bank) -> None:
    bank.registry.approve = large
    scope = bank.registry.scoped(["pay"])
    assert scope.approve is large
    client = bank.codemode.executor_client
    assert client.execute(TWO, ["pay"], {}, registry=scope).outcome == "suspended"
    message = "a ScopedRegistry is a view; set `approve` of the registry that it was made from"
    with pytest.raises(RegistryError) as raised:
        scope.approve = None
    assert str(raised.value) == message


def test_a_policy_must_be_callable(bank: Bank) -> None:
    with pytest.raises(ValueError, match="`approve` must be a function of a PendingCall, not a str"):
        bank.registry.approve = "ask"  # type: ignore[assignment]


def test_execute_raises_with_the_result(bank: Bank) -> None:
    bank.registry.approve = large
    with pytest.raises(ExecutionSuspendedError) as raised:
        bank.codemode.execute(TWO)
    assert str(raised.value) == "the execution is suspended: Suspended: it waits for answers to the tool call 2 (`pay`)"
    assert raised.value.result.checkpoint is not None
    assert bank.codemode.resume(raised.value.result.checkpoint, {2: Approve()}).success


# === answers that do not fit ===


@pytest.mark.parametrize(
    ("results", "message", "hint"),
    [
        ({7: Approve()}, "the execution `{id}` has no call 7", "the calls that wait: 2"),
        ({"2": Approve()}, "the execution `{id}` has no call '2'", "the calls that wait: 2"),
        ({1: Return(1)}, "call 1 of the execution `{id}` has its outcome already", "leave it out of `results`"),
        (
            {2: Retry()},
            "call 2 (`pay`) waits for an approval: Retry is for a call that is uncertain",
            "answer with Approve() to have the tool called",
        ),
        ({2: "yes"}, "the answer to call 2 must be Approve, Deny, Return or Fail, not a str", None),
        (
            {2: Approve},
            "the answer to call 2 must be Approve, Deny, Return or Fail, not the class `Approve`",
            None,
        ),
        ({2: Fail("x")}, "`Fail` of call 2 needs an exception, not a str", None),  # type: ignore[arg-type]
        (
            {2: Approve(arguments={"to": "Bob"})},
            "the arguments that approve call 2 do not fit `pay`: TypeError: amount: is required",
            None,
        ),
        (
            {2: Approve(arguments={"to": "Bob", "amount": "much"})},
            "the arguments that approve call 2 do not fit `pay`: ValidationError: amount: should be a valid integer, "
            "unable to parse string as an integer, not 'much'",
            None,
        ),
        ({2: Return(object())}, "cannot send the value of call 2: object is not a value", None),
        ([2], "`results` must be a dict of answers by call_id, not a list", None),
    ],
)
def test_answers_that_do_not_fit(bank: Bank, results: Any, message: str, hint: str | None) -> None:
    bank.registry.approve = large
    suspended = bank.codemode.run(TWO)
    assert suspended.checkpoint is not None
    with pytest.raises(CheckpointError) as raised:
        bank.codemode.resume(suspended.checkpoint, results)
    assert str(raised.value).startswith(message.format(id=suspended.execution_id))
    assert raised.value.hint == hint
    assert bank.did == [("Ann", 50)]
    # It can still be answered.
    assert bank.codemode.resume(suspended.checkpoint, {2: Approve()}).success


def test_a_tool_that_is_gone_is_named(bank: Bank) -> None:
    bank.registry.approve = large
    suspended = bank.codemode.run(TWO)
    assert suspended.checkpoint is not None
    bank.registry.clear()
    with pytest.raises(UnknownToolError, match="tool `pay` is not registered"):
        bank.codemode.resume(suspended.checkpoint, {2: Approve()})


def test_a_registry_that_grew_is_no_obstacle(bank: Bank) -> None:
    bank.registry.approve = large
    suspended = bank.codemode.run(TWO)
    bank.registry.register_tool("new", lambda: 1)
    bank.registry.register_tool("pay", lambda to, amount: f"{to} has {amount}", overwrite=True)
    bank.registry.set_config("later", 1)
    assert suspended.checkpoint is not None
    assert bank.codemode.resume(suspended.checkpoint, {2: Approve()}).value == ["paid 50 to Ann", "Bob has 500"]


# === asyncio and trio ===


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", [Decided, DecidedLater])
@pytest.mark.parametrize("tool", ["pay", "pay_async"])
@pytest.mark.anyio
async def test_on_the_callers_loop(bank: Bank, anyio_backend: str, kind: type[Decided], tool: str) -> None:
    if anyio_backend == "trio":
        bank.registry.register_tool("pay_async", _pay_in_trio(bank), overwrite=True)
    bank.registry.approve = policy = kind("ask")
    awaited = "await " if tool == "pay_async" else ""
    suspended = await bank.codemode.run_async(f"result = {awaited}tools.{tool}('Ann', amount=5)")
    assert (suspended.outcome, len(suspended.pending)) == ("suspended", 1)
    assert suspended.checkpoint is not None
    result = await bank.codemode.resume_async(suspended.checkpoint, {1: Approve()})
    assert (result.error, result.value) == (None, "paid 5 to Ann")
    assert bank.did == [("Ann", 5)] and len(policy.calls) == 1


def _pay_in_trio(bank: Bank) -> Any:
    async def pay(to: str, amount: int) -> str:
        import trio

        await trio.sleep(0)
        return bank._pay(to, amount)

    return pay
