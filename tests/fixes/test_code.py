"""Fixes in code: values passed through the tree's own resolver, names set beside others, in the form that stands there."""

from __future__ import annotations

import re

import pytest

from .conftest import Mend

RESOLVERS = """version: 1
resolvers: [containerAddress, container_address]
services:
  ollama:
    address: localhost:11434
    env: [OLLAMA_BASE_URL]
containers:
  worker:
    match: {image: "example/worker*"}
    uses: [ollama]
"""

GO = """package main

import (
	"fmt"
	"os/exec"
)

func start(temporal, ollama string, port int) error {{
	return exec.Command("docker", "run", "--add-host", "host.docker.internal:host-gateway",
		"-e", "TEMPORAL_ADDRESS="+containerAddress(temporal),
		"-e", {},
		"example/worker:1").Run()
}}

var _ = fmt.Sprint
"""

PYTHON = """import subprocess


def start(temporal: str, ollama: str, port: int) -> None:
    subprocess.run(
        [
            "docker", "run", "--add-host", "host.docker.internal:host-gateway",
            "-e", f"TEMPORAL_ADDRESS={{net.container_address(temporal)}}",
            "-e", {},
            "example/worker:1",
        ],
        check=True,
    )
"""

TYPESCRIPT = """import {{ spawn }} from "node:child_process";

export function start(temporal: string, ollama: string, port: number): void {{
  spawn("docker", [
    "run", "--add-host", "host.docker.internal:host-gateway",
    "-e", `TEMPORAL_ADDRESS=${{containerAddress(temporal)}}`,
    "-e", {},
    "example/worker:1",
  ]);
}}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"OLLAMA_BASE_URL="+ollama', '"OLLAMA_BASE_URL="+containerAddress(ollama)'),
        ('"OLLAMA_BASE_URL=" + ollama + "/v1"', '"OLLAMA_BASE_URL=" + containerAddress(ollama + "/v1")'),
        ('"OLLAMA_BASE_URL=http://" + ollama', '"OLLAMA_BASE_URL=" + containerAddress("http://" + ollama)'),
        ('fmt.Sprintf("OLLAMA_BASE_URL=%s", ollama)', 'fmt.Sprintf("OLLAMA_BASE_URL=%s", containerAddress(ollama))'),
        ('fmt.Sprintf("OLLAMA_BASE_URL=http://%s:%d", ollama, port)', '"OLLAMA_BASE_URL=" + containerAddress(fmt.Sprintf("http://%s:%d", ollama, port))'),
        ('"OLLAMA_BASE_URL=http://localhost:11434"', '"OLLAMA_BASE_URL=" + containerAddress("http://localhost:11434")'),
        ("`OLLAMA_BASE_URL=http://localhost:11434`", "`OLLAMA_BASE_URL=` + containerAddress(`http://localhost:11434`)"),
        ('"--env=OLLAMA_BASE_URL=http://localhost:11434"', '"--env=OLLAMA_BASE_URL=" + containerAddress("http://localhost:11434")'),
        ('fmt.Sprintf("--env=OLLAMA_BASE_URL=%s", ollama)', 'fmt.Sprintf("--env=OLLAMA_BASE_URL=%s", containerAddress(ollama))'),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_go_values_are_wrapped_as_they_are_written(mend: Mend, before: str, after: str, listed: bool) -> None:
    """In a call's arguments and in a slice alike."""
    form = GO.replace('return exec.Command("docker", ', "args := []string{{").replace('"example/worker:1").Run()', '"example/worker:1"}}\n\treturn exec.Command("docker", args...).Run()') if listed else GO
    form = form.replace('"-e", {},', "{},") if before.find("--env") >= 0 else form
    assert mend({"main.go": form.format(before)}, RESOLVERS) == ({"main.go": form.format(after)}, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('f"OLLAMA_BASE_URL={ollama}"', 'f"OLLAMA_BASE_URL={net.container_address(ollama)}"'),
        ("f'OLLAMA_BASE_URL=http://{ollama}:{port}'", "f'OLLAMA_BASE_URL={net.container_address(f\"http://{ollama}:{port}\")}'"),
        ('"OLLAMA_BASE_URL=" + ollama', '"OLLAMA_BASE_URL=" + net.container_address(ollama)'),
        ("'OLLAMA_BASE_URL=http://localhost:11434'", "'OLLAMA_BASE_URL=' + net.container_address('http://localhost:11434')"),
        ('r"OLLAMA_BASE_URL=http://localhost:11434"', 'r"OLLAMA_BASE_URL=" + net.container_address(r"http://localhost:11434")'),
        ('"OLLAMA_BASE_URL={}".format(ollama)', '"OLLAMA_BASE_URL={}".format(net.container_address(ollama))'),
        ('"OLLAMA_BASE_URL=%s" % ollama', '"OLLAMA_BASE_URL=%s" % net.container_address(ollama)'),
        (
            '"OLLAMA_BASE_URL=" + os.getenv("X", "http://localhost:1") + "/v1"',
            '"OLLAMA_BASE_URL=" + net.container_address(os.getenv("X", "http://localhost:1") + "/v1")',
        ),
    ],
)
def test_python_values_are_wrapped_as_they_are_written(mend: Mend, before: str, after: str) -> None:
    assert mend({"app.py": PYTHON.format(before)}, RESOLVERS) == ({"app.py": PYTHON.format(after)}, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("`OLLAMA_BASE_URL=${ollama}`", "`OLLAMA_BASE_URL=${containerAddress(ollama)}`"),
        ("`OLLAMA_BASE_URL=http://${ollama}:${port}`", "`OLLAMA_BASE_URL=${containerAddress(`http://${ollama}:${port}`)}`"),
        ("'OLLAMA_BASE_URL=' + ollama", "'OLLAMA_BASE_URL=' + containerAddress(ollama)"),
        ('"OLLAMA_BASE_URL=http://localhost:11434"', '"OLLAMA_BASE_URL=" + containerAddress("http://localhost:11434")'),
    ],
)
def test_typescript_values_are_wrapped_as_they_are_written(mend: Mend, before: str, after: str) -> None:
    assert mend({"launch.ts": TYPESCRIPT.format(before)}, RESOLVERS) == ({"launch.ts": TYPESCRIPT.format(after)}, ())


