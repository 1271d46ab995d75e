"""What a chart's values.yaml says, as far as templates can be read without rendering them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stigmer_lint.engine.run import check
from stigmer_lint.frontends.kubernetes import read_kubernetes
from stigmer_lint.model.value import Choice, Unknown, render
from stigmer_lint.policy.types import NO_POLICY
from stigmer_rules import RULES

VALUES = "api:\n  url: http://api:80 # where\n  host: 'localhost'\n  empty: ''\nport: 8080\nnested: {text: '{{ .Release.Name }}'}\n"
POD = "kind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: web\n    image: x/y\n    env:\n    - name: A\n      value: %s\n"


def value(texts: Any, written: str, values: str = VALUES, chart: str = "chart") -> Any:
    tree = texts({f"{chart}/Chart.yaml": "name: x\n", f"{chart}/values.yaml": values, "chart/templates/sub/pod.yaml": POD % written})
    (launch,) = read_kubernetes(tree, ["chart/templates/sub/pod.yaml"]).launches
    return launch.any.env[0].value


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("{{ .Values.api.url }}", "http://api:80"),
        ("{{- .Values.api.url -}}", "http://api:80"),
        ("{{ .Values.api.host | quote }}", "localhost"),
        ("{{ quote .Values.port }}", "8080"),
        ('{{ .Values.api.empty | default "http://other" | quote }}', "http://other"),
        ('{{ .Values.api.url | default "http://other" }}', "http://api:80"),
        ('{{ default "http://other" .Values.nothing }}', "http://other"),
        ("{{ tpl .Values.api.url . }}", "http://api:80"),
    ],
)
def test_a_value_is_the_chart_s_default_or_what_an_installation_says(texts: Any, written: str, default: str) -> None:
    found = value(texts, written)
    assert isinstance(found, Choice)
    assert found.fallback is not None
    assert render(found.options[found.fallback]) == default
    assert any(isinstance(option, Unknown) for option in found.options)


@pytest.mark.parametrize(
    "written", ["{{ .Values.nothing }}", "{{ .Values.nested.text }}", "{{ .Values.api }}", '{{ include "x" . }}', "{{ .Values.port | add 1 }}", "{{ .Values.api" + ".url" * 100 + " }}"]
)
def test_what_is_no_plain_value_stays_unknown(texts: Any, written: str) -> None:
    assert isinstance(value(texts, written), Unknown)


def test_values_of_another_chart_and_broken_values_say_nothing(texts: Any) -> None:
    assert isinstance(value(texts, "{{ .Values.api.url }}", chart="other"), Unknown)
    assert isinstance(value(texts, "{{ .Values.api.url }}", values="a: [\n"), Unknown)


def test_a_loopback_default_of_a_chart_is_found_with_its_place(tmp_path: Path) -> None:
    for name, text in {"Chart.yaml": "name: x\n", "values.yaml": "redis:\n  url: redis://localhost:6379\n", "templates/pod.yaml": POD.replace("name: A", "name: REDIS_URL") % "{{ .Values.redis.url | quote }}"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = check(tmp_path, policy=NO_POLICY, rules=RULES, cwd=tmp_path)
    (one,) = (one for one in report.findings if one.rule.code == "STG101")
    assert one.finding.value == "redis://localhost:6379"
    assert [step.span.path for step in one.finding.trail] == ["values.yaml"]
