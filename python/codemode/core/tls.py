"""TLS of a client: from a configuration's section to the core's options, and a warning where a key travels unprotected.

Called by `ExecutorClient`. The section may be of any class that has the attributes of `TlsSettings`, so that
nothing of a configuration is imported here.
"""

from __future__ import annotations

import ipaddress
import os
import warnings
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from os import PathLike

    from codemode._codemode import TlsOptions

__all__ = ["InsecureTransportWarning", "TlsSettings", "fault_of", "options_of", "warn_if_plain"]

_PLAIN = ("http", "grpc", "dns", "dns+http")
_SECURE = ("https", "grpcs", "dns+https")
_SECURE_TWIN = {"http": "https", "grpc": "grpcs", "dns": "dns+https", "dns+http": "dns+https"}
_MODES = ("system", "custom")
_VARIABLES = {
    "ca_file": "CODEMODE_TLS_CA_FILE",
    "client_cert_file": "CODEMODE_TLS_CLIENT_CERT_FILE",
    "client_key_file": "CODEMODE_TLS_CLIENT_KEY_FILE",
}
"""The files of a section, and the environment variables that name them."""


class InsecureTransportWarning(UserWarning):
    """A key, programs and the values of tools travel over a network in plain text."""


class TlsSettings(Protocol):
    """The section ``tls`` of a configuration: `GrpcTlsConfig`, `TlsClientConfig`, or what looks like them.

    Attributes:
        enabled: Whether TLS is asked for. An ``https://`` url asks for it as well.
        mode: ``system`` or ``custom``, which needs a ``ca_file``. One that is named counts in both.
        ca_file: The authorities to trust *instead of* the system's, PEM.
        client_cert_file: The client's certificate, PEM, for an executor that asks for one.
        client_key_file: Its private key, PEM, not encrypted.
    """

    @property
    def enabled(self) -> bool: ...
    @property
    def mode(self) -> str: ...
    @property
    def ca_file(self) -> str | PathLike[str] | None: ...
    @property
    def client_cert_file(self) -> str | PathLike[str] | None: ...
    @property
    def client_key_file(self) -> str | PathLike[str] | None: ...


def options_of(tls_config: TlsSettings | None, url: str) -> TlsOptions | None:
    """What a connection is made with.

    Args:
        tls_config: The section, or None.
        url: Of the executor. ``https://`` and ``grpcs://`` ask for TLS, whatever `enabled` says.

    Returns:
        None where the section asks for nothing; an ``https://`` url then still means TLS with the system's authorities.

    Raises:
        ValueError: The section contradicts itself or the url. The files are read later, by the connection.
    """
    if tls_config is None:
        return None
    fault = fault_of(tls_config, url)
    if fault is not None:
        raise ValueError(fault)
    if not tls_config.enabled and (_scheme(url) not in _SECURE or not _named(tls_config)):
        return None
    from codemode import _codemode

    # A `ca_file` counts in the mode `system` too: to trust each authority of the system instead is the unsafe reading.
    return _codemode.TlsOptions(
        ca_file=tls_config.ca_file or None,
        client_cert_file=tls_config.client_cert_file or None,
        client_key_file=tls_config.client_key_file or None,
    )


def fault_of(section: TlsSettings, url: str, *, name: str = "tls_config") -> str | None:
    """What is wrong with a section, or with it and the url.

    Files that plain text would leave unused are refused, for whoever names them means TLS. Two cases are not: a Unix
    socket, which no network sees; and, on one host, files that environment variables name, which an executor reads too.

    Args:
        section: The section.
        url: Of the executor.
        name: What the section is called in the message.
    """
    scheme = _scheme(url)
    if section.mode not in _MODES:
        return f"{name}.mode must be `system` or `custom`"
    if section.enabled or scheme in _SECURE:
        if section.mode == "custom" and not section.ca_file:
            return f"{name}.mode `custom` needs {name}.ca_file: name it, or set {name}.mode to `system`"
        if bool(section.client_cert_file) != bool(section.client_key_file):
            return f"{name}.client_cert_file and {name}.client_key_file must be given together"
        return None
    named = _named(section)
    if scheme not in _PLAIN or not named or (_is_of_environment(section) and _is_this_host(_host(url))):
        return None
    return (
        f"{name}.{named[0]} would not be used: a {scheme}:// url without {name}.enabled is plain text; write "
        f"{_SECURE_TWIN[scheme]}://, or set {name}.enabled to true, or name no files"
    )


def _named(section: TlsSettings) -> list[str]:
    """The files that the section names."""
    return [name for name in _VARIABLES if getattr(section, name)]


def _is_of_environment(section: TlsSettings) -> bool:
    """Whether each file is the one that its variable names, and no variable says whether TLS is meant."""
    if os.environ.get("CODEMODE_TLS_ENABLED"):
        return False
    return all(str(getattr(section, name)) == os.environ.get(_VARIABLES[name]) for name in _named(section))


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def is_secure(url: str) -> bool:
    """Whether a url asks for TLS by its scheme."""
    return _scheme(url) in _SECURE


def _host(url: str) -> str | None:
    """The host of the first url of a list."""
    scheme, _, rest = url.partition(",")[0].strip().partition("://")
    return urlsplit(f"{scheme}://{rest.lstrip('/')}").hostname


def warn_if_plain(url: str, api_key: str | None, tls: TlsOptions | None, *, stacklevel: int = 3) -> None:
    """Warns where a key would travel in plain text to another host.

    Args:
        url: Of the executor, or of several, separated by commas.
        api_key: Its key; without one there is nothing to warn of.
        tls: What `options_of` made.
        stacklevel: Of the warning: by default the caller of the function that calls this one.
    """
    hosts = [_host(each) for each in url.split(",") if _scheme(each.strip()) in _PLAIN]
    elsewhere = next((host for host in hosts if not _is_this_host(host)), None)
    if not api_key or tls is not None or elsewhere is None:
        return
    warnings.warn(
        f"the API key, programs and tool results travel in plain text to `{elsewhere}`, where anybody on the way "
        "can read and change them: use an https:// url, or tls_config with enabled=True, or unix:/path on one host",
        InsecureTransportWarning,
        stacklevel=stacklevel,
    )


def _is_this_host(host: str | None) -> bool:
    if not host or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    # A client that dials the unspecified address reaches its own host.
    return (mapped or address).is_loopback or address.is_unspecified
