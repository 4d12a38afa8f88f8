"""TLS from end to end: `codemode serve` with real certificates, and the client of an application."""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from codemode import Codemode, ComponentRegistry
from codemode.config import ClientConfig, GrpcTlsConfig, TlsClientConfig
from codemode.core import tls
from codemode.core.executor_client import ExecutorClient, ExecutorConnectionError
from codemode.core.local import find_executable

from ..service.executors import KEY, Executor, free_port
from .certificates import Authority, Identity


@dataclass
class Settings:
    """A section ``tls`` of any configuration."""

    enabled: bool = True
    mode: str = "custom"
    ca_file: str | None = None
    client_cert_file: str | None = None
    client_key_file: str | None = None


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "servers")


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("clients"), "clients")


@contextmanager
def serving(*arguments: str) -> Iterator[int]:
    """An executor on a port of loopback, which is given."""
    port = free_port()
    executor = Executor("--listen", f"127.0.0.1:{port}", "--idle-workers", "1", *arguments, target="")
    try:
        yield port
    finally:
        executor.stop()


def flags(identity: Identity) -> tuple[str, ...]:
    return ("--tls-cert-file", identity.cert_file, "--tls-key-file", identity.key_file)


@pytest.fixture(scope="session")
def secure_port(authority: Authority) -> Iterator[int]:
    with serving(*flags(authority.sign("localhost", "127.0.0.1"))) as port:
        yield port


@pytest.fixture(scope="session")
def mutual_port(authority: Authority, clients: Authority) -> Iterator[int]:
    more = ("--tls-client-ca-file", clients.ca_file, "--tls-require-client-auth")
    with serving(*flags(authority.sign("localhost")), *more) as port:
        yield port


def run(url: str, settings: Settings | None) -> str | None:
    """What a program comes to that calls a tool, or why there was no answer."""
    registry = ComponentRegistry()
    registry.register_tool("double", lambda number: 2 * number)
    with ExecutorClient(url, KEY, tls_config=settings, registry=registry) as client:  # type: ignore[arg-type]
        try:
            return client.execute("result = tools['double'].run(number=21)", ["double"], {}).result
        except ExecutorConnectionError as error:
            return str(error).replace(url, "URL").replace(url.rsplit(":", 1)[1], "PORT")


UNREACHED = "failed to reach the executor at `URL` (1 attempt): "


