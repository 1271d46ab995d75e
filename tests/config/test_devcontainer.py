"""devcontainer.json."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.config import ConfigFacts, read_config
from stigmer_lint.frontends.jsonc import load_jsonc
from stigmer_lint.frontends.yaml_nodes import plain_value
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Choice, Known, render


def read(texts: Any, files: dict[str, str | bytes]) -> tuple[Any, ConfigFacts]:
    tree = texts(files)
    return tree, read_config(tree, list(files))


def test_json_with_comments_and_trailing_commas() -> None:
    text = '\ufeff{ // c\n "é": ["a\\u00e9", 1, true, null,], /* x\n */ "b": {"c": "//no"},\n}\n'
    node = load_jsonc(SourceFile("a.json", text.encode()))
    assert plain_value(node) == {"é": ["aé", 1, True, None], "b": {"c": "//no"}}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 100_000, '{"a": "x', "{]", "/* " * 100_000, "{" + '"a":1,' * 100_000, "1 2", '{"a": @}'])
def test_what_is_no_json_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(UnreadableError):
        load_jsonc(SourceFile("a.json", text.encode()))
    assert time.process_time() - start < 2


def test_an_image_with_run_arguments_and_variables(texts: Any) -> None:
    text = """{
  // here
  "image": "mcr.microsoft.com/devcontainers/base:1",
  "runArgs": ["--add-host=host.docker.internal:host-gateway", "--network", "host", "-e", "R=${localEnv:RX:http://localhost}"],
  "containerEnv": {"A": "http://localhost:1", "B": "${localEnv:BX}"},
  "remoteEnv": {"C": "${containerEnv:A}/x", "GONE": null},
  "appPort": [3000, "8080:80"],
  "workspaceFolder": "/work",
}"""
    tree, found = read(texts, {"sub/.devcontainer/devcontainer.json": text})
    (launch,) = found.launches
    assert (launch.kind, list(launch.facts)) == ("devcontainer", ["linux", "macos", "windows"])
    facts = launch.any
    assert {s.name: render(s.value) for s in facts.env} == {
        "R": "{RX} | http://localhost", "A": "http://localhost:1", "B": "{BX}", "C": "http://localhost:1/x",
    }  # fmt: skip
    setting = next(s for s in facts.env if s.name == "A")
    assert tree.shown(setting.span) == "http://localhost:1"
    value = next(s for s in facts.env if s.name == "R").value
    assert isinstance(value, Choice)
    assert value.fallback == 1
    assert [(render(h.host), render(h.address)) for h in facts.hosts] == [("host.docker.internal", "host-gateway")]
    assert render(facts.network or Known("")) == "host"
    assert render(facts.image or Known("")).startswith("mcr.")
    assert [render(port.container_port) for port in facts.publishes] == ["3000", "80"]
    assert render(facts.volumes[-1]) == "./sub:/work"


def test_a_build_is_joined_to_its_dockerfile(texts: Any) -> None:
    _, found = read(texts, {".devcontainer/devcontainer.json": '{"build": {"dockerfile": "Dockerfile", "context": "..", "args": {"V": "1"}}}',
                            ".devcontainer/Dockerfile": "FROM x\n"})  # fmt: skip
    build = found.launches[0].build
    assert build is not None
    assert (build.context, build.dockerfile, [s.name for s in build.args]) == ("", ".devcontainer/Dockerfile", ["V"])
    assert build in found.builds


def test_a_compose_service_gets_the_variables_of_the_tool(texts: Any) -> None:
    files = {
        ".devcontainer/devcontainer.json": '{"dockerComposeFile": ["../compose.yml", "more.yml", "../../up.yml"], "service": "app", "remoteEnv": {"R": "1"}}',
        ".devcontainer/more.yml": "services: {app: {environment: {M: 1}}}\n",
        "compose.yml": "services: {app: {image: x, environment: {A: 1}}, db: {image: y}}\n",
    }  # fmt: skip
    _, found = read(texts, files)
    launch = next(launch for launch in found.launches if launch.kind == "devcontainer")
    assert (launch.service, launch.group) == ("app", "compose.yml")
    assert [s.name for s in launch.any.env] == ["A", "M", "R"]
    assert any("outside" in gap.why for gap in found.gaps)


def test_metadata_that_starts_nothing_is_no_launch(texts: Any) -> None:
    assert not read(texts, {".devcontainer.json": '{"features": {}, "containerEnv": {"A": "1"}}'})[1].launches
