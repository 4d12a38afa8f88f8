"""Programs that break what they share with the runner: each still ends with its own outcome."""

from __future__ import annotations

import pytest

from .conftest import Run
from .harness import COMPLETED, DEADLINE, FAILED, Tool, Worker

ECHO = Tool("echo", parameters=["x"])
CALLS = (
    "assert tools.echo(1) == {'x': 1}\n"
    "assert await tools.echo.run_async(b'1') == {'x': b'1'}\n"
    "result = {'ok': (1, 2.5)}\n"
)


@pytest.mark.parametrize(
    "code",
    [
        "json = 5; print = 6; len = 7; tools_ = tools; type = 8; str = 9; result = None\n",
        "import builtins\n"
        "for name in ('print', 'len', 'type', 'isinstance', 'str', 'list', 'set', 'map', 'open', 'id'):\n"
        "    setattr(builtins, name, None)\n",
        "import builtins\nvars(builtins).clear()\n",
        "import sys\nsys.stdout = sys.stderr = sys.stdin = None\n",
        "import sys\nsys.stdout.close()\nsys.stderr.close()\n",
        "import sys\nsys.stdout.detach()\n",
        "import sys\nsys.stdout.buffer.close()\n",
        "import sys\n"
        "for name in ('json', 'asyncio', 'traceback', 'threading', 'random', 'io', 'struct', '__main__', 'tools'):\n"
        "    del sys.modules[name]\n",
        "import json\n"
        "json.dumps = json.loads = json.JSONEncoder = json.JSONDecoder = json.encoder.encode_basestring = None\n",
        "import asyncio\nasyncio.get_running_loop = None\nasyncio.events.get_running_loop = None\n",
        "import struct, socket, threading\nstruct.pack = struct.Struct = socket.socket = threading.Lock = None\n",
        "import datetime, decimal, uuid, dataclasses, enum, base64\n"
        "datetime.datetime = decimal.Decimal = dataclasses.fields = enum.Enum = uuid.UUID = base64.b64encode = None\n",
        "import warnings\nwarnings.simplefilter('error')\n",
        "import os\nos._exit = os.write = os.read = None\n",
        "import gc\ngc.disable()\ngc.collect()\n",
        "import gc\ngc.set_threshold(1)\n",
        "import os\nos.chdir('/'); os.environ.clear()\n",
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\n",
        "import decimal\ndecimal.getcontext().prec = 2\n",
        "import sys\nsys.meta_path.clear(); sys.path_hooks.clear(); sys.path = None\n",
        "import sys\nsys.set_int_max_str_digits(0) if hasattr(sys, 'set_int_max_str_digits') else None\n",
        "__name__ = 5; __builtins__ = None; __file__ = 7\n",
        "globals().pop('tools'); import tools\n",
    ],
)
def test_program_that_patches_its_surroundings(run: Run, code: str) -> None:
    finished = run(code + CALLS, ECHO)
    assert (finished.outcome, finished.text) == (COMPLETED, '{"ok":{"$":["tuple",[1,2.5]]}}')
    assert len(finished.calls) == 2


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.setrecursionlimit(50)\n",
        "import sys\nsys.settrace(lambda *a: 1/0 if 'f' in a[0].f_code.co_name else None)\n",
        "import sys\ndef trace(*_): return trace\nsys.settrace(trace)\nsys.setprofile(lambda *_: None)\n",
        "import threading\nthreading.settrace(lambda *a: None)\nthreading.main_thread = None\n",
    ],
)
def test_program_that_limits_or_traces_the_interpreter(run: Run, code: str) -> None:
    finished = run(code + "result = {'ok': [[[[1]]]], 'when': __import__('datetime').date(2024, 1, 1)}")
    assert (finished.outcome, finished.text) == (
        COMPLETED,
        '{"ok":[[[[1]]]],"when":{"$":["date","2024-01-01"]}}',
    )
    finished = run(code + "raise ValueError('mine')")
    assert (finished.outcome, finished.error["type"], finished.error["message"]) == (FAILED, "ValueError", "mine")


def test_exception_while_the_value_is_read(run: Run) -> None:
    finished = run(
        "from collections.abc import Mapping\n"
        "class Bad(Mapping):\n"
        "    def __getitem__(self, key): return 1/0\n"
        "    def __iter__(self): return iter(['a'])\n"
        "    def __len__(self): return 1\n"
        "result = Bad()"
    )
    assert (finished.outcome, finished.error["type"], finished.error["line"]) == (FAILED, "ZeroDivisionError", 3)


def test_worker_whose_runner_is_broken_ends(worker: Worker) -> None:
    """Reaching into the runner is no accident; a worker that hangs for it would still cost its wall time."""
    worker.start("import sys\nsys.modules['codemode_worker.bridge'].Bridge.send_last = None\nresult = 1", [])
    assert worker.process.wait(DEADLINE) == 1


def test_endless_value_is_refused(run: Run) -> None:
    finished = run(
        "from collections.abc import Mapping\n"
        "class Deep(Mapping):\n"
        "    def __getitem__(self, key): return Deep()\n"
        "    def __iter__(self): return iter(['a'])\n"
        "    def __len__(self): return 1\n"
        "result = Deep()"
    )
    assert finished.error["type"] == "UnsendableValueError"
    assert finished.error["message"] == f"cannot send result{'.a' * 100}: nested deeper than 100 levels"