@pytest.mark.parametrize("scheme", ["https", "grpcs", "http", "grpc"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_program_and_its_tools_run_over_tls(secure_port: int, authority: Authority, scheme: str, host: str) -> None:
    assert run(f"{scheme}://{host}:{secure_port}", Settings(ca_file=authority.ca_file)) == "42"


@pytest.mark.anyio
async def test_async_client_checks_and_configuration_use_the_same_way(secure_port: int, authority: Authority) -> None:
    config = ClientConfig.model_validate(
        {
            "executor_url": f"http://localhost:{secure_port}",
            "executor_api_key": KEY,
            "tls": {"enabled": True, "mode": "custom", "ca_file": authority.ca_file},
        }
    )
    with Codemode.from_client_config(config) as codemode:
        assert codemode.health_check()
        assert codemode.ready_check()
        assert await codemode.execute_async("result = 6 * 7") == "42"


def test_certificate_of_another_host_is_refused(authority: Authority) -> None:
    with serving(*flags(authority.sign("other.example"))) as port:
        assert run(f"https://localhost:{port}", Settings(ca_file=authority.ca_file)) == UNREACHED + (
            "the certificate of `localhost:PORT` is for `other.example`, not for `localhost`: use one of its "
            "names in the "
            "url, or give the executor a certificate that has `localhost` as a subjectAltName"
        )


def test_certificate_of_another_authority_is_refused(secure_port: int, clients: Authority) -> None:
    assert run(f"https://localhost:{secure_port}", Settings(ca_file=clients.ca_file)) == UNREACHED + (
        "the certificate of `localhost:PORT` is signed by an authority that is not in `ca_file` "
        f"(`{clients.ca_file}`): add that authority's certificate to the file, or let the executor send the "
        "authorities "
        "between"
    )


def test_authorities_of_the_system_are_the_default(
    secure_port: int, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    url = f"https://localhost:{secure_port}"
    untrusted = UNREACHED + (
        "the certificate of `localhost:PORT` is signed by an authority that this system does not trust: give that "
        "authority's certificate as `ca_file`"
    )
    assert run(url, None) == untrusted
    assert run(url, Settings(mode="system")) == untrusted
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)
    assert run(url, None) == "42"


def test_certificates_outside_of_their_time_are_refused(authority: Authority) -> None:
    expired = authority.sign(
        "localhost",
        not_before=datetime(2020, 1, 1, tzinfo=timezone.utc),
        not_after=datetime(2020, 2, 29, 12, 30, 1, tzinfo=timezone.utc),
    )
    with serving(*flags(expired)) as port:
        assert run(f"https://localhost:{port}", Settings(ca_file=authority.ca_file)) == UNREACHED + (
            "the certificate of `localhost:PORT` expired on 2020-02-29 12:30:01 UTC: renew it, or correct this "
            "machine's "
            "clock"
        )
    future = authority.sign(
        "localhost",
        not_before=datetime(2998, 1, 1, tzinfo=timezone.utc),
        not_after=datetime(2999, 1, 1, tzinfo=timezone.utc),
    )
    with serving(*flags(future)) as port:
        assert run(f"https://localhost:{port}", Settings(ca_file=authority.ca_file)) == UNREACHED + (
            "the certificate of `localhost:PORT` is not valid before 2998-01-01 00:00:00 UTC: correct this "
            "machine's clock, "
            "or wait"
        )


def test_client_with_its_certificate_is_served(mutual_port: int, authority: Authority, clients: Authority) -> None:
    client = clients.sign("application@example.com")
    assert run(f"https://localhost:{mutual_port}", Settings(True, "custom", authority.ca_file, *client)) == "42"


def test_client_without_a_certificate_is_told_to_give_one(mutual_port: int, authority: Authority) -> None:
    assert run(f"https://localhost:{mutual_port}", Settings(ca_file=authority.ca_file)) == UNREACHED + (
        "`localhost:PORT` demands a client certificate: give `client_cert_file` and `client_key_file`"
    )


def test_client_of_another_authority_is_told_that_it_is_not_trusted(mutual_port: int, authority: Authority) -> None:
    stranger = authority.sign("application@example.com")
    settings = Settings(True, "custom", authority.ca_file, *stranger)
    assert run(f"https://localhost:{mutual_port}", settings) == UNREACHED + (
        f"`localhost:PORT` refused `client_cert_file` (`{stranger.cert_file}`): it is not signed by an "
        "authority that the "
        "executor trusts; give one that is signed by an authority in the executor's --tls-client-ca-file"
    )


def test_certificate_of_a_client_does_not_stand_for_the_key(
    mutual_port: int, authority: Authority, clients: Authority
) -> None:
    settings = Settings(True, "custom", authority.ca_file, *clients.sign("application@example.com"))
    with (
        ExecutorClient(f"https://localhost:{mutual_port}", "0" * 32, tls_config=settings) as client,  # type: ignore[arg-type]
        pytest.raises(ExecutorConnectionError, match="refused the API key"),
    ):
        client.execute("result = 1", [], {})


def test_optional_client_certificates_are_checked_where_they_are_given(
    authority: Authority, clients: Authority
) -> None:
    with serving(*flags(authority.sign("localhost")), "--tls-client-ca-file", clients.ca_file) as port:
        url = f"https://localhost:{port}"
        assert run(url, Settings(ca_file=authority.ca_file)) == "42"
        assert run(url, Settings(True, "custom", authority.ca_file, *clients.sign("a@example.com"))) == "42"
        refused = run(url, Settings(True, "custom", authority.ca_file, *authority.sign("a@example.com")))
        assert refused is not None
        assert refused.startswith(UNREACHED + "`localhost:PORT` refused `client_cert_file`")


def test_plain_executor_at_a_tls_url_is_named(authority: Authority) -> None:
    with serving() as port:
        message = (
            "`localhost:PORT` answers in plain text, and TLS was asked for: start the executor with "
            "--tls-cert-file and "
            "--tls-key-file, or, within a network that you trust, use `http://` without TLS options"
        )
        assert run(f"https://localhost:{port}", Settings(ca_file=authority.ca_file)) == UNREACHED + message
        assert run(f"http://localhost:{port}", Settings(ca_file=authority.ca_file)) == UNREACHED + message


def test_tls_executor_at_a_plain_url_is_named(secure_port: int) -> None:
    assert run(f"http://localhost:{secure_port}", None) == UNREACHED + (
        "`localhost:PORT` speaks TLS, and the url asks for plain text: write `https://localhost:PORT`"
    )


def test_stalled_and_broken_handshakes_disturb_nobody(secure_port: int, authority: Authority) -> None:
    stalled = [socket.create_connection(("127.0.0.1", secure_port)) for _ in range(20)]
    broken = socket.create_connection(("127.0.0.1", secure_port))
    broken.settimeout(10)
    broken.sendall(b"GET / HTTP/1.1\r\n\r\n")
    # An alert, and the end.
    assert broken.recv(1024)[:2] == b"\x15\x03"
    assert broken.recv(1024) == b""
    assert run(f"https://localhost:{secure_port}", Settings(ca_file=authority.ca_file)) == "42"
    for connection in [*stalled, broken]:
        connection.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_executor_speaks_http2_over_modern_tls(secure_port: int, authority: Authority, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=authority.ca_file)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", secure_port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"


def test_executor_refuses_older_tls(secure_port: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", secure_port)) as plain,
        pytest.raises(ssl.SSLError, match=r"alert (handshake failure|protocol version)"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_new_certificate_serves_new_connections_without_a_restart(authority: Authority, tmp_path: Path) -> None:
    names = Identity(str(tmp_path / "tls.crt"), str(tmp_path / "tls.key"))

    def install(identity: Identity) -> None:
        for source, target in zip(identity, names, strict=True):
            shutil.copy(source, f"{target}.new")
            Path(f"{target}.new").rename(target)

    install(authority.sign("localhost"))
    with serving(*flags(names)) as port:
        settings = Settings(ca_file=authority.ca_file)
        assert run(f"https://localhost:{port}", settings) == "42"
        install(authority.sign("renamed.localhost"))
        refused = run(f"https://localhost:{port}", settings)
        assert refused is not None
        assert refused.startswith(UNREACHED + "the certificate of `localhost:PORT` is for `renamed.localhost`")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            Settings(ca_file="/nowhere/ca.pem"),
            "cannot use `/nowhere/ca.pem` as `ca_file`: it does not exist; correct the path",
        ),
        (Settings(ca_file="/"), "cannot use `/` as `ca_file`: it is a directory; name the file in it"),
    ],
)
def test_files_that_cannot_be_used_are_named_when_the_client_is_made(settings: Settings, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        ExecutorClient("https://executor", KEY, tls_config=settings)  # type: ignore[arg-type]
    assert str(refused.value) == f"failed to prepare TLS for the executor at `https://executor`: {message}"


def test_tls_over_a_unix_socket_is_refused() -> None:
    with pytest.raises(ValueError) as refused:
        ExecutorClient("unix:/run/codemode.sock", KEY, tls_config=Settings(mode="system"))  # type: ignore[arg-type]
    assert str(refused.value) == (
        "failed to prepare TLS for the executor at `unix:/run/codemode.sock`: a unix socket has no TLS: "
        "leave out the TLS "
        "options, or use `https://host:port`"
    )


def refusal(*arguments: str, listen: str = "127.0.0.1:0") -> tuple[int, str]:
    """How `codemode serve` ends that does not start."""
    command = [str(find_executable()), "serve", "--listen", listen, *arguments]
    ended = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=30)
    return ended.returncode, ended.stderr


def test_executor_does_not_start_with_files_that_cannot_serve(authority: Authority, tmp_path: Path) -> None:
    first, second = authority.sign("localhost"), authority.sign("localhost")
    assert refusal("--tls-cert-file", first.cert_file, "--tls-key-file", "/nowhere/tls.key") == (
        64,
        "error: cannot use `/nowhere/tls.key` as `--tls-key-file`: it does not exist; correct the path\n",
    )
    assert refusal("--tls-cert-file", first.cert_file, "--tls-key-file", second.key_file) == (
        64,
        f"error: cannot use `{second.key_file}` as `--tls-key-file`: it is not the key of the first certificate in "
        f"`{first.cert_file}`; that file begins with the certificate itself, followed by the authorities that signed "
        "it\n",
    )
    encrypted = tmp_path / "encrypted.key"
    command = ["openssl", "pkey", "-in", first.key_file, "-aes256", "-passout", "pass:secret", "-out", str(encrypted)]
    subprocess.run(command, check=True, capture_output=True)
    assert refusal("--tls-cert-file", first.cert_file, "--tls-key-file", str(encrypted)) == (
        64,
        f"error: cannot use `{encrypted}` as `--tls-key-file`: its private key is encrypted; decrypt it with: "
        "openssl pkey "
        "-in FILE -out NEW, and let only this process' user read the new file\n",
    )
    socket_path = tmp_path / "executor.sock"
    assert refusal(*flags(first), listen=f"unix:{socket_path}") == (
        64,
        "error: a unix socket has no TLS: leave out --tls-cert-file, or listen on `address:port`\n",
    )
    assert not socket_path.exists()


def test_key_over_plain_tcp_to_another_host_is_warned_of() -> None:
    with pytest.warns(tls.InsecureTransportWarning) as warned:
        ExecutorClient("http://executor:8001", KEY)
    assert [(str(warning.message), warning.filename) for warning in warned] == [
        (
            "the API key, programs and tool results travel in plain text to `executor`, where anybody on the way "
            "can read "
            "and change them: use an https:// url, or tls_config with enabled=True, or unix:/path on one host",
            __file__,
        )
    ]


@pytest.mark.parametrize(
    ("url", "key", "settings"),
    [
        ("http://localhost:8001", KEY, None),
        ("grpc://127.0.0.9:8001", KEY, None),
        ("http://[::1]:8001", KEY, None),
        ("http://[::ffff:127.0.0.1]:8001", KEY, None),
        ("unix:/run/codemode.sock", KEY, None),
        ("https://executor:8001", KEY, None),
        ("http://executor:8001", "", None),
        ("http://executor:8001", KEY, Settings(mode="system")),
    ],
)
def test_nothing_is_warned_of_where_nothing_can_be_read(url: str, key: str, settings: Settings | None) -> None:
    # Warnings are errors here.
    ExecutorClient(url, key, tls_config=settings).close()  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["executor", "10.0.0.7", "[2001:db8::1]", "localhost.example", "EXAMPLE.com"])
