"""Envoy's configurations as they are shipped: Envoy takes them without a warning; they hold what the pages promise."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..python.e2e.certificates import Authority
from ..python.service.executors import Executor, free_ports
from .balancer import DEPLOY, Balancer, validate
from .fleet import KEY, ExecutorClient

FILES = sorted(path.name for path in DEPLOY.glob("envoy*.yaml"))


def load(file: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DEPLOY / file).read_text())
    return document


def parts(config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The filter chain and the cluster, which each file has one of."""
    (listener,) = config["static_resources"]["listeners"]
    (chain,) = listener["filter_chains"]
    (cluster,) = config["static_resources"]["clusters"]
    return chain, cluster


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys_of(inner)}
    if isinstance(value, list):
        return {key for inner in value for key in keys_of(inner)}
    return set()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate for the proxy as clients see it, and the authority of the executors."""
    authority = Authority(tmp_path_factory.mktemp("proxy"), "proxy")
    executors = Authority(tmp_path_factory.mktemp("executors"), "executors")
    identity = authority.sign("localhost", "127.0.0.1")
    executor = executors.sign("executor")
    return {
        "tls.crt": identity.cert_file,
        "tls.key": identity.key_file,
        "ca.crt": executors.ca_file,
        "client-ca": authority.ca_file,
        "executor.crt": executor.cert_file,
        "executor.key": executor.key_file,
    }


def mounted(certificates: dict[str, str]) -> dict[str, str]:
    return {name: certificates[name] for name in ("tls.crt", "tls.key", "ca.crt")}


@pytest.mark.parametrize("file", FILES)
def test_envoy_takes_the_file_without_a_warning(file: str, certificates: dict[str, str], tmp_path: Path) -> None:
    text = (DEPLOY / file).read_text()
    for name, path in mounted(certificates).items():
        text = text.replace(f"/etc/envoy/tls/{name}", path)
    assert "/etc/envoy/tls" not in str(yaml.safe_load(text))
    (tmp_path / file).write_text(text)
    assert validate(tmp_path / file) == ""


def test_validation_says_what_is_wrong(tmp_path: Path) -> None:
    config = load("envoy.yaml")
    parts(config)[1]["lb_polcy"] = "RANDOM"
    (tmp_path / "envoy.yaml").write_text(yaml.safe_dump(config))
    assert "lb_polcy" in validate(tmp_path / "envoy.yaml")


def test_the_files_differ_by_their_sockets_alone() -> None:
    with_tls = copy.deepcopy(load("envoy-tls.yaml"))
    for part in parts(with_tls):
        assert part.pop("transport_socket")["name"] == "envoy.transport_sockets.tls"
    assert with_tls == load("envoy.yaml")


@pytest.mark.parametrize("file", FILES)
def test_proxy_sends_nothing_again_and_cuts_no_execution(file: str) -> None:
    chain, cluster = parts(load(file))
    manager = chain["filters"][0]["typed_config"]
    assert not {"retry_policy", "hedge_policy", "request_mirror_policies"} & keys_of(load(file))
    (execute, _) = manager["route_config"]["virtual_hosts"][0]["routes"]
    assert execute["route"]["timeout"] == "0s"
    # Past the longest program (300 s), which may have waited 10 s for a worker, and bounded all the same.
    seconds = [
        int(text.removesuffix("s"))
        for text in (manager["stream_idle_timeout"], manager["common_http_protocol_options"]["max_stream_duration"])
    ]
    assert all(310 < value <= 600 for value in seconds)
    assert cluster["circuit_breakers"]["thresholds"][0]["max_retries"] == 0


@pytest.mark.parametrize("file", FILES)
def test_admin_is_on_loopback_and_the_log_has_no_key(file: str) -> None:
    config = load(file)
    assert config["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"
    manager = parts(config)[0]["filters"][0]["typed_config"]
    (log,) = manager["access_log"]
    fields = log["typed_config"]["log_format"]["json_format"].values()
    assert not [field for field in fields if "AUTHORIZATION" in field.upper()]


def test_windows_are_those_of_the_executor() -> None:
    """The proxy buffers of one execution what the executor would, and not more."""
    source = (DEPLOY.parent / "crates" / "codemode-executor" / "src" / "server.rs").read_text()
    assert "const STREAM_WINDOW: u32 = 256 * 1024;" in source
    assert "const CONNECTION_WINDOW: u32 = 256 * STREAM_WINDOW;" in source
    chain, cluster = parts(load("envoy.yaml"))
    options = cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
    for side in (
        chain["filters"][0]["typed_config"]["http2_protocol_options"],
        options["explicit_http_config"]["http2_protocol_options"],
    ):
        assert side["initial_stream_window_size"] == 256 * 1024
        assert side["initial_connection_window_size"] == 256 * 256 * 1024


def test_tls_on_both_sides(certificates: dict[str, str], tmp_path: Path) -> None:
    from codemode.config import TlsClientConfig

    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    tls = ("--tls-cert-file", certificates["executor.crt"], "--tls-key-file", certificates["executor.key"])
    executors = [
        Executor("--listen", address, "--profile", "container", "--idle-workers", "1", *tls, target=address)
        for address in addresses
    ]
    balancer = Balancer(tmp_path, addresses, file="envoy-tls.yaml", certificates=mounted(certificates))
    try:
        client = ExecutorClient(
            f"https://127.0.0.1:{balancer.port}",
            KEY,
            tls_config=TlsClientConfig(enabled=True, mode="custom", ca_file=certificates["client-ca"]),
        )
        assert [client.execute(f"result = {number}", [], {}).value for number in range(6)] == list(range(6))
        client.close()
        assert balancer.counter("cluster.executors.ssl.handshake") >= 2
    finally:
        balancer.stop()
        for executor in executors:
            executor.stop()
