"""Gateways added to launches through an engine's library, and variables taken out."""

from __future__ import annotations

import pytest

from .conftest import Mend

PYTHON = "import docker\n\ndocker.from_env().containers.run({})\n"
GO = """package main

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

func start(ctx context.Context, cli *client.Client) error {{
	_, err := cli.ContainerCreate(ctx, &container.Config{{
		Image: "x/y:1",
		Env:   []string{{"A_URL=http://host.docker.internal:1"}},
	}}, {}, nil, nil, "worker")
	return err
}}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("'x/y:1', environment={'A_URL': 'http://host.docker.internal:1'}", "'x/y:1', environment={'A_URL': 'http://host.docker.internal:1'}, extra_hosts={\"host.docker.internal\": \"host-gateway\"}"),
        (
            "'x/y:1', extra_hosts={'db': '10.0.0.1'}, environment={'A_URL': 'http://host.docker.internal:1'}",
            "'x/y:1', extra_hosts={'db': '10.0.0.1', \"host.docker.internal\": \"host-gateway\"}, environment={'A_URL': 'http://host.docker.internal:1'}",
        ),
    ],
)
def test_the_python_library_gets_a_keyword(mend: Mend, before: str, after: str) -> None:
    assert mend({"a.py": PYTHON.format(before)}, unsafe=False) == ({"a.py": PYTHON.format(after)}, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("&container.HostConfig{}", '&container.HostConfig{ExtraHosts: []string{"host.docker.internal:host-gateway"}}'),
        ("nil", '&container.HostConfig{ExtraHosts: []string{"host.docker.internal:host-gateway"}}'),
        ("&container.HostConfig{\n\t\tAutoRemove: true,\n\t}", '&container.HostConfig{\n\t\tAutoRemove: true,\n\t\tExtraHosts: []string{"host.docker.internal:host-gateway"},\n\t}'),
    ],
)
def test_the_go_library_gets_a_field(mend: Mend, before: str, after: str) -> None:
    assert mend({"main.go": GO.format(before)}, unsafe=False) == ({"main.go": GO.format(after)}, ())


def test_dockerode_gets_a_property_beside_the_others(mend: Mend) -> None:
    text = 'import Docker from "dockerode";\n\nnew Docker().createContainer({{ Image: "x/y:1", Env: ["A_URL=http://host.docker.internal:1"], HostConfig: {{ AutoRemove: true{} }} }});\n'
    assert mend({"a.js": text.format("")}, unsafe=False) == ({"a.js": text.format(', ExtraHosts: ["host.docker.internal:host-gateway"]')}, ())


UNKNOWN = """version: 1
rules: {STG207: warning}
containers:
  worker:
    match: {image: "example/worker*"}
    env: {required: [MODE]}
"""


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("compose.yaml", "services:\n  worker:\n    image: example/worker:1\n    environment:\n      MODE: a\n      OTHER: b # gone\n", "services:\n  worker:\n    image: example/worker:1\n    environment:\n      MODE: a\n"),
        ("compose.yaml", "services:\n  worker:\n    image: example/worker:1\n    environment:\n      - OTHER=b\n      - MODE=a\n", "services:\n  worker:\n    image: example/worker:1\n    environment:\n      - MODE=a\n"),
        ("run.sh", "docker run -e MODE=a -e 'OTHER=b c' example/worker:1\n", "docker run -e MODE=a example/worker:1\n"),
        ("run.sh", "docker run -e MODE=a \\\n  -e OTHER=b \\\n  example/worker:1\n", "docker run -e MODE=a \\\n  example/worker:1\n"),
        ("a.py", "import subprocess\nsubprocess.run(['docker', 'run', '-e', 'MODE=a', '-e', 'OTHER=b', 'example/worker:1'])\n", "import subprocess\nsubprocess.run(['docker', 'run', '-e', 'MODE=a', 'example/worker:1'])\n"),
        ("a.py", "import docker\ndocker.from_env().containers.run('example/worker:1', environment={'MODE': 'a', 'OTHER': 'b'})\n", "import docker\ndocker.from_env().containers.run('example/worker:1', environment={'MODE': 'a'})\n"),
    ],
)
def test_a_variable_is_taken_out_with_its_line(mend: Mend, name: str, before: str, after: str) -> None:
    assert mend({name: before}, UNKNOWN) == ({name: after}, ())
    assert mend({name: before}, UNKNOWN, unsafe=False)[0] == {name: before}
