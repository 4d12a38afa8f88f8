"""The zygote: one warm CPython that forks every worker.

It imports the worker's code and the common standard library, then hands itself to the jail extension, whose `serve`
returns only in a forked and locked-down worker with the executor's socket on descriptor 3. It is single-threaded and
holds no lock when it forks, so the fork hooks that the standard library would register (0.6 ms for each worker) are
left out.

The executor starts it as

    python -S -s -c "import sys; sys.path.insert(0, DIRECTORY); from codemode_worker.zygote import main; main()"
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any, Final

DESCRIPTOR: Final = 3

# What programs of agents import. Left out, by cost: sqlite3, email, http, xml, unittest, multiprocessing.
PRELOADED: Final = """
    abc array ast asyncio base64 binascii bisect builtins calendar cmath codecs collections collections.abc
    concurrent.futures concurrent.futures.thread contextlib contextvars copy copyreg csv dataclasses datetime
    decimal difflib encodings.ascii encodings.latin_1 encodings.utf_8 enum errno fnmatch fractions functools gc
    hashlib heapq hmac html inspect io ipaddress itertools json linecache logging math numbers operator os
    os.path pathlib pickle pprint queue random re reprlib secrets select selectors shlex shutil signal socket
    stat statistics string struct sys tempfile textwrap threading time token tokenize traceback types typing
    unicodedata urllib.parse uuid warnings weakref zlib zoneinfo
""".split()  # noqa: SIM905 - one name a line would be a page


def main() -> None:
    """Preloads, then serves the executor; in a worker, goes on to run its program."""
    preload()
    jail: Any = importlib.import_module("_codemode_jail")
    from . import determinism, runner

    missed = determinism.install(jail)
    if missed:
        print("executions cannot be replayed: this interpreter gives no hold on", ", ".join(missed), file=sys.stderr)
    worker = runner.Worker(DESCRIPTOR)
    tidy()
    streams = sys.stdout, sys.stderr
    worker.install()
    try:
        jail.serve()
    except BaseException:  # in the zygote: its last words are for the executor's log
        sys.stdout, sys.stderr = streams
        raise
    worker.main()


def preload() -> None:
    register = os.register_at_fork
    os.register_at_fork = _ignore
    try:
        for name in PRELOADED:
            try:
                importlib.import_module(name)
            except ImportError:  # An interpreter that was built without it.
                continue
        from . import runner

        runner.warm_up()
    finally:
        os.register_at_fork = register


def tidy() -> None:
    """The program shall not find the worker's directory, or what is the current one, on its import path."""
    package = str(Path(__file__).parent.parent)
    sys.path[:] = [path for path in sys.path if path not in ("", package)]
    gc.collect()
    gc.freeze()


def _ignore(**_hooks: object) -> None:
    """In place of `os.register_at_fork`."""
