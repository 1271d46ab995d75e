"""Containers of CI pipelines: GitHub Actions and GitLab."""

from __future__ import annotations

from typing import Any

import pytest

from stigmer_lint.frontends.config import read_config
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.value import Choice, Unknown, render

WORKFLOW = """
env: {G: "http://localhost:9"}
jobs:
  runner:
    runs-on: ubuntu-latest
    env: {DB_HOST: localhost}
    strategy: {matrix: {v: [1, 2]}}
    services:
      pg: {image: "postgres:${{ matrix.v }}", env: {PW: x}, ports: ["5433:5432", 80], options: "--health-cmd pg_isready --network-alias db"}
  inside:
    container:
      image: ${{ inputs.image }}
      env: {C: 1}
      options: --add-host host.docker.internal:host-gateway
    services: {redis: "redis:7"}
    env:
      DB_HOST: ${{ inputs.image != '' && 'postgres' || '127.0.0.1' }}
      U: ${{ env.G }}/x
      T: ${{ github.ref && 'a' || 'b' }}
      D: ${{ vars.X || 'http://localhost' }}
    steps:
      - run: x
        env: {S: "http://localhost:1"}
      - uses: docker://alpine:3
        with: {args: "a 'b c'", entrypoint: /x}
        env: {Q: 1}
  plain:
    runs-on: ubuntu-latest
    env: {X: http://localhost}
"""

PIPELINE = """
variables: {A: "http://localhost:1"}
default:
  image: python:3
.base:
  variables: {B: "2", H: "$A/x"}
  services:
    - name: registry.local/group/postgres:15
      alias: db
      variables: {P: "1"}
    - redis:7
test:
  extends: .base
  variables: {B: {value: "3", description: d}}
  script: [x]
lint:
  script: [y]
"""


@pytest.fixture
def read(texts: Any) -> Any:
    def reading(path: str, text: str) -> tuple[Any, dict[str | None, Launch]]:
        tree = texts({path: text})
        return tree, {launch.service: launch for launch in read_config(tree, [path]).launches}

    return reading


def test_services_of_a_job_on_the_runner_and_no_launch_for_the_job(read: Any) -> None:
    _, found = read(".github/workflows/ci.yml", WORKFLOW)
    assert "runner" not in found
    assert "plain" not in found
    facts = found["pg"].facts["linux"]
    assert list(found["pg"].facts) == ["linux"]
    assert render(facts.image) == "postgres:{1 | 2}"
    assert [(render(p.host_port) if p.host_port else None, render(p.container_port)) for p in facts.publishes] == [("5433", "5432"), (None, "80")]
    assert [render(word) for word in facts.health.command] == ["pg_isready"]
    assert facts.aliases == ("db",)


def test_a_job_in_a_container_gets_workflow_job_container_and_step_variables(read: Any) -> None:
    tree, found = read(".github/workflows/ci.yml", WORKFLOW)
    launch = found["inside"]
    assert launch.group == found["redis"].group == ".github/workflows/ci.yml#inside"
    facts = launch.any
    settings = {setting.name: setting for setting in facts.env}
    assert {name: render(s.value) for name, s in settings.items()} == {
        "G": "http://localhost:9", "DB_HOST": "postgres", "U": "http://localhost:9/x", "T": "a | b", "D": "{vars.X} | http://localhost", "C": "1",
        "S": "http://localhost:1",
    }  # fmt: skip
    assert settings["S"].maybe
    assert tree.shown(settings["S"].span) == "http://localhost:1"
    assert isinstance(settings["D"].value, Choice)
    assert settings["D"].value.fallback == 1
    assert [render(h.host) for h in facts.hosts] == ["host.docker.internal"]
    assert isinstance(facts.image, Unknown)


def test_a_step_that_runs_an_image_is_a_launch(read: Any) -> None:
    facts = read(".github/workflows/ci.yml", WORKFLOW)[1][None].any
    assert render(facts.image) == "alpine:3"
    assert [render(word) for word in facts.command] == ["a", "b c"]
    assert {setting.name for setting in facts.env} == {"Q"}, "what the job sets is for its steps on the machine"


def test_what_a_job_sets_is_for_its_images_where_it_runs_nothing_else(read: Any) -> None:
    workflow = "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    env: {X: http://localhost}\n    steps:\n      - uses: docker://alpine:3\n        env: {Q: 1}\n"
    facts = read(".github/workflows/ci.yml", workflow)[1][None].any
    assert {setting.name for setting in facts.env} == {"X", "Q"}


def test_gitlab_jobs_and_services_share_a_network_and_the_variables(read: Any) -> None:
    tree, found = read(".gitlab-ci.yml", PIPELINE)
    assert set(found) == {"test", "db", "redis"}
    job = found["test"].any
    assert render(job.image) == "python:3"
    assert {s.name: render(s.value) for s in job.env} == {"A": "http://localhost:1", "B": "3", "H": "http://localhost:1/x"}
    assert {launch.group for launch in found.values()} == {".gitlab-ci.yml#test"}
    service = found["db"].any
    assert service.aliases == ("db", "registry.local__group__postgres", "registry.local-group-postgres")
    assert {s.name for s in service.env} == {"A", "B", "H", "P"}
    assert tree.shown(next(s.span for s in job.env if s.name == "A")) == "http://localhost:1"
