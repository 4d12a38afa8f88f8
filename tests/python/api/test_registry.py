"""The registry: components, discovery, scopes, and that it holds what a plain dict would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from codemode import (
    ComponentAlreadyExistsError,
    ComponentNotFoundError,
    ComponentRegistry,
    RegistryError,
    UnknownToolError,
)
from codemode.core.registry import ScopedRegistry
from codemode.tools import tool

KINDS = ("agent", "team", "flow")


class Crew:
    """Researches a topic."""

    def kickoff(self, inputs: dict[str, Any] | None = None, from_checkpoint: str | None = None) -> list[Any]:
        return [inputs, from_checkpoint]


class Flow:
    async def kickoff_async(self, inputs: dict[str, Any] | None = None, **_: Any) -> Any:
        return inputs


class Graph:
    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        return [input, config, kwargs]

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        raise AssertionError("the sync method is there")


def call(registry: ComponentRegistry, name: str, **arguments: Any) -> Any:
    registration = registry.get_tool_registration(name)
    assert registration is not None
    return registration.call(arguments, None)


def method(registry: ComponentRegistry, form: str, kind: str) -> Any:
    return getattr(registry, form.format(kind))


class TestComponents:
    @pytest.mark.parametrize("kind", KINDS)
    def test_they_are_kept_by_name_and_are_not_tools(self, kind: str) -> None:
        registry, component = ComponentRegistry(), object()
        method(registry, "register_{}", kind)("one", component)
        assert method(registry, "get_{}", kind)("one") is component
        held = method(registry, "{}s", kind)
        assert held == {"one": component}
        held.clear()
        assert method(registry, "{}s", kind) == {"one": component}
        names: dict[str, list[str]] = {"tools": [], "agents": [], "teams": [], "flows": []}
        assert registry.get_component_names() == {**names, f"{kind}s": ["one"]}
        assert registry.tools == {}
        with pytest.raises(UnknownToolError):
            registry.select(["one"])

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_cannot_be_registered_is_refused(self, kind: str) -> None:
        registry = ComponentRegistry()
        add = method(registry, "register_{}", kind)
        article = "an" if kind == "agent" else "a"
        for name, component, message in (
            ("", object(), f"{article} {kind}'s name must be a non-empty str, not ''"),
            (None, object(), f"{article} {kind}'s name must be a non-empty str, not None"),
            ([], object(), f"{article} {kind}'s name must be a non-empty str, not a list"),
            ("__x", object(), f"{kind} name `__x`: names that begin with `__` are reserved for the meta-tools"),
            ("x", None, f"{kind} `x`: `{kind}` must be an object, not None"),
        ):
            with pytest.raises(ValueError) as raised:
                add(name, component)
            assert str(raised.value) == message
        add("x", object())
        with pytest.raises(ComponentAlreadyExistsError) as taken:
            add("x", object())
        assert str(taken.value) == f"{article} {kind} `x` is registered already; pass overwrite=True to replace it"
        replacement = object()
        add("x", replacement, overwrite=True)
        assert method(registry, "get_{}", kind)("x") is replacement
        with pytest.raises(ComponentNotFoundError, match=rf"^no {kind} `xx` is registered \(did you mean `x`\?\)$"):
            method(registry, "get_{}", kind)("xx")

    def test_as_tools_programs_can_run_them(self) -> None:
        registry = ComponentRegistry()
        crew = Crew()
        registry.register_team("crew", crew, as_tool=True)
        registry.register_flow("flow", Flow(), as_tool=True, description="Flows.")
        registry.register_agent("graph", Graph(), as_tool=True)
        registry.register_agent("function", lambda topic: [topic], as_tool=True)
        assert registry.tools["crew"] is registry.get_team("crew") is crew
        assert {
            name: (tool.is_async, tool.parameters, tool.description)
            for name, tool in registry.get_tool_registrations().items()
        } == {
            "crew": (False, ("inputs",), "Researches a topic."),
            "flow": (True, ("inputs",), "Flows."),
            "graph": (False, ("input",), ""),
            "function": (False, ("topic",), ""),
        }
        assert call(registry, "crew", inputs={"topic": "x"}) == [{"topic": "x"}, None]
        assert asyncio.run(call(registry, "flow", inputs={"n": 1})) == {"n": 1}
        assert call(registry, "graph", input={"messages": []}) == [{"messages": []}, None, {}]
        assert call(registry, "function", topic="x") == ["x"]

    @pytest.mark.parametrize(
        ("component", "argument"), [(Crew(), "from_checkpoint"), (Graph(), "config"), (Graph(), "anything")]
    )
    def test_a_program_passes_the_input_and_nothing_else(self, component: Any, argument: str) -> None:
        registry = ComponentRegistry()
        registry.register_agent("it", component, as_tool=True)
        with pytest.raises(TypeError, match=f"^{argument}: is not an argument"):
            call(registry, "it", **{argument: 1, registry.get_tool_registrations()["it"].parameters[0]: {}})

    def test_an_agent_and_its_tool_are_registered_together_or_not_at_all(self) -> None:
        registry = ComponentRegistry()
        registry.register_tool("taken", lambda: 1)
        with pytest.raises(ComponentAlreadyExistsError, match="a tool `taken` is registered already"):
            registry.register_agent("taken", Crew(), as_tool=True)
        with pytest.raises(ValueError, match="tool `thing`: `tool` must be callable or have run"):
            registry.register_agent("thing", object(), as_tool=True)
        with pytest.raises(ValueError, match="agent `thing`: `description` is the tool's; pass as_tool=True"):
            registry.register_agent("thing", object(), description="x")
        assert (registry.agents, list(registry.tools)) == ({}, ["taken"])

    def test_what_replaces_an_agent_replaces_its_tool(self) -> None:
        registry = ComponentRegistry()
        registry.register_agent("it", Crew(), as_tool=True)
        second = Crew()
        registry.register_agent("it", second, overwrite=True, as_tool=True)
        assert registry.get_tool("it") is second
        registry.register_agent("it", Crew(), overwrite=True)
        assert registry.tools == {}
        registry.register_tool("it", Crew())
        registry.register_agent("it", Crew(), overwrite=True)
        assert list(registry.tools) == ["it"], "a tool that was registered for itself stays"


class TestAsyncTwins:
    def test_each_does_what_the_other_does(self) -> None:
        @tool("marked")
        def marked() -> int:
            return 1

        async def main() -> ComponentRegistry:
            registry = ComponentRegistry()
            await registry.register_tool_async("tool", lambda: 1, "A tool.", {"type": "object"}, overwrite=False)
            await registry.register_async(marked)
            for kind in KINDS:
                await method(registry, "register_{}_async", kind)(kind, Crew(), as_tool=True)
                with pytest.raises(ComponentAlreadyExistsError):
                    await method(registry, "register_{}_async", kind)(kind, Crew())
            with pytest.raises(ComponentAlreadyExistsError):
                await registry.register_tool_async("tool", lambda: 1)
            return registry

        registry = asyncio.run(main())
        assert registry.get_component_names() == {
            "tools": ["tool", "marked", "agent", "team", "flow"],
            "agents": ["agent"],
            "teams": ["team"],
            "flows": ["flow"],
        }
        registration = registry.get_tool_registration("tool")
        assert registration is not None
        assert (registration.description, registration.input_schema) == ("A tool.", {"type": "object"})


class TestListing:
    def test_an_empty_registry_lists_nothing_and_has_the_meta_tools(self) -> None:
        registry = ComponentRegistry()
        assert (registry.tools, registry.get_tool_registrations(), registry.config) == ({}, {}, {})
        assert registry.get_tool("__list__").run() == {"tools": [], "count": 0}
        registration = registry.get_tool_registration("__schema__")
        assert registration is not None
        assert (registration.name, registration.parameters) == ("__schema__", ("name",))
        for name in ("__nothing__", "__List__"):
            with pytest.raises(ComponentNotFoundError, match=f"^no tool `{name}` is registered$"):
                registry.get_tool(name)

    def test_clear_leaves_an_empty_registry(self) -> None:
        registry = ComponentRegistry()
        registry.register_tool("tool", lambda: 1)
        registry.register_agent("agent", Crew(), as_tool=True)
        registry.set_config("key", 1)
        registry.set_readable_context("tenant")
        assert repr(registry) == "ComponentRegistry(tools=2, agents=1, teams=0, flows=0)"
        registry.clear()
        assert repr(registry) == "ComponentRegistry(tools=0, agents=0, teams=0, flows=0)"
        assert (registry.config, registry.agents, registry.readable_context) == ({}, {}, frozenset())
        assert registry.get_tool("__list__").run()["count"] == 0

    @pytest.mark.parametrize(("key", "shown"), [("", "''"), (None, "None"), ({}, "a dict")])
    def test_a_config_key_is_a_name(self, key: Any, shown: str) -> None:
        with pytest.raises(ValueError) as raised:
            ComponentRegistry().set_config(key, 1)
        assert str(raised.value) == f"`key` of the config must be a non-empty str, not {shown}"


# === discovery ===


def module(**members: Any) -> ModuleType:
    made = ModuleType("my_tools")
    vars(made).update(members)
    return made


@tool
def first() -> str:
    return "first"


@tool("other_name", description="The second.")
async def second() -> str:
    return "second"


@tool
class Third:
    """The third."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1

    def run(self) -> int:
        return self.made


