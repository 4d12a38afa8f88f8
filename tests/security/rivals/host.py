"""`python -m tests.security.rivals.host NAME USER`, in the rival's environment: loads it, then runs what it reads.

A line of JSON for each job, and one for what was seen. Nothing of a program runs in this process: it forks, and the
child is put on a ground of its own before anything else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from . import ground
from .rival import Ended, Rival, rival

# Keeps the key in the process that is attacked: an object, a buffer, and the environment it was started with.
PLANTED: list[object] = []
# What is passed on of a program's output; the rest is searched for the key and dropped.
SHOWN = 300


def attack(chosen: Rival, job: dict[str, Any], key: str, writing: int, going: int) -> None:
    """In the process that is attacked."""

    def report(**event: Any) -> None:
        os.write(writing, json.dumps(event).encode() + b"\n")

    def finished(ended: Ended) -> None:
        said = ended.value if type(ended.value) is str else json.dumps(ended.value)
        shown = {"how": ended.how, "value": said[:SHOWN], "detail": ended.detail[:SHOWN]}
        report(ended=shown, told=key in "\n".join((said, ended.detail, ended.output)))

    PLANTED.extend([key, bytearray(key.encode())])
    try:
        chosen.start(key)
        overhead = _overhead(chosen, job) if job["works"] else 0.0
        report(ready=True, overhead=overhead)
        os.read(going, 1)
        _attack(chosen, {**job, "seconds": job["seconds"] + overhead}, report, finished)
    except BaseException as error:
        # What passes the rival would end the application that it is in, so this process ends of it too.
        report(raised=type(error).__name__)
        raise


def _overhead(chosen: Rival, job: dict[str, Any]) -> float:
    """Seconds that the rival may need before a program begins, as it does now; a limit is not to end with that."""
    began = time.monotonic()
    chosen.run("result = 1", {}, job["next"])
    return 2 * (time.monotonic() - began)


def _attack(chosen: Rival, job: dict[str, Any], report: Callable[..., None], finished: Callable[[Ended], None]) -> None:
    seconds = job["seconds"]
    if job["turns"]:
        first = chosen.run(job["code"], {"config": {"turn": "first", "seen": 0}}, seconds)
        report(first=first.how)
        finished(chosen.run(job["code"], {"config": {"turn": "second", "seen": first.value or 0}}, seconds))
    else:
        finished(chosen.run(job["code"], {}, seconds))
    report(works=not job["works"] or chosen.run("result = str(6 * 7)", {}, job["next"]).value == "42")


def main() -> None:
    name, user = sys.argv[1], int(sys.argv[2])
    key = os.environ["CODEMODE_API_KEY"]
    chosen = rival(name)
    version = chosen.load()
    facts = {"version": version, "whole": chosen.is_whole_python, "pool": chosen.has_pool}
    print(json.dumps(facts), flush=True)
    for number, line in enumerate(sys.stdin):
        job = json.loads(line)
        seen = ground.watch(
            f"codemode-rivals-{os.getpid()}-{number}",
            key,
            user,
            ground.Patience(*job["patience"]),
            lambda writing, going, job=job: attack(chosen, job, key, writing, going),
        )
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
