"""Adds an audit hook that raises at every event.

tries: stop the runner from ending the execution
layers: executor
observed: killed crash | failed RuntimeError | completed
runs: once
host: application
"""

import sys


def hook(event, arguments):
    raise RuntimeError(event)


sys.addaudithook(hook)
result = 1
