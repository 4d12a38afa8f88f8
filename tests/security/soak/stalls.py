"""Connections that stall half-way, beside clients that go on: what they cost, in time and in what is held."""

from __future__ import annotations

import contextlib
import resource
import ssl
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from codemode import ExecutorClient
from codemode.config import GrpcTlsConfig
from tests.python.e2e.certificates import Authority
from tests.python.service import half_spoken
from tests.python.service.contract import start
from tests.python.service.executors import KEY, Executor, running

from . import gauges

MEMORY_EACH: Final = 64 / 1024
"""MiB of a stalled connection at most: `connections::seats` counts on 20 KiB, and 40 more with TLS."""
MEMORY_AT_ALL: Final = 8
"""MiB that good clients' work may add meanwhile."""
IDLE_WORKERS: Final = 4


class Stalled(NamedTuple):
    """One way to stall, and what was seen."""

    name: str
    connections: int
    calm: list[float]
    """Milliseconds of good executions."""
    beside: list[float]
    before: gauges.Readings
    during: gauges.Readings
    after: gauges.Readings

    def problems(self) -> list[str]:
        found = []
        grown = self.during["RSS"] - self.before["RSS"]
        if grown > MEMORY_AT_ALL + self.connections * MEMORY_EACH:
            found.append(f"{self.name}: {grown:.1f} MiB more while they stall")
        if self.after["descriptors"] > self.before["descriptors"]:
            found.append(
                f"{self.name}: descriptors {self.before['descriptors']} before, {self.after['descriptors']} after"
            )
        if are_slow(self.beside, self.calm):
            found.append(
                f"{self.name}: p99 {percentile(self.calm, 99):.0f} ms calm, {percentile(self.beside, 99):.0f} beside"
            )
        return found

    def render(self) -> str:
        calm, beside = ([percentile(times, n) for n in (50, 99)] for times in (self.calm, self.beside))
        held = " ".join(
            f"{name} {self.before[name]:.0f}/{self.during[name]:.0f}/{self.after[name]:.0f}"
            for name in ("RSS", "descriptors")
        )
        return (
            f"  {self.name:36} p50 {calm[0]:6.1f} ->{beside[0]:6.1f} ms  p99 {calm[1]:6.1f} ->{beside[1]:6.1f} ms "
            f"(x{beside[1] / calm[1]:.1f})  {held}"
        )


def percentile(times: list[float], number: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[number - 1]


def are_slow(beside: list[float], calm: list[float]) -> bool:
    return percentile(beside, 99) >= max(500, 10 * percentile(calm, 99))


@contextlib.contextmanager
def descriptors_for(connections: int) -> Iterator[None]:
    """For this process; as many as it may have where it may not have so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, connections + 512)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(hard, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Good:
    """A client with one connection for long, and one with a new connection each time, taking turns."""

    def __init__(self, url: str, tls: GrpcTlsConfig | None) -> None:
        self._url, self._tls = url, tls
        self._client = self._connect()

    def _connect(self) -> ExecutorClient:
        return ExecutorClient(self._url, KEY, tls_config=self._tls)

    def times(self, count: int) -> list[float]:
        found = []
        for number in range(count):
            began = time.perf_counter()
            if number % 4:
                result = self._client.execute("result = 6 * 7", [], {})
            else:
                with self._connect() as client:
                    result = client.execute("result = 6 * 7", [], {})
            found.append((time.perf_counter() - began) * 1e3)
            assert result.value == 42, result
            time.sleep(0.005)
        return found

    def warm_up(self) -> None:
        """As many at once as ever will be: a control group is made for each worker, and kept."""
        with ThreadPoolExecutor(2 * IDLE_WORKERS) as pool:
            for _ in range(8 * IDLE_WORKERS):
                pool.submit(self._client.execute, "import time\ntime.sleep(0.05)", [], {})
        self.times(20)

    def close(self) -> None:
        self._client.close()


def stall(
    executor: Executor,
    name: str,
    said: list[bytes],
    good: Good,
    folder: Path,
    *,
    tls: ssl.SSLContext | None,
    count: int,
) -> Stalled:
    """Calm, then beside them, in turns: `said` is what each connection says."""
    host, _, port = executor.target.rpartition(":")

    def read() -> gauges.Readings:
        return gauges.executor(executor.process.pid, folder)

    def at_rest(most: float = float("inf")) -> gauges.Readings:
        """With every worker there, nothing on its way, and no more descriptors than this where that comes to be."""
        deadline = time.monotonic() + 30
        last, same = 0.0, 0
        while True:
            readings = read()
            full = readings["workers"] == IDLE_WORKERS and readings["zygotes"] == 1
            # A worker that has just begun is there before the executor has opened all that belongs to it; that may wait
            # for a processor.
            same = same + 1 if full and readings["descriptors"] == last else 0
            settled = same >= 5
            if (full and settled and readings["descriptors"] <= most) or time.monotonic() > deadline:
                return readings
            last = readings["descriptors"]
            time.sleep(0.2)

    calm: list[float] = []
    beside: list[float] = []
    before = during = at_rest()
    for turn in range(6):
        calm += good.times(count)
        with contextlib.ExitStack() as stack:
            for bytes_ in said:
                stack.enter_context(half_spoken.connect((host, int(port)), bytes_, tls))
            beside += good.times(count)
            during = read()
        # Of two turns the slowest execution decides. Where it is too slow there are more: it may be the machine's work.
        if turn == 1 and not are_slow(beside, calm):
            break
    after = at_rest(before["descriptors"])
    return Stalled(name, len(said), calm, beside, before, during, after)


def measure(connections: int, count: int, folder: Path, *, secure: bool, only: str = "") -> Iterator[Stalled]:
    """Each way to stall, with and without a key, and all of them mixed. `only`: those whose name contains this."""
    authority = Authority(folder, "authority")
    arguments: list[str] = []
    if secure:
        identity = authority.sign("localhost")
        arguments = ["--tls-cert-file", identity.cert_file, "--tls-key-file", identity.key_file]
    temporary = folder / "temporary"
    temporary.mkdir()
    with (
        descriptors_for(2 * connections),
        running("--idle-workers", str(IDLE_WORKERS), *arguments, TMPDIR=str(temporary)) as executor,
    ):
        port = executor.target.rpartition(":")[2]
        context = ssl.create_default_context(cafile=authority.ca_file) if secure else None
        if context:
            context.set_alpn_protocols(["h2"])
        good = Good(
            f"{'https' if secure else 'http'}://localhost:{port}",
            GrpcTlsConfig(mode="custom", ca_file=authority.ca_file) if secure else None,
        )
        good.warm_up()
        request = start("result = 1")
        ways: list[tuple[str, list[bytes], ssl.SSLContext | None]] = []
        if secure:
            ways.append(("half of a TLS hello", [half_spoken.HALF_A_TLS_HELLO] * connections, None))
        for whose, key in (("no key", None), ("with a key", KEY)):
            said = half_spoken.stalls(key, request)
            for name, bytes_ in said.items():
                # What has no headers is the same with and without a key.
                if key is None or len(bytes_) > len(half_spoken.PREFACE):
                    ways.append((f"{name}, {whose}", [bytes_] * connections, context))
            mixture = list(said.values()) * (connections // len(said) + 1)
            ways.append((f"mixture, {whose}", mixture[:connections], context))
        for name, bytes_each, within in ways:
            if only in name:
                yield stall(executor, name, bytes_each, good, temporary, tls=within, count=count)
        good.close()
