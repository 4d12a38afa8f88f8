"""The Helm chart: what it renders is what Kubernetes' own schemas accept, and what the executor can be started with."""

from __future__ import annotations

import copy
import functools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from codemode.core.local import find_executable

from ..python.service.executors import Executor, free_port
from .chart import CHART, container, notes, pod, render, settings

VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "container": {"jail": {"profile": "container"}},
    "standard": {"jail": {"profile": "standard", "userNamespaces": True}, "seccompProfile": {"type": "Unconfined"}},
    "localhost": {
        "jail": {"profile": "standard"},
        "seccompProfile": {"type": "Localhost", "localhostProfile": "profiles/codemode.json"},
    },
    "gvisor": {"runtimeClassName": "gvisor", "jail": {"allowMissingLayers": True}},
    "tls": {"tls": {"enabled": True, "existingSecret": "codemode-tls"}},
    "mutual-tls": {"tls": {"enabled": True, "existingSecret": "codemode-tls", "requireClientAuth": True}},
    "autoscaled-on-cpu": {"autoscaling": {"enabled": True}},
    "autoscaled-on-executions": {"autoscaling": {"enabled": True, "by": "inUse"}},
    "inline-keys": {"apiKeys": {"inline": f"{'0' * 32} name=trial\n"}},
    "everything": {
        "image": {"digest": "sha256:" + "a" * 64},
        "imagePullSecrets": [{"name": "registry"}],
        "commonLabels": {"team": "agents"},
        "podLabels": {"tier": "jail"},
        "podAnnotations": {"note": "yes"},
        "nodeSelector": {"pool": "agents"},
        "tolerations": [{"key": "agents", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "high",
        "networkPolicy": {"ingressFrom": [{"namespaceSelector": {"matchLabels": {"team": "agents"}}}]},
        "service": {"annotations": {"note": "yes"}},
        "podDisruptionBudget": {"maxUnavailable": "25%"},
        "extraArgs": ["--log-level", "debug"],
        "config": {"limits": {"code_timeout": 60, "output": "2MiB"}, "log_level": "INFO"},
    },
    "least": {
        "headlessService": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "topologySpread": {"enabled": False},
    },
}
# The oldest that the chart names, the first that has user namespaces in every cluster, and the newest that is known.
KUBERNETES = ["1.27", "1.33", "1.37"]


@pytest.fixture(scope="module", autouse=True)
def schemas_are_read_once() -> Iterator[None]:
    """The library parses the 5 MiB of a version's schemas again for each object."""
    utils = kubernetes_validate.utils
    read = utils.schema_contents
    utils.schema_contents = functools.cache(read)
    yield
    utils.schema_contents = read


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_object_is_valid(variant: str, version: str) -> None:
    objects = render(VARIANTS[variant])
    for document in objects.values():
        kubernetes_validate.validate(document, version, strict=True)
    assert ("Deployment", "demo-codemode") in objects


def test_schemas_refuse_what_is_wrong() -> None:
    """So that the test above can fail: a field that is misspelt, and one of another type."""
    document = copy.deepcopy(render()["Deployment", "demo-codemode"])
    document["spec"]["template"]["spec"]["hostUser"] = False
    with pytest.raises(kubernetes_validate.ValidationError, match="hostUser"):
        kubernetes_validate.validate(document, KUBERNETES[-1], strict=True)
    document = copy.deepcopy(render()["Deployment", "demo-codemode"])
    document["spec"]["replicas"] = "three"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_helm_lints_without_a_finding(variant: str) -> None:
    values = {"apiKeys": {"existingSecret": "keys"}, **VARIANTS[variant]}
    report = helm_python.lint(CHART, values, strict=True, namespace="agents")
    found = [message for message in report["messages"] if message["severity"] > 1]
    assert (found, report["errors"]) == ([], [])


@pytest.mark.parametrize("variant", VARIANTS)
def test_pod_has_no_privilege(variant: str) -> None:
    objects = render(VARIANTS[variant])
    spec, executor = pod(objects), container(objects)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert executor["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all("hostPath" not in volume for volume in spec["volumes"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_pod_is_not_killed_before_it_has_drained(variant: str) -> None:
    objects = render(VARIANTS[variant])
    file = yaml.safe_load(settings(objects))
    # What is ended after the grace may take 5 s to say so.
    assert pod(objects)["terminationGracePeriodSeconds"] > file["drain_delay"] + file["grace"] + 5


@pytest.mark.parametrize("variant", VARIANTS)
def test_executor_takes_its_file(variant: str, tmp_path: Path) -> None:
    path = tmp_path / "codemode-sidecar.yaml"
    path.write_text(settings(render(VARIANTS[variant])))
    checked = subprocess.run(
        [str(find_executable()), "validate", "-c", str(path)], capture_output=True, text=True, timeout=30
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_executor_serves_with_the_file_and_the_flags_of_the_pod(tmp_path: Path) -> None:
    # The log as text, because that is what the test waits for.
    objects = render({"apiKeys": {"inline": f"{'0' * 32} name=trial\n"}, "config": {"log_json": False}})
    (tmp_path / "keys").mkdir()
    secret = objects["Secret", "demo-codemode-api-keys"]["stringData"]
    (keys,) = [volume for volume in pod(objects)["volumes"] if volume["name"] == "keys"]
    for item in keys["secret"]["items"]:
        (tmp_path / "keys" / item["path"]).write_text(secret[item["key"]])
    port = free_port()
    path = tmp_path / "codemode-sidecar.yaml"
    path.write_text(settings(objects).replace("/etc/codemode/keys", f"{tmp_path}/keys").replace("8001", str(port)))
    assert container(objects)["args"] == ["serve", "--config", "/etc/codemode/codemode-sidecar.yaml"]
    arguments = ["--config", str(path)]
    # At once, for nobody stands before it here.
    executor = Executor(*arguments, "--drain-delay", "0", target=f"127.0.0.1:{port}", key=None)
    try:
        assert executor.client("0" * 32).run("result = 6 * 7").finished.value == b"42"
    finally:
        assert executor.stop() == 0


def test_probes_ask_for_liveness_and_readiness_apart() -> None:
    executor = container(render())
    assert executor["livenessProbe"]["grpc"] == {"port": 8001}
    ready = {"port": 8001, "service": "codemode.v1.Executor"}
    assert (executor["readinessProbe"]["grpc"], executor["startupProbe"]["grpc"]) == (ready, ready)


def test_probes_of_tls_are_commands_that_the_executable_has() -> None:
    executor = container(render(VARIANTS["tls"]))
    command = executor["readinessProbe"]["exec"]["command"]
    assert command == ["codemode", "health", "https://localhost:8001", "--tls-ca-file", "/etc/codemode/tls/ca.crt"]
    assert executor["livenessProbe"]["exec"]["command"] == [*command, "--live"]
    asked = subprocess.run([str(find_executable()), *command[1:], "--live"], capture_output=True, text=True, timeout=30)
    # The command line is understood; the file is not there.
    assert asked.returncode == 64
    assert "/etc/codemode/tls/ca.crt" in asked.stderr
    assert set(container(render(VARIANTS["mutual-tls"]))["readinessProbe"]) >= {"tcpSocket"}


def test_profiles_set_what_they_need() -> None:
    by_default = pod(render())
    assert by_default["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "hostUsers" not in by_default
    standard = pod(render(VARIANTS["standard"]))
    assert (standard["hostUsers"], standard["securityContext"]["seccompProfile"]) == (False, {"type": "Unconfined"})
    assert yaml.safe_load(settings(render(VARIANTS["standard"])))["profile"] == "standard"
    localhost = pod(render(VARIANTS["localhost"]))["securityContext"]["seccompProfile"]
    assert localhost == {"type": "Localhost", "localhostProfile": "profiles/codemode.json"}
    gvisor = render(VARIANTS["gvisor"])
    assert pod(gvisor)["runtimeClassName"] == "gvisor"
    assert "--allow-missing-layers" in container(gvisor)["args"]


def test_network_policy_lets_nothing_out_and_one_port_in() -> None:
    policy = render()["NetworkPolicy", "demo-codemode"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy
    assert policy["ingress"] == [{"from": [{"podSelector": {}}], "ports": [{"port": 8001, "protocol": "TCP"}]}]


def test_services_are_balanced_by_request_and_selected_alike() -> None:
    objects = render()
    labels = objects["Deployment", "demo-codemode"]["spec"]["template"]["metadata"]["labels"]
    selector = objects["Deployment", "demo-codemode"]["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    for name in ("demo-codemode", "demo-codemode-headless"):
        service = objects["Service", name]["spec"]
        assert service["selector"] == selector
        assert [port["appProtocol"] for port in service["ports"]] == ["kubernetes.io/h2c"]
    assert objects["Service", "demo-codemode-headless"]["spec"]["clusterIP"] == "None"
    assert objects["PodDisruptionBudget", "demo-codemode"]["spec"]["selector"]["matchLabels"] == selector


def test_autoscalers() -> None:
    on_cpu = render(VARIANTS["autoscaled-on-cpu"])
    (metric,) = on_cpu["HorizontalPodAutoscaler", "demo-codemode"]["spec"]["metrics"]
    assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    # An autoscaler and a number of replicas would work against each other at each upgrade.
    assert "replicas" not in on_cpu["Deployment", "demo-codemode"]["spec"]
    # Without a request there is no utilisation.
    assert "cpu" in container(on_cpu)["resources"]["requests"]
    on_executions = render(VARIANTS["autoscaled-on-executions"])["HorizontalPodAutoscaler", "demo-codemode"]["spec"]
    (metric,) = on_executions["metrics"]
    assert metric["pods"] == {
        "metric": {"name": "codemode_executions_in_use"},
        "target": {"type": "AverageValue", "averageValue": "20"},
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"apiKeys": {"existingSecret": ""}}, "apiKeys.existingSecret names no Secret"),
        ({"apiKeys": {"existingSecret": "a", "inline": "b"}}, "both given"),
        ({"tls": {"enabled": True}}, "tls.enabled needs tls.existingSecret"),
        ({"tls": {"requireClientAuth": True}}, "tls.requireClientAuth needs tls.enabled"),
        ({"jail": {"profile": "standard"}}, "jail.profile standard needs seccompProfile.type Unconfined"),
        ({"seccompProfile": {"type": "Localhost"}}, "needs seccompProfile.localhostProfile"),
        ({"runAsUser": 0}, "workers would own root's files"),
        ({"jail": {"profile": "max"}}, "container"),
        ({"config": {"listen": "x"}}, "listen"),
        ({"drian": {}}, "drian"),
        ({"drain": {"graceSeconds": -1}}, "graceSeconds"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"networkPolicy": {"ingressFrom": [{}]}}, "ingressFrom"),
    ],
)
def test_values_that_would_not_work_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(helm_python.HelmError) as refused:
        render(values)
    assert message in str(refused.value)


def test_schema_names_every_value_and_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(value: dict[str, Any], schema: dict[str, Any], path: str) -> None:
        properties = schema["properties"]
        assert schema["additionalProperties"] is False, path
        assert set(value) <= set(properties), path
        optional = {"global"} if not path else set()
        # Settings of the executor's file are optional: its own defaults hold.
        if not path.startswith(".config"):
            assert set(properties) - set(value) <= optional, path
        for key, inner in value.items():
            if isinstance(inner, dict) and "properties" in properties[key]:
                compare(inner, properties[key], f"{path}.{key}")

    compare(values, schema, "")


def test_notes_say_where_it_is_and_warn() -> None:
    assert "http://demo-codemode.agents.svc:8001" in notes({})
    assert "WARNING" not in notes({})
    assert "https://demo-codemode.agents.svc:8001" in notes(VARIANTS["tls"])
    assert "without jail.userNamespaces" in notes(VARIANTS["localhost"])
    assert "every result says `unsafe`" in notes(VARIANTS["gvisor"])
    assert "networkPolicy is off" in notes(VARIANTS["least"])
    assert "custom.metrics.k8s.io" in notes(VARIANTS["autoscaled-on-executions"])
