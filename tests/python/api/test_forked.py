"""A child that is forked while another thread holds a lock of the package goes on without that thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, threading
from codemode import ComponentRegistry, ToolCall
from codemode.core import trace
from codemode.tools import get_decorated_tools, tool

registry, collector = ComponentRegistry(), trace.get_global_collector()
registry.register_tool("before", lambda: 1)
collector.record("id", ToolCall(name="before", status="success"))
held, done = threading.Event(), threading.Event()

def hold():
    with registry._lock, trace._lock:
        held.set()
        done.wait(60)

thread = threading.Thread(target=hold)
thread.start()
assert held.wait(20)
child = os.fork()
if child == 0:
    signal.alarm(20)  # ends it where it waits for a lock that nobody releases
    registry.register_tool("after", lambda: 1)
    assert list(registry.tools) == list(registry.scoped(["before", "after"]).tools) == ["before", "after"]
    assert list(registry.select(["after"])[0]) == ["after"]
    assert trace.get_global_collector() is collector
    collector.record("id", ToolCall(name="after", status="success"))
    assert [call.name for call in collector.drain("id")] == ["before", "after"]

    @tool
    def marked(): ...

    assert get_decorated_tools() == [marked]
    os._exit(7)
_, status = os.waitpid(child, 0)
done.set()
thread.join(20)
registry.register_tool("parent", lambda: 1)
print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_locks_are_those_of_the_child() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.returncode) == ("7\n", 0), ended.stderr
