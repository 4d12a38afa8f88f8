"""Tools as a program calls them and as the application serves them."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import Any

import pytest
from pydantic import BaseModel, Field

from codemode import Codemode, UnknownToolError, get_current_context

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="none")


class WeatherInput(BaseModel):
    location: str = Field(..., description="City name")
    units: str = Field("celsius", description="Temperature units")


class Weather(BaseModel):
    temperature: float
    conditions: str


@pytest.fixture
def weather(local_codemode: Codemode) -> Codemode:
    def weather(location: str, units: str) -> Weather:
        """Current weather of a city."""
        return Weather(temperature=len(location), conditions=units)

    local_codemode.registry.register_tool("weather", weather, input_schema=WeatherInput, output_schema=Weather)
    return local_codemode


class TestCalling:
    @pytest.mark.parametrize(
        "call",
        [
            "tools['weather'].run(location='Oslo')",
            "tools['weather'].run('Oslo', 'celsius')",
            "tools.weather('Oslo')",
            "await tools.weather.run_async('Oslo')",
            "__import__('tools').weather('Oslo')",
        ],
    )
    def test_every_way_to_call(self, weather: Codemode, call: str) -> None:
        assert weather.run(f"result = {call}").value == {"temperature": 4.0, "conditions": "celsius"}

    def test_tools_can_be_imported(self, weather: Codemode) -> None:
        assert weather.run("from tools import weather\nweather('Oslo')['temperature']").value == 4.0

    def test_async_tools_are_awaited(self, local_codemode: Codemode) -> None:
        async def double(n: int) -> int:
            await asyncio.sleep(0)
            return 2 * n

        local_codemode.registry.register_tool("double", double)
        program = (
            "import asyncio\nresult = [await tools.double(1), *await asyncio.gather(*map(tools.double, range(3)))]"
        )
        assert local_codemode.run(program).value == [2, 0, 2, 4]

    @pytest.mark.parametrize("kind", ["gather", "task group", "threads"])
    def test_parallel_calls_of_sync_tools_overlap(self, local_codemode: Codemode, kind: str) -> None:
        calls = 8 if kind == "threads" else 50
        together = threading.Barrier(calls, timeout=20)  # passes only if all calls are served at once
        local_codemode.registry.register_tool("meet", lambda n: together.wait() * 0 + n)
        program = {
            "gather": "import asyncio\nresult = await asyncio.gather(*(tools.meet.run_async(n) for n in range(50)))",
            "task group": "import asyncio, sys\n"
            "if sys.version_info >= (3, 11):\n"
            "    async with asyncio.TaskGroup() as group:\n"
            "        tasks = [group.create_task(tools.meet.run_async(n)) for n in range(50)]\n"
            "    result = [task.result() for task in tasks]\n"
            "else:\n"
            "    result = await asyncio.gather(*(tools.meet.run_async(n) for n in range(50)))",
            "threads": "from concurrent.futures import ThreadPoolExecutor\n"
            "with ThreadPoolExecutor(8) as pool:\n"
            "    result = list(pool.map(tools.meet, range(8)))",
        }[kind]
        assert local_codemode.run(program).value == list(range(calls))

    def test_calls_are_recorded_in_order(self, weather: Codemode) -> None:
        result = weather.run("for city in ('Oslo', 'Rome'): tools.weather(city)")
        assert [(call.name, call.args_json, call.status) for call in result.tool_calls] == [
            ("weather", '{"location":"Oslo"}', "success"),
            ("weather", '{"location":"Rome"}', "success"),
        ]
        assert result.usage.tool_calls == 2

    def test_many_sequential_calls(self, local_codemode: Codemode) -> None:
        local_codemode.registry.register_tool("inc", lambda n: n + 1)
        assert local_codemode.run("n = 0\nwhile n < 1000: n = tools.inc(n)\nn").value == 1000


class TestMetaTools:
    def test_a_program_can_look_around(self, weather: Codemode) -> None:
        weather.registry.register_tool("other", lambda: None)
        program = """
listed = tools['__list__'].run()
found = tools['__search__'].run(query='city')
schema = tools['__schema__'].run(name='weather')
result = [listed['count'], [t['name'] for t in listed['tools']], [t['name'] for t in found['matches']], schema]
"""
        count, names, found, schema = weather.run(program).value
        assert (count, sorted(names), found) == (2, ["other", "weather"], ["weather"])
        assert schema["description"] == "Current weather of a city."
        assert schema["input_schema"]["required"] == ["location"]

    def test_a_program_sees_only_its_tools(self, weather: Codemode) -> None:
        weather.registry.register_tool("secret", lambda: "leak")
        program = """
names = [t['name'] for t in tools['__list__'].run()['tools']]
try:
    tools['secret'].run()
except KeyError as error:
    result = [names, str(error)]
"""
        names, error = weather.run(program, tool_filter=["weather"]).value
        assert names == ["weather"]
        assert "no tool named 'secret'" in error

    def test_unknown_names_are_refused_before_anything_runs(self, weather: Codemode) -> None:
        with pytest.raises(UnknownToolError, match=r"tool `wether` is not registered \(did you mean `weather`\?\)"):
            weather.run("1", tool_filter=["wether"])


class TestFailures:
    def test_a_tools_exception_is_raised_in_the_program(self, local_codemode: Codemode) -> None:
        class OrderNotFound(LookupError):
            pass

        def find(order: int) -> None:
            raise OrderNotFound(f"no order {order}")

        local_codemode.registry.register_tool("find", find)
        program = """
