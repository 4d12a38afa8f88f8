"""Exits with the status by which a worker says that it could not lock itself down.

tries: have the executor believe that nothing ran, so that the client sends the program again
layers: executor
observed: killed crash
runs: once
host: endures
"""

import os

tools.echo(n=1)
os._exit(97)
