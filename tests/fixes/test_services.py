"""What listens on loopback, what an image bakes in, and what a client is not told."""

from __future__ import annotations

import pytest

from .conftest import Mend

TYPESCRIPT = """import { spawn } from "node:child_process";
import { createServer } from "node:http";

BODY

export function start(): void {
  spawn("docker", ["run", "--add-host=host.docker.internal:host-gateway", "-e", "API_URL=http://host.docker.internal:8765", "example/worker:1"]);
}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('createServer().listen(8765, "127.0.0.1");', 'createServer().listen(8765, "0.0.0.0");'),
        ("const LISTENING = '127.0.0.1';\ncreateServer().listen(8765, LISTENING);", "const LISTENING = '0.0.0.0';\ncreateServer().listen(8765, LISTENING);"),
    ],
)
def test_a_server_of_the_launching_code_is_opened_where_its_host_is_written(mend: Mend, before: str, after: str) -> None:
    text = TYPESCRIPT.replace("BODY", before)
    assert mend({"a.ts": text}, unsafe=False)[0]["a.ts"] == text, "whom it is opened to is not for a program to say"
    assert mend({"a.ts": text}) == ({"a.ts": TYPESCRIPT.replace("BODY", after)}, ())


def test_a_unit_that_says_where_it_listens_is_opened_and_one_that_does_not_is_left(mend: Mend) -> None:
    unit = '[Service]\nEnvironment="OLLAMA_HOST=127.0.0.1:11434"\nExecStart=/usr/local/bin/ollama serve\n'
    script = "#!/bin/sh\ndocker run --add-host host.docker.internal:host-gateway -e OLLAMA_BASE_URL=http://host.docker.internal:11434 x/y\n"
    files, left = mend({"ollama.service": unit, "run.sh": script})
    assert (files["ollama.service"], left) == (unit.replace("127.0.0.1", "0.0.0.0"), ())
    by_itself = "[Service]\nExecStart=/usr/local/bin/ollama serve\n"
    files, left = mend({"ollama.service": by_itself, "run.sh": script})
    assert (files["ollama.service"], left) == (by_itself, ("STG109: 127.0.0.1 is not written there",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM python:3.12\nENV REDIS_URL=redis://localhost:6379/0\nCMD [\"x\"]\n", "FROM python:3.12\nCMD [\"x\"]\n"),
        ("FROM python:3.12\r\n# the queue\r\nenv REDIS_URL redis://localhost:6379/0\r\nCMD [\"x\"]\r\n", "FROM python:3.12\r\n# the queue\r\nCMD [\"x\"]\r\n"),
        ("FROM python:3.12\nENV REDIS_URL=\"redis://localhost:6379/0\"", "FROM python:3.12\n"),
    ],
)  # fmt: skip
def test_a_default_of_the_image_is_taken_out_with_its_line(mend: Mend, before: str, after: str) -> None:
    assert mend({"Dockerfile": before}, unsafe=False)[0]["Dockerfile"] == before
    assert mend({"Dockerfile": before}) == ({"Dockerfile": after}, ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FROM python:3.12\nENV A=1 REDIS_URL=redis://localhost:6379/0\n", "the ENV that sets REDIS_URL sets more"),
        ("FROM python:3.12\nENV A=1 \\\n  REDIS_URL=redis://localhost:6379/0\n", "the ENV that sets REDIS_URL sets more"),
        ("FROM python:3.12\nENV REDIS_URL=redis://localhost:6379/0 \\\n  A=1\n", "the ENV that sets REDIS_URL sets more"),
        ("FROM python:3.12\nENV REDIS_URL=redis://localhost:6379/0\nCMD python -m worker ${REDIS_URL}\n", "the Dockerfile itself uses REDIS_URL"),
    ],
)  # fmt: skip
def test_a_default_of_the_image_that_does_not_stand_alone_is_left(mend: Mend, text: str, why: str) -> None:
    files, left = mend({"Dockerfile": text})
    assert files["Dockerfile"] == text
    assert f"STG206: {why}" in left


COMPOSE = """services:
  worker:
    build: ./worker
    environment:
      OLLAMA_BASE_URL: http://ollama:11434
  ollama:
    image: ollama/ollama
"""
WORKER = """import sys

from langchain_ollama import ChatOllama

CALL
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('llm = ChatOllama(model="llama3")', 'llm = ChatOllama(model="llama3", base_url=os.environ["OLLAMA_BASE_URL"])'),
        ("llm = ChatOllama()", 'llm = ChatOllama(base_url=os.environ["OLLAMA_BASE_URL"])'),
        ('llm = ChatOllama(\n    model="llama3",\n)', 'llm = ChatOllama(\n    model="llama3",\n    base_url=os.environ["OLLAMA_BASE_URL"],\n)'),
    ],
)
def test_a_client_is_given_the_variable_that_the_launch_sets(mend: Mend, before: str, after: str) -> None:
    files, left = mend({"compose.yaml": COMPOSE, "worker/Dockerfile": "FROM python:3.12\nCOPY . .\n", "worker/main.py": WORKER.replace("CALL", before)})
    assert (files["worker/main.py"], left) == (WORKER.replace("import sys\n", "import os\nimport sys\n").replace("CALL", after), ())


def test_a_client_of_javascript_is_given_it_as_an_option(mend: Mend) -> None:
    compose = COMPOSE.replace("OLLAMA_BASE_URL", "OLLAMA_URL")
    text = 'import { ChatOllama } from "@langchain/ollama";\n\nconst llm = new ChatOllama({ model: "llama3" });\nconsole.log(llm);\n'
    files, left = mend({"compose.yaml": compose, "worker/Dockerfile": "FROM node:22\nCOPY . .\n", "worker/main.js": text})
    assert (files["worker/main.js"], left) == (text.replace('"llama3" }', '"llama3", baseUrl: process.env.OLLAMA_URL }'), ())


def test_a_client_that_takes_a_bare_host_is_not_given_a_url(mend: Mend) -> None:
    compose = "services:\n  worker:\n    build: ./worker\n    environment:\n      REDIS_URL: redis://cache:6379/0\n  cache:\n    image: redis:7\n"
    text = "import redis\n\nclient = redis.Redis()\n"
    files, left = mend({"compose.yaml": compose, "worker/Dockerfile": "FROM python:3.12\nCOPY . .\n", "worker/main.py": text})
    assert files["worker/main.py"] == text
    assert [one for one in left if one.startswith("STG301")] == ["STG301"]


def test_a_constant_that_others_use_is_left_and_the_host_is_written_where_it_is_meant(mend: Mend) -> None:
    names = 'LOCAL = "localhost"\n'
    text = """import docker

from names import LOCAL

docker.from_env().containers.run("example/worker:1", environment={"MCP_HOST": LOCAL, "MCP_PORT": "8000"}, ports={"8000/tcp": 8000})
"""
    files, left = mend({"names.py": names, "up.py": text})
    assert (files, left) == ({"names.py": names, "up.py": text.replace('": LOCAL', '": "0.0.0.0"')}, ())
