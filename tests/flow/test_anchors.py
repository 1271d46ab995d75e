"""Launches that are known by how they are written, because no call was seen to take their arguments."""

from __future__ import annotations

from collections.abc import Callable

TABLE = """import { spawn } from "node:child_process";

export function argsOf(port: number): Record<string, () => string[]> {
  return {
    worker: () => {
      const args = ["run", "--rm", "-v", "data:/data"];
      args.push("-e", "OLLAMA_BASE_URL=http://localhost:11434"); // STG101
      args.push("example/worker:1");
      return args;
    },
    other: () => ["run", "--rm", "-e", "WORKERS=4", "--network=container:elsewhere", "-e", "CES_URL=http://localhost:8090", "example/other:1"],
  };
}

export async function start(table: Map<string, () => string[]>, queue: { put(a: string[]): void }) {
  for (const name of ["worker", "other"]) queue.put(table.get(name)!());
}
// docker
"""

REQUEST = """// The engine's API over its socket: docker
export class Runner {
  async run(opts: { image: string; env: Record<string, string> }) {
    const body = {
      Image: opts.image,
      Env: Object.entries(opts.env).map(([k, v]) => `${k}=${v}`),
      HostConfig: { AutoRemove: true },
    };
    await this.request("POST", "/containers/create", body);
  }
  private async request(method: string, path: string, body: unknown) {}
}
"""

CALLER = """import { Runner } from "./runner.js";

export class Sessions {
  private deps: { runner: () => Runner; url: () => string };
  constructor(deps: { url?: () => string } = {}) {
    this.deps = { runner: () => new Runner(), url: deps.url ?? defaultUrl };
  }
  async begin() {
    const runner = this.deps.runner();
    await runner.run({ image: "example/bot:1", env: { DAEMON_URL: this.deps.url() } }); // STG103
  }
}

function defaultUrl() {
  return `http://host.docker.internal:${process.env.PORT}`;
}
"""


def test_arguments_in_a_table_of_functions_are_read_where_they_are_written(found: Callable[..., None]) -> None:
    found({"run.ts": TABLE})


def test_a_request_body_is_followed_to_the_callers_of_its_function(found: Callable[..., None]) -> None:
    found({"runner.ts": REQUEST, "sessions.ts": CALLER})


def test_a_literal_that_a_launch_is_made_of_is_no_second_launch(found: Callable[..., None]) -> None:
    # With the entry that `createContainer` is given, the alias is mapped; the literal alone has none.
    found({
        "run.ts": """import Docker from "dockerode";
const docker = new Docker();
export async function start() {
  const options = { Image: "example/worker:1", Env: ["API_URL=http://host.docker.internal:8080"], HostConfig: {}, Tty: false, Labels: {} };
  await docker.createContainer({ ...options, HostConfig: { ExtraHosts: ["host.docker.internal:host-gateway"] } });
}
"""
    })


def test_words_of_other_programs_are_no_launch(found: Callable[..., None]) -> None:
    found({"run.py": 'ARGS = ["run", "--rm-dist", "-e", "URL=http://localhost:1"]\nNPM = ["run", "build", "--", "-e", "http://localhost:1"]\n# docker\n'})


def test_what_tests_hand_to_a_helper_is_not_what_the_program_does(found: Callable[..., None]) -> None:
    found({
        "runner.py": """import subprocess


def start(env):
    args = ["docker", "run", "--rm"]
    for name, value in env.items():
        args += ["-e", f"{name}={value}"]
    subprocess.run([*args, "example/worker:1"], check=True)
""",
        "tests/test_runner.py": """from runner import start


def test_start():
    start({"API_URL": "http://localhost:8080"})
""",
    })


def test_a_container_whose_namespace_others_join_has_their_ports(found: Callable[..., None]) -> None:
    found({
        "run.py": """import subprocess


def start(name: str):
    subprocess.run(["docker", "run", "-d", "--name", f"{name}-main", "-e", "SIDE_URL=http://localhost:8090", "example/main:1"], check=True)
    subprocess.run(["docker", "run", "-d", f"--network=container:{name}-main", "-e", "MAIN_URL=http://localhost:3001", "example/side:1"], check=True)
"""
    })


def test_a_variant_of_one_helper_that_publishes_the_port_speaks_for_all(found: Callable[..., None]) -> None:
    found({
        "run.py": """import subprocess


def start(port: str):
    subprocess.run(["docker", "run", "-d", "-p", f"{port}:{port}", "-e", "CONSOLE_URL=http://localhost:30081", "example/all-in-one:1"], check=True)


def demo():
    start("30080")


def sandbox():
    start("30081")
"""
    })


def test_a_variable_is_told_where_it_is_given_and_not_where_a_map_becomes_a_list(found: Callable[..., None]) -> None:
    found({
        "run.go": """package main

import (
	"fmt"
	"os/exec"
)

func arguments(env map[string]string) []string {
	args := []string{"run", "--rm"}
	for name, value := range env {
		args = append(args, "-e", fmt.Sprintf("%s=%s", name, value))
	}
	return append(args, "example/worker:1")
}

func start() error {
	env := map[string]string{}
	env["WORKERS"] = "4"
	env["OLLAMA_BASE_URL"] = "http://localhost:11434" // STG101
	return exec.Command("docker", arguments(env)...).Run()
}
"""
    })


def test_a_bind_address_in_a_variable_is_told_where_ports_are_published_that_are_not_known(found: Callable[..., None]) -> None:
    found({
        "run.go": """package main

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
)

func start(ctx context.Context, cli *client.Client, ports nat.PortMap) error {
	config := &container.Config{
		Image: "example/mcp:1",
		Env:   []string{"MCP_HOST=localhost"}, // STG108
	}
	_, err := cli.ContainerCreate(ctx, config, &container.HostConfig{PortBindings: ports}, nil, nil, "mcp")
	return err
}
"""
    })


def test_programs_that_one_helper_starts_have_ports_of_their_own(found: Callable[..., None]) -> None:
    found({
        "run.py": """import subprocess


def start(image: str, env: dict[str, str], port: str):
    args = ["docker", "run", "-d", "-p", f"{port}:{port}"]
    for name, value in env.items():
        args += ["-e", f"{name}={value}"]
    subprocess.run([*args, image], check=True)


def database():
    start("postgres:16", {"POSTGRES_PASSWORD": "x"}, "5432")


def functions():
    start("example/functions:1", {"DB_URL": "postgresql://postgres@localhost:5432/x"}, "9000")  # STG101
"""
    })
