"""Sends containers that change while they are encoded.

tries: crash the C encoder, or have it write what nobody checked
layers: none
observed: stopped | killed crash | failed RuntimeError | failed UnsendableValueError
runs: once
host: application
"""

import threading
from collections import UserDict, deque

table = {str(number): [number] for number in range(20_000)}
row = [[number] for number in range(20_000)]
over = threading.Event()


def change():
    while not over.is_set():
        table.pop("5", None)
        table["5"] = [object]
        table["x" + str(len(table))] = row
        row.append(row[:1])
        del row[10:20]


class Changing(UserDict):
    def __getitem__(self, key):
        self.data["more" + str(len(self.data))] = 1
        return 1


thread = threading.Thread(target=change, daemon=True)
thread.start()
seen = 0
for value in (table, row, Changing(a=1), deque(row)):
    for _ in range(3):
        try:
            tools.echo(value=value)
        except (ValueError, RuntimeError, TypeError, LookupError):
            pass
        seen += 1
over.set()
result = f"stopped: {seen} values were sent or refused"
