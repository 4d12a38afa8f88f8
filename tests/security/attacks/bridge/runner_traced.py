"""Traces the runner by every hook that the interpreter has, and changes its variables from there.

tries: act within the runner after the program has ended
layers: executor
observed: killed crash | killed protocol | completed | stopped | timed_out | killed cpu_time | failed AttributeError
    | failed TypeError
runs: once
host: application
"""

import sys
import threading


def hook(frame, event, argument):
    if frame.f_code.co_name in {"_value", "encode", "send_last", "run"}:
        for name in list(frame.f_locals):
            frame.f_locals[name] = None
    return hook


sys.addaudithook(lambda name, arguments: None)
threading.settrace(hook)
threading.setprofile(hook)
if hasattr(sys, "monitoring"):
    sys.monitoring.use_tool_id(0, "hook")
    sys.monitoring.register_callback(0, sys.monitoring.events.PY_START, lambda code, offset: None)
    sys.monitoring.set_events(0, sys.monitoring.events.PY_START)
frame = sys._getframe()
while frame is not None:
    frame.f_trace = hook
    frame = frame.f_back
sys.setprofile(hook)
sys.settrace(hook)
result = 1
