"""Durable executions: what their store has at each moment, and who may go on."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from codemode import (
    Approve,
    Checkpoint,
    CheckpointError,
    Codemode,
    ComponentRegistry,
    Deny,
    ExecutionResult,
    ExecutorClient,
    ExecutorClientError,
    Fail,
    Retry,
    Return,
    UncertainCallError,
)
from codemode._values import decode
from codemode.checkpoints import (
    CheckpointConflictError,
    CheckpointNotFoundError,
    CheckpointStore,
    CheckpointStoreError,
    SqliteStore,
)
from codemode.core.keeping import KEY_VARIABLE
from tests.python.service.executors import wait_for

from .tools import KEY, Bank, large

ONE = "result = tools.pay('Ann', 5)"
TWO = "result = [tools.pay('Ann', 50), tools.pay('Bob', 500)]"


def kept(bank: Bank, store: CheckpointStore | None, key: bytes | None = KEY) -> Codemode:
    bank.codemode.executor_client.use_checkpoints(store, key)
    return bank.codemode


def states(store: CheckpointStore) -> list[str]:
    return [info.state for info in store.list()]


def test_the_end_is_in_the_store(bank: Bank, store: CheckpointStore) -> None:
    codemode = kept(bank, store)
    assert codemode.run(ONE, durable=True).value == "paid 5 to Ann"
    assert codemode.run("1 / 0", durable=True).outcome == "failed"
    assert states(store) == ["finished", "finished"]
    assert not any(b"Ann" in store.load(info.execution_id).document for info in store.list())
    for info in store.list():
        with pytest.raises(CheckpointError, match="has finished: there is nothing to resume"):
            codemode.load_checkpoint(info.execution_id)
    assert codemode.run(ONE).success
    assert len(store.list()) == 2  # what is not durable is not there


def test_each_call_is_in_the_store_before_its_tool_runs(bank: Bank, store: CheckpointStore) -> None:
    codemode = kept(bank, store)
    seen: list[Any] = []

    def look(number: int) -> int:
        (info,) = store.list("running")
        checkpoint = codemode.load_checkpoint(info.execution_id)
        assert checkpoint.journal is not None
        seen.append([(call.call_id, call.arguments, call.state) for call in checkpoint.pending])
        seen.append(len(checkpoint.journal))
        return number

    async def look_async(number: int) -> int:
        return look(number)

    bank.registry.register_tool("look", look)
    bank.registry.register_tool("look_async", look_async)
    result = codemode.run("result = [tools.look(7), await tools.look_async(8)]", durable=True)
    assert (result.error, result.value) == (None, [7, 8])
    assert seen == [[(1, {"number": 7}, "uncertain")], 1, [(2, {"number": 8}, "uncertain")], 2]


def test_suspended_and_resumed_by_another_client(bank: Bank, store: CheckpointStore) -> None:
    codemode = kept(bank, store)
    bank.registry.approve = large
    first = codemode.run(TWO, durable=True)
    assert first.checkpoint is not None and first.checkpoint.revision == 2
    assert states(store) == ["suspended"]
    client = ExecutorClient(
        codemode.executor_client.executor_url, "", registry=bank.registry, checkpoints=store, checkpoint_key=KEY
    )
    loaded = client.load_checkpoint(str(first.execution_id))
    assert loaded.pending == first.pending
    assert (loaded.revision, loaded.code, loaded.tools) == (2, TWO, ["pay", "pay_async", "ask_first"])
    client.close()
    again = codemode.resume(loaded)
    assert (again.outcome, states(store)) == ("suspended", ["suspended"])
    assert again.checkpoint is not None
    result = codemode.resume(again.checkpoint, {2: Approve()})
    assert result.value == ["paid 50 to Ann", "paid 500 to Bob"]
    assert states(store) == ["finished"]
    assert bank.did == [("Ann", 50), ("Bob", 500)]


def test_one_of_two_resumes(bank: Bank, store: CheckpointStore) -> None:
    codemode = kept(bank, store)
    bank.registry.approve = large
    execution_id = str(codemode.run(TWO, durable=True).execution_id)
    checkpoints = [codemode.load_checkpoint(execution_id) for _ in range(2)]
    ends: list[Any] = []
    start = threading.Barrier(2)

    def resume(checkpoint: Checkpoint) -> None:
        start.wait()
        try:
            ends.append(codemode.resume(checkpoint, {2: Approve()}))
        except Exception as error:
            ends.append(error)

    threads = [threading.Thread(target=resume, args=(checkpoint,)) for checkpoint in checkpoints]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (result,) = (end for end in ends if isinstance(end, ExecutionResult))
    (error,) = (end for end in ends if isinstance(end, Exception))
    assert result.success and isinstance(error, CheckpointConflictError)
    assert bank.did == [("Ann", 50), ("Bob", 500)]
    with pytest.raises(CheckpointConflictError):
        codemode.resume(checkpoints[0], {2: Approve()})
    # The same with an older document that says which revision it is of.
    with pytest.raises(CheckpointConflictError):
        codemode.resume(Checkpoint.from_bytes(checkpoints[0].to_bytes(KEY), KEY), {2: Approve()})


def test_a_client_that_was_thought_dead_begins_no_further_tool(bank: Bank, store: CheckpointStore) -> None:
    codemode = kept(bank, store)
    taken: list[Any] = []

    def take_over() -> None:
        (info,) = store.list("running")
        checkpoint = codemode.load_checkpoint(info.execution_id)
        taken.append(codemode.resume(checkpoint, {1: Return("taken")}))

    bank.registry.register_tool("take_over", take_over)
    with pytest.raises(CheckpointConflictError):
        codemode.run("result = [tools.take_over(), tools.pay('Ann', 5)]", durable=True)
    (result,) = taken
    assert result.value == ["taken", "paid 5 to Ann"]
    assert bank.did == [("Ann", 5)]
    assert states(store) == ["finished"]


def test_a_client_that_goes_on_is_not_taken_over(bank: Bank, store: CheckpointStore) -> None:
    checkpoint, release = uncertain(bank, store)
    release()
    # The client was alive: what its tool returned is in the store now.
    wait_for(lambda: len(store.load(checkpoint.execution_id).records) > checkpoint.position, 10, "its outcome")
    with pytest.raises(CheckpointConflictError, match="has gone on: "):
        bank.codemode.resume(checkpoint, {2: Retry()})
    loaded = bank.codemode.load_checkpoint(checkpoint.execution_id)
    assert loaded.pending == []
    assert bank.codemode.resume(loaded).value == ["paid 5 to Ann", "Bob"]
    assert bank.did == [("Ann", 5), ("Bob",)]


# === a store that refuses ===


class Refusing(SqliteStore):
    """Refuses from the given append on."""

    def __init__(self, path: Any, at: int) -> None:
        super().__init__(path)
        self._at = at

    def append(self, execution_id: str, revision: int, position: int, records: Sequence[bytes]) -> None:
        self._at -= 1
        if self._at < 0:
            raise CheckpointStoreError("the disk is full")
        super().append(execution_id, revision, position, records)


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("tool", ["pay", "pay_async"])
def test_a_store_that_refuses_ends_the_execution(bank: Bank, tmp_path: Any, at: int, tool: str) -> None:
    store = Refusing(tmp_path / "checkpoints.db", at)
    codemode = kept(bank, store)
    awaited = "await " if tool == "pay_async" else ""
    payments = [(name, number) for number, name in enumerate(["Ann", "Bob", "Carl", "Dora", "Emil"])]
    program = "\n".join(f"{awaited}tools.{tool}{payment}" for payment in payments)
    with pytest.raises(CheckpointStoreError, match="the disk is full"):
        codemode.run(program, durable=True)
    assert states(store) == ["running"]
    checkpoint = codemode.load_checkpoint(store.list()[0].execution_id)
    begun = [decode(arguments) for _, _, arguments, *_ in checkpoint.journal.calls()] if checkpoint.journal else []
    # What was done is on the disk, and nothing else is: no tool started once the store refused.
    assert [(call["to"], call["amount"]) for call in begun] == bank.did
    # An outcome takes an append of its own, or goes with the call after it where that comes at once.
    assert bank.did == payments[: len(bank.did)] and (at + 1) // 2 <= len(bank.did) <= at
    store.close()


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.anyio
async def test_on_the_callers_loop(bank: Bank, tmp_path: Any, anyio_backend: str) -> None:
    loop_thread = threading.get_ident()

    class OffTheLoop(SqliteStore):
        def _transaction(self) -> Any:
            assert threading.get_ident() != loop_thread, "the store was used on the loop"
            return super()._transaction()

    made: list[SqliteStore] = []
    maker = threading.Thread(target=lambda: made.append(OffTheLoop(tmp_path / "checkpoints.db")))
    maker.start()
    maker.join()
    codemode = kept(bank, made[0])

    async def pay_async(to: str, amount: int) -> str:
        return bank._pay(to, amount)

    bank.registry.register_tool("pay_async", pay_async, overwrite=True)
    bank.registry.approve = large
    suspended = await codemode.run_async(
        "result = [await tools.pay_async('Ann', 5), tools.pay('Bob', 500)]", durable=True
    )
    assert suspended.outcome == "suspended"
    checkpoint = await codemode.load_checkpoint_async(str(suspended.execution_id))
    result = await codemode.resume_async(checkpoint, {2: Approve()})
    assert (result.error, result.value) == (None, ["paid 5 to Ann", "paid 500 to Bob"])
    assert bank.did == [("Ann", 5), ("Bob", 500)]
    with pytest.raises(CheckpointConflictError):
        await codemode.resume_async(checkpoint, {2: Approve()})
    made[0].close()


# === calls of which nobody knows what became ===


def uncertain(bank: Bank, store: CheckpointStore) -> tuple[Checkpoint, Callable[[], None]]:
    """An execution whose second call was in flight when its client was lost, and what ends the call and all of it."""
    codemode = kept(bank, store)

    begun, release, written = threading.Event(), threading.Event(), threading.Event()
    append = store.append

    def tells(*arguments: Any) -> None:
        """What the call came to is written last, or refused."""
        try:
            append(*arguments)
        finally:
            if release.is_set():
                written.set()

    def end() -> None:
        release.set()
        assert written.wait(10)

    store.append = tells  # type: ignore[method-assign]

    def hang(to: str) -> str:
        bank.did.append((to,))
        begun.set()
        release.wait(60)
        return to

    bank.registry.register_tool("hang", hang, overwrite=True)
    other = ExecutorClient(
        codemode.executor_client.executor_url,
        bank.api_key,
        registry=bank.registry,
        checkpoints=store,
        checkpoint_key=KEY,
    )
    ends: list[Any] = []

    def run() -> None:
        try:
            other.execute("result = [tools.pay('Ann', 5), tools.hang('Bob')]", ["pay", "hang"], {}, durable=True)
        except ExecutorClientError as error:
            ends.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(10)
    other.close()
    thread.join()
    assert len(ends) == 1
    (info,) = store.list("running")
    checkpoint = codemode.load_checkpoint(info.execution_id)
    return checkpoint, end


@pytest.mark.parametrize(
    ("answer", "value", "did"),
    [
        (Return("Bob was here"), "Bob was here", [("Ann", 5), ("Bob",)]),
        (Retry(), "Bob", [("Ann", 5), ("Bob",), ("Bob",)]),
    ],
)
def test_an_uncertain_call_is_answered(bank: Bank, store: CheckpointStore, answer: Any, value: str, did: Any) -> None:
    checkpoint, release = uncertain(bank, store)
    (call,) = checkpoint.pending
    assert (call.call_id, call.tool, call.state) == (2, "hang", "uncertain")
    assert call.reason == "its application died while the tool ran"
    with pytest.raises(UncertainCallError) as raised:
        bank.codemode.resume(checkpoint)
    assert str(raised.value) == (
        f"it is uncertain what became of the calls 2 (`hang`) of the execution `{checkpoint.execution_id}`"
    )
    assert raised.value.call_ids == [2]
    for wrong in (Approve(), Deny()):
        with pytest.raises(CheckpointError, match=r"call 2 .`hang`. is uncertain: .* is for a call that waits"):
            bank.codemode.resume(checkpoint, {2: wrong})
    # Nothing of it was written: it can still be taken over, and its former client is told nothing any more.
    bank.registry.register_tool("hang", lambda to: bank.did.append((to,)) or to, overwrite=True)
    result = bank.codemode.resume(checkpoint, {2: answer})
    release()
    assert (result.error, result.value) == (None, ["paid 5 to Ann", value])
    assert bank.did == did


def test_an_uncertain_call_may_have_failed(bank: Bank, store: CheckpointStore) -> None:
    checkpoint, release = uncertain(bank, store)
    result = bank.codemode.resume(checkpoint, {2: Fail(ValueError("gone"))})
    assert result.error == "ToolError: tool 'hang' failed: ValueError: gone (line 1)"
    release()


def test_a_retried_call_is_asked_about_as_any_other(bank: Bank, store: CheckpointStore) -> None:
    checkpoint, release = uncertain(bank, store)
    bank.registry.approve = lambda call: "ask"
    result = bank.codemode.resume(checkpoint, {2: Retry()})
    release()
    assert [(call.call_id, call.state) for call in result.pending] == [(2, "asked")]


# === arguments ===


def test_durable_needs_a_store(bank: Bank) -> None:
    with pytest.raises(ValueError, match="the client has no store of checkpoints: give it one, checkpoints=…"):
        bank.codemode.run(ONE, durable=True)
    with pytest.raises(ValueError, match="the client has no store of checkpoints"):
        bank.codemode.load_checkpoint("x")
    assert bank.did == []


def test_a_kept_checkpoint_needs_its_store(bank: Bank, store: CheckpointStore) -> None:
    bank.registry.approve = large
    suspended = kept(bank, store).run(TWO, durable=True)
    codemode = kept(bank, None, None)
    assert suspended.checkpoint is not None
    with pytest.raises(CheckpointError) as raised:
        codemode.resume(suspended.checkpoint, {2: Approve()})
    message = f"the execution `{suspended.execution_id}` is kept in a store, and this client has none"
    assert (str(raised.value), raised.value.hint) == (message, "give the client the store: checkpoints=…")


@pytest.mark.parametrize(
    ("store", "key", "message"),
    [
        ("x", None, "checkpoints must be a store of codemode.checkpoints, not a str"),
        (None, KEY, "checkpoint_key is of no use without checkpoints=…, the store"),
        (SqliteStore, b"short", "checkpoint_key: a checkpoint key needs at least 16 bytes, not 5"),
        (SqliteStore, 7, "checkpoint_key must be bytes or a str, not of type int"),
    ],
)
def test_arguments_are_checked(tmp_path: Any, store: Any, key: Any, message: str) -> None:
    if store is SqliteStore:
        store = SqliteStore(tmp_path / "checkpoints.db")
    with pytest.raises(ValueError) as raised:
        ExecutorClient("http://127.0.0.1:1", "", checkpoints=store, checkpoint_key=key)
    assert str(raised.value) == message
    if isinstance(store, SqliteStore):
        store.close()


def test_the_key_may_come_from_the_environment(
    bank: Bank, store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.registry.approve = large
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    suspended = kept(bank, store, None).run(TWO, durable=True)
    monkeypatch.delenv(KEY_VARIABLE)
    execution_id = str(suspended.execution_id)
    with pytest.raises(CheckpointError) as raised:
        kept(bank, store, None).load_checkpoint(execution_id)
    assert str(raised.value) == "failed to open a checkpoint: it is sealed, and no key was given"
    with pytest.raises(CheckpointError) as raised:
        kept(bank, store, b"another key of 24 bytes!").load_checkpoint(execution_id)
    assert str(raised.value) == "failed to open a checkpoint: it is sealed with another key"
    assert raised.value.hint is not None and "CODEMODE_CHECKPOINT_KEY" in raised.value.hint
    assert kept(bank, store).load_checkpoint(execution_id).pending == suspended.pending
    with pytest.raises(CheckpointNotFoundError):
        bank.codemode.load_checkpoint("another")


def test_records_belong_to_their_place(bank: Bank, store: CheckpointStore) -> None:
    """A record that was moved, left out or taken from another execution does not open."""
    checkpoint, release = uncertain(bank, store)
    release()
    stored = store.load(checkpoint.execution_id)
    # Each begin of a call is in a record of its own; an outcome may come with the next begin.
    assert len(stored.records) >= 2
    from codemode.core.checkpoint import sealing
    from codemode.core.durable import restored

    key = sealing(KEY)
    records = list(stored.records)
    for changed in (records[1:], [records[1], records[0], *records[2:]], [*records[:-1], records[0]]):
        with pytest.raises(CheckpointError, match="failed to open record"):
            restored(dataclasses.replace(stored, records=tuple(changed)), key)
    with pytest.raises(CheckpointError, match="failed to open record 0"):
        restored(dataclasses.replace(stored, revision=9), key)
    with pytest.raises(CheckpointError, match="the store has the execution"):
        restored(dataclasses.replace(stored, execution_id="another", records=()), key)


def test_a_registry_is_needed(bank: Bank) -> None:
    bank.registry.approve = large
    suspended = bank.codemode.run(TWO)
    client = ExecutorClient(bank.codemode.executor_client.executor_url, bank.api_key)
    assert suspended.checkpoint is not None
    with client, pytest.raises(ExecutorClientError, match="tool `pay` is unknown: this client has no registry"):
        client.resume(suspended.checkpoint)
    with client, pytest.raises(ExecutorClientError, match="has been closed"):
        client.resume(suspended.checkpoint, registry=ComponentRegistry())
    with pytest.raises(ValueError, match="checkpoint must be a Checkpoint, not a bytes"):
        bank.codemode.resume(suspended.checkpoint.to_bytes())  # type: ignore[arg-type]


def test_programs_of_agents_are_kept(bank: Bank, store: CheckpointStore) -> None:
    from codemode.integrations.program_tool import ProgramTool

    codemode = kept(bank, store)
    bank.registry.approve = large
    said = ProgramTool(bank.registry, codemode.executor_client).run(TWO)
    assert said.startswith("ERROR: Suspended: it waits for answers to the tool call 2 (`pay`)")
    assert "say that it waits for approval" in said
    (info,) = store.list("suspended")
    result = codemode.resume(codemode.load_checkpoint(info.execution_id), {2: Approve()})
    assert result.value == ["paid 50 to Ann", "paid 500 to Bob"]


def test_a_request_that_fails_leaves_a_checkpoint(bank: Bank) -> None:
    """Without a store: an approved call that was made is not made again where the rest of the request failed."""
    bank.registry.approve = large
    other = ExecutorClient(bank.codemode.executor_client.executor_url, bank.api_key, registry=bank.registry)
    program = "import time\nresult = [tools.pay('Bob', 500)]\nprint('paid')\ntime.sleep(2)"
    suspended = bank.codemode.run(program)
    assert suspended.checkpoint is not None
    with pytest.raises(ExecutorClientError) as raised:
        other.resume(suspended.checkpoint, {1: Approve()}, on_output=lambda *_: other.close())
    checkpoint = raised.value.checkpoint
    assert checkpoint is not None and checkpoint.pending == []
    result = bank.codemode.resume(Checkpoint.from_bytes(checkpoint.to_bytes(KEY), KEY))
    assert (result.error, result.value) == (None, ["paid 500 to Bob"])
    assert bank.did == [("Bob", 500)]