class Unbound:
    """As a web framework's proxy outside of a request."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("bound to nothing")

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("bound to nothing")


class Account:
    def __init__(self, owner: str) -> None:
        self.owner = owner

    @tool
    def balance(self) -> str:
        return f"of {self.owner}"

    @tool("bank")
    @staticmethod
    def name_of_the_bank() -> str:
        return "Bank"

    @classmethod
    @tool("kind")
    def kind_of_account(cls) -> str:
        return cls.__name__

    def close(self) -> None:
        raise AssertionError("not marked")


class TestDiscovery:
    def test_what_is_marked_is_registered_in_order(self) -> None:
        registry = ComponentRegistry()
        made = Third.made
        source = module(Third=Third, second=second, first=first, again=first, plain=print, proxy=Unbound())
        assert registry.discover_tools(source) == ["Third", "other_name", "first"]
        assert Third.made == made + 1
        assert isinstance(registry.get_tool("Third"), Third)
        assert registry.get_tool("first") is first
        described = {
            name: (held.is_async, held.description) for name, held in registry.get_tool_registrations().items()
        }
        assert described == {"Third": (False, "The third."), "other_name": (True, "The second."), "first": (False, "")}

    def test_it_may_be_repeated_and_modules_may_share(self) -> None:
        registry = ComponentRegistry()
        one, two = module(first=first, Third=Third), module(first=first, second=second)
        assert registry.discover_tools(one, two) == ["first", "Third", "other_name"]
        made = Third.made
        assert registry.discover_tools(one, two) == []
        assert Third.made == made
        assert registry.discover_tools(one, overwrite=True) == ["first", "Third"]
        assert Third.made == made + 1

    def test_a_name_that_is_taken_stops_all_of_it(self) -> None:
        registry = ComponentRegistry()
        registry.register_tool("other_name", lambda: 1)
        with pytest.raises(ComponentAlreadyExistsError, match="a tool `other_name` is registered already"):
            registry.discover_tools(module(first=first, second=second))
        assert list(registry.tools) == ["other_name"]

        @tool("first")
        def impostor() -> None: ...

        with pytest.raises(
            ValueError, match=r"^tool `first` is both `.*\.first` and `.*impostor`; name one otherwise$"
        ):
            registry.discover_tools(module(first=first, impostor=impostor))

    def test_methods_of_an_object(self) -> None:
        registry = ComponentRegistry()
        account = Account("Ada")
        assert registry.discover_tools(account) == ["balance", "bank", "kind"]
        assert call(registry, "balance") == "of Ada"
        assert (call(registry, "bank"), call(registry, "kind")) == ("Bank", "Account")
        assert registry.discover_tools(account) == []
        with pytest.raises(ComponentAlreadyExistsError):
            registry.discover_tools(Account("Bob"))
        assert ComponentRegistry().discover_tools(Account) == ["bank", "kind"], "those that need no object"

    @pytest.mark.parametrize(("source", "shown"), [("my_app.tools", "a str"), (None, "None")])
    def test_other_sources_are_refused(self, source: Any, shown: str) -> None:
        with pytest.raises(ValueError) as raised:
            ComponentRegistry().discover_tools(source)
        assert str(raised.value) == f"discover_tools takes modules and objects, not {shown}; import the module"


class TestRegister:
    def test_each_kind_of_marked_object(self) -> None:
        registry = ComponentRegistry()
        registry.register(first)
        registry.register(Third)
        registry.register(Account("Ada").balance)
        assert call(registry, "first") == "first"
        assert isinstance(registry.get_tool("Third"), Third)
        assert call(registry, "balance") == "of Ada"
        instance = Third()
        registry.register(instance, overwrite=True)
        assert registry.get_tool("Third") is instance
        with pytest.raises(ComponentAlreadyExistsError):
            registry.register(first)

    def test_what_cannot_be_registered_is_refused(self) -> None:
        @tool("needy")
        class Needy:
            def __init__(self, connection: str) -> None: ...

            def run(self) -> None: ...

        class Sub(Third): ...

        for given, message in (
            (
                print,
                "a builtin_function_or_method is not marked with @tool; mark it, or call register_tool(name, tool)",
            ),
            (Sub, "the class `Sub` is not marked with @tool; mark it, or call register_tool(name, tool)"),
            (Sub(), "a Sub is not marked with @tool; mark it, or call register_tool(name, tool)"),
            (
                Needy,
                "tool `needy`: the class `Needy` cannot be made without arguments (missing a required argument: "
                "'connection'); register an instance, registry.register(Needy(…))",
            ),
            (
                Account.balance,
                f"tool `balance`: `{__name__}.Account.balance` is a method without its object; "
                "register it bound, or discover_tools(object)",
            ),
        ):
            with pytest.raises(ValueError) as raised:
                ComponentRegistry().register(given)
            assert str(raised.value) == message

    def test_register_tool_takes_what_the_mark_says_where_nothing_else_is_given(self) -> None:
        @tool("marked", description="Marked.", input_schema={"properties": {"a": {"type": "integer"}}})
        def marked(**arguments: Any) -> Any:
            return arguments

        registry = ComponentRegistry()
        registry.register_tool("as_it_is", marked)
        registry.register_tool("otherwise", marked, "Otherwise.", {"properties": {"a": {"type": "string"}}})
        assert [held.description for held in registry.get_tool_registrations().values()] == ["Marked.", "Otherwise."]
        with pytest.raises(ValueError, match="a: must be integer, not 'x'"):
            call(registry, "as_it_is", a="x")
        assert call(registry, "otherwise", a="x") == {"a": "x"}


# === scopes ===


class TestScopes:
    def registry(self) -> ComponentRegistry:
        registry = ComponentRegistry()
        for name in ("weather", "database", "admin"):
            registry.register_tool(name, made(), f"The {name}.")
        registry.register_agent("agent", object())
        return registry

    def test_a_scope_shows_what_is_allowed(self) -> None:
        registry = self.registry()
        scope = registry.scoped(["weather", "database", "__list__"])
        assert list(scope.tools) == list(scope.get_tool_registrations()) == ["weather", "database"]
        assert scope.get_tool("weather") is registry.get_tool("weather")
        assert scope.get_tool_registration("weather") is registry.get_tool_registration("weather")
        assert scope.get_tool_registration("admin") is None
        assert ("weather" in scope, "admin" in scope, "admin" in registry) == (True, False, True)
        for name, message in (
            ("admin", "no tool `admin` is registered and in this scope"),
            ("wether", r"no tool `wether` is registered and in this scope \(did you mean `weather`\?\)"),
        ):
            with pytest.raises(ComponentNotFoundError, match=f"^{message}$"):
                scope.get_tool(name)
        assert scope.get_component_names() == {
            "tools": ["weather", "database"],
            "agents": ["agent"],
            "teams": [],
            "flows": [],
        }
        assert repr(scope) == "ScopedRegistry(tools=2 of ComponentRegistry(tools=3, agents=1, teams=0, flows=0))"

    def test_the_meta_tools_tell_of_the_scope(self) -> None:
        scope = self.registry().scoped({"weather"})
        assert [entry["name"] for entry in scope.get_tool("__list__").run()["tools"]] == ["weather"]
        assert scope.get_tool("__search__").run("the")["count"] == 1
        assert scope.get_tool("__schema__").run("weather")["tool_name"] == "weather"
        with pytest.raises(UnknownToolError, match=r"^tool `admin` is not registered$"):
            scope.get_tool("__schema__").run("admin")

    def test_a_scope_is_live(self) -> None:
        registry = self.registry()
        scope = registry.scoped(["weather", "later"])
        assert scope.missing_tools == ["later"]
        registry.register_tool("later", lambda: 1)
        assert (list(scope.tools), scope.missing_tools) == (["weather", "later"], [])
        assert len(scope.select(["weather"])[1]) == 1
        replacement = made()
        registry.register_tool("weather", replacement, overwrite=True)
        assert scope.get_tool("weather") is replacement
        assert scope.select(["weather"])[0]["weather"].tool is replacement
        registry.clear()
        assert (scope.tools, scope.missing_tools) == ({}, ["later", "weather"])

    def test_select_refuses_what_is_not_in_the_scope(self) -> None:
        registry = self.registry()
        scope = registry.scoped(["weather", "gone"])
        assert list(scope.select(["weather", "__list__"])[0]) == ["weather"]
        assert scope.select(["weather"]) is registry.select(["weather"]), "prepared once"
        for names in (["admin"], ["weather", "admin"], ["gone"]):
            with pytest.raises(UnknownToolError) as raised:
                scope.select(names)
            assert raised.value.names == (names[-1],)
            assert "admin" not in str(raised.value).replace("tool `admin` is not registered", "")

    def test_scopes_of_scopes_intersect(self) -> None:
        registry = self.registry()
        for scope in (
            registry.scoped(["weather", "database"]).scoped(["database", "admin"]),
            ScopedRegistry(registry.scoped(["weather", "database"]), {"database", "admin"}),
        ):
            assert scope.allowed_tools == {"database"}
            assert list(scope.tools) == ["database"]
            assert scope.context_owner is registry

    def test_all_but_tools_is_the_parents(self) -> None:
        registry = self.registry()
        scope = registry.scoped([])
        scope.set_config("a", 1)
        scope.update_config(b=2)
        assert scope.config == registry.config == {"a": 1, "b": 2}
        assert scope.get_config("b") == 2
        assert scope.agents == registry.agents
        assert (scope.teams, scope.flows, scope.tools) == ({}, {}, {})
        assert scope.get_agent("agent") is registry.get_agent("agent")
        for get in (scope.get_team, scope.get_flow):
            with pytest.raises(ComponentNotFoundError):
                get("x")
        registry.set_readable_context("tenant")
        assert scope.readable_context == {"tenant"}

    def test_nothing_is_registered_in_a_scope(self) -> None:
        registry = self.registry()
        scope = registry.scoped(["weather", "new"])
        assert isinstance(scope, ComponentRegistry)
        existing = scope.get_tool_registrations()["weather"]
        refusals: list[tuple[str, Callable[[], Any]]] = [
            ("register_tool", lambda: scope.register_tool("new", print)),
            ("register_tool", lambda: asyncio.run(scope.register_tool_async("new", print))),
            ("register_tool", lambda: scope.add(existing, overwrite=True)),
            ("register", lambda: scope.register(first)),
            ("register", lambda: asyncio.run(scope.register_async(first))),
            ("discover_tools", lambda: scope.discover_tools(module(Third=Third))),
            ("register_agent", lambda: scope.register_agent("new", object())),
            ("register_team", lambda: asyncio.run(scope.register_team_async("new", object()))),
            ("register_flow", lambda: scope.register_flow("new", object(), as_tool=True)),
            ("clear", scope.clear),
            ("set_readable_context", lambda: scope.set_readable_context("tenant")),
        ]
        made = Third.made
        for name, refused in refusals:
            with pytest.raises(RegistryError) as raised:
                refused()
            message = f"a ScopedRegistry is a view; call `{name}` of the registry that it was made from"
            assert str(raised.value) == message
        assert repr(registry) == "ComponentRegistry(tools=3, agents=1, teams=0, flows=0)"
        assert Third.made == made

    def test_a_scope_answers_all_that_a_registry_does(self) -> None:
        scope = self.registry().scoped(["weather"])
        inherited = {
            name for name in dir(ComponentRegistry) if not name.startswith("_") and name not in vars(ScopedRegistry)
        }
        assert inherited == {  # these only call others, or keep nothing in the registry
            "add",
            "clear_context",
            "clear_context_async",
            "get_context",
            "get_context_async",
            "register_agent",
            "register_agent_async",
            "register_async",
            "register_flow",
            "register_flow_async",
            "register_team",
            "register_team_async",
            "register_tool",
            "register_tool_async",
            "set_context",
            "set_context_async",
        }
        assert not vars(scope).keys() & vars(ComponentRegistry()).keys(), "it holds nothing of its own"

    @pytest.mark.parametrize(
        ("allowed", "shown"), [("weather", "a str"), (None, "None"), (["a", 1], "one with 1"), (5, "5")]
    )
    def test_a_scope_is_made_of_names(self, allowed: Any, shown: str) -> None:
        with pytest.raises(TypeError) as raised:
            ComponentRegistry().scoped(allowed)
        assert str(raised.value) == f"`allowed_tools` must be a collection of names, not {shown}"


# === against a dict ===

names = st.sampled_from(["a", "b", "c", "d"])
scopes = st.frozensets(names)


def made() -> Any:
    return lambda: None


class RegistryModel(RuleBasedStateMachine):
    """The registry against plain dicts: whatever is done to both, both show the same."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = ComponentRegistry()
        self.tools: dict[str, Any] = {}
        self.parts: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self.config: dict[str, int] = {}
        self.scopes: list[tuple[frozenset[str], ScopedRegistry]] = []

    @rule(name=names, overwrite=st.booleans(), asynchronous=st.booleans())
    def register_tool(self, name: str, overwrite: bool, asynchronous: bool) -> None:
        value = made()

        def act() -> None:
            if asynchronous:
                asyncio.run(self.registry.register_tool_async(name, value, overwrite=overwrite))
            else:
                self.registry.register_tool(name, value, overwrite=overwrite)

        if name in self.tools and not overwrite:
            with pytest.raises(ComponentAlreadyExistsError):
                act()
        else:
            act()
            self.tools[name] = value

    @rule(kind=st.sampled_from(KINDS), name=names, overwrite=st.booleans(), as_tool=st.booleans())
    def register_component(self, kind: str, name: str, overwrite: bool, as_tool: bool) -> None:
        value, held = made(), self.parts[kind]
        act = method(self.registry, "register_{}", kind)
        if not overwrite and (name in held or (as_tool and name in self.tools)):
            with pytest.raises(ComponentAlreadyExistsError):
                act(name, value, overwrite, as_tool=as_tool)
            return
        act(name, value, overwrite, as_tool=as_tool)
        if as_tool:
            self.tools[name] = value
        elif name in held and self.tools.get(name) is held[name]:
            del self.tools[name]
        held[name] = value

    @rule(chosen=st.lists(names, unique=True), overwrite=st.booleans())
    def discover(self, chosen: list[str], overwrite: bool) -> None:
        found = {name: tool(name)(made()) for name in chosen}
        source = module(**found)
        if not overwrite and not self.tools.keys().isdisjoint(found):
            with pytest.raises(ComponentAlreadyExistsError):
                self.registry.discover_tools(source)
        else:
            assert self.registry.discover_tools(source, overwrite=overwrite) == chosen
            self.tools.update(found)
            assert self.registry.discover_tools(source) == []

    @rule(allowed=scopes)
    def scope(self, allowed: frozenset[str]) -> None:
        self.scopes.append((allowed, self.registry.scoped(allowed)))

    @precondition(lambda self: self.scopes)
    @rule(allowed=scopes, data=st.data())
    def scope_of_a_scope(self, allowed: frozenset[str], data: st.DataObject) -> None:
        outer, scope = data.draw(st.sampled_from(self.scopes))
        self.scopes.append((outer & allowed, scope.scoped(allowed)))

    @rule(key=names, value=st.integers())
    def set_config(self, key: str, value: int) -> None:
        self.registry.set_config(key, value)
        self.config[key] = value

    @rule()
    def clear(self) -> None:
        self.registry.clear()
        for held in (self.tools, self.config, *self.parts.values()):
            held.clear()

    @rule(wanted=st.lists(names, max_size=2))
    def select(self, wanted: list[str]) -> None:
        registries: list[tuple[frozenset[str], ComponentRegistry]] = [(frozenset(self.tools), self.registry)]
        for allowed, registry in [*registries, *self.scopes]:
            unknown = [name for name in dict.fromkeys(wanted) if name not in allowed or name not in self.tools]
            if unknown:
                with pytest.raises(UnknownToolError):
                    registry.select(wanted)
            else:
                chosen, sent = registry.select(wanted)
                assert {name: held.tool for name, held in chosen.items()} == {name: self.tools[name] for name in wanted}
                assert len(sent) == len(set(wanted))

    @invariant()
    def both_show_the_same(self) -> None:
        registry = self.registry
        assert registry.tools == self.tools
        assert [registry.agents, registry.teams, registry.flows] == list(self.parts.values())
        assert registry.config == self.config
        assert {name: sorted(held) for name, held in registry.get_component_names().items()} == {
            "tools": sorted(self.tools),
            **{f"{kind}s": sorted(held) for kind, held in self.parts.items()},
        }
        assert registry.get_tool("__list__").run()["count"] == len(self.tools)
        for allowed, scope in self.scopes:
            assert scope.tools == {name: held for name, held in self.tools.items() if name in allowed}
            assert scope.missing_tools == sorted(allowed - self.tools.keys())


TestAgainstADict = RegistryModel.TestCase
TestAgainstADict.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


class TestThreads:
    def test_of_many_that_register_a_name_one_wins(self) -> None:
        registry, workers = ComponentRegistry(), 16
        together = threading.Barrier(workers)

        def register(n: int) -> list[str]:
            won = []
            together.wait(20)
            for index in range(20):
                try:
                    registry.register_agent(f"name{index}", made(), as_tool=True)
                    won.append(f"name{index}")
                except ComponentAlreadyExistsError:
                    pass
                registry.register_tool(f"own{n}_{index}", made())
                scope = registry.scoped([f"name{index}"])
                assert list(scope.select(list(scope.tools))[0]) == [f"name{index}"]
                assert set(registry.get_component_names()) == {"tools", "agents", "teams", "flows"}
            return won

        with ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(register, range(workers)))
        assert sorted(name for won in results for name in won) == sorted(f"name{index}" for index in range(20))
        assert len(registry.tools) == 20 + 20 * workers
        assert all(registry.get_agent(f"name{index}") is registry.get_tool(f"name{index}") for index in range(20))
