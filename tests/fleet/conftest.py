"""`fleet`: three executors behind Envoy, for the tests that leave them as they were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .fleet import Fleet, running_fleet


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with running_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet
