"""Record what a real engine answers, for the tests that run where there is none: tests/runtime/recordings/*.json.

Needs root, docker, iptables and busybox-static, as the tests in tests/runtime do. `make runtime` runs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.verifier.recording import Recorder
from stigmer_lint.verifier.system import Machine
from stigmer_lint.verifier.verify import Request, Verification, verify
from stigmer_rules import RULES

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "runtime" / "recordings"
sys.path.insert(0, str(ROOT))
lab_module = importlib.import_module("tests.runtime.conftest")


TITLES = ("loopback", "alias-without-gateway", "healthy", "paused", "stopped", "server-on-loopback", "host-service-on-loopback")


def scenes(lab: Any) -> dict[str, Callable[[], tuple[str, ...]]]:
    """Name -> what starts the scene and gives the options of the container that is verified."""
    make = lab.run
    host = lab.host
    net = lab.net
    docker = lab_module.docker

    def peer(*specs: str, alias: str = "peer", name: str | None = None) -> str:
        started: str = make("--network", net, "--network-alias", alias, name=name, command=specs)
        return started

    def healthy() -> tuple[str, ...]:
        peer("http:8080", "redis:6379", "grpc:7001:0.0.0.0:serving", alias="good")
        return ("-e", "API_URL=http://good:8080/", "-e", "REDIS_URL=redis://good:6379/0", "-e", "BACKEND_ENDPOINT=grpc://good:7001")

    def paused() -> tuple[str, ...]:
        docker("pause", peer("redis:6379", alias="frozen"))
        return ("-e", "REDIS_URL=redis://frozen:6379/0")

    def stopped() -> tuple[str, ...]:
        name = lab.name("gone")
        peer("http:8080", name=name)
        docker("kill", name)
        return ("-e", f"API_URL=http://{name}:8080/")

    def server_on_loopback() -> tuple[str, ...]:
        peer("http:9000:127.0.0.1", alias="shy")
        return ("-e", "API_URL=http://shy:9000/")

    def host_service_on_loopback() -> tuple[str, ...]:
        return ("--add-host", "host.docker.internal:host-gateway", "-e", f"API_URL=http://host.docker.internal:{host('http', '127.0.0.1')}/")

    starters = (
        lambda: ("-e", "OLLAMA_HOST=http://localhost:11434"), lambda: ("-e", "OLLAMA_HOST=http://host.docker.internal:11434"),
        healthy, paused, stopped, server_on_loopback, host_service_on_loopback,
    )  # fmt: skip
    return dict(zip(TITLES, starters, strict=True))


def told(result: Verification) -> list[list[str]]:
    """The verdicts of a run, for comparison."""
    return [
        [check.kind, ",".join(check.names), check.outcome, check.cause.key if check.cause is not None else ""] for one in result.examined for check in one.checks
    ]


def main() -> int:
    problem = lab_module._engine_problem()
    if problem is not None:
        sys.stderr.write(f"no recording without an engine: {problem}\n")
        return 2
    spec = importlib.util.spec_from_file_location("runtime_servers", ROOT / "tests" / "runtime" / "servers.py")
    if spec is None or spec.loader is None:
        return 2
    servers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(servers)
    FOLDER.mkdir(exist_ok=True)
    images = lab_module.base_images()
    for way, titles in (("setns", TITLES), ("helper", TITLES[:1])):
        for title in titles:
            lab = lab_module.Lab(images, servers)
            try:
                options = scenes(lab)[title]()
                name = lab.run("--network", lab.net, *options, name=lab.name("subject"), ready=False)
                recorder = Recorder(Machine())
                result = verify(Request(names=(name,), engine=lab_module.ENGINE, way="helper" if way == "helper" else None), NO_POLICY, RULES, system=recorder)
                document = {"scene": title, "subject": name, "way": way, "told": told(result), **recorder.document()}
                path = FOLDER / f"{title}-{way}.json"
                path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
                sys.stdout.write(f"{path.relative_to(ROOT)}: {result.count('pass')} passed, {result.count('fail')} failed\n")
            finally:
                lab.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
