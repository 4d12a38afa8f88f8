"""A real Envoy with a shipped configuration, in which nothing but addresses and paths of files is another."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.python.service.executors import free_ports

DEPLOY = Path(__file__).parents[2] / "deploy"
ENVOY = Path(sys.executable).with_name("envoy")


def adapted(
    file: str, *, port: int, admin_port: int, executors: Sequence[str], certificates: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The shipped file with these ports and executors (`host:port`) and, for each `/etc/envoy/tls/NAME`, that file."""
    text = (DEPLOY / file).read_text()
    for name, path in (certificates or {}).items():
        assert f"/etc/envoy/tls/{name}" in text
        text = text.replace(f"/etc/envoy/tls/{name}", path)
    config: dict[str, Any] = yaml.safe_load(text)
    config["admin"]["address"]["socket_address"]["port_value"] = admin_port
    (listener,) = config["static_resources"]["listeners"]
    listener["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": port}
    (cluster,) = config["static_resources"]["clusters"]
    (group,) = cluster["load_assignment"]["endpoints"]
    (endpoint,) = group["lb_endpoints"]
    assert endpoint["endpoint"]["address"]["socket_address"] == {"address": "executor", "port_value": 8001}
    group["lb_endpoints"] = [
        {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}
        for host, port in (executor.rsplit(":", 1) for executor in executors)
    ]
    return config


def validate(path: Path) -> str:
    """What Envoy says against a file: nothing, where it takes it without a warning."""
    checked = subprocess.run(
        [str(ENVOY), "--mode", "validate", "-c", str(path), "--log-level", "warning"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    accepted = checked.returncode == 0 and checked.stdout.strip() == f"configuration '{path}' OK"
    return checked.stderr if accepted else checked.stdout + checked.stderr or f"status {checked.returncode}"


class Balancer:
    """One Envoy process, which may be stopped and started again on the same port."""

    def __init__(
        self,
        directory: Path,
        executors: Sequence[str],
        *,
        file: str = "envoy.yaml",
        certificates: Mapping[str, str] | None = None,
    ) -> None:
        self.port, self._admin_port = free_ports(2)
        self._directory = directory
        self._config = directory / file
        self._config.write_text(
            yaml.safe_dump(
                adapted(
                    file,
                    port=self.port,
                    admin_port=self._admin_port,
                    executors=executors,
                    certificates=certificates,
                )
            )
        )
        self._executors = len(executors)
        self.process: subprocess.Popen[bytes]
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it and waits until every executor is healthy."""
        with (self._directory / "access.log").open("ab") as access, (self._directory / "envoy.log").open("ab") as log:
            # One thread: each has connections and counts of its own, which a machine with many processors would show.
            # With hot restart Envoy asks the kernel for a SIGTERM when the *thread* that started it ends.
            command = [str(ENVOY), "-c", str(self._config), "--concurrency", "1", "--disable-hot-restart"]
            self.process = subprocess.Popen([*command, "--log-level", "warning"], stdout=access, stderr=log)
        self.wait_until_healthy(self._executors)

    def wait_until_healthy(self, count: int, seconds: float = 30) -> float:
        """Waits until exactly so many executors take executions; returns how long it took."""
        started = time.monotonic()
        while len(self.healthy()) != count:
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() - started < seconds, f"not {count} healthy in {seconds} s: {self.hosts()}"
            time.sleep(0.02)
        return time.monotonic() - started

    def healthy(self) -> set[str]:
        """The executors that get new executions."""
        # Of a host without a failure Envoy names no flag but the one of its discovery service's view, HEALTHY.
        return {address for address, flags in self.hosts().items() if set(flags) == {"eds_health_status"}}

    def hosts(self) -> dict[str, dict[str, Any]]:
        """Each executor's health as Envoy sees it."""
        try:
            document = json.loads(self.admin("clusters?format=json"))
        except (urllib.error.URLError, ConnectionError):
            return {}
        return {
            "{address}:{port_value}".format(**host["address"]["socket_address"]): host["health_status"]
            for cluster in document["cluster_statuses"]
            for host in cluster.get("host_statuses", [])
        }

    def admin(self, path: str, method: str = "GET") -> str:
        """The answer of the admin's address."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._admin_port}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            text: str = response.read().decode()
            return text

    def counter(self, name: str) -> int:
        """A counter of its statistics."""
        (line,) = [line for line in self.admin("stats").splitlines() if line.startswith(f"{name}: ")]
        return int(line.rpartition(" ")[2])

    def access_log(self) -> list[dict[str, Any]]:
        """The executions that it has logged. Envoy writes when a buffer is full, after some seconds, or when asked."""
        self.admin("reopen_logs", "POST")
        # What comes after the last line's end is a line of which the rest is still to be written.
        *lines, _rest = (self._directory / "access.log").read_text().split("\n")
        return [json.loads(line) for line in lines]

    def errors(self) -> str:
        return (self._directory / "envoy.log").read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
