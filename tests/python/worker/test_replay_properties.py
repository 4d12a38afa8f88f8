"""Random programs, cut after every step and replayed: both runs together do what an undisturbed one does.

A program is run to its end against a scripted application. After each call that began and each answer that was sent,
what the application knew then is a journal. With each journal a fresh worker replays the program, and the application
goes on. No call of the journal is executed again, and nothing diverges; only a program with a timer beside other calls
may, now and then, before it does anything new. Where the program does not depend on the order of answers, which past
the journal nobody knows, all calls and the result are those of the undisturbed run. And the last journal of the second
run replays, too.

`CODEMODE_REPLAY_PROGRAMS` is how many programs are tried, from the seed `CODEMODE_REPLAY_SEED`.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from zlib import crc32

import pytest

from .forked import Forked
from .harness import CALL, COMPLETED, DIVERGED, FINISHED, OUTCOMES, Call, Entry

PROGRAMS = int(os.environ.get("CODEMODE_REPLAY_PROGRAMS", "12"))
FIRST = int(os.environ.get("CODEMODE_REPLAY_SEED", "0"))
TOOLS = ["a", "b", "fails", "slow"]
SLOW = 3
# How often the worker is seen asleep, once every millisecond or less often, before a call of `slow` is answered: longer
# than the timeouts of programs. Not by the clock: where the machine stood still, a timeout may be overdue as well, and
# of a timer and an answer that come together no journal knows which was first.
SLOW_LOOKS = 200


# === programs ===


@dataclass
class Writer:
    """Writes a random program: nested steps, each of which makes calls."""

    random: random.Random
    lines: list[str] = field(default_factory=list)
    names: int = 0
    # What it does depends on no order of answers past its journal: nor does it draw random numbers side by side.
    exact: bool = True
    # A timer runs beside other calls: with an answer that comes as it fires, no journal knows which was first.
    races: bool = False

    def program(self) -> str:
        self.exact = self.random.random() < 0.6
        self.lines = ["import asyncio, threading, random, uuid", "v = 1"]
        self.steps(0, 3, "v")
        self.lines.append("result = v")
        return "\n".join(self.lines)

    def put(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def name(self) -> str:
        self.names += 1
        return f"f{self.names}"

    def argument(self, variable: str) -> str:
        kept = str(self.random.randrange(4))
        drawn = f"({variable}, {kept if self.exact else 'random.randrange(4)'})"
        return self.random.choice([str(self.random.randrange(3)), variable, drawn])

    def steps(self, depth: int, budget: int, variable: str) -> None:
        for _ in range(self.random.randint(1, 3)):
            simple = [self.plain, self.awaited, self.failing, self.branch]
            nested = [self.gather, self.group]
            nested += [self.threads, self.timeout] if self.exact else [self.first, self.completed]
            choice = simple if budget <= 1 else simple + nested
            self.random.choice(choice)(depth, budget, variable)

    def plain(self, depth: int, _budget: int, variable: str) -> None:
        self.put(depth, f"{variable} += tools.{self.random.choice('ab')}({self.argument(variable)})")

    def awaited(self, depth: int, _budget: int, variable: str) -> None:
        self.put(depth, f"{variable} += await tools.{self.random.choice('ab')}.run_async({self.argument(variable)})")

    def failing(self, depth: int, _budget: int, variable: str) -> None:
        self.put(depth, "try:")
        self.put(depth + 1, f"await tools.fails.run_async({self.argument(variable)})")
        self.put(depth, "except ToolError as error:")
        self.put(depth + 1, f"{variable} += len(error.message)")

    def branch(self, depth: int, budget: int, variable: str) -> None:
        self.put(depth, f"if {variable} % 2:")
        self.steps(depth + 1, budget - 1, variable)
        self.put(depth, "else:")
        self.plain(depth + 1, budget, variable)

    def function(self, depth: int, budget: int, variable: str) -> str:
        name = self.name()
        self.put(depth, f"async def {name}(v={variable}):")
        self.steps(depth + 1, budget - 1, "v")
        self.put(depth + 1, "return v")
        return name

    def functions(self, depth: int, budget: int, variable: str) -> list[str]:
        return [self.function(depth, budget, variable) for _ in range(self.random.randint(2, 3))]

    def gather(self, depth: int, budget: int, variable: str) -> None:
        calls = ", ".join(f"{name}()" for name in self.functions(depth, budget, variable))
        self.put(depth, f"{variable} += sum(await asyncio.gather({calls}))")

    def group(self, depth: int, budget: int, variable: str) -> None:
        names = self.functions(depth, budget, variable)
        self.put(depth, "async with asyncio.TaskGroup() as group:")
        self.put(depth + 1, f"tasks{depth} = [group.create_task(f()) for f in ({', '.join(names)})]")
        self.put(depth, f"{variable} += sum(task.result() for task in tasks{depth})")

    def first(self, depth: int, budget: int, variable: str) -> None:
        """The first of several, and then the rest: which one it was is in the next call."""
        names = self.functions(depth, budget, variable)
        self.put(depth, f"tasks{depth} = [asyncio.create_task(f()) for f in ({', '.join(names)})]")
        self.put(depth, f"done, _ = await asyncio.wait(tasks{depth}, return_when=asyncio.FIRST_COMPLETED)")
        self.put(depth, f"which = [n for n, task in enumerate(tasks{depth}) if task in done]")
        self.put(depth, f"{variable} += await tools.a.run_async(which)")
        if self.random.random() < 0.5:
            self.put(depth, f"for task in tasks{depth}: task.cancel()")
            self.put(depth, f"await asyncio.gather(*tasks{depth}, return_exceptions=True)")
        else:
            self.put(depth, f"{variable} += sum(await asyncio.gather(*tasks{depth}))")

    def completed(self, depth: int, budget: int, variable: str) -> None:
        calls = ", ".join(f"{name}()" for name in self.functions(depth, budget, variable))
        self.put(depth, f"for task in asyncio.as_completed([{calls}]):")
        self.put(depth + 1, f"{variable} = {variable} * 3 + await task")
        if self.random.random() < 0.5:
            self.put(depth + 1, f"await tools.b.run_async({variable})")

    def threads(self, depth: int, _budget: int, variable: str) -> None:
        name = self.name()
        self.put(depth, f"def {name}(n, v={variable}):")
        self.put(depth + 1, "v += tools.a((n, v))")
        self.put(depth + 1, f"return v + tools.{self.random.choice('ab')}((n, v))")
        if self.random.random() < 0.5:
            self.put(depth, f"calls = [asyncio.to_thread({name}, n) for n in range(3)]")
            self.put(depth, f"{variable} += sum(await asyncio.gather(*calls))")
            return
        self.put(depth, f"got{depth} = [0, 0, 0]")
        self.put(depth, f"def {name}_(n, got=got{depth}, f={name}): got[n] = f(n)")
        self.put(depth, f"threads{depth} = [threading.Thread(target={name}_, args=(n,)) for n in range(3)]")
        self.put(depth, f"for thread in threads{depth}: thread.start()")
        self.put(depth, f"for thread in threads{depth}: thread.join()")
        self.put(depth, f"{variable} += sum(got{depth})")

    def timeout(self, depth: int, _budget: int, variable: str) -> None:
        self.races |= depth > 0
        self.put(depth, "try:")
        self.put(depth + 1, f"{variable} += await asyncio.wait_for(tools.slow.run_async({variable}), 0.02)")
        self.put(depth, "except TimeoutError:")
        self.put(depth + 1, f"{variable} += await tools.b.run_async({self.argument(variable)})")


# === the application ===


@dataclass
class Application:
    """Answers one call at a time, when the worker waits: which one is a matter of the call alone."""

    seed: int
    calls: dict[int, Entry] = field(default_factory=dict)
    effects: list[tuple[int, int, str]] = field(default_factory=list)
    journals: list[list[Entry]] = field(default_factory=list)
    received: int = 0

    def run(self, code: str) -> tuple[str, str]:
        worker = Forked()
        try:
            worker.start(code, TOOLS, [replace(self.calls[call_id]) for call_id in sorted(self.calls)])
            return self._serve(worker)
        finally:
            worker.close()

    def _serve(self, worker: Forked) -> tuple[str, str]:
        outstanding: dict[int, Entry] = {}
        deadline = time.monotonic() + 120
        looks = 0
        while time.monotonic() < deadline:
            frame = worker.read(0.001)
            if frame is None:
                assert not worker.ended, "the worker died"
                if not worker.sleeps():
                    looks = 0
                    continue
                frame = worker.read(0.0005)
                if frame is None and not worker.sleeps():
                    looks = 0
                    continue
            if frame is not None:
                kind, payload = frame
                if kind == CALL:
                    call = Call.of(payload)
                    outstanding[call.call_id] = self._begin(call)
                elif kind == FINISHED:
                    return OUTCOMES[payload[0]], payload[1:].decode()
                looks = 0
                continue
            looks += 1
            fast = [entry for entry in outstanding.values() if entry.index != SLOW]
            if not fast and (not outstanding or looks < SLOW_LOOKS):
                continue
            entry = min(fast or outstanding.values(), key=self._turn)
            del outstanding[entry.call_id]
            self._decide(entry)
            worker.answer(entry.call_id, str(entry.outcome), entry.failed)
            self._note()
            looks = 0
        raise AssertionError("the program did not end")

    def _begin(self, call: Call) -> Entry:
        for call_id in call.answered:
            entry = self.calls[call_id]
            if not entry.order:
                self.received += 1
                entry.order = self.received
        if (known := self.calls.get(call.call_id)) is not None:
            assert known.outcome is None
            assert (known.index, known.arguments) == (call.index, call.arguments.decode())
            return known
        assert call.call_id == max(self.calls, default=0) + 1
        entry = Entry(call.call_id, call.arguments.decode(), seen=self.received, index=call.index, clock=call.clock)
        self.calls[call.call_id] = entry
        self.effects.append((entry.call_id, entry.index, entry.arguments))
        self._note()
        return entry

    def _turn(self, entry: Entry) -> tuple[int, int]:
        return crc32(f"{self.seed} {entry.index} {entry.arguments}".encode()), entry.call_id

    def _decide(self, entry: Entry) -> None:
        value = crc32(f"{entry.index} {entry.arguments}".encode()) % 7
        if TOOLS[entry.index] == "fails":
            entry.failed = True
            entry.outcome = json.dumps({"type": "ValueError", "message": "x" * value, "builtin": "ValueError"})
        else:
            entry.outcome = str(value)

    def _note(self) -> None:
        self.journals.append([replace(self.calls[call_id]) for call_id in sorted(self.calls)])


def replayed(seed: int, journal: list[Entry], code: str) -> tuple[tuple[str, str], Application]:
    application = Application(seed)
    application.calls = {entry.call_id: replace(entry) for entry in journal}
    application.received = max((entry.order for entry in journal), default=0)
    application.effects = effects_of(journal)
    return application.run(code), application


def effects_of(journal: list[Entry]) -> list[tuple[int, int, str]]:
    """Those that a replay begins with. One that diverges stops before it has any other."""
    return [(entry.call_id, entry.index, entry.arguments) for entry in journal]


def check(seed: int, writer: Writer, code: str) -> int:
    """Tries one program; returns the number of replays."""
    undisturbed = Application(seed)
    ended = undisturbed.run(code)
    assert ended[0] == COMPLETED, (code, ended)
    diverged = 0
    for cut, journal in enumerate(undisturbed.journals):
        again, application = replayed(seed, journal, code)
        told = f"seed {seed}, cut {cut} of {len(undisturbed.journals)}\n{code}\n{journal}"
        if writer.races and again[0] == DIVERGED:
            diverged += 1
            assert application.effects == effects_of(journal), told
            continue
        assert again[0] == COMPLETED, (again, told)
        assert [call_id for call_id, _, _ in application.effects] == list(range(1, len(application.effects) + 1)), told
        if writer.exact:
            assert again == ended, told
            kinds = [Counter(call[1:] for call in calls) for calls in (application.effects, undisturbed.effects)]
            assert kinds[0] == kinds[1], told
        if application.journals:
            last = application.journals[-1]
            third, application = replayed(seed, last, code)
            if writer.races and third[0] == DIVERGED:
                diverged += 1
                assert application.effects == effects_of(last), (told, last)
                continue
            assert third[0] == COMPLETED, (third, told, last)
    assert diverged <= len(undisturbed.journals) // 2, f"seed {seed}: {diverged} replays diverged\n{code}"
    return 2 * len(undisturbed.journals)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + PROGRAMS))
def test_program_cut_anywhere_does_what_it_would_have_done(seed: int) -> None:
    writer = Writer(random.Random(seed))
    check(seed, writer, writer.program())
