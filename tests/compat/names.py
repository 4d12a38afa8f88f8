"""The public names of the released package, read from its source, and whether this package has them.

Its source is parsed, not imported: it needs other versions of its dependencies than this package's tests have. A public
name is one without a leading underscore: of a module (what ``__all__`` lists, else what it defines), of a class
(methods, properties, fields) and of a function (parameters). Validators, which pydantic calls, type variables and
generated code are no one's to use.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HOOKS = re.compile(r"field_validator|model_validator|validator|\.setter|\.deleter")
_HOOK_NAMES = {"model_post_init"}
_GENERATED = re.compile(r"_pb2(_grpc)?$")


@dataclass(frozen=True)
class Name:
    """One public name.

    Attributes:
        module: Where it is.
        path: ``name``, ``Class.member`` or empty for the module itself.
        parameter: Of a function: one of its parameters.
        position: Where that one is passed without a keyword; None where it cannot be.
    """

    module: str
    path: str = ""
    parameter: str = ""
    position: int | None = None

    @property
    def dotted(self) -> str:
        """As the migration page writes it: ``module.Class.member(parameter)``."""
        name = f"{self.module}.{self.path}" if self.path else self.module
        return f"{name}({self.parameter})" if self.parameter else name


def public(package: Path) -> Iterator[Name]:
    """The public names of the package in ``package/codemode``."""
    for file in sorted((package / "codemode").rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if any(part.startswith("_") for part in module.split(".")):
            continue
        yield Name(module)
        if not _GENERATED.search(module):
            yield from _of_module(module, ast.parse(file.read_text()))


def _of_module(module: str, tree: ast.Module) -> Iterator[Name]:
    listed = _all(tree)
    for name in listed or ():
        yield Name(module, name)
    for statement in _statements(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and _is_public(statement):
            if listed is None:
                yield Name(module, statement.name)
            yield from _parameters(module, statement.name, statement, bound=False)
        elif isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
            if listed is None:
                yield Name(module, statement.name)
            yield from _of_class(module, statement)
        elif listed is None and "TypeVar(" not in ast.unparse(statement):
            for target in _targets(statement):
                if target.isupper() and not target.startswith("_"):
                    yield Name(module, target)


def _of_class(module: str, node: ast.ClassDef) -> Iterator[Name]:
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if statement.name == "__init__":
                yield from _parameters(module, node.name, statement, bound=True)
            elif _is_public(statement):
                yield Name(module, f"{node.name}.{statement.name}")
                static = any(ast.unparse(one) == "staticmethod" for one in statement.decorator_list)
                yield from _parameters(module, f"{node.name}.{statement.name}", statement, bound=not static)
        else:
            for target in _targets(statement):
                if not target.startswith("_") and target != "model_config":
                    yield Name(module, f"{node.name}.{target}")


def _parameters(
    module: str, path: str, function: ast.FunctionDef | ast.AsyncFunctionDef, *, bound: bool
) -> Iterator[Name]:
    positional = [*function.args.posonlyargs, *function.args.args][1 if bound else 0 :]
    for position, argument in enumerate(positional):
        yield Name(module, path, argument.arg, position)
    for argument in function.args.kwonlyargs:
        yield Name(module, path, argument.arg)


def _all(tree: ast.Module) -> list[str] | None:
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and "__all__" in _targets(statement):
            return [str(name) for name in ast.literal_eval(statement.value)]
    return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    # A `try: import x except ImportError:` defines names too.
    for statement in body:
        if isinstance(statement, ast.Try):
            yield from _statements(statement.body)
        else:
            yield statement


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _is_public(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    hook = any(_HOOKS.search(ast.unparse(decorator)) for decorator in function.decorator_list)
    return not function.name.startswith("_") and function.name not in _HOOK_NAMES and not hook


# === this package ===


def lacking(name: Name) -> str | None:
    """What this package lacks of a name: ``absent``, ``moved`` for a parameter at another position; None: nothing."""
    try:
        found: Any = importlib.import_module(name.module)
    except ImportError:
        return "absent"
    for part in name.path.split(".") if name.path else []:
        following = inspect.getattr_static(found, part, None) if not inspect.ismodule(found) else None
        if following is None:
            following = getattr(found, part, None)
        if following is None and not _is_field(found, part):
            return "absent"
        found = following
    return _lacking_parameter(found, name) if name.parameter else None


def _is_field(owner: Any, name: str) -> bool:
    fields = {**getattr(owner, "model_fields", {}), **getattr(owner, "__dataclass_fields__", {})}
    annotated = any(name in vars(base).get("__annotations__", {}) for base in getattr(owner, "__mro__", ()))
    return name in fields or annotated or (inspect.ismodule(owner) and name in vars(owner))


def _lacking_parameter(found: Any, name: Name) -> str | None:
    function = found.__func__ if isinstance(found, classmethod | staticmethod) else found
    parameters = list(inspect.signature(function).parameters.values())
    if parameters and parameters[0].name in {"self", "cls"}:
        parameters = parameters[1:]
    names = [parameter.name for parameter in parameters]
    if name.parameter not in names:
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        return None if takes_all else "absent"
    position = names.index(name.parameter)
    by_position = parameters[position].kind is not inspect.Parameter.KEYWORD_ONLY
    return None if name.position is None or (by_position and position == name.position) else "moved"
