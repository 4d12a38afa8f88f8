"""RestrictedPython with the policy of its own documentation: `safe_globals` and the guards that the package brings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any

from .rival import Ended, Rival, plain


class Restricted(Rival):
    def load(self) -> str:
        self._compile = import_module("RestrictedPython").compile_restricted
        guards, evaluation = import_module("RestrictedPython.Guards"), import_module("RestrictedPython.Eval")
        self._globals: dict[str, Any] = {
            "__builtins__": {**guards.safe_builtins, **import_module("RestrictedPython").limited_builtins},
            "__name__": "program",
            "__metaclass__": type,
            "_getattr_": guards.safer_getattr,
            "_getiter_": evaluation.default_guarded_getiter,
            "_getitem_": evaluation.default_guarded_getitem,
            "_iter_unpack_sequence_": guards.guarded_iter_unpack_sequence,
            "_unpack_sequence_": guards.guarded_unpack_sequence,
            "_write_": guards.full_write_guard,
            "_print_": import_module("RestrictedPython.PrintCollector").PrintCollector,
        }
        return version("RestrictedPython")

    def run(self, code: str, variables: Mapping[str, Any], seconds: float) -> Ended:
        scope = {**self._globals, "__builtins__": dict(self._globals["__builtins__"]), **variables}
        try:
            exec(self._compile(code, "<program>", "exec"), scope)
        except (SyntaxError, ImportError, NameError, NotImplementedError) as error:
            return Ended("refused", detail=f"{type(error).__name__}: {error}"[:200])
        except Exception as error:
            return Ended("failed", detail=type(error).__name__)
        return Ended("completed", value=plain(scope.get("result")))


RIVAL = Restricted