CONSTANTS = """import docker

LOCAL = "http://localhost:11434"


def start() -> None:
    env = {{"TEMPORAL_ADDRESS": container_address("localhost:7233")}}
    {}
    docker.from_env().containers.run("example/worker:1", environment=env, extra_hosts={{"host.docker.internal": "host-gateway"}})
"""


@pytest.mark.parametrize("before", ['env["OLLAMA_BASE_URL"] = {}', 'env.update({{"OLLAMA_BASE_URL": {}}})'])
def test_a_constant_is_resolved_where_it_is_handed_over(mend: Mend, before: str) -> None:
    """Others may read it on the host."""
    resolved = CONSTANTS.format(before.format("container_address(LOCAL)"))
    assert mend({"app.py": CONSTANTS.format(before.format("LOCAL"))}, RESOLVERS) == ({"app.py": resolved}, ())


@pytest.mark.parametrize(
    ("path", "form", "written"),
    [
        ("app.py", PYTHON.replace("import subprocess\n", 'import subprocess\n\nNAME = "OLLAMA_BASE_URL"\n'), 'NAME + "=http://localhost:11434"'),
        ("app.py", PYTHON, '"=".join(["OLLAMA_BASE_URL", "http://localhost:11434"])'),
        ("app.py", PYTHON, '"%s=%s" % ("OLLAMA_BASE_URL", "http://localhost:11434")'),
        ("app.py", PYTHON.replace('"-e", {},', "{},"), '"-e" "OLLAMA_BASE_URL=http://localhost:11434"'),
        ("main.go", GO, 'env("OLLAMA_BASE_URL", "http://localhost:11434")'),
        ("main.go", GO, 'fmt.Sprintf("%s=%s", "OLLAMA_BASE_URL", "http://localhost:11434")'),
        ("main.go", GO.replace('"-e", {},', "{},"), '"--env=" + "OLLAMA_BASE_URL=http://localhost:11434"'),
        ("launch.ts", TYPESCRIPT.replace("export", 'const NAME = "OLLAMA_BASE_URL";\nexport', 1), "`${NAME}=http://localhost:11434`"),
    ],
)
def test_a_resolver_is_never_handed_the_name_with_the_address(mend: Mend, path: str, form: str, written: str) -> None:
    """It may find nothing to resolve there, and the finding would be gone all the same."""
    text = form.format(written) + ('\nfunc env(name, value string) string { return name + "=" + value }\n' if path == "main.go" else "")
    after, left = mend({path: text}, RESOLVERS)
    assert not re.search(r"ddress\([^)]*(?:OLLAMA_BASE_URL|NAME)", after[path]), after[path]
    assert left in ((), ("STG101: the value is not written in a form that can be wrapped",)), "nothing was offered to be taken back"


