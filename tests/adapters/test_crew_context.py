"""Wrapped crews and streams as Python objects. Needs no framework."""

from __future__ import annotations

import contextvars
import copy
import pickle
from typing import Any

import pytest

from codemode import ComponentRegistry, RuntimeContext
from codemode.integrations.crew_context import CrewWithContext, StreamWithContext


class Crew:
    def __init__(self) -> None:
        self.name = "crew"

    def __deepcopy__(self, memo: Any) -> Any:
        raise AssertionError("the crew's, not the wrapper's")


class Chunks(Crew):
    is_completed = False

    def get_full_text(self) -> str:
        return ""


def crew(inner: Any) -> Any:
    return CrewWithContext(inner, ComponentRegistry(), RuntimeContext({"client_id": "acme"}))


def stream(inner: Any) -> Any:
    return StreamWithContext(contextvars.copy_context(), inner)


@pytest.mark.parametrize(("wrap", "inner"), [(crew, Crew()), (stream, Chunks())])
def test_attributes_are_those_of_what_is_wrapped(wrap: Any, inner: Any) -> None:
    wrapped = wrap(inner)
    wrapped.name = "set"
    wrapped.extra = 1
    assert (inner.name, inner.extra, wrapped.name) == ("set", 1, "set")
    del wrapped.extra
    assert not hasattr(inner, "extra")
    assert not hasattr(wrapped, "extra")
    own = {"_crew", "_registry", "_context"} if wrap is crew else {"_variables", "_output"}
    assert vars(wrapped).keys() == own


@pytest.mark.parametrize(("wrap", "inner"), [(crew, Crew()), (stream, Chunks())])
def test_a_copy_wraps_the_same(wrap: Any, inner: Any) -> None:
    wrapped = wrap(inner)
    copied = copy.copy(wrapped)
    assert (type(copied), vars(copied)) == (type(wrapped), vars(wrapped))
    copied.name = "of both"
    assert wrapped.name == "of both"


@pytest.mark.parametrize("kind", [CrewWithContext, StreamWithContext])
def test_an_object_that_was_not_initialised_says_so(kind: type) -> None:
    empty = kind.__new__(kind)
    for name in ("anything", "_crew", "_output", "__deepcopy__"):
        with pytest.raises(AttributeError, match=rf"^'{kind.__name__}' object has no attribute '\w+'$"):
            getattr(empty, name)


def test_a_wrapped_crew_without_a_registry_can_be_pickled() -> None:
    wrapped: Any = CrewWithContext({"a": 1}, None, RuntimeContext({"n": 1}))  # type: ignore[arg-type]
    again = pickle.loads(pickle.dumps(wrapped))
    assert (list(again.keys()), again._context) == (["a"], RuntimeContext({"n": 1}))
