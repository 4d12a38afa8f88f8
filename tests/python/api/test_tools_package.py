"""`codemode.tools`: the decorator, the meta-tools for the application, the base class, functions for schemas."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import subprocess
import sys
import weakref
from typing import Any

import pytest
from pydantic import BaseModel, Field

import codemode.tools as package
from codemode import ComponentRegistry, RuntimeContext, UnknownToolError
from codemode.core.registration import ToolRegistration
from codemode.tools import (
    ContextAwareTool,
    GetSchemaMetaTool,
    ListToolsMetaTool,
    SearchToolsMetaTool,
    ToolContextRequirements,
    clear_decorated_tools,
    dict_to_json_schema,
    extract_description,
    get_decorated_tools,
    get_tool_metadata,
    is_tool,
    json_string_to_schema,
    normalize_schema,
    pydantic_to_json_schema,
    register_meta_tools,
    schema_to_json_string,
    tool,
)


class Place(BaseModel):
    city: str = Field(description="Its name.")
    zoom: int = 3


class TestPackage:
    def test_every_public_name_is_there(self) -> None:
        for name in package.__all__:
            assert getattr(package, name) is not None
        assert set(package.__all__) <= set(dir(package))
        with pytest.raises(AttributeError, match=r"^module 'codemode.tools' has no attribute 'nothing'$"):
            _ = package.nothing

    def test_importing_it_loads_nothing_heavy(self) -> None:
        code = "import sys; from codemode.tools import tool; print(sorted({'pydantic', 'asyncio'} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


class TestDecorator:
    def test_it_is_written_in_each_of_the_usual_ways(self) -> None:
        @tool
        def bare() -> None: ...

        @tool()
        def called() -> None: ...

        @tool("positional")
        def one() -> None: ...

        @tool(name="by name", description="Described.", input_schema=Place, output_schema={"type": "string"})
        def two() -> None: ...

        found = [get_tool_metadata(function) for function in (bare, called, one, two)]
        assert [data.name for data in found if data is not None] == ["bare", "called", "positional", "by name"]
        assert found[0] is not None
        assert (found[0].description, found[0].input_schema, found[0].output_schema) == (None, None, None)
        assert found[3] is not None
        assert (found[3].description, found[3].input_schema) == ("Described.", Place)
        assert found[3].output_schema == {"type": "string"}

    def test_what_is_marked_stays_what_it_is(self) -> None:
        def function(a: int, b: int = 2) -> int:
            """Adds."""
            return a + b

        async def coroutine(a: int) -> int:
            return a

        class Adder:
            def run(self, a: int) -> int:
                return a

        for original in (function, coroutine, Adder):
            assert tool(original) is original
            assert tool("named")(original) is original
        assert function(1) == 3
        assert (str(inspect.signature(function)), function.__doc__) == ("(a: 'int', b: 'int' = 2) -> 'int'", "Adds.")
        assert inspect.iscoroutinefunction(coroutine)
        assert asyncio.run(coroutine(4)) == 4
        assert Adder().run(5) == 5

    def test_what_is_marked_and_what_is_not(self) -> None:
        @tool("base")
        class Base:
            def run(self) -> None: ...

            @tool
            def method(self) -> None: ...

            @tool
            @classmethod
            def of_class(cls) -> None: ...

        class Sub(Base): ...

        class HasEverything:
            def __getattr__(self, name: str) -> Any:
                return get_tool_metadata(Base)

        assert all(map(is_tool, (Base, Base(), Base.method, Base().method, Sub().method, Base.of_class)))
        assert not any(map(is_tool, (Sub, Sub(), HasEverything(), print, None, 5, "base", Base().run)))

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (lambda: 1, '@tool needs a name for a function, which has none: @tool("…")'),
            (functools.partial(print), '@tool needs a name for a partial, which has none: @tool("…")'),
            (5, "@tool marks a function, a method or a class, not 5"),
            (
                print,
                "@tool cannot mark a builtin_function_or_method, which takes no attributes; "
                "register it with register_tool('print', …)",
            ),
        ],
    )
    def test_what_cannot_be_marked_is_refused(self, given: Any, message: str) -> None:
        with pytest.raises(TypeError) as raised:
            tool(given)
        assert str(raised.value) == message

    @pytest.mark.parametrize("name", ["", "__list__", " a", "a" * 129])
    def test_a_name_that_cannot_be_used_is_refused_at_the_definition(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            tool(name)
        assert get_tool_metadata(tool("fine")(functools.partial(print))) is not None

    def test_the_list_of_all_can_be_emptied(self) -> None:
        before = dict(package.decorator._decorated)
        try:
            clear_decorated_tools()

            @tool
            def one() -> None: ...

            assert get_decorated_tools() == [one]
            get_decorated_tools().clear()
            assert get_decorated_tools() == [one]
            clear_decorated_tools()
            assert get_decorated_tools() == []
            assert is_tool(one)
        finally:
            package.decorator._decorated.update(before)

    def test_the_list_keeps_nothing(self) -> None:
        class Secret: ...

        def marked(secret: Secret) -> list[Any]:
            class Tools:
                @tool
                def method(self) -> None:
                    assert secret

                @tool
                @staticmethod
                def static() -> None:
                    assert secret

                @tool
                @classmethod
                def of_class(cls) -> None:
                    assert secret

            @tool
            def function() -> None:
                assert secret

            attributes = [vars(Tools)[name] for name in ("method", "static", "of_class")]
            return [*attributes, function, tool(Tools), tool("partial")(functools.partial(print, secret))]

        before = dict(package.decorator._decorated)
        others = get_decorated_tools()  # held, for some are garbage of other tests, and may go at any moment
        secret = Secret()
        gone = weakref.ref(secret)
        tools = marked(secret)
        assert all(one is other for one, other in zip(get_decorated_tools()[-6:], tools, strict=True))
        assert len(get_decorated_tools()) == len(others) + 6
        del secret, tools
        gc.collect()
        assert gone() is None
        assert package.decorator._decorated.keys() <= before.keys(), "the entries are gone too"

    def test_what_has_no_weak_references_is_listed_all_the_same(self) -> None:
        class Slots:
            __slots__ = ("__codemode_tool__", "__name__")

            def __init__(self) -> None:
                self.__name__ = "slots"

            def __call__(self) -> None: ...

        before = dict(package.decorator._decorated)
        try:
            slots = tool(Slots())
            assert get_decorated_tools()[-1] is slots
        finally:
            clear_decorated_tools()
            package.decorator._decorated.update(before)


class TestMetaTools:
    def registry(self) -> ComponentRegistry:
        registry = ComponentRegistry()

        def weather(city: str, days: int = 1) -> dict[str, int]:
            """Forecast of a city."""
            return {}

        async def city_of(user: str) -> str:
            """Where a user lives."""
            return ""

        registry.register_tool("weather", weather)
        registry.register_tool("city_of", city_of)
        registry.register_tool("anything", lambda **_: None, "Does anything.")
        return registry

    WEATHER: dict[str, Any] = {  # noqa: RUF012
        "name": "weather",
        "description": "Forecast of a city.",
        "is_async": False,
        "parameters": ["city", "days"],
        "has_input_schema": True,
        "has_output_schema": True,
    }

    def test_list(self) -> None:
        listed = ListToolsMetaTool(self.registry()).run()
        assert (listed["count"], [entry["name"] for entry in listed["tools"]]) == (
            3,
            ["weather", "city_of", "anything"],
        )
        assert listed["tools"][0] == self.WEATHER
        assert [entry["is_async"] for entry in listed["tools"]] == [False, True, False]

    def test_search_finds_names_before_descriptions(self) -> None:
        search = SearchToolsMetaTool(self.registry())
        found = search.run("CITY nothing")
        assert [(match["name"], match["match_type"]) for match in found["matches"]] == [
            ("city_of", "name"),
            ("weather", "description"),
        ]
        assert (found["count"], found["query"]) == (2, "CITY nothing")
        assert found["matches"][1] == {**self.WEATHER, "match_type": "description"}
        assert search.run("  ") == {"matches": [], "count": 0, "query": "  "}

    def test_schema(self) -> None:
        registry = self.registry()
        shown = GetSchemaMetaTool(registry).run("weather")
        assert (shown["tool_name"], shown["description"], shown["is_async"]) == (
            "weather",
            "Forecast of a city.",
            False,
        )
        assert shown["input_schema"]["required"] == ["city"]
        shown["input_schema"].clear()
        assert GetSchemaMetaTool(registry).run(name="weather")["input_schema"]["required"] == ["city"]
        with pytest.raises(
            ValueError, match=r"^tool `wether` is not registered \(did you mean `weather`\?\)$"
        ) as raised:
            GetSchemaMetaTool(registry).run("wether")
        assert isinstance(raised.value, UnknownToolError)

    def test_each_can_be_awaited(self) -> None:
        registry = self.registry()
        for kind, arguments in (
            (ListToolsMetaTool, {}),
            (SearchToolsMetaTool, {"query": "city"}),
            (GetSchemaMetaTool, {"name": "weather"}),
        ):
            meta = kind(registry)
            assert asyncio.run(meta.run_async(**arguments)) == meta.run(**arguments)

    def test_every_registry_has_them(self) -> None:
        registry = self.registry()
        before = registry.tools
        register_meta_tools(registry)
        register_meta_tools(registry.scoped([]))
        assert registry.tools == before
        with pytest.raises(TypeError, match=r"^`registry` must be a ComponentRegistry, not a dict$"):
            register_meta_tools({})  # type: ignore[arg-type]


class TestContextAwareTool:
    def test_it_receives_the_context(self) -> None:
        class Query(ContextAwareTool):
            """Queries."""

            def run_with_context(self, context: RuntimeContext, sql: str) -> str:
                return f"{context.require('tenant')}: {sql}"

        registration = ToolRegistration(Query())
        assert (registration.parameters, registration.description) == (("sql",), "Queries.")
        assert registration.call({"sql": "x"}, RuntimeContext({"tenant": "acme"})) == "acme: x"
        with pytest.raises(NotImplementedError, match=r"^`Query` takes the runtime context: call run_with_context"):
            Query().run(sql="x")
        with pytest.raises(TypeError, match="abstract"):
            ContextAwareTool()  # type: ignore[abstract]

    def test_its_requirements_are_checked_before_it_runs(self) -> None:
        class Query(ContextAwareTool):
            context_requirements = ToolContextRequirements(True, ["tenant", "user"])

            async def run_with_context(self, context: RuntimeContext, **_: Any) -> None:
                raise AssertionError("must not run")

        registration = ToolRegistration(Query())
        for context, message in (
            (
                RuntimeContext({"tenant": "acme"}),
                "the tool requires the context variable user; the context has: tenant",
            ),
            (RuntimeContext({"x": 1}), "the tool requires the context variables tenant, user; the context has: x"),
            (RuntimeContext(), "the tool requires a runtime context and there is none; set one with `with_context`"),
            (None, "the tool requires a runtime context and there is none; set one with `with_context`"),
        ):
            with pytest.raises(ValueError) as raised:
                registration.call({}, context)
            assert str(raised.value) == message


class TestSchemas:
    def test_of_a_model(self) -> None:
        schema = pydantic_to_json_schema(Place)
        assert schema["properties"]["city"]["description"] == "Its name."
        assert schema["required"] == ["city"]
        for given, shown in ((dict, "the class `dict`"), (Place(city="x"), "a Place"), (None, "None")):
            with pytest.raises(TypeError, match=rf"^`model` must be a pydantic model class, not {shown}$"):
                pydantic_to_json_schema(given)  # type: ignore[arg-type]

    def test_of_a_dict(self) -> None:
        schema = {"type": "object", "properties": {"a": {"type": "string"}}}
        assert dict_to_json_schema(schema) is schema
        for given, message in (
            ([], "schema_dict must be a JSON Schema, an object, not a list"),
            ({"properties": {"a": "str"}}, "schema_dict.properties.a must be a JSON Schema, an object, not a str"),
        ):
            with pytest.raises(ValueError) as raised:
                dict_to_json_schema(given)  # type: ignore[arg-type]
            assert str(raised.value) == message

    def test_of_any_of_them(self) -> None:
        assert normalize_schema(None) is None
        assert normalize_schema(Place) == pydantic_to_json_schema(Place)
        assert normalize_schema({"type": "object"}) == {"type": "object"}
        with pytest.raises(
            ValueError, match=r"^`schema` must be a pydantic model or a JSON Schema dict, not the class `str`$"
        ):
            normalize_schema(str)  # type: ignore[arg-type]

    def test_text(self) -> None:
        schema = {"type": "object", "title": "Übersicht"}
        assert schema_to_json_string(schema) == '{"type":"object","title":"Übersicht"}'
        assert json_string_to_schema(schema_to_json_string(schema)) == schema
        assert (schema_to_json_string(None), schema_to_json_string({})) == ("", "")
        assert (json_string_to_schema(""), json_string_to_schema("  ")) == ({}, {})
        for text in ("{", "[]", "5"):
            with pytest.raises(ValueError, match=r"^Expecting|^`json_str` must be a JSON object, not"):
                json_string_to_schema(text)

    def test_descriptions(self) -> None:
        class Described:
            """Of the class."""

            description = "Of the attribute."

            def run(self) -> None: ...

        def function() -> None:
            """First line.

            More.
            """

        assert extract_description(Described()) == "Of the attribute."
        assert extract_description(Described, "Mine.") == "Mine."
        assert extract_description(Described) == "Of the attribute."
        assert extract_description(function) == "First line."
        assert extract_description(object(), "Given.") == "Given."

    def test_a_registration_made_by_hand_is_one_of_the_registry(self) -> None:
        def weather(city: str) -> str:
            """Forecast."""
            return city

        from codemode.core.registration import ToolRegistration as Core
        from codemode.tools.schema import ToolRegistration as Old

        assert Old is Core
        registration = ToolRegistration(tool=weather, input_schema=Place, description="Mine.")
        assert registration.input_schema == pydantic_to_json_schema(Place)
        assert (registration.tool, registration.description, registration.output_schema) == (
            weather,
            "Mine.",
            {"type": "string"},
        )
        assert ToolRegistration(weather).description == "Forecast."
        assert repr(ToolRegistration(weather, name="w")) == "ToolRegistration('w', function)"
