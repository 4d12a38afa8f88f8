"""What is done to the fleet and to the clients, and when: one harm every second or so, drawn with a seed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable

from .clients import ClientProcess
from .fleet import Fleet


class Harm:
    """A thread that does harm until it is told to stop. `done` counts it by kind."""

    # How often, against each other.
    WEIGHTS = {  # noqa: RUF012
        "executor killed": 5,
        "worker killed": 8,
        "executor paused": 1,
        "connections cut": 4,
        "connections slowed": 2,
        "connections silent": 1,
        "executor drained": 1,
        "envoy restarted": 1,
        "client killed": 2,
    }

    def __init__(self, fleet: Fleet, victim: ClientProcess, *, pause: float, seed: int) -> None:
        """``victim``: the client that may be killed. ``pause``: seconds between two harms, on average."""
        self._fleet, self._victim, self._pause = fleet, victim, pause
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self.done: Counter[str] = Counter()
        self.failed: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        kinds, weights = list(self.WEIGHTS), list(self.WEIGHTS.values())
        while not self._over.wait(self._chance.uniform(0.5, 1.5) * self._pause):
            kind = self._chance.choices(kinds, weights)[0]
            try:
                if self._kind(kind)():
                    self.done[kind] += 1
            except Exception as error:  # the harness, not the fleet
                self.failed.append(f"{kind}: {type(error).__name__}: {error}")

    def _kind(self, kind: str) -> Callable[[], bool]:
        member = self._chance.choice(self._fleet.members)
        chance = self._chance

        def worker() -> bool:
            workers = member.workers()
            if not workers:
                return False
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                return True
            return False

        def always(act: Callable[..., object], *arguments: float) -> Callable[[], bool]:
            def harm() -> bool:
                act(*arguments)
                return True

            return harm

        harms = {
            "executor killed": always(member.kill),
            "worker killed": worker,
            "executor paused": always(member.pause, chance.uniform(0.5, 3)),
            "connections cut": always(member.wire.cut),
            "connections slowed": always(member.wire.slow, chance.uniform(0.5, 2), chance.uniform(0.01, 0.2)),
            "connections silent": always(member.wire.silent, chance.uniform(0.5, 3)),
            "executor drained": member.drain,
            "envoy restarted": always(self._fleet.restart_envoy),
            "client killed": always(self._victim.kill),
        }
        return harms[kind]
