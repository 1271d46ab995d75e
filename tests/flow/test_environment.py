"""What a launching program's own environment is said to be: schemas that parse it, samples that set it."""

from __future__ import annotations

from collections.abc import Callable

SCHEMA = """import { z } from "zod";

const Env = z.object({
  TELEMETRY_URL: z.string().url(),
  OLLAMA_BASE_URL: z.string().default("http://localhost:11434"),
  API_URL: z.string().optional(),
});
export const env = Env.parse(process.env);
"""
LAUNCH = """import { spawn } from "child_process";
import { env } from "./env.js";

export function start() {
  spawn("docker", [
    "run", "--rm",
    "-e", `OLLAMA_BASE_URL=${env.OLLAMA_BASE_URL}`, // STG101
    "-e", `OTEL_EXPORTER_OTLP_ENDPOINT=${env.TELEMETRY_URL}`,%s
    "example/worker:1",
  ]);
}
"""


def test_a_schemas_default_is_what_the_container_gets(found: Callable[..., None]) -> None:
    found({"env.ts": SCHEMA, "launch.ts": LAUNCH % ""})


def test_a_sample_beside_the_program_says_what_is_handed_on(found: Callable[..., None]) -> None:
    found({"env.ts": SCHEMA, "launch.ts": LAUNCH % " // STG101", ".env.example": "TELEMETRY_URL=http://localhost:4318\n"})
    found({"env.ts": SCHEMA, "launch.ts": LAUNCH % "", ".env.example": "TELEMETRY_URL=http://collector.example.com:4318\n"})


def test_another_address_by_platform_shows_that_loopback_is_not_meant(found: Callable[..., None]) -> None:
    found({
        "launch.ts": """import os from "os";
import { spawn } from "child_process";

const hostName = () => (os.platform() === "linux" ? "localhost" : "host.docker.internal");

export function start(network: string) {
  spawn("docker", [
    "run", "--rm", "--network", network,
    "-e", `API_HOST=${hostName()}`,
    "-e", `OTEL_EXPORTER_OTLP_ENDPOINT=${process.env.TELEMETRY_URL}`, // STG102
    "example/worker:1",
  ]);
}
"""
    }, ("STG102",))


def test_a_resolver_by_platform_flags_of_a_library_needs_no_gateway(found: Callable[..., None]) -> None:
    found({
        "launch.ts": """import { isMacOS, isWindows } from "std-env";
import { spawn } from "child_process";

function reachable(address: string): string {
  const url = new URL(address);
  if (url.hostname === "localhost") url.hostname = isMacOS || isWindows ? "host.docker.internal" : "localhost";
  return url.toString();
}

export function start(network: string) {
  spawn("docker", ["run", "--rm", "--network", network, "-e", `API_URL=${reachable(process.env.API_URL!)}`, "example/worker:1"]);
}
"""
    }, ("STG103",))
