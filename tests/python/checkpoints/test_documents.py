"""Checkpoints as bytes: they open with their key, as they were, and nowhere else."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from codemode import Approve, Checkpoint, CheckpointError
from codemode.core.checkpoint import sealed, sealing

from .tools import KEY, Bank, large

PROGRAM = """
import random
drawn = random.random()
result = [config['limit'], context['user'], drawn, tools.pay('Ann', 500), drawn == random.random()]
"""


@pytest.fixture
def checkpoint(bank: Bank) -> Checkpoint:
    bank.registry.approve = large
    bank.registry.set_config("limit", 7)
    bank.registry.set_readable_context("user")
    bank.codemode.with_context(user="Eve", token="secret")
    suspended = bank.codemode.run(PROGRAM, limits={"memory": 2**28})
    assert suspended.checkpoint is not None
    return suspended.checkpoint


@pytest.mark.parametrize("key", [None, KEY, "a key that is text: ü", b"x" * 100])
def test_what_was_written_is_read(bank: Bank, checkpoint: Checkpoint, key: Any) -> None:
    data = checkpoint.to_bytes(key)
    read = Checkpoint.from_bytes(data, key)
    assert (read.execution_id, read.code, read.tools, read.config, read.pending) == (
        checkpoint.execution_id,
        PROGRAM,
        ["pay", "pay_async", "ask_first"],
        {"limit": 7},
        checkpoint.pending,
    )
    assert read.journal == checkpoint.journal
    assert (b"import random" in data) == (key is None)
    assert b"secret" not in data
    # The registry's configuration and the context are those of the beginning.
    bank.registry.set_config("limit", 8)
    bank.codemode.with_context(user="Dan")
    result = bank.codemode.resume(read, {1: Approve()})
    assert result.value[:2] == [7, "Eve"] and result.value[3:] == ["paid 500 to Ann", False]


def test_it_can_be_pickled_and_shown(checkpoint: Checkpoint) -> None:
    assert pickle.loads(pickle.dumps(checkpoint)).pending == checkpoint.pending
    assert repr(checkpoint) == f"Checkpoint('{checkpoint.execution_id}', 1 calls, 1 pending)"


def changed(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("key", "reads", "with_key", "message"),
    [
        (KEY, lambda data: data, b"another key of 24 bytes!", "it is sealed with another key"),
        (KEY, lambda data: data, None, "it is sealed, and no key was given"),
        (None, lambda data: data, KEY, "it has no seal, although a key was given"),
        (KEY, changed, KEY, "it was changed since it was written, or belongs to another execution"),
        (None, changed, None, "it was changed since it was written, or belongs to another execution"),
        (None, lambda data: data[:40], None, "it was changed since it was written, or belongs to another execution"),
        (None, lambda data: b"{}", None, "it is not a checkpoint"),
        (None, lambda data: data[:4] + b"\x02" + data[5:], None, "it has the format 2; this version reads format 1"),
    ],
)
def test_what_does_not_open(
    checkpoint: Checkpoint, key: bytes | None, reads: Callable[[bytes], bytes], with_key: bytes | None, message: str
) -> None:
    with pytest.raises(CheckpointError) as raised:
        Checkpoint.from_bytes(reads(checkpoint.to_bytes(key)), with_key)
    assert str(raised.value) == f"failed to open a checkpoint: {message}"


def forged(checkpoint: Checkpoint, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(checkpoint.document())
    change(document)
    return sealed(json.dumps(document).encode(), sealing(KEY))


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (
            lambda document: document.update(format=2),
            "failed to read a checkpoint of format 2: this version reads format 1",
            "upgrade codemode here to the release that wrote it",
        ),
        (lambda document: document.pop("code"), "failed to read a checkpoint: 'code'", None),
        (
            lambda document: document.update(execution_id="another"),
            "the checkpoint of the execution `another` has the journal of another one: `{id}`",
            None,
        ),
    ],
)
def test_documents_that_do_not_fit(
    checkpoint: Checkpoint, change: Callable[[dict[str, Any]], None], message: str, hint: str | None
) -> None:
    with pytest.raises(CheckpointError) as raised:
        Checkpoint.from_bytes(forged(checkpoint, change), KEY)
    assert str(raised.value) == message.format(id=checkpoint.execution_id)
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda document: document.update(code="tools.pay('Ann', 1)"), "program"),
        (lambda document: document.update(config='{"limit":9}'), "config"),
        (lambda document: document["tools"].pop(), "set of tools"),
        (lambda document: document["limits"].update(memory=2**27), "set of limits"),
    ],
)
def test_another_program_is_not_run(
    bank: Bank, checkpoint: Checkpoint, change: Callable[[dict[str, Any]], None], what: str
) -> None:
    read = Checkpoint.from_bytes(forged(checkpoint, change), KEY)
    with pytest.raises(CheckpointError, match=f"the journal is of another execution: its {what} is not the same"):
        bank.codemode.resume(read, {1: Approve()})
    assert bank.did == []


def test_a_key_must_be_long_enough(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="a checkpoint key needs at least 16 bytes, not 5"):
        checkpoint.to_bytes(b"short")
