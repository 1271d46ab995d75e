"""A program that serves the containers which it starts: where it listens, and the address that they are given."""

from __future__ import annotations

from collections.abc import Callable

LAUNCH = """import os from "os";
import { spawn } from "child_process";
import { PORT } from "./config.js";

function gateway(): string[] {
  return os.platform() === "linux" ? ["--add-host=host.docker.internal:host-gateway"] : [];
}

export function start() {
  const args = ["run", "--rm", ...gateway(), "-e", `ANTHROPIC_BASE_URL=http://host.docker.internal:${PORT}`, "example/agent:1"];
  spawn("docker", args);
}
"""
CONFIG = 'export const PORT = parseInt(process.env.PROXY_PORT || "3001", 10);\n'
MAIN = """import { serve } from "./proxy.js";
import { PORT } from "./config.js";
import { start } from "./launch.js";

serve(PORT%s);
start();
"""
PROXY = """import { createServer } from "http";

export function serve(port: number%s) {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, %s, () => resolve(server));%s
  });
}
"""


def test_loopback_is_told_where_it_is_written(found: Callable[..., None]) -> None:
    found({"launch.ts": LAUNCH, "config.ts": CONFIG, "main.ts": MAIN % "", "proxy.ts": PROXY % ("", '"127.0.0.1"', " // STG109")})


def test_a_fallback_is_told_beside_what_is_found_at_run_time(found: Callable[..., None]) -> None:
    found({
        "launch.ts": LAUNCH, "config.ts": CONFIG, "main.ts": 'import { bindHost } from "./bind.js";\n' + MAIN % ", bindHost()",
        "proxy.ts": PROXY % (", host: string", "host", ""),
        "bind.ts": """import os from "os";
export function bindHost(): string {
  const bridge = os.networkInterfaces()["docker0"];
  if (bridge) return bridge[0].address;
  return "127.0.0.1"; // STG109
}
""",
    })


def test_another_address_is_right_and_so_is_another_port(found: Callable[..., None]) -> None:
    found({"launch.ts": LAUNCH, "config.ts": CONFIG, "main.ts": MAIN % "", "proxy.ts": PROXY % ("", '"0.0.0.0"', "")})
    found({"launch.ts": LAUNCH, "config.ts": CONFIG, "main.ts": "serve(9000);\n", "proxy.ts": PROXY % ("", '"127.0.0.1"', "")})


def test_python_and_go(found: Callable[..., None]) -> None:
    found({
        "run.py": """import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT = 8765


def serve():
    HTTPServer(("127.0.0.1", PORT), BaseHTTPRequestHandler).serve_forever()  # STG109


def start():
    subprocess.run(
        ["docker", "run", "--add-host", "host.docker.internal:host-gateway", "-e", f"API_URL=http://host.docker.internal:{PORT}", "example/worker:1"],
        check=True,
    )
"""
    })
    found({
        "run.py": "",
        "main.go": """package main

import (
	"net/http"
	"os/exec"
)

func serve() error {
	return http.ListenAndServe("127.0.0.1:8765", nil) // STG109
}

func start() error {
	return exec.Command("docker", "run", "--add-host=host.docker.internal:host-gateway", "-e", "API_URL=http://host.docker.internal:8765", "example/worker:1").Run()
}
""",
    })
