"""The runtime context: what it holds, what programs may read of it, and that nobody sees another's."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import dataclasses
import gc
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import pytest

from codemode import ComponentRegistry, RuntimeContext, get_current_context
from codemode.core.context import ToolContextRequirements, reset_context


@pytest.fixture(autouse=True)
def _no_context() -> Iterator[None]:
    reset_context()
    yield
    reset_context()


class TestReadable:
    def test_nothing_is_readable_unless_it_is_marked(self) -> None:
        context = RuntimeContext({"tenant": "acme", "token": "s3cret"}, {"request": 1})
        assert context.readable_variables() == {}
        assert context.to_dict() == {"variables": {"tenant": "acme", "token": "s3cret"}, "metadata": {"request": 1}}

    def test_variables_are_marked_by_name(self) -> None:
        context = RuntimeContext({"token": "s3cret", "tenant": "acme"}, readable=["tenant", "absent"])
        assert context.readable_variables() == {"tenant": "acme"}
        context.set("absent", None)
        assert context.readable_variables() == {"tenant": "acme", "absent": None}
        assert context.readable_variables(also={"token"}) == {"token": "s3cret", "tenant": "acme", "absent": None}
        context.readable_variables()["tenant"] = "other"
        assert context.get("tenant") == "acme"

    def test_expose_marks_and_sets(self) -> None:
        context = RuntimeContext({"token": "s3cret", "tenant": "acme"})
        assert context.expose("tenant", locale="nb") is context
        assert context.readable_variables() == {"tenant": "acme", "locale": "nb"}
        with pytest.raises(KeyError, match="the runtime context has no variable `tennant`"):
            context.expose("tennant", more=1)
        assert not context.has("more")
        assert context.expose(user="ada").readable_variables() == {"tenant": "acme", "locale": "nb", "user": "ada"}

    def test_marks_survive_each_conversion_and_are_absent_where_there_are_none(self) -> None:
        context = RuntimeContext({"a": 1, "b": 2}, {"c": 3}, ("b", "a"))
        data = {"variables": {"a": 1, "b": 2}, "metadata": {"c": 3}, "readable": ["a", "b"]}
        assert context.to_dict() == data
        copies: list[RuntimeContext] = [
            RuntimeContext.from_dict(data),
            RuntimeContext.from_json(context.to_json()),
            copy.deepcopy(context),
            pickle.loads(pickle.dumps(context)),
            dataclasses.replace(context),
        ]
        assert all(other == context for other in copies)
        assert RuntimeContext({"a": 1, "b": 2}, {"c": 3}) != context
        assert RuntimeContext.from_dict({"variables": {"a": 1}}) == RuntimeContext({"a": 1})
        assert RuntimeContext.from_dict({}) == RuntimeContext.from_dict({"variables": None}) == RuntimeContext()
        assert RuntimeContext.from_dict(data).variables is not data["variables"]

    def test_a_registry_can_say_what_is_readable(self) -> None:
        registry = ComponentRegistry()
        assert registry.readable_context == frozenset()
        registry.set_readable_context("tenant", "locale")
        context = RuntimeContext({"tenant": "acme", "token": "s3cret"})
        assert context.readable_variables(registry.readable_context) == {"tenant": "acme"}
        registry.set_readable_context()
        assert context.readable_variables(registry.readable_context) == {}
        with pytest.raises(TypeError, match=r"^`names` must be a collection of names, not one with a list$"):
            registry.set_readable_context(["tenant"])  # type: ignore[arg-type]


class TestRuntimeContext:
    def test_sizes_and_text(self) -> None:
        context = RuntimeContext({"token": "s3cret", "tenant": "acme"}, {"request": "r1"}, ["tenant"])
        assert (len(context), bool(context), len(RuntimeContext()), bool(RuntimeContext())) == (2, True, 0, False)
        assert repr(context) == "RuntimeContext(variables: tenant, token, metadata: request, readable: tenant)"
        assert repr(RuntimeContext()) == "RuntimeContext()"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"variables": "x"}, "`variables` of a runtime context must be a dict, not a str"),
            ({"metadata": [1]}, "`metadata` of a runtime context must be a dict, not a list"),
            ({"readable": "tenant"}, "`readable` must be a collection of names, not a str"),
        ],
    )
    def test_wrong_parts_are_refused(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(TypeError) as made:
            RuntimeContext(**options)
        with pytest.raises(TypeError) as read:
            RuntimeContext.from_dict(options)
        assert str(made.value) == str(read.value) == message

    def test_a_set_of_names_is_kept_as_it_is(self) -> None:
        names = frozenset(["tenant"])
        context = RuntimeContext({"tenant": "acme"}, readable=names)
        assert context.readable is names
        assert RuntimeContext({}, {}, context.readable).readable is names
        assert RuntimeContext(readable=["a", "a"]).readable == RuntimeContext(readable=iter("a")).readable == {"a"}
        with pytest.raises(TypeError, match=r"^`readable` must be a collection of names, not one with 5$"):
            RuntimeContext(readable=frozenset([5]))  # type: ignore[arg-type]

    def test_any_mapping_will_do(self) -> None:
        context = RuntimeContext(MappingProxyType({"a": 1}))  # type: ignore[arg-type]
        context.set("b", 2)
        assert context.variables == {"a": 1, "b": 2}
        with pytest.raises(TypeError, match=r"^a runtime context is made from a dict, not from a list$"):
            RuntimeContext.from_json("[]")

    def test_requirements(self) -> None:
        requirements = ToolContextRequirements(required_keys=["tenant"], optional_keys=["locale"])
        requirements.validate(None)
        requirements.validate(RuntimeContext({"tenant": None}))
        with pytest.raises(ValueError, match=r"^the tool requires the context variable tenant; the context has: user$"):
            requirements.validate(RuntimeContext({"user": "s3cret"}))


class TestRegistry:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"a": 1}, "`context` must be a RuntimeContext, not a dict; use RuntimeContext(variables={…})"),
            (None, "`context` must be a RuntimeContext, not None; use `clear_context` to forget it"),
        ],
    )
    def test_other_objects_are_no_context(self, given: Any, message: str) -> None:
        registry = ComponentRegistry()
        for target in (registry, registry.scoped([])):
            with pytest.raises(TypeError) as raised:
                target.set_context(given)
            assert str(raised.value) == message
        assert registry.get_context() is None

    def test_a_scope_has_the_context_of_its_registry(self) -> None:
        registry, other = ComponentRegistry(), ComponentRegistry()
        scope = registry.scoped([])
        context = RuntimeContext({"n": 1})
        scope.scoped([]).set_context(context)
        assert registry.get_context() is scope.get_context() is get_current_context() is context
        assert other.get_context() is None
        scope.clear_context()
        assert registry.get_context() is None

    def test_a_registry_is_not_kept_by_its_context(self) -> None:
        import weakref

        registry = ComponentRegistry()
        registry.set_context(RuntimeContext({"n": 1}))
        gone = weakref.ref(registry)
        del registry
        gc.collect()
        assert gone() is None

    def test_a_registry_that_is_gone_is_forgotten_with_the_next_that_is_set(self) -> None:
        import weakref

        kept, passing, context = ComponentRegistry(), ComponentRegistry(), RuntimeContext({"n": 1})
        gone = weakref.ref(context)
        kept.set_context(RuntimeContext({"n": 2}))
        passing.set_context(context)
        del passing, context
        gc.collect()
        kept.set_context(RuntimeContext({"n": 3}))
        gc.collect()
        assert (gone(), kept.get_context()) == (None, RuntimeContext({"n": 3}))

    def test_clearing_one_registry_leaves_the_others_and_what_was_set_last(self) -> None:
        registries = [ComponentRegistry() for _ in range(50)]
        contexts = [RuntimeContext({"n": n}) for n in range(50)]
        for registry, context in zip(registries, contexts, strict=True):
            registry.set_context(context)
        registries[7].clear_context()
        found = [registry.get_context() for registry in registries]
        assert found == [None if n == 7 else context for n, context in enumerate(contexts)]
        assert get_current_context() is contexts[-1]
        registries[7].clear_context()
        assert get_current_context() is contexts[-1]
        registries[-1].clear_context()
        assert get_current_context() is None
        assert registries[3].get_context() is contexts[3]

    def test_the_async_methods_are_of_the_task_that_awaits_them(self) -> None:
        registry = ComponentRegistry()

        async def main() -> None:
            await registry.set_context_async(RuntimeContext({"n": 1}))
            assert await registry.get_context_async() == registry.get_context() == RuntimeContext({"n": 1})
            await asyncio.create_task(registry.clear_context_async())
            assert registry.get_context() is not None, "another task's"
            await registry.clear_context_async()
            assert await registry.get_context_async() is None

        asyncio.run(main())
        assert registry.get_context() is None


class TestIsolation:
    """Hundreds at once; each must see its own, whatever the others do in between."""

    COUNT = 300

    def test_tasks(self) -> None:
        one, two = ComponentRegistry(), ComponentRegistry()

        async def inner(n: int, gate: asyncio.Event) -> None:
            assert one.get_context() == RuntimeContext({"n": n}), "a task begins with its parent's"
            one.set_context(RuntimeContext({"n": -n}))
            await gate.wait()
            assert one.get_context() == RuntimeContext({"n": -n})

        async def task(n: int, ready: asyncio.Semaphore, gate: asyncio.Event) -> None:
            one.set_context(RuntimeContext({"n": n}))
            two.set_context(RuntimeContext({"n": n * 1000}))
            child = asyncio.create_task(inner(n, gate))
            ready.release()
            await gate.wait()
            await child
            assert one.get_context() == RuntimeContext({"n": n})
            assert two.get_context() == get_current_context() == RuntimeContext({"n": n * 1000})
            assert await asyncio.to_thread(one.get_context) == RuntimeContext({"n": n})
            if n % 2:
                one.clear_context()
            await asyncio.sleep(0)
            assert one.get_context() == (None if n % 2 else RuntimeContext({"n": n}))

        async def main() -> None:
            ready, gate = asyncio.Semaphore(0), asyncio.Event()
            tasks = [asyncio.create_task(task(n, ready, gate)) for n in range(1, self.COUNT + 1)]
            for _ in tasks:
                await asyncio.wait_for(ready.acquire(), 20)
            assert one.get_context() is None
            gate.set()
            await asyncio.gather(*tasks)
            assert get_current_context() is None

        asyncio.run(main())

    def test_threads(self) -> None:
        registry = ComponentRegistry()
        together = threading.Barrier(self.COUNT)

        def thread(n: int) -> bool:
            assert registry.get_context() is None
            registry.set_context(RuntimeContext({"n": n}))
            together.wait(30)
            mine = registry.get_context() == get_current_context() == RuntimeContext({"n": n})
            together.wait(30)
            registry.clear_context()
            return mine and registry.get_context() is None

        registry.set_context(RuntimeContext({"n": "main"}))
        with ThreadPoolExecutor(self.COUNT) as pool:
            assert all(pool.map(thread, range(self.COUNT)))
        assert registry.get_context() == RuntimeContext({"n": "main"})

    def test_a_copied_context_sees_and_does_not_change(self) -> None:
        registry = ComponentRegistry()
        registry.set_context(RuntimeContext({"n": 1}))
        copied = contextvars.copy_context()
        registry.set_context(RuntimeContext({"n": 2}))
        assert copied.run(registry.get_context) == RuntimeContext({"n": 1})
        copied.run(reset_context)
        assert (copied.run(get_current_context), registry.get_context()) == (None, RuntimeContext({"n": 2}))
