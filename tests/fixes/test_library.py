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


ALIAS = "http://host.docker.internal:11434"


def test_testcontainers_of_javascript_get_a_call_laid_out_like_the_others(mend: Mend) -> None:
    text = f'''import {{ GenericContainer }} from "testcontainers";

export async function up() {{
  return new GenericContainer("example/worker:1")
    .withEnvironment({{ OLLAMA_BASE_URL: "{ALIAS}" }})
    .start();
}}

export async function two() {{
  const other = new GenericContainer("example/other:1").withEnvironment({{ OLLAMA_BASE_URL: "{ALIAS}" }});
  return await other.start();
}}
'''
    added = '.withExtraHosts([{ host: "host.docker.internal", ipAddress: "host-gateway" }])'
    files, left = mend({"up.ts": text}, unsafe=False)
    assert (files["up.ts"], left) == (text.replace("    .start()", f"    {added}\n    .start()").replace("other.start", f"other{added}.start"), ())


def test_testcontainers_of_python_get_a_keyword_for_the_library(mend: Mend) -> None:
    text = f"""from testcontainers.core.container import DockerContainer


def up():
    worker = DockerContainer("example/worker:1").with_env("OLLAMA_BASE_URL", "{ALIAS}")
    worker.start()
"""
    files, left = mend({"up.py": text}, unsafe=False)
    assert (files["up.py"], left) == (text.replace("worker.start", 'worker.with_kwargs(extra_hosts={"host.docker.internal": "host-gateway"}).start'), ())
    # A second call would take back what the first has set.
    other = text.replace("    worker.start", "    worker.with_kwargs(user='x')\n    worker.start")
    assert mend({"up.py": other}) == ({"up.py": other}, ("STG103: it calls with_kwargs already",))


def test_testcontainers_of_go_get_a_modifier_where_the_type_is_at_hand(mend: Mend) -> None:
    text = f"""package x

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/testcontainers/testcontainers-go"
)

var _ container.Config

func up(ctx context.Context) {{
	testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{{
		ContainerRequest: testcontainers.ContainerRequest{{
			Image: "example/worker:1",
			Env:   map[string]string{{"OLLAMA_BASE_URL": "{ALIAS}"}},
		}},
		Started: true,
	}})
}}
"""
    added = 'HostConfigModifier: func(hc *container.HostConfig) { hc.ExtraHosts = append(hc.ExtraHosts, "host.docker.internal:host-gateway") },'
    files, left = mend({"up.go": text})
    assert (files["up.go"], left) == (text.replace('11434"},\n', f'11434"}},\n\t\t\t{added}\n'), ())
    bare = text.replace('\t"github.com/docker/docker/api/types/container"\n', "").replace("var _ container.Config\n\n", "")
    assert mend({"up.go": bare})[1] == ("STG103: the file does not import the package container, in which the host configuration is",)


def test_a_pod_gets_no_gateway_because_there_is_none(mend: Mend) -> None:
    pod = """apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: a
      image: x/y
      env:
        - {name: OLLAMA_BASE_URL, value: "http://172.17.0.1:11434"}
"""
    files, left = mend({"pod.yaml": pod})
    assert files["pod.yaml"] == pod
    assert left == ("STG110: Kubernetes has no host-gateway: hostAliases take numbers only, and which one the node has is not known before it runs",)
