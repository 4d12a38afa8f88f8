"""`exec` in the application itself, with nothing around it: for the tests of this frame, which need it to be harmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .rival import Ended, Rival, plain


class Inline(Rival):
    is_whole_python = True

    def load(self) -> str:
        return "exec"

    def run(self, code: str, variables: Mapping[str, Any], seconds: float) -> Ended:
        scope = {"__name__": "__main__", **variables}
        try:
            exec(compile(code, "<program>", "exec"), scope)
        except Exception as error:
            return Ended("failed", detail=f"{type(error).__name__}: {error}")
        return Ended("completed", value=plain(scope.get("result")), output=str(scope.get("output", "")))


RIVAL = Inline
