"""Addresses that are written, or given, far from the launch: what is found of them, and what looks like it and is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

LAUNCH_SERVED = """import { spawn } from "child_process";
import { serve } from "./proxy.js";
import { bridge } from "./bridge.js";

export function start(command: string) {
  serve({ listenHost: bridge() });
  spawn("docker", ["run", "--rm", "example/sandbox:1", "sh", "-c", command]);
}
"""
PROXY = """import { createServer } from "http";

export function serve(options?: { listenHost?: string }) {
  const host = options?.listenHost ?? "127.0.0.1";
  createServer().listen(0, host, () => {});
}
"""
BRIDGE = """import { execSync } from "child_process";

export function bridge(): string {
  if (process.platform !== "linux") return "127.0.0.1";
  const match = execSync("ip -4 addr show docker0", { encoding: "utf-8" }).match(/inet (\\S+)/);
  if (match) return match[1];
  return "%s";%s
}
"""


def test_a_server_on_the_usual_address_of_the_bridge(found: Callable[..., None]) -> None:
    found({"launch.ts": LAUNCH_SERVED, "proxy.ts": PROXY, "bridge.ts": BRIDGE % ("172.17.0.1", " // STG110")})


def test_a_server_on_the_bridge_that_was_found_or_on_every_interface(found: Callable[..., None]) -> None:
    found({"launch.ts": LAUNCH_SERVED, "proxy.ts": PROXY, "bridge.ts": BRIDGE % ("0.0.0.0", "")})
    found({"launch.ts": LAUNCH_SERVED, "proxy.ts": PROXY, "bridge.ts": BRIDGE % ("0.0.0.0", ""), "notes.ts": 'export const usual = "172.17.0.1";\n'})


BESIDE_A_BACKEND = """import subprocess


def main():
    start(backend_port=8000, mcp_port=8001)


def start(backend_port, mcp_port):
    subprocess.Popen(
        [
            "docker", "run", "--rm",
            "-p", f"{%s}:8000",
            "-e", f"API_URL=http://localhost:{%s}",%s
            "example/mcp:1",
        ]
    )
"""


def test_a_port_of_another_variable_is_not_the_containers_own(found: Callable[..., None]) -> None:
    found({"run.py": BESIDE_A_BACKEND % ("mcp_port", "backend_port", "  # STG101")})


def test_a_port_that_the_container_has_is_its_own(found: Callable[..., None]) -> None:
    found({"run.py": BESIDE_A_BACKEND.replace("mcp_port=8001", "mcp_port=8000") % ("mcp_port", "mcp_port", "")})
    found({"run.py": BESIDE_A_BACKEND.replace("{%s}:8000", "8001:8000") % ("backend_port", "")})
    # Told to the program inside as its own.
    found({"run.py": BESIDE_A_BACKEND % ("mcp_port", "backend_port", ' "-e", f"PORT={backend_port}",')})
    # The port is written with the host, and only the host comes from elsewhere.
    found({
        "run.py": 'import subprocess\n\n\ndef start(published=8001):\n    host = "localhost"\n    subprocess.Popen('
        '["docker", "run", "-p", f"{published}:8000", "-e", f"API_URL=http://{host}:8000", "example/mcp:1"])\n'
    })


REWRITES = """package mcp

import (
	"os/exec"
	"strings"
)

type Component struct{ URL string }

func launch(components []Component) error {
	args := []string{"run", "--add-host", "host.docker.internal:host-gateway"}
	for _, component := range components {
		component.URL = strings.Replace(component.URL, "http://localhost", "http://host.docker.internal", 1)%s
		args = append(args, "-e", "COMPONENT_URL="+component.URL)
	}
	return exec.Command("docker", append(args, "example/shim:1")...).Run()
}
"""


ANSWERS = """import os
import subprocess


def api_url(value):
    if {test}:
        return {inside}
    return {outside}


def start(url):
    subprocess.run(["docker", "run", "--add-host", "host.docker.internal:host-gateway", "-e", "API_URL=" + api_url(url), "example/app:1"])
"""


def test_a_function_that_does_not_look_at_what_it_is_asked_is_no_resolver(found: Callable[..., None]) -> None:
    same = ANSWERS.format(test='os.getenv("RUNTIME") == "docker"', inside='"http://host.docker.internal:7070"', outside='"http://localhost:7070"')
    found({"start.py": same}, ())
    looks = ANSWERS.format(test='value.startswith("http://localhost")', inside='value.replace("localhost", "host.docker.internal")  # STG104', outside="value")
    found({"start.py": looks}, ("STG104",))


def test_a_replacement_in_what_people_give(found: Callable[..., None]) -> None:
    found({"launch.go": REWRITES % " // STG104"}, ("STG104",))


def test_a_replacement_of_both_usual_spellings(found: Callable[..., None]) -> None:
    found({
        "launch.go": (REWRITES % "").replace(
            "strings.Replace(component.URL, ", 'strings.Replace(strings.Replace(component.URL, "http://127.0.0.1", "http://host.docker.internal", 1), ',
        )
    }, ("STG104",))


def test_a_replacement_in_what_the_program_itself_writes(found: Callable[..., None]) -> None:
    found({
        "launch.go": (REWRITES % "") + '\nfunc start() error { return launch([]Component{{URL: "http://localhost:8080"}}) }\n',
    }, ("STG104",))


MANAGER = """import Docker from "dockerode";
import { hostDomain } from "./util.js";

