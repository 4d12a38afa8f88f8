"""Decides which examples of a foreign document may run in this process: those that cannot touch the machine.

Documents show attacks as well as uses: `rm -rf /` is an example too. So nothing runs because nobody objected; a block
runs if everything in it is known to be harmless: its imports, the builtins and names that it uses, its attributes.
What is refused is not executed anywhere. This guards against examples, whose text a hash pins, and is no sandbox.
"""

from __future__ import annotations

import ast
import builtins

_MODULES = {
    "__future__",
    "abc",
    "asyncio",
    "codemode",
    "collections",
    "contextlib",
    "contextvars",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "itertools",
    "json",
    "logging",
    "math",
    "pydantic",
    "random",
    "re",
    "statistics",
    "time",
    "typing",
    "uuid",
}
_REFUSED_MODULES = ("codemode.cli", "codemode.docker", "codemode.docker_assets", "logging.")
_BUILTINS = (
    {
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "callable",
        "classmethod",
        "dict",
        "enumerate",
        "filter",
        "float",
        "frozenset",
        "hasattr",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "zip",
    }
    | {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)}
    | {"True", "False", "None", "NotImplemented", "Ellipsis", "__name__"}
)
_REFUSED_ATTRIBUTES = {
    "FileHandler",
    "create_server",
    "create_subprocess_exec",
    "create_subprocess_shell",
    "create_unix_server",
    "builtins",
    "codecs",
    "ctypes",
    "importlib",
    "io",
    "local",
    "open_connection",
    "open_unix_connection",
    "os",
    "shutil",
    "signal",
    "socket",
    "start_server",
    "start_unix_server",
    "subprocess",
    "subprocess_exec",
    "subprocess_shell",
    "sys",
}
_REFUSED_NAMES = {
    "builtins",
    "codecs",
    "ctypes",
    "importlib",
    "io",
    "resource",
    "shutil",
    "signal",
    "socket",
    "subprocess",
}
_ENVIRONMENT = {"environ", "getenv"}


def refusal(text: str) -> str | None:
    """Why a block may not run in this process; None where it may."""
    tree = ast.parse(text)
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "os" and id(node) not in owners:
            return "`os` under another name"
        found = _refusal(node)
        if found is not None:
            return found
    return None


def _refusal(node: ast.AST) -> str | None:
    if isinstance(node, ast.Import):
        return next((why for alias in node.names if (why := _of_module(alias.name, alias.asname))), None)
    if isinstance(node, ast.ImportFrom):
        return _of_from(node)
    if isinstance(node, ast.Attribute):
        return _of_attribute(node)
    if isinstance(node, ast.Name):
        if node.id in vars(builtins) and node.id not in _BUILTINS:
            return f"the builtin `{node.id}`"
        return f"the name `{node.id}`" if node.id in _REFUSED_NAMES else None
    if isinstance(node, ast.keyword) and node.arg == "filename":
        return "an argument `filename`"
    return None


def _of_module(name: str, alias: str | None) -> str | None:
    if name == "os":  # its environment only: see `_of_attribute`
        return None if alias is None else "`os` under another name"
    top, _, rest = name.partition(".")
    deep = rest and top != "codemode" and name != "collections.abc"
    refused = deep or name.startswith(_REFUSED_MODULES) or top not in _MODULES
    return f"the module `{name}`" if refused else None


def _of_from(node: ast.ImportFrom) -> str | None:
    if node.module is None or node.level:
        return "a relative import"
    if node.module == "pathlib":
        return "the module `pathlib`"
    if node.module == "os":
        return next((f"`os.{one.name}`" for one in node.names if one.name not in _ENVIRONMENT), None)
    module = _of_module(node.module, None)
    if module is not None:
        return module
    for alias in node.names:
        if alias.name == "*" or alias.name in _REFUSED_ATTRIBUTES:
            return f"`{node.module}.{alias.name}`"
        if f"{node.module}.{alias.name}".startswith(_REFUSED_MODULES):
            return f"the module `{node.module}.{alias.name}`"
    return None


def _of_attribute(node: ast.Attribute) -> str | None:
    if isinstance(node.value, ast.Name) and node.value.id == "os" and node.attr not in _ENVIRONMENT:
        return f"`os.{node.attr}`"
    if node.attr in _REFUSED_ATTRIBUTES:
        return f"an attribute `{node.attr}`"
    if node.attr.startswith("__") and node.attr not in {"__init__", "__name__"}:
        return f"an attribute `{node.attr}`"
    return None
