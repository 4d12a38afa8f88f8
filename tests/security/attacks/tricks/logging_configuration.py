"""Has a configuration file of the logging module evaluate an expression.

tries: run code by a file format that looks like data
layers: seccomp, landlock, namespaces
observed: stopped
source: documented in logging.config
"""

import io
import logging.config
import os

found = []
os.found = found
text = """
[loggers]
keys=root
[handlers]
keys=h
[formatters]
keys=
[logger_root]
handlers=h
[handler_h]
class=NullHandler
args=__import__('os').found.append(__import__('posix').system) or ()
"""
logging.config.fileConfig(io.StringIO(text), disable_existing_loggers=False)
system = found[0]

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