export class Manager {
  private docker = new Docker();
  async create(id: string) {
    const env: string[] = [`SUPERVISOR_API_HOST=${process.env.API_HOST ?? hostDomain()}`];
    if (process.env.%s) {
      env.push(`%s=${process.env.%s}`);%s
    }
    await this.docker.createContainer({ name: id, Image: "example/run:1", Env: env, HostConfig: { NetworkMode: process.env.NETWORK } });
  }
}
"""
UTIL = 'export function hostDomain() {\n  return process.platform === "linux" ? %s : "host.docker.internal";\n}\n'


def test_an_address_of_the_launcher_beside_one_that_is_turned_by_platform(found: Callable[..., None]) -> None:
    names = ("WARM_START_URL", "WARM_START_URL", "WARM_START_URL")
    found({"manager.ts": MANAGER % (*names, " // STG102"), "util.ts": UTIL % '"localhost"'}, ("STG102",))


@pytest.mark.parametrize("name", ["PUBLIC_URL", "APP_URL", "WARM_START_MODE"])
def test_what_is_for_browsers_or_no_address(name: str, found: Callable[..., None]) -> None:
    found({"manager.ts": MANAGER % (name, name, name, ""), "util.ts": UTIL % '"localhost"'}, ("STG102",))


STUDIO = """import { dockerRun } from "./run.js";
import type { StudioConfig } from "./types.js";

interface Layer { readonly studio: StudioConfig | false }

export function build(layer: Layer) {
  if (layer.studio === false) return;
  return dockerRun("example/studio:1", {
    BACKEND_API_URL: layer.studio.apiUrl,%s
  });
}
"""
RUN = """import { spawn } from "child_process";

export const dockerRun = (image: string, env: Record<string, string>) =>
  spawn("docker", ["run", "--rm", ...Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]), image]);
"""
TYPES = "export interface StudioConfig {\n  readonly port: number;\n  readonly apiUrl: string;\n}\n"
RESOLVE = """import type { StudioConfig } from "./types.js";

export function resolveStudio(input: { apiUrl?: string }, apiPort: number): StudioConfig | false {
  return { port: 3000, apiUrl: input.apiUrl ?? `%s:${apiPort}` };
}
"""


def test_a_field_of_an_interface_that_a_function_fills(found: Callable[..., None]) -> None:
    found({"studio.ts": STUDIO % " // STG101", "run.ts": RUN, "types.ts": TYPES, "resolve.ts": RESOLVE % "http://127.0.0.1"})


def test_a_field_of_an_interface_that_is_filled_well_or_of_another_of_the_same_name(found: Callable[..., None]) -> None:
    found({"studio.ts": STUDIO % "", "run.ts": RUN, "types.ts": TYPES, "resolve.ts": RESOLVE % "http://api.example.com"})
    found({
        "studio.ts": STUDIO % "", "run.ts": RUN, "types.ts": TYPES,
        "resolve.ts": (RESOLVE % "http://127.0.0.1").replace('import type { StudioConfig } from "./types.js";', "interface StudioConfig { port: number; apiUrl: string }"),
    })


def test_keys_beside_a_public_address_do_not_say_that_the_way_inside_is_given(found: Callable[..., None]) -> None:
    found({
        "run.py": """import subprocess


def start(key, port):
    subprocess.run([
        "docker", "run", "-e", f"SHOP_PUBLIC_URL=http://localhost:{port}", "-e", f"SHOP_ANON_KEY={key}",
        "-e", f"SHOP_API_URL=http://localhost:{port}",  # STG101
        "example/studio:1",
    ])
"""
    })


def test_a_method_behind_an_interface_has_the_fields_of_its_own_type(found: Callable[..., None]) -> None:
    found({
        "transport.go": """package transport

import "os/exec"

type Transport interface{ Setup(image string) error }

type Stdio struct{ host string }

func (t *Stdio) Setup(image string) error { return exec.Command("docker", "run", image).Run() }

type HTTP struct{ host string }

func (t *HTTP) Setup(image string) error {
	return exec.Command("docker", "run", "-p", "8080:8080",
		"-e", "MCP_HOST="+t.host, // STG108
		image).Run()
}

func create(kind string) Transport {
	if kind == "stdio" {
		return &Stdio{host: "0.0.0.0"}
	}
	return &HTTP{host: "127.0.0.1"}
}

func Run(kind string) error { return create(kind).Setup("example/mcp:1") }
"""
    })


OPTIONS = """package runner

import "os/exec"

type config struct{ targetHost string }

type builder struct{ config *config }

type Option func(*builder) error

func WithTargetHost(host string) Option {
	return func(b *builder) error {
		if host == "" {
			host = "%s"
		}
		b.config.targetHost = host
		return nil
	}
}

func (c *config) Run() error {
	return exec.Command("docker", "run", "-p", "8080:8080",
		"-e", "MCP_HOST="+c.targetHost,%s
		"example/mcp:1").Run()
}
"""


def test_a_field_that_a_functional_option_sets(found: Callable[..., None]) -> None:
    found({"runner.go": OPTIONS % ("127.0.0.1", " // STG108")})


def test_a_field_that_a_functional_option_sets_well(found: Callable[..., None]) -> None:
    found({"runner.go": OPTIONS % ("0.0.0.0", "")})
