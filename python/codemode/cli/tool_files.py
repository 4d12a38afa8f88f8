"""Loads tools from Python files, for ``codemode run --tools my_tools.py``.

Of a file, the first of these is taken: its ``registry``, a `ComponentRegistry`; its ``tools``, a dict by name or a
list; its public functions, those defined in the file whose names do not begin with ``_``.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from codemode.core.registry import ComponentRegistry


class ToolFileError(Exception):
    """A tools file that cannot be used."""


def load(paths: Iterable[str]) -> ComponentRegistry:
    """The tools of several files in one registry.

    Raises:
        ToolFileError: A file cannot be read or raises, has no tools, or has a tool of the same name as another file.
    """
    registry = ComponentRegistry()
    origins: dict[str, str] = {}
    for index, path in enumerate(paths):
        found = _registry_of(_import(path, index), path)
        registrations = found.get_tool_registrations()
        if not registrations:
            raise ToolFileError(f"`{path}` has no tools: no public function, `tools` or `registry`")
        for name, registration in registrations.items():
            if name in origins:
                raise ToolFileError(f"tool `{name}` is in both `{origins[name]}` and `{path}`")
            origins[name] = path
            registry.add(registration)
        registry.update_config(**found.config)
        context = found.get_context()
        if context is not None:
            registry.set_context(context)
    return registry


def _import(path: str, index: int) -> ModuleType:
    file = Path(path).resolve()
    if not file.is_file():
        raise ToolFileError(f"no tools file `{path}`")
    name = f"codemode_tools_{index}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ToolFileError(f"`{path}` is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look their module up
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ToolFileError(f"`{path}` failed to load: {type(error).__name__}: {error}") from error
    return module


def _registry_of(module: ModuleType, path: str) -> ComponentRegistry:
    registry = getattr(module, "registry", None)
    if isinstance(registry, ComponentRegistry):
        return registry
    registry = ComponentRegistry()
    try:
        for name, tool in _tools_of(module):
            registry.register_tool(name, tool)
    except Exception as error:  # what the registry refuses
        raise ToolFileError(f"`{path}`: {error}") from error
    return registry


def _tools_of(module: ModuleType) -> Iterable[tuple[str, Any]]:
    tools = getattr(module, "tools", None)
    if isinstance(tools, Mapping):
        return list(tools.items())
    if isinstance(tools, (list, tuple)):
        return [(_name_of(tool), tool) for tool in tools]
    functions = inspect.getmembers(module, inspect.isfunction)
    return [(name, tool) for name, tool in functions if tool.__module__ == module.__name__ and not name.startswith("_")]


def _name_of(tool: Any) -> str:
    name = getattr(tool, "name", None) or getattr(tool, "__name__", None)
    if not isinstance(name, str):
        raise ValueError(f"a {type(tool).__name__} in `tools` has no name: use a dict, `tools = {{'name': …}}`")
    return name
