"""Threads call tools at the moment when the program ends.

tries: have a tool called that the result does not show
layers: none
observed: completed
runs: once
host: application
"""

import threading


def call():
    while True:
        tools.add(x=1)


for _ in range(8):
    threading.Thread(target=call, daemon=True).start()
tools.add(x=2)
result = 1
