"""Finds what the document names in the package, and compares signatures.

A chapter's import block says where its class is; nothing about the package is written here a second time.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
from dataclasses import dataclass
from typing import Any

from .annotations import fits, same, text_of
from .document import Section

CONSTRUCTOR = "Constructor"
ODDITIES = {"list_tools": "tools"}
"""Headings that name no member: the signature below has the member's name."""

_NOTHING = object()


@dataclass(frozen=True)
class Entry:
    """One documented function, method, property or constructor."""

    chapter: Section
    section: Section
    definition: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def name(self) -> str:
        """As the reader names it: ``Codemode.execute``, ``generate_correlation_id``, ``ExecutorClient()``."""
        if self.section.title == CONSTRUCTOR:
            return f"{self.chapter.title}()"
        return self.section.title if is_module(self.chapter) else f"{self.chapter.title}.{self.section.title}"

    @property
    def member(self) -> str:
        return "__init__" if self.section.title == CONSTRUCTOR else self.definition.name

    def owner(self) -> Any:
        return owner(self.chapter)

    def raw(self) -> Any:
        """The member as its class or module holds it."""
        found = inspect.getattr_static(self.owner(), self.member, _NOTHING)
        assert found is not _NOTHING, f"{self.chapter.title} has no `{self.member}`"
        return found

    def function(self) -> Any:
        raw = self.raw()
        if isinstance(raw, property):
            return raw.fget
        return raw.__func__ if isinstance(raw, classmethod | staticmethod) else raw

    def signature(self) -> inspect.Signature:
        """Without ``self`` or ``cls``."""
        signature = inspect.signature(self.function())
        kept = [parameter for name, parameter in signature.parameters.items() if name not in {"self", "cls"}]
        return signature.replace(parameters=kept)


@dataclass(frozen=True)
class Documented:
    """One parameter as the document's signature has it."""

    name: str
    kind: Any
    annotation: str
    default: Any


def definition(section: Section, text: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The signature in a block of code, where it is one: a definition without a body, or a class's call."""
    if section.title == CONSTRUCTOR:
        name, _, rest = text.partition("(")
        text = f"def __init__({rest}" if name.strip() in section.parents else text
    try:
        (statement,) = ast.parse(f"{text.rstrip()}: ...").body
    except (SyntaxError, ValueError):
        return None
    return statement if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) else None


def is_imports(text: str) -> bool:
    return all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in ast.parse(text).body)


def is_module(chapter: Section) -> bool:
    """Whether a chapter is about a module of ``codemode.core``, as ``correlation Module`` is."""
    return chapter.title.endswith(" Module")


def owner(chapter: Section) -> Any:
    """The class or module that a chapter is about."""
    if is_module(chapter):
        return importlib.import_module(f"codemode.core.{chapter.title.removesuffix(' Module')}")
    for block in chapter.code():
        names: dict[str, Any] = {}
        if is_imports(block.text):
            exec(compile(block.text, f"core-api.md:{block.line}", "exec"), names)  # the document's own imports
        if chapter.title in names:
            return names[chapter.title]
    raise AssertionError(f"the chapter `{chapter.title}` imports nothing of that name")


def exception(name: str, chapters: list[Section]) -> type[BaseException]:
    """An exception by the name that a Raises row gives it."""
    for section in chapters:
        if section.title == name and "Exceptions" in section.parents:
            return imported(section)
    found = getattr(builtins, name, None) or getattr(importlib.import_module("codemode.config"), name, None)
    assert isinstance(found, type) and issubclass(found, BaseException), f"there is no exception `{name}`"
    return found


def imported(section: Section) -> type[BaseException]:
    """The exception that a section's import block names."""
    names: dict[str, Any] = {}
    for block in section.code():
        exec(compile(block.text, f"core-api.md:{block.line}", "exec"), names)
    found = names.get(section.title)
    assert isinstance(found, type) and issubclass(found, Exception), f"`{section.title}` is not an exception there"
    return found