POLICY = """version: 1
services:
  llm:
    address: localhost:11434
    env: [LLM_BASE_URL, OLLAMA_BASE_URL]
containers:
  worker:
    match: {image: "example/worker*"}
    uses: [llm]
"""


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("run.sh", 'docker run --add-host h:host-gateway -e "LLM_BASE_URL=$(echo x)" example/worker:1\n', '-e "LLM_BASE_URL=$(echo x)" -e "OLLAMA_BASE_URL=$(echo x)"'),
        ("a.py", "import subprocess\nsubprocess.run(['docker', 'run', '--env=LLM_BASE_URL=http://h.example.com', 'example/worker:1'])\n", "'--env=LLM_BASE_URL=http://h.example.com', '--env=OLLAMA_BASE_URL=http://h.example.com'"),
        ("a.py", "import subprocess\n\nurl = 'http://h.example.com'\nsubprocess.run(['docker', 'run', '-e', 'LLM_BASE_URL={}'.format(url), 'example/worker:1'])\n", "'-e', 'LLM_BASE_URL={}'.format(url), '-e', 'OLLAMA_BASE_URL={}'.format(url)"),
        ("a.py", "import docker\n\ndocker.from_env().containers.run('example/worker:1', environment={'LLM_BASE_URL': 'http://h.example.com'})\n", "{'LLM_BASE_URL': 'http://h.example.com', 'OLLAMA_BASE_URL': 'http://h.example.com'}"),
        (
            "main.go",
            'package main\n\nimport (\n\t"fmt"\n\t"os/exec"\n)\n\nconst url = "http://h.example.com"\n\nfunc f() {\n\targs := []string{"run"}\n\targs = append(args, "-e", fmt.Sprintf("LLM_BASE_URL=%s", url))\n\texec.Command("docker", append(args, "example/worker:1")...).Run()\n}\n',
            'append(args, "-e", fmt.Sprintf("LLM_BASE_URL=%s", url), "-e", fmt.Sprintf("OLLAMA_BASE_URL=%s", url))',
        ),
        ("compose.yaml", "services:\n  worker:\n    image: example/worker:1\n    environment: {LLM_BASE_URL: 'http://h.example.com'}\n", "{LLM_BASE_URL: 'http://h.example.com', OLLAMA_BASE_URL: 'http://h.example.com'}"),
        ("compose.yaml", "services:\n  worker:\n    image: example/worker:1\n    environment:\n    - LLM_BASE_URL=http://h.example.com # the model\n", "    - LLM_BASE_URL=http://h.example.com # the model\n    - OLLAMA_BASE_URL=http://h.example.com\n"),
    ],
)
def test_the_other_name_is_set_in_the_form_of_the_first(mend: Mend, name: str, before: str, after: str) -> None:
    done, left = mend({name: before}, POLICY, unsafe=False)
    assert after in done[name], left
    assert left == ()


def test_a_value_from_another_file_is_not_repeated_there(mend: Mend) -> None:
    files = {"compose.yaml": "services:\n  worker:\n    image: example/worker:1\n    env_file: worker.env\n", "worker.env": "LLM_BASE_URL=http://h.example.com\n"}
    done, left = mend(files, POLICY)
    assert done == files
    assert any(one.startswith("STG202") for one in left)


def test_a_name_is_not_set_to_a_value_that_would_be_found_there_too(mend: Mend) -> None:
    text = "import subprocess\n\n\ndef f(url):\n    subprocess.run(['docker', 'run', '-e', 'LLM_BASE_URL={}'.format(url), 'example/worker:1'])\n"
    done, left = mend({"a.py": text}, POLICY)
    assert done == {"a.py": text}
    assert "STG202: it would bring STG102 unresolved-host-address" in left


REQUIRED = """version: 1
containers:
  worker:
    match: {image: "example/worker*"}
    env: {required: [MODE]}
"""


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("compose.yaml", "    environment:\n      LEVEL: debug # how loud\n", "    environment:\n      LEVEL: debug # how loud\n      MODE:\n"),
        ("compose.yaml", "    environment:\n    - LEVEL=debug\n", "    environment:\n    - LEVEL=debug\n    - MODE\n"),
        ("compose.yaml", "    environment: [LEVEL=debug]\n", "    environment: [LEVEL=debug, MODE]\n"),
        ("compose.yaml", "    environment: {LEVEL: debug}\n", "    environment: {LEVEL: debug, MODE: null}\n"),
        ("compose.yaml", "    restart: always\n", "    restart: always\n    environment:\n      - MODE\n"),
    ],
)
def test_a_required_variable_is_handed_on_in_the_form_of_the_service(mend: Mend, name: str, before: str, after: str) -> None:
    head = "services:\n  worker:\n    image: example/worker:1\n"
    assert mend({name: head + before}, REQUIRED) == ({name: head + after}, ())
    assert mend({name: head + before}, REQUIRED, unsafe=False)[0] == {name: head + before}


