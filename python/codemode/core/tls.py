"""TLS of a client: from a configuration's section to the core's options, and a warning where a key travels unprotected.

Called by `ExecutorClient`. The section may be of any class that has the attributes of `TlsSettings`, so that
nothing of a configuration is imported here.
"""

from __future__ import annotations

import ipaddress
import warnings
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from os import PathLike

    from codemode._codemode import TlsOptions

__all__ = ["InsecureTransportWarning", "TlsSettings", "options_of", "warn_if_plain"]

_PLAIN = ("http", "grpc")
_MODES = ("system", "custom")


class InsecureTransportWarning(UserWarning):
    """A key, programs and the values of tools travel over a network in plain text."""


class TlsSettings(Protocol):
    """The section ``tls`` of a configuration: `GrpcTlsConfig`, `TlsClientConfig`, or what looks like them.

    Attributes:
        enabled: Whether TLS is asked for. An ``https://`` url asks for it as well.
        mode: ``system`` or ``custom``. It changes nothing: a ``ca_file`` that is named is meant.
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


def options_of(tls_config: TlsSettings | None) -> TlsOptions | None:
    """What a connection is made with.

    Args:
        tls_config: The section, or None.

    Returns:
        None where TLS is not asked for here; an ``https://`` url then still means TLS with the system's authorities.

    Raises:
        ValueError: The section contradicts itself. The files are read later, by the connection.
    """
    if tls_config is None or not tls_config.enabled:
        return None
    from codemode import _codemode

    if tls_config.mode not in _MODES:
        raise ValueError(f"tls_config.mode must be `system` or `custom`, not {tls_config.mode!r}")
    if bool(tls_config.client_cert_file) != bool(tls_config.client_key_file):
        raise ValueError("tls_config.client_cert_file and tls_config.client_key_file must be given together")
    # A `ca_file` counts in the mode `system` too: to trust each authority of the system instead is the unsafe reading.
    return _codemode.TlsOptions(
        ca_file=tls_config.ca_file or None,
        client_cert_file=tls_config.client_cert_file or None,
        client_key_file=tls_config.client_key_file or None,
    )


def warn_if_plain(url: str, api_key: str | None, tls: TlsOptions | None, *, stacklevel: int = 3) -> None:
    """Warns where a key would travel in plain text to another host.

    Args:
        url: Of the executor.
        api_key: Its key; without one there is nothing to warn of.
        tls: What `options_of` made.
        stacklevel: Of the warning: by default the caller of the function that calls this one.
    """
    parts = urlsplit(url)
    if not api_key or tls is not None or parts.scheme not in _PLAIN or _is_this_host(parts.hostname):
        return
    warnings.warn(
        f"the API key, programs and tool results travel in plain text to `{parts.hostname}`, where anybody on the way "
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
