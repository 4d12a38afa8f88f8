"""The layers of the jail, and the configurations in which the corpus runs: all of them, each off, each alone, none; and
what remains to an ordinary user in a container.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# As in crates/codemode-jail/src/layer.rs, in the same order; `test_headers.py` compares.
LAYERS = (
    "no_new_privileges",
    "capabilities",
    "descriptors",
    "rlimits",
    "seccomp",
    "landlock",
    "namespaces",
    "worker_namespaces",
    "cgroup",
    "undumpable",
)
# What containers lack by default: namespaces, and control groups of one's own.
REFUSED_IN_CONTAINERS = ("namespaces", "worker_namespaces", "cgroup")
NEEDS = {"seccomp": "no_new_privileges", "landlock": "no_new_privileges", "worker_namespaces": "namespaces"}


@dataclass(frozen=True)
class Configuration:
    """Which layers an executor runs with. `layer` is the one that it is about; none for all and none."""

    name: str
    layers: tuple[str, ...]
    layer: str | None = None

    @property
    def arguments(self) -> list[str]:
        """Arguments of `codemode serve`."""
        missing = [layer for layer in LAYERS if layer not in self.layers]
        flags = [flag for layer in missing for flag in ("--without-layer", layer)]
        return [*flags, "--allow-missing-layers"] if missing else []


def _in_order(layers: Iterable[str]) -> tuple[str, ...]:
    return tuple(layer for layer in LAYERS if layer in set(layers))


def without(layer: str) -> Configuration:
    """All layers but one, and but those that need it."""
    gone = {layer} | {other for other, needed in NEEDS.items() if needed == layer}
    return Configuration(f"without {layer}", _in_order(set(LAYERS) - gone), layer)


def alone(layer: str) -> Configuration:
    """One layer, and the one that it needs."""
    return Configuration(f"only {layer}", _in_order({layer, NEEDS.get(layer, layer)}), layer)


ALL = Configuration("all layers", LAYERS)
NONE = Configuration("no layer", ())
WITHOUT = tuple(map(without, LAYERS))
ALONE = tuple(map(alone, LAYERS))
CONFIGURATIONS = (ALL, *WITHOUT, *ALONE, NONE)
# Not by arguments: the executor is an ordinary user's, and the kernel refuses it user namespaces.
CONTAINER = Configuration("profile container", _in_order(set(LAYERS) - set(REFUSED_IN_CONTAINERS)))