try:
    tools.find(7)
except LookupError as error:
    result = [type(error).__name__, error.tool, error.type, error.message]
"""
        result = local_codemode.run(program)
        assert result.value == ["ToolError", "find", "OrderNotFound", "no order 7"]
        assert [(call.status, call.error) for call in result.tool_calls] == [("error", "OrderNotFound: no order 7")]

    def test_an_uncaught_one_fails_the_program_at_its_line(self, local_codemode: Codemode) -> None:
        def boom() -> None:
            raise ValueError("boom")

        local_codemode.registry.register_tool("boom", boom)
        result = local_codemode.run("x = 1\ntools.boom()")
        assert result.outcome == "failed"
        assert result.error_details is not None
        assert result.error_details.line == 2
        assert "boom" in result.error_details.message
        assert __file__ not in (result.error_details.traceback or "")

    def test_wrong_arguments_name_the_field(self, weather: Codemode) -> None:
        program = """
errors = []
for arguments in ({}, {'location': 5}, {'location': 'Oslo', 'unit': 'kelvin'}):
    try:
        tools['weather'].run(**arguments)
    except (TypeError, ValueError) as error:
        errors.append([error.type, error.message])
result = errors
"""
        assert weather.run(program).value == [
            ["TypeError", "location: is required"],
            ["ValidationError", "location: should be a valid string, not 5"],
            ["TypeError", "unit: is not an argument (did you mean `units`?)"],
        ]

    def test_a_result_that_cannot_be_sent_is_an_error(self, local_codemode: Codemode) -> None:
        local_codemode.registry.register_tool("rows", lambda: {"rows": [threading.Lock()]})
        program = "try:\n    tools.rows()\nexcept ValueError as error:\n    result = error.message"
        result = local_codemode.run(program)
        assert result.value.startswith("cannot send result.rows[0]: ")
        assert result.tool_calls[0].status == "error"

    def test_a_hanging_tool_ends_with_the_program(self, local_codemode: Codemode) -> None:
        release = threading.Event()
        local_codemode.registry.register_tool("hang", lambda: release.wait(20))
        begin = time.monotonic()
        result = local_codemode.run("tools.hang()", execution_timeout=2)
        release.set()
        assert (result.outcome, result.tool_calls[0].status) == ("timed_out", "error")
        assert time.monotonic() - begin < 10


class TestContext:
    def test_tools_see_the_context_and_the_program_does_not(self, local_codemode: Codemode) -> None:
        seen: list[Any] = []

        def look() -> None:
            context = get_current_context()
            assert context is not None
            seen.append((context.get("tenant"), request_id.get(), context.metadata["idempotency_key"]))

        local_codemode.registry.register_tool("look", look)
        local_codemode.with_context(tenant="acme", session="s3cret", flag=True, nothing=None)
        request_id.set("r-1")
        result = local_codemode.run("tools.look()\ntools.look()\nresult = repr(globals()) + repr(dir())")
        assert "s3cret" not in result.value
        assert seen == [("acme", "r-1", f"{result.execution_id}:{n}") for n in (1, 2)]

    def test_config_is_a_global_of_the_program(self, local_codemode: Codemode) -> None:
        local_codemode.with_config(debug=True, level=None, name="x")
        assert local_codemode.run("config").value == {"debug": True, "level": None, "name": "x"}

    def test_the_correlation_id_comes_back(self, local_codemode: Codemode) -> None:
        assert local_codemode.run("1", correlation_id="req-1").correlation_id == "req-1"
        assert (local_codemode.run("1").correlation_id or "").startswith("cm-")


class TestLeader:
    """Sync tools under `execute`: one after another in one thread, side by side when one is slow."""

    def test_quick_calls_stay_in_one_thread(self, local_codemode: Codemode) -> None:
        threads: list[int] = []
        local_codemode.registry.register_tool("quick", lambda: threads.append(threading.get_ident()))
        local_codemode.execute("for _ in range(50): tools.quick()")
        assert len(threads) == 50
        assert threading.get_ident() not in threads
        # A busy machine may make a call look slow; then the ones after it are spread.
        assert len(set(threads)) < 50

    def test_slow_call_does_not_hold_up_the_ones_beside_it(self, local_codemode: Codemode) -> None:
        together = threading.Barrier(4)
        local_codemode.registry.register_tool("meet", lambda: together.wait(10))
        code = "import asyncio\nresult = sorted(await asyncio.gather(*(tools['meet'].run_async() for _ in range(4))))"
        assert local_codemode.execute(code) == "[0,1,2,3]"

    def test_deadline_passes_while_the_first_tool_hangs(self, local_codemode: Codemode) -> None:
        release = threading.Event()
        local_codemode.registry.register_tool("hang", lambda: release.wait(30))
        started = time.monotonic()
        result = local_codemode.run("tools.hang()", execution_timeout=0.5)
        release.set()
        assert (result.outcome, time.monotonic() - started < 5) == ("timed_out", True)
        assert local_codemode.execute("result = 1") == "1"