def test_other_hosts_are_warned_of(host: str) -> None:
    with pytest.warns(tls.InsecureTransportWarning, match="travel in plain text to"):
        tls.warn_if_plain(f"HTTP://{host}:8001", KEY, None)


def test_settings_that_contradict_themselves_are_refused() -> None:
    for url in ("http://executor", "https://executor"):
        with pytest.raises(ValueError, match=r"^tls_config\.mode must be `system` or `custom`$"):
            tls.options_of(Settings(mode="none"), url)
        with pytest.raises(
            ValueError, match=r"^tls_config\.client_cert_file and tls_config\.client_key_file must be given to"
        ):
            tls.options_of(Settings(mode="system", client_cert_file="a"), url)
    assert tls.options_of(None, "https://executor") is None
    assert tls.options_of(Settings(enabled=False, mode="system"), "https://executor") is None


CUSTOM = "tls_config.mode `custom` needs tls_config.ca_file: name it, or set tls_config.mode to `system`"


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("url", ["https://executor", "grpcs://executor:1", "HTTPS://executor"])
def test_mode_custom_needs_its_authorities(url: str, enabled: bool) -> None:
    with pytest.raises(ValueError) as refused:
        ExecutorClient(url, KEY, tls_config=Settings(enabled=enabled))  # type: ignore[arg-type]
    assert str(refused.value) == CUSTOM


