"""What counts as a tool, how it is called, and how its arguments are checked."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import time
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, field_validator

from codemode import (
    Codemode,
    ComponentAlreadyExistsError,
    ComponentNotFoundError,
    ComponentRegistry,
    RuntimeContext,
)
from codemode.core.registration import ToolRegistration


def registered(tool: Any, **options: Any) -> ToolRegistration:
    registry = ComponentRegistry()
    registry.register_tool("tool", tool, **options)
    registration = registry.get_tool_registration("tool")
    assert registration is not None
    return registration


def call(registration: ToolRegistration, **arguments: Any) -> Any:
    return registration.call(arguments, RuntimeContext({"tenant": "acme"}))


def problems(registration: ToolRegistration, **arguments: Any) -> tuple[str, str]:
    with pytest.raises((TypeError, ValueError)) as raised:
        call(registration, **arguments)
    return raised.type.__name__, str(raised.value)


class Item(BaseModel):
    name: str
    amount: int = 1


class Order(BaseModel):
    items: list[Item]
    note: str | int | None = None
    day: datetime.date | None = None


# === shapes ===


def plain(text: str, times: int = 2) -> str:
    """Repeats a text.

    More.
    """
    return text * times


async def coroutine(text: str) -> str:
    return text


class WithRun:
    """A class with run."""

    def run(self, text: str) -> str:
        return f"run {text}"

    async def run_async(self, text: str) -> str:
        return f"async {text}"


class WithContext:
    description = "Takes the context."

    def run_with_context(self, context: RuntimeContext, text: str) -> str:
        return f"{context.get('tenant')} {text}"

    def run(self, **_: Any) -> str:
        raise NotImplementedError


class OnlyAsync:
    async def arun(self, text: str) -> str:
        return text


class CallableObject:
    async def __call__(self, text: str) -> str:
        return text


class CrewTool:
    """As CrewAI's BaseTool looks from outside."""

    name = "crew"
    description = "A CrewAI tool."

    class args_schema(BaseModel):  # the framework's name
        text: str
        times: int = 1

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)

    async def arun(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def _run(self, text: str, times: int = 1) -> str:
        return text * times


class ChainTool:
    """As LangChain's StructuredTool looks from outside: `run` takes one input, `_run` needs more."""

    name = "chain"
    description = "A LangChain tool."
    args_schema = Item

    def __init__(self, func: Any = None, coroutine: Any = None) -> None:
        self.func, self.coroutine = func, coroutine

    def invoke(self, input: Any, config: Any = None) -> Any:
        return self.func(**input)

    async def ainvoke(self, input: Any, config: Any = None) -> Any:
        return await self.coroutine(**input)

    def run(self, tool_input: Any, **_: Any) -> Any:
        raise AssertionError("must not be called")

    def _run(self, *_: Any, config: Any, **__: Any) -> Any:
        raise AssertionError("must not be called")


class TestShapes:
    @pytest.mark.parametrize(
        ("tool", "is_async", "parameters", "description"),
        [
            (plain, False, ("text", "times"), "Repeats a text."),
            (coroutine, True, ("text",), ""),
            (functools.partial(plain, times=3), False, ("text",), "Repeats a text."),
            (functools.partial(coroutine), True, ("text",), ""),
            (WithRun(), False, ("text",), "A class with run."),
            (WithRun().run_async, True, ("text",), ""),
            (WithContext(), False, ("text",), "Takes the context."),
            (OnlyAsync(), True, ("text",), ""),
            (CallableObject(), True, ("text",), ""),
            (CrewTool(), False, ("text", "times"), "A CrewAI tool."),
            (ChainTool(func=lambda **_: 1), False, ("name", "amount"), "A LangChain tool."),
            (ChainTool(coroutine=coroutine), True, ("name", "amount"), "A LangChain tool."),
            (math.sqrt, False, ("x",), "Return the square root of x."),
            (max, False, (), None),
        ],
    )
    def test_what_is_read_from_a_tool(
        self, tool: Any, is_async: bool, parameters: tuple[str, ...], description: str | None
    ) -> None:
        registration = registered(tool)
        assert (registration.is_async, registration.parameters) == (is_async, parameters)
        if description is not None:
            assert registration.description == description

    def test_tools_are_called_as_they_want(self) -> None:
        assert call(registered(plain), text="a") == "aa"
        assert call(registered(functools.partial(plain, times=3)), text="a") == "aaa"
        assert call(registered(WithRun()), text="a") == "run a"
        assert call(registered(WithContext()), text="a") == "acme a"
        assert call(registered(CrewTool()), text="a", times="2") == "aa"
        assert call(registered(ChainTool(func=lambda name, amount=1: name * amount)), name="a") == "a"
        assert call(registered(math.sqrt), x=4) == 2

    def test_the_description_can_be_given(self) -> None:
        assert registered(plain, description="Mine.").description == "Mine."

    def test_a_context_parameter_is_filled_in_and_hidden(self) -> None:
        def annotated(text: str, caller: RuntimeContext) -> str:
            return f"{caller.get('tenant')} {text}"

        class Method:
            def run(self, text, context):  # type: ignore[no-untyped-def]
                return f"{context.get('tenant')} {text}"

        def plain_context(context):  # type: ignore[no-untyped-def]  # an argument like any other
            return context

        for tool in (annotated, Method()):
            registration = registered(tool)
            assert registration.parameters == ("text",)
            assert list((registration.input_schema or {})["properties"]) == ["text"]
            assert call(registration, text="a") == "acme a"
        assert problems(registered(annotated), text="a", caller=1) == ("TypeError", "caller: is not an argument")
        assert call(registered(plain_context), context=1) == 1

    def test_a_program_cannot_reach_bound_and_private_parameters(self) -> None:
        def query(sql: str, tenant: str, _connection: str = "pool", **extra: Any) -> list[Any]:
            return [sql, tenant, _connection, extra]

        bound = registered(functools.partial(query, tenant="acme"))
        assert call(bound, sql="x", more=1) == ["x", "acme", "pool", {"more": 1}]
        assert problems(bound, sql="x", tenant="other") == ("TypeError", "tenant: is not an argument")
        assert problems(bound, sql="x", _connection="other") == ("TypeError", "_connection: is not an argument")

    @pytest.mark.parametrize(
        ("tool", "message"),
        [
            (None, "tool `tool`: `tool` must be a function or an object with `run`, not None"),
            (WithRun, "tool `tool`: `WithRun` is a class: register an instance of it, `WithRun(…)`"),
            (
                5,
                "tool `tool`: `tool` must be callable or have run, run_async, arun, run_with_context, _run, kickoff or "
                "invoke: int has none of them",
            ),
        ],
    )
    def test_what_is_no_tool_is_refused(self, tool: Any, message: str) -> None:
        with pytest.raises(ValueError) as raised:
            registered(tool)
        assert str(raised.value) == message


class TestNames:
    @pytest.mark.parametrize("name", ["weather", "it's", "get-weather", "météo", "a.b"])
    def test_names_may_be_any_text(self, name: str) -> None:
        ComponentRegistry().register_tool(name, plain)

    @pytest.mark.parametrize("name", ["", " ", "__list__", "a\nb", "a" * 129, " a", 5, None])
    def test_other_names_are_refused(self, name: Any) -> None:
        with pytest.raises(ValueError, match="name"):
            ComponentRegistry().register_tool(name, plain)

    def test_a_name_is_taken_once(self) -> None:
        registry = ComponentRegistry()
        registry.register_tool("tool", plain)
        with pytest.raises(ComponentAlreadyExistsError, match="a tool `tool` is registered already"):
            registry.register_tool("tool", coroutine)
        registry.register_tool("tool", coroutine, overwrite=True)
        assert registry.get_tool("tool") is coroutine
        assert registry.tools == {"tool": coroutine}

    def test_a_missing_tool_is_named_with_its_neighbours(self) -> None:
        registry = ComponentRegistry()
        registry.register_tool("weather", plain)
        with pytest.raises(ComponentNotFoundError) as raised:
            registry.get_tool("wether")
        assert str(raised.value) == "no tool `wether` is registered (did you mean `weather`?)"


# === arguments ===


class TestAnnotations:
    def test_values_are_converted(self) -> None:
        def tool(amount: Decimal, day: datetime.date, order: Order, *, ids: set[int]) -> list[Any]:
            return [amount, day, order, ids]

        registration = registered(tool)
        amount, day, order, ids = call(
            registration, amount="1.10", day="2026-01-02", order={"items": [{"name": "x"}]}, ids=[1, 1]
        )
        assert (amount, day, ids) == (Decimal("1.10"), datetime.date(2026, 1, 2), {1})
        assert order == Order(items=[Item(name="x")])
        assert registration.parameters == ("amount", "day", "order")

    def test_what_is_wrong_is_named_one_line_for_each_field(self) -> None:
        def tool(order: Order, times: Annotated[int, Field(ge=1)] = 1) -> None: ...

        registration = registered(tool)
        assert problems(
            registration, order={"items": [{"name": "x"}, {"name": 5, "amount": "many"}], "note": []}, times=0
        ) == (
            "ValidationError",
            "order.items[1].name: should be a valid string, not 5\n"
            "order.items[1].amount: should be a valid integer, unable to parse string as an integer, not 'many'\n"
            "order.note: should be a valid string, or should be a valid integer\n"
            "times: should be greater than or equal to 1, not 0",
        )
        assert problems(registration, ordr={}) == ("TypeError", "order: is required\nordr: is not an argument")

    def test_a_validation_error_is_a_value_error(self) -> None:
        def tool(n: int) -> None: ...

        with pytest.raises(ValueError, match="n: should be a valid integer"):
            call(registered(tool), n=[])

    def test_the_schema_is_derived(self) -> None:
        def tool(text: Annotated[str, Field(description="What to say.")], times: int = 2) -> list[str]:
            return [text] * times

        registration = registered(tool)
        assert registration.input_schema == {
            "type": "object",
            "properties": {
                "text": {"type": "string", "description": "What to say."},
                "times": {"type": "integer", "default": 2},
            },
            "required": ["text"],
            "additionalProperties": False,
        }
        assert registration.output_schema == {"type": "array", "items": {"type": "string"}}

    def test_names_that_pydantic_reserves_are_fine(self) -> None:
        def tool(schema: int, json: int, model_config: int, copy: int = 4) -> int:
            return schema + json + model_config + copy

        assert call(registered(tool), schema=1, json=2, model_config=3) == 10

    def test_a_field_as_default_is_understood(self) -> None:
        def tool(n: int = Field(3, ge=1), required: str = Field(description="x")) -> list[Any]:
            return [n, required]

        registration = registered(tool)
        assert call(registration, required="a") == [3, "a"]
        assert problems(registration, n=0, required="a")[1] == "n: should be greater than or equal to 1, not 0"
        assert problems(registration)[1] == "required: is required"

    def test_without_annotations_names_are_checked(self) -> None:
        registration = registered(lambda a, b=1: [a, b])
        assert call(registration, a=object, b=None) == [object, None]
        assert problems(registration, b=1, d=2) == ("TypeError", "a: is required\nd: is not an argument")

    def test_annotations_that_do_not_resolve_are_left_alone(self) -> None:
        def tool(a: Missing, b: int = 1) -> list[Any]:  # type: ignore[name-defined]  # noqa: F821
            return [a, b]

        registration = registered(tool)
        assert call(registration, a=1, b="x") == [1, "x"]
        assert problems(registration, a=1, c=2) == ("TypeError", "c: is not an argument")

    def test_further_keyword_arguments_are_passed_on(self) -> None:
        def tool(a: int, **rest: Any) -> list[Any]:
            return [a, rest]

        assert call(registered(tool), a="1", b=2) == [1, {"b": 2}]


class TestModels:
    def test_fields_are_passed_by_name_and_stay_models(self) -> None:
        received: dict[str, Any] = {}
        registration = registered(lambda **arguments: received.update(arguments), input_schema=Order)
        call(registration, items=[{"name": "x"}])
        assert received == {"items": [Item(name="x")], "note": None, "day": None}
        assert registration.parameters == ("items", "note", "day")

    def test_fields_that_the_tool_does_not_take_are_left_out(self) -> None:
        def tool(items: list[Item]) -> int:
            return len(items)

        assert call(registered(tool, input_schema=Order), items=[]) == 0

    def test_a_function_may_take_the_model_itself(self) -> None:
        def tool(order: Order) -> Order:
            return order

        registration = registered(tool, input_schema=Order)
        assert registration.parameters == ("items", "note", "day")
        assert call(registration, items=[]) == Order(items=[])

    def test_unknown_fields_are_refused_unless_the_model_says_otherwise(self) -> None:
        class Open(BaseModel, extra="allow"):
            a: int

        class Closed(BaseModel, extra="ignore"):
            a: int

        def tool(**arguments: Any) -> dict[str, Any]:
            return arguments

        assert problems(registered(tool, input_schema=Item), name="x", amont=2) == (
            "TypeError",
            "amont: is not an argument (did you mean `amount`?)",
        )
        assert call(registered(tool, input_schema=Open), a=1, b=2) == {"a": 1, "b": 2}
        assert call(registered(tool, input_schema=Closed), a=1, b=2) == {"a": 1}

    def test_a_validators_message_is_kept(self) -> None:
        class Even(BaseModel):
            n: int

            @field_validator("n")
            @classmethod
            def even(cls, n: int) -> int:
                if n % 2:
                    raise ValueError("must be even")
                return n

        assert problems(registered(lambda n: n, input_schema=Even), n=3) == (
            "ValidationError",
            "n: must be even, not 3",
        )

    def test_a_pydantic_error_of_the_tool_itself_is_short_too(self, codemode: Codemode) -> None:
        codemode.registry.register_tool("tool", lambda: Item.model_validate({"amount": "x"}))
        result = codemode.run("try:\n    tools.tool()\nexcept ValueError as e:\n    result = [e.type, e.message]")
        assert result.value == [
            "ValidationError",
            "name: is required\namount: should be a valid integer, unable to parse string as an integer, not 'x'",
        ]

    def test_schemas_of_models_are_published(self) -> None:
        registration = registered(plain, input_schema=Item, output_schema=Item)
        assert (registration.input_schema or {})["required"] == ["name"]
        assert (registration.output_schema or {})["properties"]["amount"]["type"] == "integer"

    @pytest.mark.parametrize("option", ["input_schema", "output_schema"])
    def test_other_schemas_are_refused(self, option: str) -> None:
        with pytest.raises(ValueError, match="must be a pydantic model or a JSON Schema dict, not 5"):
            registered(plain, **{option: 5})


class TestJsonSchema:
    SCHEMA: dict[str, Any] = {  # noqa: RUF012
        "type": "object",
        "properties": {
            "location": {"type": "string", "minLength": 2},
            "units": {"enum": ["celsius", "kelvin"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 14},
            "points": {"type": "array", "items": {"$ref": "#/$defs/point"}, "maxItems": 2},
            "when": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["location"],
        "additionalProperties": False,
        "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
    }

    def tool(self) -> ToolRegistration:
        return registered(lambda **arguments: arguments, input_schema=self.SCHEMA)

    def test_valid_arguments_pass(self) -> None:
        arguments = {"location": "Oslo", "units": "kelvin", "days": 3.0, "points": [{"x": 1}], "when": None}
        assert call(self.tool(), **arguments) == arguments

    def test_what_is_wrong_is_named(self) -> None:
        assert problems(self.tool(), units="f", days=15, points=[{"x": 1}, {"x": True}, {}], when=3) == (
            "ValidationError",
            "location: is required\n"
            "units: must be one of 'celsius', 'kelvin', not 'f'\n"
            "days: must be at most 14, not 15\n"
            "points[1].x: must be number, not True\n"
            "points[2].x: is required\n"
            "points: must have at most 2 items\n"
            "when: must be string, not 3, or must be null, not 3",
        )
        assert problems(self.tool(), location="Oslo", other=1) == ("TypeError", "other: is not an argument")

    def test_the_tool_receives_plain_json_data(self) -> None:
        when = datetime.datetime(2026, 1, 2, 3, 4, 5)
        assert call(self.tool(), location="Oslo", when=when, points=({"x": 1},)) == {
            "location": "Oslo",
            "when": "2026-01-02T03:04:05",
            "points": [{"x": 1}],
        }

    @pytest.mark.parametrize(
        ("schema", "message"),
        [
            (
                {"type": "array"},
                "input_schema.type must be `object`, for it describes a tool's arguments, not `array`",
            ),
            (
                {"properties": {"a": {"type": "int"}}},
                "input_schema.properties.a.type must be one of object, array, string, integer, number, boolean, null, "
                "not `int`",
            ),
            ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "a schema's $ref leads nowhere: '#/$defs/b'"),
            ({"properties": {"a": {"$ref": "http://x"}}}, "a schema's $ref must be local (`#/…`), not 'http://x'"),
            ({"properties": {"a": 5}}, "input_schema.properties.a must be a JSON Schema, an object, not 5"),
            ({"properties": [1]}, "input_schema.properties must be an object, not a list"),
            ({"required": "a"}, "input_schema.required must be an array of names, not a str"),
            ({"required": [1]}, "input_schema.required must be an array of names, each, not 1"),
            ({"properties": {"a": {"enum": "x"}}}, "input_schema.properties.a.enum must be an array, not a str"),
            ({"anyOf": {}}, "input_schema.anyOf must be an array of schemas, not a dict"),
            ({"properties": {"a": {"type": []}}}, None),
            ({"type": 5}, None),
            (
                {"properties": {"a": {"type": "integer", "minimum": "1"}}},
                "input_schema.properties.a.minimum must be a number, not a str",
            ),
            (
                {"properties": {"a": {"maxLength": -1}}},
                "input_schema.properties.a.maxLength must be a number of 0 or more, not -1",
            ),
            (
                {"properties": {"a": {"items": [{}]}}},
                "input_schema.properties.a.items must be a JSON Schema, an object, not a list",
            ),
            ({1: {}}, "input_schema must have str keys, not 1"),
            (
                {"location": {"type": "string"}, "days": "integer"},
                "input_schema has no keyword of JSON Schema, only `location`, `days`; to describe fields write "
                "{'type': 'object', 'properties': {'location': …}}",
            ),
        ],
    )
    def test_a_schema_that_cannot_be_used_is_refused_at_once(self, schema: dict[str, Any], message: str | None) -> None:
        with pytest.raises(ValueError) as raised:
            registered(plain, input_schema=schema)
        if message is not None:
            assert str(raised.value) == f"tool `tool`: {message}"
        assert str(raised.value).startswith("tool `tool`: ")

    @pytest.mark.parametrize("schema", [{}, {"type": "array"}, {"type": ["string", "null"]}, {"$ref": "#"}])
    def test_what_a_tool_returns_may_be_of_any_type(self, schema: dict[str, Any]) -> None:
        assert registered(plain, output_schema=schema).output_schema == schema
        with pytest.raises(ValueError, match=r"^tool `tool`: output_schema.items.type must be one of .*, not `int`$"):
            registered(plain, output_schema={"items": {"type": "int"}})

    def test_a_schema_that_contains_itself_is_refused(self) -> None:
        schema: dict[str, Any] = {"properties": {}}
        schema["properties"]["a"] = schema
        with pytest.raises(ValueError, match="nested more than 100 schemas deep"):
            registered(plain, input_schema=schema)

    TREE: dict[str, Any] = {  # noqa: RUF012
        "type": "object",
        "properties": {"tree": {"$ref": "#/$defs/node"}},
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "amount": {"type": "integer", "maximum": 10},
                    "child": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                },
                "additionalProperties": False,
            }
        },
    }

    @staticmethod
    def nested(depth: int, **leaf: Any) -> dict[str, Any]:
        node: dict[str, Any] = leaf
        for _ in range(depth):
            node = {"amount": 1, "child": node}
        return node

    @pytest.mark.parametrize("depth", [0, 1, 31, 32, 33, 34, 60, 97])
    def test_a_recursive_schema_holds_at_every_depth(self, depth: int) -> None:
        tool = registered(lambda tree: tree, input_schema=self.TREE)
        right = self.nested(depth, amount=10)
        assert call(tool, tree=right) == right
        path = "tree" + ".child" * depth
        assert problems(tool, tree=self.nested(depth, amount=11)) == (
            "ValidationError",
            f"{path}.amount: must be at most 10, not 11",
        )
        assert problems(tool, tree=self.nested(depth, evil="x"))[1] == f"{path}.evil: is not a known field"

    def test_a_program_cannot_get_past_a_recursive_schema(self, codemode: Codemode) -> None:
        called: list[Any] = []

        def pay(tree: Any) -> None:
            called.append(tree)

        codemode.registry.register_tool("pay", pay, input_schema=self.TREE)
        program = "node = {'amount': 11}\nfor _ in range(40): node = {'amount': 1, 'child': node}\ntools.pay(tree=node)"
        result = codemode.run(program)
        assert (result.outcome, called) == ("failed", [])
        assert f"tree{'.child' * 40}.amount: must be at most 10, not 11" in (result.error or "")

    @pytest.mark.parametrize(
        "definition",
        [
            {"$ref": "#/$defs/a"},
            {"$ref": "#/properties/x"},
            {"allOf": [{"$ref": "#/$defs/a"}]},
            {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]},
            {"oneOf": [{"$ref": "#/$defs/a"}, {"type": "integer"}]},
            {"not": {"$ref": "#/$defs/a"}},
            {"not": {"not": {"allOf": [{"type": "integer"}, {"$ref": "#/$defs/a"}]}}},
        ],
    )
    def test_a_schema_that_refers_to_itself_and_does_not_descend_lets_nothing_pass(
        self, definition: dict[str, Any]
    ) -> None:
        schema = {"properties": {"x": {"$ref": "#/$defs/a"}}, "$defs": {"a": definition}}
        tool = registered(lambda **arguments: arguments, input_schema=schema)
        kind, text = problems(tool, x=5)
        assert kind == "ValidationError"
        assert text in {
            f"x: cannot be checked: the schema's `#/{to}` refers to itself" for to in ("$defs/a", "properties/x")
        }
        assert call(tool, y=5) == {"y": 5}

    def test_the_time_is_proportional_to_the_value_whatever_the_alternatives(self) -> None:
        def alternative(kind: str) -> dict[str, Any]:
            return {"type": "object", "properties": {"kind": {"const": kind}, "of": {"$ref": "#/$defs/any"}}}

        kinds = {kind: alternative(kind) for kind in ("a", "b", "c")}
        either = {"oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds]}
        schema = {"properties": {"x": {"$ref": "#/$defs/any"}}, "$defs": {"any": either, **kinds}}
        tool = registered(lambda x: x, input_schema=schema)
        expression: dict[str, Any] = {"kind": "a"}
        for _ in range(40):
            expression = {"of": expression, "kind": "b"}
        began = time.perf_counter()
        assert call(tool, x=expression) == expression
        expression["kind"] = "d"
        assert problems(tool, x=expression)[0] == "ValidationError"
        assert time.perf_counter() - began < 5  # some milliseconds; 3^40 checks would not end

    def test_a_value_that_is_too_deep_for_its_schema_does_not_pass(self) -> None:
        step: dict[str, Any] = {"properties": {"of": {"$ref": "#"}}}
        for _ in range(90):
            step = {"allOf": [step]}
        value: dict[str, Any] = {}
        for _ in range(90):
            value = {"of": value}
        assert problems(registered(lambda of: of, input_schema=step), **value) == (
            "ValidationError",
            "arguments: cannot be checked: the value is nested too deeply for its schema",
        )

    def test_what_is_neither_a_model_nor_a_dict_is_refused(self) -> None:
        @dataclasses.dataclass
        class Place:
            name: str

        for given, shown in (
            (str, "the class `str`"),
            (Place, "the class `Place`"),
            ([Item], "a list"),
            (Item(name="x"), "an Item; pass the class, `Item`"),
            ("secret text", "a str"),
        ):
            with pytest.raises(ValueError) as raised:
                registered(plain, input_schema=given)
            message = f"tool `tool`: `input_schema` must be a pydantic model or a JSON Schema dict, not {shown}"
            assert str(raised.value) == message

    def test_a_schema_in_the_place_of_the_description_is_refused(self) -> None:
        with pytest.raises(ValueError) as raised:
            ComponentRegistry().register_tool("tool", plain, Item)  # type: ignore[arg-type]
        assert str(raised.value) == (
            "tool `tool`: `description` must be a str, not the class `Item`; "
            "pass schemas by name, input_schema=… and output_schema=…"
        )
