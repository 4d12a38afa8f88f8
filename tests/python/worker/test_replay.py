"""A journal in a real worker: what is answered, in which order, what is held, asked again, and called divergence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from .forked import Forked
from .harness import CALL, DIVERGED, FINISHED, OUTCOMES, Call, Entry

ONE = '{"x":1}'
TWO = '{"x":2}'
BOTH = [Entry(1, ONE, '"one"', order=1), Entry(2, TWO, '"two"', seen=1, index=1)]


@pytest.fixture
def run() -> Iterator[Callable[..., tuple[str, str, list[Call]]]]:
    workers: list[Forked] = []

    def run_program(code: str, journal: list[Entry]) -> tuple[str, str, list[Call]]:
        """Outcome, its content, and the calls that reached the application, each answered with ten times its number."""
        worker = Forked()
        workers.append(worker)
        worker.start(code, ["a", "b"], journal)
        calls = []
        while (frame := worker.read(30)) is not None:
            kind, payload = frame
            if kind == CALL:
                calls.append(Call.of(payload))
                worker.answer(calls[-1].call_id, str(calls[-1].call_id * 10))
            elif kind == FINISHED:
                return OUTCOMES[payload[0]], payload[1:].decode(), calls
        raise AssertionError("the program did not end")

    yield run_program
    for worker in workers:
        worker.close()


def diverged(ended: tuple[str, str, list[Call]]) -> tuple[int, str]:
    outcome, text, calls = ended
    assert (outcome, calls) == (DIVERGED, [])
    content = json.loads(text)
    return content["call_id"], content["message"]


def test_first_call_past_the_journal_tells_of_every_answer(run: Callable[..., tuple[str, str, list[Call]]]) -> None:
    outcome, value, calls = run("result = [tools.a(1), tools.b(2), tools.a(3)]", BOTH)
    assert (outcome, value) == ("completed", '["one","two",30]')
    assert [(call.call_id, call.answered) for call in calls] == [(3, [1, 2])]


def test_failure_of_the_journal_is_raised_again(run: Callable[..., tuple[str, str, list[Call]]]) -> None:
    failure = json.dumps({"type": "OrderNotFound", "message": "7", "builtin": "KeyError"})
    code = "try:\n    tools.a(1)\nexcept KeyError as error:\n    result = error.type"
    assert run(code, [Entry(1, ONE, failure, failed=True)])[:2] == ("completed", '"OrderNotFound"')


def test_equal_calls_take_equal_entries_in_order(run: Callable[..., tuple[str, str, list[Call]]]) -> None:
    journal = [Entry(number, ONE, str(number), order=number, seen=number - 1) for number in (1, 2, 3)]
    assert run("result = [tools.a(1) for _ in range(4)]", journal)[:2] == ("completed", "[1,2,3,40]")


def test_call_without_an_outcome_is_asked_for_once_all_are_made(
    run: Callable[..., tuple[str, str, list[Call]]],
) -> None:
    code = "import asyncio\nresult = await asyncio.gather(*[tools.a.run_async(x) for x in (0, 1, 2)])"
    journal = [Entry(3, '{"x":0}'), Entry(4, ONE, '"one"'), Entry(6, TWO)]
    outcome, value, calls = run(code, journal)
    assert (outcome, value) == ("completed", '[30,"one",60]')
    assert [(call.call_id, call.answered, call.clock) for call in calls] == [(3, [], b""), (6, [], b"")]


@pytest.mark.parametrize(("orders", "value"), [((1, 2), '["one","two"]'), ((2, 1), '["two","one"]')])
def test_answers_come_in_their_recorded_order(
    run: Callable[..., tuple[str, str, list[Call]]], orders: tuple[int, int], value: str
) -> None:
    code = (
        "import asyncio\nresult = []\n"
        "async def one(x): result.append(await tools.a.run_async(x))\n"
        "await asyncio.gather(one(1), one(2))"
    )
    journal = [Entry(1, ONE, '"one"', order=orders[0]), Entry(2, TWO, '"two"', order=orders[1])]
    assert run(code, journal)[:2] == ("completed", value)


def test_answer_waits_for_a_call_that_was_made_without_it(run: Callable[..., tuple[str, str, list[Call]]]) -> None:
    code = (
        "import asyncio\n"
        "task = asyncio.create_task(tools.a.run_async(1))\n"
        "done, _ = await asyncio.wait([task], timeout=0.05)\n"
        "result = [len(done), await tools.b.run_async(2), await task]"
    )
    journal = [Entry(1, ONE, '"one"', order=1), Entry(2, TWO, '"two"', seen=0, order=2, index=1)]
    assert run(code, journal)[:2] == ("completed", '[0,"two","one"]')


GONE = 'call 2 of the journal, b({"x":2}), was not made: '


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("tools.a(1)\ntools.b(3)", 'the program called b({"x":3})'),
        ("tools.a(1)\ntry:\n    tools.b(3)\nexcept BaseException:\n    pass", 'the program called b({"x":3})'),
        ("tools.a(1)", "the program ended"),
        ("tools.a(1)\nraise ValueError", "the program ended"),
        (
            "import asyncio\nawait asyncio.gather(tools.a.run_async(1), tools.b.run_async(3))",
            'the program called b({"x":3})',
        ),
        (
            "import asyncio\nasync def late():\n    await asyncio.sleep(0.05)\n"
            "await asyncio.gather(tools.a.run_async(1), tools.b.run_async(3), late())",
            'the program called b({"x":3})',
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor as P\nwith P(2) as p: list(p.map(tools.a, [1, 3]))",
            'the program called a({"x":3})',
        ),
        ("import asyncio\ntools.a(1)\nawait asyncio.Event().wait()", "the program waits, and makes no other call"),
        ("tools.a(1)\ntools.b('y' * 9999)", f'the program called b({{"x":"{"y" * 194}…)'),
    ],
)  # fmt: skip
def test_divergence_names_the_entry_and_what_came_instead(
    run: Callable[..., tuple[str, str, list[Call]]], code: str, instead: str
) -> None:
    assert diverged(run(code, BOTH)) == (2, GONE + instead)


def test_program_that_does_not_compile_diverged(run: Callable[..., tuple[str, str, list[Call]]]) -> None:
    assert diverged(run("def", BOTH))[0] == 1


def test_call_that_is_early_waits_for_the_journals_calls_of_another_thread(
    run: Callable[..., tuple[str, str, list[Call]]],
) -> None:
    code = (
        "import threading, time\n"
        "def late():\n    time.sleep(0.2)\n    tools.a(1)\n    tools.b(2)\n"
        "thread = threading.Thread(target=late)\nthread.start()\nresult = tools.a(5)\nthread.join()"
    )
    outcome, value, calls = run(code, BOTH)
    assert (outcome, value, [call.call_id for call in calls]) == ("completed", "30", [3])


def test_answers_keep_their_order_where_a_plain_call_comes_before_the_loop_is_quiet(
    run: Callable[..., tuple[str, str, list[Call]]],
) -> None:
    """Both were received just before call 3 was made, and what they led to came after it."""
    code = (
        "import asyncio\n"
        "async def after(x):\n"
        "    await tools.a.run_async(x)\n"
        "    return tools.b(10 * x)\n"
        "tasks = [asyncio.create_task(after(x)) for x in (1, 2)]\n"
        "await asyncio.sleep(0)\n"
        "await asyncio.sleep(0)\n"
        "result = [tools.b(3), *await asyncio.gather(*tasks)]"
    )
    journal = [
        Entry(1, ONE, "1", order=1),
        Entry(2, TWO, "2", order=2),
        Entry(3, '{"x":3}', "3", order=3, seen=2, index=1),
        Entry(4, '{"x":10}', "4", order=4, seen=3, index=1),
        Entry(5, '{"x":20}', "5", order=5, seen=4, index=1),
    ]
    assert run(code, journal) == ("completed", "[3,4,5]", [])


def test_places_that_contradict_each_other_end(run: Callable[..., tuple[str, str, list[Call]]]) -> None:
    """The executor refuses such a journal; a worker that had it all the same would not hang."""
    journal = [Entry(1, ONE, '"one"', order=9, seen=5), Entry(2, TWO, '"two"', order=9, seen=0, index=1)]
    assert run("result = [tools.a(1), tools.b(2)]", journal)[0] in ("completed", DIVERGED)