@pytest.mark.parametrize("section", [Settings, TlsClientConfig, GrpcTlsConfig])
def test_named_authorities_are_trusted_alone_whatever_enabled_says(
    secure_port: int, monkeypatch: pytest.MonkeyPatch, authority: Authority, clients: Authority, section: type[Any]
) -> None:
    url = f"https://localhost:{secure_port}"
    assert run(url, section(enabled=False, ca_file=authority.ca_file)) == "42"
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)
    refused = run(url, section(enabled=False, ca_file=clients.ca_file))
    assert refused is not None
    assert refused.startswith(
        UNREACHED + "the certificate of `localhost:PORT` is signed by an authority that is not in"
    )


def test_client_certificate_is_presented_whatever_enabled_says(
    mutual_port: int, authority: Authority, clients: Authority
) -> None:
    settings = Settings(False, "system", authority.ca_file, *clients.sign("application@example.com"))
    assert run(f"https://localhost:{mutual_port}", settings) == "42"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Settings(False, ca_file="/ca.pem"), "ca_file"),
        (Settings(False, client_cert_file="/a", client_key_file="/b"), "client_cert_file"),
        (Settings(False, client_key_file="/b"), "client_key_file"),
        (TlsClientConfig(ca_file="/ca.pem"), "ca_file"),
        (GrpcTlsConfig(ca_file="/ca.pem"), "ca_file"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_files_that_plain_text_would_not_use_are_refused(scheme: str, settings: Any, name: str) -> None:
    with pytest.raises(ValueError) as refused:
        ExecutorClient(f"{scheme}://localhost:8001", KEY, tls_config=settings)
    assert str(refused.value) == (
        f"tls_config.{name} would not be used: a {scheme}:// url without tls_config.enabled is plain text; write "
        f"{'https' if scheme == 'http' else 'grpcs'}://, or set tls_config.enabled to true, or name no files"
    )


def test_files_are_idle_over_a_unix_socket() -> None:
    ExecutorClient("unix:/run/codemode.sock", KEY, tls_config=Settings(False, ca_file="/a")).close()  # type: ignore[arg-type]


def test_files_of_the_environment_of_an_executor_are_idle_on_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CODEMODE_TLS_ENABLED", "CODEMODE_TLS_MODE", "CODEMODE_TLS_CLIENT_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CODEMODE_TLS_CA_FILE", "/nowhere/ca.pem")
    monkeypatch.setenv("CODEMODE_EXECUTOR_API_KEY", KEY)

    def made(url: str) -> ClientConfig:
        monkeypatch.setenv("CODEMODE_EXECUTOR_URL", url)
        config = ClientConfig.from_env()
        Codemode.from_client_config(config).close()
        return config

    for url in ("http://localhost:8001", "grpc://127.0.0.1:8001", "unix:/run/codemode.sock"):
        assert made(url).tls.ca_file == "/nowhere/ca.pem"
    # On another host the variable is this client's alone, and so it is where another one speaks of TLS.
    with pytest.raises(
        ValueError, match=r"tls\.ca_file would not be used: a http:// url without tls\.enabled is plain"
    ):
        made("http://executor:8001")
    with pytest.raises(ValueError, match=r"cannot use `/nowhere/ca\.pem` as `ca_file`"):
        made("https://localhost:8001")
    monkeypatch.setenv("CODEMODE_TLS_ENABLED", "false")
    with pytest.raises(ValueError, match=r"tls\.ca_file would not be used"):
        made("http://localhost:8001")


# === an executor asked for TLS by its file ===


def test_executor_with_an_authority_in_its_file_does_not_serve_plain_text(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "codemode-sidecar.yaml"
    path.write_text(f"api_key: {KEY}\ntls: {{ca_file: {authority.ca_file}}}\n")
    assert refusal("-c", str(path)) == (64, f"error: `{path}`: tls: enabled needs cert_file and key_file\n")


def test_executor_serves_tls_with_the_files_of_its_file(
    authority: Authority, clients: Authority, tmp_path: Path
) -> None:
    own = authority.sign("localhost")
    path = tmp_path / "codemode-sidecar.yaml"
    path.write_text(f"tls: {{cert_file: {own.cert_file}, key_file: {own.key_file}, ca_file: {clients.ca_file}}}\n")
    with serving("-c", str(path)) as port:
        url = f"https://localhost:{port}"
        assert run(url, Settings(ca_file=authority.ca_file)) == "42"
        refused = run(url, Settings(True, "custom", authority.ca_file, *authority.sign("a@example.com")))
        assert refused is not None
        assert refused.startswith(UNREACHED + "`localhost:PORT` refused `client_cert_file`")


# === peers without a key ===

DESCRIPTORS = 300
"""Of the executor below: as many as a small container may have."""


@contextmanager
def few_descriptors() -> Iterator[None]:
    """For what is started within."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(scope="module", params=["tls", "plain"])
def scarce(request: pytest.FixtureRequest, authority: Authority) -> Iterator[tuple[str, int, Settings | None]]:
    """An executor with few descriptors: its url, its port, and what a client needs."""
    secure = request.param == "tls"
    arguments = flags(authority.sign("localhost")) if secure else ()
    with ExitStack() as stack:
        with few_descriptors():
            port = stack.enter_context(serving(*arguments))
        scheme = "https" if secure else "http"
        yield f"{scheme}://localhost:{port}", port, Settings(ca_file=authority.ca_file) if secure else None


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def keyless(port: int, settings: Settings | None, said: bytes) -> socket.socket:
    """A connection of a peer without a key: after its handshake, where there is TLS."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    if settings is None:
        plain.sendall(said)
        return plain
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.set_alpn_protocols(["h2"])
    secure = context.wrap_socket(plain, server_hostname="localhost")
    if said:
        secure.sendall(said)
    return secure


@pytest.mark.parametrize("said", [b"", PREFACE[:5], PREFACE, PREFACE + EMPTY_SETTINGS])
def test_connections_without_a_key_do_not_shut_out_a_client_with_one(
    scarce: tuple[str, int, Settings | None], said: bytes
) -> None:
    url, port, settings = scarce
    with ExecutorClient(url, KEY, tls_config=settings) as early, ExitStack() as stack:  # type: ignore[arg-type]
        # Opened before, and idle meanwhile: it is not what makes room.
        assert early.execute("result = 1", [], {}).result == "1"
        first = stack.enter_context(keyless(port, settings, said))
        for _ in range(DESCRIPTORS):
            stack.enter_context(keyless(port, settings, said))
        assert run(url, settings) == "42"
        # The oldest made room; that it is closed is seen after what it was sent.
        with suppress(ConnectionError, ssl.SSLError):
            while first.recv(1024):
                pass
        assert early.execute("result = 2", [], {}).result == "2"
        assert early.health_check()


def test_a_thousand_connections_that_stall_half_way_do_not_shut_out_a_client(
    scarce: tuple[str, int, Settings | None],
) -> None:
    url, port, settings = scarce
    # The beginning of a TLS record and of a preface: neither is whole.
    half = PREFACE[:12] if settings is None else bytes([22, 3, 1, 2, 0, 1])
    with ExitStack() as stack:
        for _ in range(1000):
            stalled = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            with suppress(ConnectionError):  # it made room already
                stalled.sendall(half)
        assert run(url, settings) == "42"


def test_silence_after_the_handshake_is_ended(scarce: tuple[str, int, Settings | None]) -> None:
    _, port, settings = scarce
    with keyless(port, settings, b"") as silent:
        began = time.monotonic()
        with suppress(ConnectionError, ssl.SSLError):
            assert silent.recv(1024) == b""
        assert 5 < time.monotonic() - began < 15


def test_guide_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[3] / "docs/guides/tls.md").read_text()
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    assert [language for language, _ in blocks] == ["sh", "python", "python"]
    (_, authority), (_, client), (_, client_with_certificate) = blocks
    subprocess.run(["sh", "-e", "-c", authority], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    names = {"api_key": KEY}
    files = Identity("tls.pem", "tls.key")
    with serving(*flags(files)) as port:
        exec(client.replace(":8001", f":{port}"), names)
    with serving(*flags(files), "--tls-client-ca-file", "ca.pem", "--tls-require-client-auth") as port:
        exec(client_with_certificate.replace(":8001", f":{port}"), names)
