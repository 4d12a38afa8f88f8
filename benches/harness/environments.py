"""The subjects, and a Python environment for each rival.

A rival is installed from the package registry into a virtual environment of its own below `benches/.cache`, once. One
that cannot be installed is left out, and the report says why.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
CACHE = BENCHES / ".cache"


@dataclass(frozen=True)
class SubjectSpec:
    """A subject as it is started.

    Attributes:
        name: Its name in the report and on the command line.
        driver: Its script in `benches/subjects`.
        package: The statement that the import row measures; empty where there is none.
        requirement: What is installed for it; empty: it runs in this interpreter's environment.
    """

    name: str
    driver: str
    package: str = ""
    requirement: str = ""

    @property
    def script(self) -> Path:
        """The driver's path."""
        return BENCHES / "subjects" / self.driver


# `__version__` makes it load the extension module too, which it does at the first use otherwise.
CODEMODE = SubjectSpec("codemode", "codemode_local.py", "from codemode import Codemode, __version__")
BARE = SubjectSpec("bare python", "bare_python.py")
RIVALS = (
    SubjectSpec("opencodemode", "opencodemode_sidecar.py", "from codemode import Codemode", "opencodemode==0.3.0b13"),
    SubjectSpec("pydantic-monty", "monty_pool.py", "from pydantic_monty import Monty", "pydantic-monty"),
)


class InstallError(Exception):
    """A rival's environment cannot be made. The message is for the report."""


def interpreter(spec: SubjectSpec) -> str:
    """The Python that runs the subject's driver, installing the subject where that is needed.

    Raises:
        InstallError: There is no network, or no version for this Python.
    """
    if not spec.requirement:
        return sys.executable
    # The version of Python is in the name, because another one cannot use the environment.
    folder = CACHE / f"{spec.name}-{sys.version_info.major}.{sys.version_info.minor}"
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists() or done.read_text() != spec.requirement:
        venv.create(folder, clear=True, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", spec.requirement]
        installed = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if installed.returncode != 0:
            raise InstallError((installed.stderr.strip().splitlines() or ["pip failed"])[-1])
        done.write_text(spec.requirement)
    return str(python)


def environment(spec: SubjectSpec) -> dict[str, str]:
    """The environment variables of the subject's driver."""
    # A rival must not find this package by PYTHONPATH: opencodemode's import name is `codemode` too.
    hidden = {"PYTHONPATH", "PYTHONHOME"} if spec.requirement else set()
    return {name: value for name, value in os.environ.items() if name not in hidden}