def test_a_variable_is_handed_on_where_a_command_line_is_written(mend: Mend) -> None:
    text = 'import subprocess\n\nsubprocess.run(\n    [\n        "docker",\n        "run",\n        "example/worker:1",\n    ]\n)\n'
    done, left = mend({"a.py": text}, REQUIRED)
    assert done["a.py"] == text.replace('        "run",\n', '        "run",\n        "-e", "MODE",\n')
    assert left == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"5432:${DB_HOST_PORT:-5432}"', '"${DB_HOST_PORT:-5432}:5432"'),
        ("127.0.0.1:5432:${DB_HOST_PORT:-5432}/tcp", "127.0.0.1:${DB_HOST_PORT:-5432}:5432/tcp"),
    ],
)
def test_the_sides_of_a_published_port_are_exchanged(mend: Mend, before: str, after: str) -> None:
    text = "services:\n  db:\n    image: postgres:16\n    ports:\n      - {}\n"
    assert mend({"compose.yaml": text.format(before)}) == ({"compose.yaml": text.format(after)}, ())


def test_a_secret_is_not_written_down_once_more(mend: Mend) -> None:
    files = {
        "a.sh": "docker run -e DB_HOST=db.example.com -e API_TOKEN=hunter2hunter2hunter2 example/worker:1\n",
        "b.sh": "docker run -e DB_HOST=db.example.com example/worker:1\n",
        "Dockerfile": "FROM python:3.12\nCOPY app.py .\n",
        "app.py": "import os\nTOKEN = os.environ['API_TOKEN']\nHOST = os.environ['DB_HOST']\n",
        "build.sh": "docker build -t example/worker:1 .\n",
    }
    done, _ = mend(files)
    assert done["b.sh"] == files["b.sh"].replace("run", "run -e API_TOKEN")


def test_what_another_launcher_sets_alike_is_set_alike_here(mend: Mend) -> None:
    first = "import subprocess\n\n\ndef start(url):\n    subprocess.run(['docker', 'run', '-e', f'LLM_BASE_URL={url}', '-e', f'OLLAMA_BASE_URL={url}', 'example/worker:1'])\n"
    second = "import subprocess\n\n\ndef again(address):\n    subprocess.run(['docker', 'run', '-e', f'LLM_BASE_URL={address}', 'example/worker:1'])\n"
    files = {"a.py": first, "b.py": second, "build.sh": "docker build -t example/worker:1 ./worker\n", "worker/Dockerfile": "FROM python:3.12\nCOPY main.py .\n", "worker/main.py": "import os\n\nprint(os.environ['LLM_BASE_URL'], os.environ['OLLAMA_BASE_URL'])\n"}
    done, left = mend(files)
    assert done["b.py"] == second.replace("f'LLM_BASE_URL={address}'", "f'LLM_BASE_URL={address}', '-e', f'OLLAMA_BASE_URL={address}'"), left


SHELL = """#!/bin/bash
container_address() {
  echo "${1/localhost/host.docker.internal}"
}
docker run -d --add-host host.docker.internal:host-gateway \\
  -e TEMPORAL_ADDRESS="$(container_address "$1")" \\
  -e WORD \\
  example/worker:1
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('OLLAMA_BASE_URL="$2"', 'OLLAMA_BASE_URL="$(container_address "$2")"'),
        ("OLLAMA_BASE_URL=$2", 'OLLAMA_BASE_URL="$(container_address "$2")"'),
        ('"OLLAMA_BASE_URL=$2"', '"OLLAMA_BASE_URL=$(container_address "$2")"'),
        ('OLLAMA_BASE_URL="http://${2}"', 'OLLAMA_BASE_URL="$(container_address "http://${2}")"'),
    ],
)
def test_a_value_of_a_script_is_wrapped_as_the_others_are(mend: Mend, before: str, after: str) -> None:
    policy = "version: 1\nresolvers: [container_address]\nservices:\n  ollama: {address: 'localhost:11434', env: [OLLAMA_BASE_URL]}\n"
    files, left = mend({"run.sh": SHELL.replace("WORD", before)}, policy, unsafe=False)
    assert files["run.sh"] == SHELL.replace("WORD", after)
    assert [one[:6] for one in left] == ["STG104"]
