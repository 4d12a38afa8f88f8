"""The chart, rendered by Helm's own code (its SDK as a library), and read back as objects of Kubernetes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import helm_python
import yaml

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "codemode"
KEYS = {"apiKeys": {"existingSecret": "codemode-api-keys"}}


def render(values: dict[str, Any] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    """The objects by kind and name. Values are merged with a Secret of keys, which every release needs."""
    merged = {**KEYS, **(values or {})}
    with helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(chart.merge_values(merged))
        files = chart.render(merged, name="demo", namespace="agents")
    objects: dict[tuple[str, str], dict[str, Any]] = {}
    for path, text in files.items():
        if path.endswith(".yaml"):
            for document in yaml.safe_load_all(text):
                if document is not None:
                    key = (document["kind"], document["metadata"]["name"])
                    assert key not in objects, key
                    objects[key] = document
    return objects


def notes(values: dict[str, Any]) -> str:
    with helm_python.Chart.load(CHART) as chart:
        return chart.render({**KEYS, **values}, name="demo", namespace="agents")["codemode/templates/NOTES.txt"]


def pod(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = objects["Deployment", "demo-codemode"]["spec"]["template"]["spec"]
    return spec


def container(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    (only,) = pod(objects)["containers"]
    assert isinstance(only, dict)
    return only


def settings(objects: dict[tuple[str, str], dict[str, Any]]) -> str:
    text: str = objects["ConfigMap", "demo-codemode"]["data"]["codemode-sidecar.yaml"]
    return text
