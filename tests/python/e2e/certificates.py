"""Certificates of the tests for TLS: authorities and what they sign, as PEM files."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import trustme


class Identity(NamedTuple):
    """A certificate and its key."""

    cert_file: str
    key_file: str


class Authority:
    """A certificate authority of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        self._authority = trustme.CA(organization_name=name)
        self._directory = directory
        self._name = name
        self._numbers = itertools.count(1)
        self.ca_file = str(directory / f"{name}.pem")
        self._authority.cert_pem.write_to_path(self.ca_file)

    def sign(self, *names: str, not_before: datetime | None = None, not_after: datetime | None = None) -> Identity:
        """A certificate for hosts, addresses or, for clients, names in the form of a mail address."""
        signed = self._authority.issue_cert(*names, not_before=not_before, not_after=not_after)
        path = self._directory / f"{self._name}-{next(self._numbers)}"
        identity = Identity(f"{path}.pem", f"{path}.key")
        for number, blob in enumerate(signed.cert_chain_pems):
            blob.write_to_path(identity.cert_file, append=number > 0)
        signed.private_key_pem.write_to_path(identity.key_file)
        return identity
