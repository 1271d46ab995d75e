"""Where images are built from."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stigmer_lint.frontends.config import ConfigFacts, read_config

Told = tuple[str | None, str, str | None, str | None]


def read(texts: Any, files: dict[str, str]) -> ConfigFacts:
    return read_config(texts(files), list(files))


def told(texts: Any, path: str, text: str, *there: str) -> list[Told]:
    found = read(texts, {path: text, **dict.fromkeys(there, "FROM x\n")})
    return [(build.image, build.context, build.dockerfile, build.target) for build in found.builds if build.span.path == path]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x:\n\tdocker build -t app:1 .\n", ("app:1", "", "Dockerfile", None)),
        ("NAME ?= reg/app\nTAG := $(shell git describe)\nx:\n\tdocker build -t $(NAME):$(TAG) -f d/Dockerfile \\\n\t\t--target prod --build-arg A=1 .\n",
         ("reg/app", "", "d/Dockerfile", "prod")),
        ("x:\n\tcd d && podman build -t app . && echo done\n", ("app", "d", "d/Dockerfile", None)),
        ("x:\n\t$(DOCKER) buildx build --push --platform linux/amd64 --tag=app d\n", ("app", "d", "d/Dockerfile", None)),
        ("x:\n\tdocker build d | tee log\n", (None, "d", "d/Dockerfile", None)),
    ],
)  # fmt: skip
def test_command_lines(texts: Any, text: str, expected: Told) -> None:
    assert told(texts, "Makefile", text, "Dockerfile", "d/Dockerfile") == [expected]


@pytest.mark.parametrize("text", ["# docker build -t a .\n", "echo docker build -t a .\n", "docker build -t a https://h/x.git\n",
                                  "docker build -t a $WHERE\n", "docker build -t a ../..\n", "docker build -t a nowhere\n"])  # fmt: skip
def test_command_lines_that_tell_nothing(texts: Any, text: str) -> None:
    assert told(texts, "b.sh", text, "Dockerfile") == []


def test_a_script_builds_from_its_folder_or_from_the_root(texts: Any) -> None:
    assert told(texts, "d/build.sh", 'IMG="${IMG:-reg/app}"\ndocker build -t "$IMG" -f x/Dockerfile .\n', "x/Dockerfile") == [
        ("reg/app", "", "x/Dockerfile", None)
    ]
    assert told(texts, "d/build.sh", "docker build -t a:$V .\n", "d/Dockerfile", "Dockerfile") == [("a", "d", "d/Dockerfile", None)]


def test_build_steps_of_a_workflow(texts: Any) -> None:
    text = """
env: {REG: ghcr.io/me}
jobs:
  b:
    steps:
      - {uses: docker/metadata-action@v5, id: meta, with: {images: "${{ env.REG }}/app"}}
      - {uses: docker/build-push-action@v6, with: {context: app, tags: "${{ steps.meta.outputs.tags }}"}}
      - uses: docker/build-push-action@v6
        with: {file: app/Dockerfile, target: t, tags: "me/x:${{ github.sha }},me/x:latest"}
      - run: docker build -t other app
"""
    assert told(texts, ".github/workflows/ci.yml", text, "app/Dockerfile") == [
        ("ghcr.io/me/app", "app", "app/Dockerfile", None), ("me/x", "", "app/Dockerfile", "t"), ("me/x:latest", "", "app/Dockerfile", "t"),
        ("other", "app", "app/Dockerfile", None),
    ]  # fmt: skip


def test_bake_files_and_skaffold(texts: Any) -> None:
    bake = 'variable "REG" { default = "me" }\ntarget "_c" { context = "app" }\ntarget "a" {\n  inherits = ["_c"]\n  tags = ["${REG}/a:${TAG}"]\n  target = "t"\n}\n'
    assert ("me/a", "app", "app/Dockerfile", "t") in told(texts, "docker-bake.hcl", bake, "app/Dockerfile")
    skaffold = "build:\n  artifacts:\n  - {image: me/s, context: app, docker: {dockerfile: D}}\n"
    assert told(texts, "skaffold.yaml", skaffold, "app/D") == [("me/s", "app", "app/D", None)]


def test_a_dockerfile_that_nobody_names_is_built_where_its_copies_are(texts: Any) -> None:
    files = {"deploy/docker/Dockerfile": "FROM x\nCOPY src /src\nCOPY go.mod /\n", "go.mod": "", "src/a.py": "", "own/Dockerfile": "FROM x\nCOPY . /\n"}
    found = read(texts, files)
    assert {(build.dockerfile, build.context) for build in found.builds} == {("deploy/docker/Dockerfile", ""), ("own/Dockerfile", "own")}


def test_a_built_service_listens_where_its_dockerfile_exposes(texts: Any) -> None:
    found = read(texts, {"compose.yml": "services: {a: {build: ., expose: [1]}}\n", "Dockerfile": "FROM x\nEXPOSE 80/tcp 90\n"})
    assert found.launches[0].any.exposes == ("1", "80", "90")


@pytest.mark.parametrize("text", ["docker build " * 50_000, "docker build \\\n" * 30_000, "docker build -t " + "a" * 500_000, "A=$A$A\n" * 2000 + "docker build $A\n",
                                  "docker build '" * 5000 + "\n"])  # fmt: skip
def test_hostile_scripts_take_linear_time(texts: Any, text: str) -> None:
    start = time.process_time()
    read(texts, {"a.sh": text, "Dockerfile": "FROM x\n"})
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    ("gone", "folder"),
    [('cd "${root}"/web', "web"), ("cd $(git rev-parse --show-toplevel)", ""), ("here=web\ncd $here", "web"), ("cd web", "web"), ("cd web && ls", ""), ("cd ..", ""), ('cd "$root"', "")],
)
def test_a_script_builds_where_the_lines_above_leave_it(texts: Any, gone: str, folder: str) -> None:
    text = f"#!/bin/sh\n{gone}\ndocker build -t app .\n"
    assert told(texts, "b.sh", text, "Dockerfile", "web/Dockerfile") == [("app", folder, f"{folder}/Dockerfile".lstrip("/"), None)]
