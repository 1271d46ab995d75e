"""Pods of Kubernetes manifests."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stigmer_lint.frontends.config import ConfigFacts, read_config
from stigmer_lint.frontends.kubernetes import read_kubernetes
from stigmer_lint.model.value import Known, Template, Unknown, render

POD = """
containers:
- name: app
  image: reg/app:1
  command: [run]
  args: ["--listen", "localhost:80"]
  ports: [{containerPort: 80, hostPort: 8080}, {containerPort: 90}]
  env:
  - {name: A, value: "http://localhost:1"}
  - {name: B, value: "$(A)/x $$(A) $(NO)"}
  - {name: C, valueFrom: {configMapKeyRef: {name: cm, key: K}}}
  - {name: S, valueFrom: {secretKeyRef: {name: s, key: p}}}
  - {name: N, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
  livenessProbe: {exec: {command: [curl, localhost]}}
- {name: side, image: s}
"""


def indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.strip().splitlines())


def manifest(kind: str, name: str = "w") -> str:
    head = f"kind: {kind}\nmetadata: {{name: {name}}}\n"
    if kind == "Pod":
        return f"{head}spec:\n{indented(POD, 2)}\n"
    if kind == "CronJob":
        return f"{head}spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n{indented(POD, 10)}\n"
    return f"{head}spec:\n  template:\n    metadata: {{labels: {{app: w}}}}\n    spec:\n{indented(POD, 6)}\n"


def read(texts: Any, files: dict[str, str | bytes]) -> tuple[Any, ConfigFacts]:
    tree = texts(files)
    return tree, read_config(tree, list(files))


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"])
def test_every_workload_gives_its_containers(texts: Any, kind: str) -> None:
    tree, found = read(texts, {"a.yaml": manifest(kind)})
    app, side = found.launches
    facts = app.any
    assert (app.engine, app.service, side.service, render(facts.image or Known(""))) == ("kubernetes", "app", "side", "reg/app:1")
    assert facts.pod == side.any.pod == f"a.yaml#{kind}/w"
    assert [render(word) for word in (*(facts.entrypoint or ()), *(facts.command or ()))] == ["run", "--listen", "localhost:80"]
    assert facts.exposes == ("80", "90")
    assert [render(port.host_port or Known("")) for port in facts.publishes] == ["8080"]
    assert facts.health is not None
    assert [render(word) for word in facts.health.command] == ["curl", "localhost"]
    settings = {setting.name: setting for setting in facts.env}
    assert render(settings["A"].value) == tree.shown(settings["A"].span) == "http://localhost:1"
    assert render(settings["B"].value) == "http://localhost:1/x $(A) $(NO)"
    assert isinstance(settings["S"].value, Unknown)
    assert isinstance(settings["N"].value, Unknown)
    assert facts.env_open == ()


def test_config_maps_are_taken_from_the_nearest_file(texts: Any) -> None:
    config = "kind: ConfigMap\nmetadata: {name: cm}\ndata: {K: 'VALUE', L: x}\n"
    files = {
        "far/cm.yaml": config.replace("VALUE", "far"), "near/cm.yaml": config.replace("VALUE", "http://localhost"),
        "near/a.yaml": "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: x\n    envFrom: [{configMapRef: {name: cm}, prefix: P_}, {secretRef: {name: s}}]\n"
                       "    env: [{name: C, valueFrom: {configMapKeyRef: {name: cm, key: K}}}, {name: P_L, value: own}]\n",
    }  # fmt: skip
    tree, found = read(texts, files)
    facts = found.launches[0].any
    assert {s.name: render(s.value) for s in facts.env} == {"P_K": "http://localhost", "P_L": "own", "C": "http://localhost"}
    setting = next(s for s in facts.env if s.name == "C")
    assert (setting.span.path, tree.shown(setting.span)) == ("near/cm.yaml", "'http://localhost'")
    assert setting.value.trail[0].span.path == "near/a.yaml"
    assert facts.env_open == ("a Secret sets further variables",)


def test_config_maps_made_by_kustomize_are_known(texts: Any) -> None:
    files = {
        "k/kustomization.yaml": "configMapGenerator:\n- name: cm\n  literals: [A=http://localhost]\n  envs: [e.env]\n", "k/e.env": "B=2\n",
        "k/a.yaml": "kind: Pod\nspec:\n  containers:\n  - {name: a, image: x, envFrom: [{configMapRef: {name: cm}}]}\n",
    }  # fmt: skip
    assert {s.name: render(s.value) for s in read(texts, files)[1].launches[0].any.env} == {"A": "http://localhost", "B": "2"}


def test_host_network_host_aliases_and_services(texts: Any) -> None:
    text = (
        "kind: List\nitems:\n- kind: Deployment\n  metadata: {name: d}\n  spec:\n    template:\n      metadata: {labels: {app: w, tier: t}}\n"
        "      spec:\n        hostNetwork: true\n        hostAliases: [{ip: 1.2.3.4, hostnames: [a, b]}]\n        initContainers: [{name: i, image: x}]\n"
        "        containers: [{name: c, image: x}]\n---\nkind: Service\nmetadata: {name: front}\nspec: {selector: {app: w}, ports: [{port: 80, targetPort: 8080}]}\n"
    )
    tree, found = read(texts, {"a.yml": text})
    assert [launch.service for launch in found.launches] == ["i", "c"] or [launch.service for launch in found.launches] == ["c", "i"]
    facts = found.launches[0].any
    assert facts.network is not None
    assert (render(facts.network), facts.aliases) == ("host", ("front",))
    assert [(render(h.host), render(h.address)) for h in facts.hosts] == [("a", "1.2.3.4"), ("b", "1.2.3.4")]
    assert [(s.name, s.ports) for s in read_kubernetes(tree, ["a.yml"]).services] == [("front", (("80", "8080"),))]


def test_a_chart_template_is_read_with_holes_at_their_places(texts: Any) -> None:
    text = (
        "{{- if .Values.on }}\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-é\nspec:\n  template:\n    spec:\n      containers:\n"
        "      - name: web\n        image: \"{{ .Values.image }}:1\"\n        env:\n        - name: A\n          value: http://localhost:{{ .Values.port }}/x\n"
        "        - name: B\n          value: \"http://localhost\"\n        {{- toYaml .Values.env | nindent 8 }}\n        {{- range $k, $v := .Values.more }}\n"
        "        - name: {{ $k }}\n          value: {{ $v | quote }}\n        {{- end }}\n{{- end }}\n"
    )
    tree, found = read(texts, {"chart/templates/web.yaml": text})
    assert not found.gaps
    facts = found.launches[0].any
    settings = {setting.name: setting for setting in facts.env}
    assert list(settings) == ["A", "B"]
    value = settings["A"].value
    assert isinstance(value, Template)
    assert [part.name if isinstance(part, Unknown) else render(part) for part in value.parts] == ["http://localhost:", ".Values.port", "/x"]
    assert tree.shown(settings["A"].span) == "http://localhost:{{ .Values.port }}/x"
    assert tree.shown(settings["B"].span) == "http://localhost"
    assert facts.env_open


def test_a_template_that_stays_no_yaml_is_a_gap_and_a_broken_manifest_is_reported(texts: Any) -> None:
    files = {"t.yaml": "kind: Pod\n  {{ x }} : : [\ncontainers: a: b\n", "b.yaml": "kind: Pod\ncontainers: [\n", "ok.yaml": manifest("Pod")}
    _, found = read(texts, files)
    assert [gap.span.path for gap in found.gaps] == ["t.yaml"]
    assert [path for path, _, _ in found.unreadable] == ["b.yaml"]
    assert len(found.launches) == 2


@pytest.mark.parametrize("body", ["{{" * 200_000, "{{ a }}" * 100_000, "- name: {{ a }}\n" * 20_000], ids=["open", "many", "lines"])
def test_hostile_templates_take_linear_time(texts: Any, body: str) -> None:
    start = time.process_time()
    read(texts, {"a.yaml": f"kind: Pod\ncontainers: {body}\n"})
    read(texts, {"a.yaml": f"kind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - name: X\n      value: 'a'\n{body}\n"})
    assert time.process_time() - start < 4


CONDITIONS = """\
{{- if .Values.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: more
data:
  {{- if .Values.queue }}
  QUEUE_URL: x
  {{- else }}
  TOPIC_URL: x
  {{- end }}
  BASE_URL: x
---
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    {{- with .Values.web }}
    - name: web
      image: web:1
      envFrom:
        - configMapRef:
            name: more
      env:
        - name: PLAIN
          value: a
        {{- if .Values.tracing }}
        - name: TRACED
          value: b
        {{- end }}
        - name: LAST
          value: c
    {{- end }}
{{- end }}
"""


def test_what_a_chart_has_under_a_condition_may_be_missing(texts: Any) -> None:
    _, found = read(texts, {"chart/templates/web.yaml": CONDITIONS})
    (launch,) = found.launches
    assert {setting.name: setting.maybe for setting in launch.any.env} == {
        "QUEUE_URL": True, "TOPIC_URL": True, "BASE_URL": False, "PLAIN": False, "TRACED": True, "LAST": False,
    }  # fmt: skip


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_action_behind_a_key_before_further_entries(texts: Any, ending: str) -> None:
    text = (
        "kind: Deployment\nmetadata: {{- include \"x.labels\" . | nindent 2 }}\n  name: a\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: x/y\n"
        "        env: {{- include \"x.env\" . | nindent 8 }}\n        - name: A\n          value: http://localhost\n        ports: {{- toYaml .Values.ports | nindent 8 }}\n"
    ).replace("\n", ending)
    facts = read_kubernetes(texts({"chart/templates/pod.yaml": text}), ["chart/templates/pod.yaml"])
    (launch,) = facts.launches
    assert [setting.name for setting in launch.any.env] == ["A"]
    assert launch.any.env_open
