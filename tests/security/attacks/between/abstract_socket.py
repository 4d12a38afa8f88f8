"""Listens on an abstract socket in one execution and connects to it from another.

tries: talk to another execution, or to anything of the host that listens
layers: seccomp, landlock
observed: stopped
runs: once
host: at_once
"""

import socket

NAME = "\0between-executions"
if config["turn"] == "first":
    try:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(NAME)
        listener.listen()
        listening = True
    except OSError:
        listening = False
    result = tools.meet(seen=listening)
else:
    try:
        socket.socket(socket.AF_UNIX).connect(NAME)
        result = "escaped: connected"
    except OSError as error:
        result = f"stopped: {error.strerror}; the other listens: {config['seen']}"
