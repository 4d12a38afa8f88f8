"""smolagents' `LocalPythonExecutor`, with the authorised imports of its documentation's example, and a shorter timeout.

A new executor for each program: it keeps the state of the one before otherwise, as a conversation's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any

from .rival import Ended, Rival, plain

AUTHORIZED = ["numpy"]
_RAISED = re.compile(r"due to: (?!InterpreterError|ImportError|ModuleNotFoundError|NameError)\w+:")


class Smolagents(Rival):
    def load(self) -> str:
        import_module("numpy")
        self._module = import_module("smolagents.local_python_executor")
        return version("smolagents")

    def run(self, code: str, variables: Mapping[str, Any], seconds: float) -> Ended:
        executor = self._module.LocalPythonExecutor(AUTHORIZED, timeout_seconds=int(seconds))
        executor.send_tools({})
        executor.send_variables(dict(variables))
        try:
            output = executor(code)
        except self._module.InterpreterError as error:
            said = str(error)
            # It wraps what the program raises, too; its own name stands for what it does not do.
            raised = _RAISED.search(said)
            how = "limited" if "exceeded" in said else "failed" if raised else "refused"
            return Ended(how, detail=said.rpartition("due to: ")[2][:200])
        except self._module.ExecutionTimeoutError as error:
            return Ended("timed_out", detail=str(error)[:200])
        except Exception as error:
            return Ended("failed", detail=type(error).__name__)
        return Ended("completed", value=plain(executor.state.get("result")), output=output.logs)


RIVAL = Smolagents
