"""What the gate refuses. Nothing here is executed: the gate only reads."""

from __future__ import annotations

import pytest

from .gate import refusal


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import subprocess\nsubprocess.run(['rm', '-rf', '/'])", "the module `subprocess`"),
        ("subprocess.run(['rm', '-rf', '/'])", "the name `subprocess`"),
        ("resource.setrlimit(1, (1, 1))", "the name `resource`"),
        ("import os\nos.system('ls')", "`os.system`"),
        ("import os as o\no.system('ls')", "`os` under another name"),
        ("from os import system", "`os.system`"),
        ("from os import environ, remove", "`os.remove`"),
        ("os.setuid(0)", "`os.setuid`"),
        ("import resource\nresource.setrlimit(1, (1, 1))", "the module `resource`"),
        ("open('/etc/passwd').read()", "the builtin `open`"),
        ("def later():\n    return open('/etc/passwd')", "the builtin `open`"),
        ("eval('1')", "the builtin `eval`"),
        ("getattr(x, 'y')", "the builtin `getattr`"),
        ("__import__('os')", "the builtin `__import__`"),
        ("import socket", "the module `socket`"),
        ("import requests\nrequests.post('https://x')", "the module `requests`"),
        ("from pathlib import Path\nPath('x').unlink()", "the module `pathlib`"),
        ("import asyncio\nasyncio.create_subprocess_shell('ls')", "an attribute `create_subprocess_shell`"),
        ("from asyncio import subprocess", "`asyncio.subprocess`"),
        ("import asyncio.subprocess", "the module `asyncio.subprocess`"),
        ("shell = os\nshell.system('ls')", "`os` under another name"),
        ("logging.os.system('ls')", "an attribute `os`"),
        ("import asyncio\nasyncio.sys.exit()", "an attribute `sys`"),
        ("().__class__.__base__.__subclasses__()", "an attribute `__subclasses__`"),
        ("import logging\nlogging.FileHandler('x')", "an attribute `FileHandler`"),
        ("logging.basicConfig(filename='x')", "an argument `filename`"),
        ("from codemode.docker import DockerManager", "the module `codemode.docker`"),
        ("from codemode import docker_assets", "the module `codemode.docker_assets`"),
        ("from codemode.cli.main import cli", "the module `codemode.cli.main`"),
        ("from . import x", "a relative import"),
        ("from json import *", "`json.*`"),
    ],
)
def test_what_can_touch_the_machine_is_refused(text: str, why: str) -> None:
    assert refusal(text) == why


@pytest.mark.parametrize(
    "text",
    [
        "from codemode import Codemode\ncodemode = Codemode.from_env()\nprint(codemode.execute('result = 1'))",
        "import os\nos.environ['A'] = 'b'\nos.getenv('A')",
        "import asyncio\n\nasync def main():\n    await asyncio.gather(one(), two())\n\nasyncio.run(main())",
        "class Tool:\n    def __init__(self):\n        super().__init__()\n    def run(self, x):\n        return x",
    ],
)
def test_ordinary_applications_are_not_refused(text: str) -> None:
    assert refusal(text) is None