def documented(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[Documented]:
    """The parameters of a signature in the document, without ``self`` and ``cls``."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [inspect.Parameter.empty] * (len(positional) - len(arguments.defaults)) + [
        ast.literal_eval(default) for default in arguments.defaults
    ]
    found = [
        Documented(argument.arg, inspect.Parameter.POSITIONAL_OR_KEYWORD, _annotation(argument), default)
        for argument, default in zip(positional, defaults, strict=True)
    ]
    for argument, node_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        default = inspect.Parameter.empty if node_default is None else ast.literal_eval(node_default)
        found.append(Documented(argument.arg, inspect.Parameter.KEYWORD_ONLY, _annotation(argument), default))
    for argument_, kind in (
        (arguments.vararg, inspect.Parameter.VAR_POSITIONAL),
        (arguments.kwarg, inspect.Parameter.VAR_KEYWORD),
    ):
        if argument_ is not None:
            found.append(Documented(argument_.arg, kind, _annotation(argument_), inspect.Parameter.empty))
    return [parameter for parameter in found if parameter.name not in {"self", "cls"}]


def differences(entry: Entry) -> list[str]:
    """How the package differs from a signature of the document; empty where it is as specified."""
    found = _kinds(entry)
    wanted, actual = documented(entry.definition), entry.signature()
    ours = list(actual.parameters.values())
    for index, parameter in enumerate(wanted):
        variadic = parameter.kind in {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
        here = [one for one in ours if one.kind == parameter.kind] if variadic else ours[index : index + 1]
        if not here or here[0].name != parameter.name:
            found.append(f"parameter {index + 1} is not `{parameter.name}` but {here[0] if here else 'absent'}")
            continue
        found += parameter_differences(parameter, here[0])
    known = {parameter.name for parameter in wanted}
    for one in ours:
        optional = one.default is not inspect.Parameter.empty or one.kind in {
            inspect.Parameter.VAR_KEYWORD,
            inspect.Parameter.VAR_POSITIONAL,
        }
        if one.name not in known and not optional:
            found.append(f"the further parameter `{one.name}` has no default")
    if entry.definition.returns is not None:
        returns = ast.unparse(entry.definition.returns)
        if not same(returns, text_of(actual.return_annotation), owner=entry.chapter.title):
            found.append(f"returns `{text_of(actual.return_annotation)}`, not `{returns}`")
    return found


def parameter_differences(parameter: Documented, ours: inspect.Parameter) -> list[str]:
    found = []
    if ours.kind != parameter.kind:
        found.append(f"`{parameter.name}` is {ours.kind.description}, not {parameter.kind.description}")
    if not same_default(parameter.default, ours.default):
        found.append(f"`{parameter.name}` has the default {_shown(ours.default)}, not {_shown(parameter.default)}")
    if parameter.annotation and not fits(parameter.annotation, text_of(ours.annotation) or "Unannotated"):
        found.append(f"`{parameter.name}` is annotated `{text_of(ours.annotation)}`, not `{parameter.annotation}`")
    return found


def same_default(documented_default: Any, ours: Any) -> bool:
    return type(documented_default) is type(ours) and bool(documented_default == ours)


def _kinds(entry: Entry) -> list[str]:
    found = []
    raw, function = entry.raw(), entry.function()
    decorators = {ast.unparse(decorator) for decorator in entry.definition.decorator_list}
    for decorator, kind in (("classmethod", classmethod), ("property", property)):
        if isinstance(raw, kind) is not (decorator in decorators):
            found.append(f"it is {'' if isinstance(raw, kind) else 'not '}a {decorator}")
    if decorators - {"classmethod", "property"}:
        found.append(f"nothing is known of the decorators {sorted(decorators)}")
    if inspect.iscoroutinefunction(function) is not isinstance(entry.definition, ast.AsyncFunctionDef):
        found.append("it is `async` in one of the two only")
    return found


def _annotation(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation is not None else ""


def _shown(default: Any) -> str:
    return "none" if default is inspect.Parameter.empty else repr(default)
