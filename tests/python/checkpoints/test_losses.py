"""An executor that dies while a resumed execution replays: the next one replays it, and no tool is called twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codemode import Approve, ComponentRegistry, ExecutorClient
from codemode.checkpoints import SqliteStore
from tests.python.service.executors import KEY, Executor, free_port

from .tools import KEY as CHECKPOINT_KEY
from .tools import Bank, large

PROGRAM = """
import time
print("replaying")
time.sleep(0.2)
paid = [tools.pay(f"P{number}", number) for number in range(20)]
print("asking")
result = [len(paid), tools.pay("Bob", 500), tools.pay("Carl", 5)]
"""


@pytest.mark.parametrize("at", ["replaying", "asking", "Bob"])
@pytest.mark.parametrize("durable", [False, True])
def test_an_executor_that_dies_during_the_replay(tmp_path: Path, at: str, durable: bool) -> None:
    address = f"127.0.0.1:{free_port()}"
    executors = [Executor("--listen", address, target=address)]

    def die(moment: str) -> None:
        if moment == at and len(executors) == 1:
            executors[0].process.kill()
            executors[0].process.wait()
            executors.append(Executor("--listen", address, target=address))

    store = SqliteStore(tmp_path / "checkpoints.db") if durable else None
    client = ExecutorClient(
        f"http://{address}",
        KEY,
        timeout=60,
        retry_max_attempts=20,
        checkpoints=store,
        checkpoint_key=CHECKPOINT_KEY if durable else None,
    )
    bank = Bank(ComponentRegistry(approve=large), client, KEY)

    def pay(to: str, amount: int) -> str:
        die(to)
        return bank._pay(to, amount)

    bank.registry.register_tool("pay", pay, overwrite=True)
    try:
        suspended = bank.codemode.run(PROGRAM, durable=durable)
        assert [call.call_id for call in suspended.pending] == [21]
        assert suspended.checkpoint is not None

        def on_output(_: Any, text: str) -> None:
            for line in text.split():  # what was printed one after the other may come together
                die(line)

        result = bank.codemode.resume(suspended.checkpoint, {21: Approve()}, on_output=on_output)
        assert (result.error, result.value) == (None, [20, "paid 500 to Bob", "paid 5 to Carl"])
        assert len(executors) == 2 and result.attempts > 1
        assert bank.did == [(f"P{number}", number) for number in range(20)] + [("Bob", 500), ("Carl", 5)]
    finally:
        client.close()
        if store is not None:
            store.close()
        for executor in executors:
            if executor.process.poll() is None:
                executor.stop()
            else:
                executor.close_log()
