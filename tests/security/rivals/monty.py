"""pydantic-monty's pool of worker processes, one checkout for each program, with limits of time and memory set.

Its value is the last expression, so one is put behind the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any

from .rival import MEMORY, Ended, Rival, plain

_MISSING = (ImportError, NameError, AttributeError, NotImplementedError, SyntaxError)
_LIMITS = (MemoryError, TimeoutError, RecursionError)


class Monty(Rival):
    has_pool = True

    def load(self) -> str:
        self._module = import_module("pydantic_monty")
        return version("pydantic-monty")

    def start(self, key: str) -> None:
        self._pool = self._module.Monty().__enter__()

    def run(self, code: str, variables: Mapping[str, Any], seconds: float) -> Ended:
        printed = self._module.CollectString()
        try:
            with self._pool.checkout(limits={"max_feed_duration_secs": seconds, "max_memory": MEMORY}) as session:
                value = session.feed_run(f"{code}\nresult", inputs=dict(variables), print_callback=printed)
        except self._module.MontySyntaxError as error:
            return Ended("refused", detail=str(error)[:200])
        except self._module.MontyRuntimeError as error:
            raised = error.exception()
            how = "refused" if isinstance(raised, _MISSING) else "limited" if isinstance(raised, _LIMITS) else "failed"
            return Ended(how, detail=f"{type(raised).__name__}: {raised}"[:200], output=printed.output)
        except self._module.MontyCrashedError as error:
            return Ended("died", detail=str(error)[:200])
        except self._module.MontyError as error:
            return Ended("failed", detail=f"{type(error).__name__}: {error}"[:200])
        return Ended("completed", value=plain(value), output=printed.output)


RIVAL = Monty
