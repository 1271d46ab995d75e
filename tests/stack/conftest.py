"""A folder with a policy whose services are small programs of this folder's own, and the commands `up` and `down` in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICE = '''
"""A service: an HTTP server, with a child that leaves its session if asked to."""
import argparse, http.server, os, signal, subprocess, sys, time
p = argparse.ArgumentParser()
p.add_argument("port", type=int)
p.add_argument("--wait", type=float, default=0)
p.add_argument("--fail", action="store_true")
p.add_argument("--stubborn", action="store_true")
p.add_argument("--child", action="store_true")
p.add_argument("--status", type=int, default=200)
a = p.parse_args()
print("service on", a.port, flush=True)
if a.child:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # child of %d" % a.port], start_new_session=True)
if a.stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(a.wait)
if a.fail:
    print("cannot open the model: token=sk-verysecret1234567", flush=True)
    sys.exit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(a.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
http.server.ThreadingHTTPServer(("127.0.0.1", a.port), Handler).serve_forever()
'''


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        number: int = held.getsockname()[1]
    return number


class Stack:
    """One folder. `ports`: those of the services that were described, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: dict[str, int] = {}
        self._text = "version: 1\nservices:\n"
        (folder / "service.py").write_text(SERVICE)

    def service(self, name: str, *words: str, health: str = "{http: /, status: 200}", start: bool = True, program: str = sys.executable) -> int:
        """Describe a service with this folder's program; gives its port."""
        port = self.ports[name] = free_port()
        self._text += f"  {name}:\n    address: localhost:{port}\n    env: [{name.upper()}_URL]\n    url: http://{{address}}\n    health: {health}\n"
        if start:
            command = json.dumps([program, "service.py", str(port), *words])
            self._text += f"    start: {command}\n"
        (self.folder / "stigmer-lint.yaml").write_text(self._text)
        return port

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "stigmer_lint", *words]

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), cwd=self.folder, capture_output=True, text=True, check=False, timeout=90, env={**os.environ, **environ})

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(self.command(*words), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @property
    def state(self) -> dict[str, list[dict[str, object]]]:
        file = self.folder / ".stigmer-lint/state.json"
        found: dict[str, list[dict[str, object]]] = json.loads(file.read_text()) if file.exists() else {"services": [], "containers": []}
        return found

    def pid(self, name: str) -> int:
        (found,) = [one["pid"] for one in self.state["services"] if one["name"] == name]
        assert isinstance(found, int)
        return found

    def left(self) -> list[str]:
        """Command lines of processes that belong to a service of this folder, zombies left out."""
        found = []
        for place in Path("/proc").iterdir():
            if place.name.isdigit():
                try:
                    words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if any(f"service.py {port}" in words or f"child of {port}" in words or f'"port":{port}' in words for port in self.ports.values()):
                    found.append(words)
        return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    if not Path("/proc/self/stat").exists():
        pytest.skip("what is left over is looked for in /proc")
    found = Stack(tmp_path)
    try:
        yield found
    finally:
        if (tmp_path / ".stigmer-lint/state.json").exists():
            found.run("down")
        assert found.left() == []
