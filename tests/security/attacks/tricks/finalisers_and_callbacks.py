"""Leaves its work to objects that the interpreter calls by itself: finalisers, comparisons, collections, exit.

tries: run when the check is over, as a time bomb in what is left behind
layers: landlock, namespaces
observed: stopped
source: smolagents issue 2395
"""

import gc
import weakref

read = []


def attempt(*_):
    try:
        with open("/etc/passwd", "rb") as file:
            read.append(file.read(16))
    except OSError as error:
        read.append(error)


class Bomb:
    __del__ = attempt
    __eq__ = attempt
    __hash__ = object.__hash__


bomb = Bomb()
bomb in [Bomb(), 1]
weakref.finalize(bomb, attempt)
bomb.itself = bomb
del bomb
gc.callbacks.append(attempt)
gc.collect()
gc.callbacks.remove(attempt)

assert len(read) >= 4, read
stolen = [item for item in read if isinstance(item, bytes)]
result = f"escaped: {len(stolen)} reads of /etc/passwd" if stolen else f"stopped: {len(read)} attempts, {read[0]!r}"
