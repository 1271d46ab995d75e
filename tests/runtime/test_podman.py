"""The same verdicts through podman's command line, where podman is installed and can run a container."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator

import pytest

from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.verifier.types import Way
from stigmer_lint.verifier.verify import Request, verify
from stigmer_rules import RULES

from .conftest import LABEL

# Small virtual machines refuse to raise limits, and old podman picks plug-ins that are not installed.
CONF = """[network]
network_backend="netavark"
[containers]
default_ulimits=["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime="%s"
cgroup_manager="cgroupfs"
"""


_complaints: list[str] = []
"""What podman said of the commands that failed, for the reason of a skip."""


def podman(*words: str, check: bool = True, stdin: bytes | None = None) -> str:
    output = subprocess.run(["podman", *words], input=stdin, capture_output=True, check=False, timeout=120)
    assert not check or output.returncode == 0, output.stderr.decode()
    if output.returncode != 0:
        _complaints.extend(output.stderr.decode(errors="replace").splitlines()[-1:])
    return output.stdout.decode().strip() if output.returncode == 0 else ""


@pytest.fixture(scope="module")
def pair(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(a container that dials, the one that it dials)."""
    import os
    import shutil

    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    conf = tmp_path_factory.mktemp("podman") / "containers.conf"
    mark = uuid.uuid4().hex[:6]
    client, peer, net = f"slt-client-{mark}", f"slt-peer-{mark}", f"slt-net-{mark}"
    before = os.environ.get("CONTAINERS_CONF")
    os.environ["CONTAINERS_CONF"] = str(conf)
    image = f"localhost/{images['python']}"
    try:
        for runtime in ("crun", "runc"):
            conf.write_text(CONF % runtime)
            if not podman("images", "-q", image, check=False):
                data = subprocess.run(["docker", "save", images["python"]], capture_output=True, check=True).stdout
                podman("load", check=False, stdin=data)
            podman("network", "create", net, check=False)
            started = podman("run", "-d", "--name", peer, "--network", net, "--label", f"{LABEL}=podman", image, "python3", "-S", "-B", "/srv.py", "http:8080", "http:9000:127.0.0.1", check=False)
            if started:
                break
            podman("rm", "-f", peer, check=False)
        else:
            pytest.skip(f"podman runs no container here: {' / '.join(_complaints[-4:])}")
        podman(
            "run", "-d", "--name", client, "--network", net, "-e", f"API_URL=http://{peer}:8080/", "-e", f"SHY_API_URL=http://{peer}:9000/", "-e", "OLLAMA_HOST=http://localhost:11434",
            image, "python3", "-S", "-B", "/srv.py", "sleep",
        )  # fmt: skip
        yield client, peer
    finally:
        podman("rm", "-f", "-t", "0", client, peer, check=False)
        podman("network", "rm", net, check=False)
        if before is None:
            os.environ.pop("CONTAINERS_CONF", None)
        else:
            os.environ["CONTAINERS_CONF"] = before


@pytest.mark.parametrize("way", ["setns", "helper", "exec"])
def test_podman_s_containers_are_verified_by_every_way(way: Way, pair: tuple[str, str]) -> None:
    client, peer = pair
    result = verify(Request(names=(client,), engine="podman", way=way), NO_POLICY, RULES)
    assert result.daemon.engine == "podman"
    assert result.examined[0].way == way, result.examined[0]
    told = {check.names[0]: check.cause.key if check.cause else check.outcome for check in result.examined[0].checks if check.names}
    assert told == {"API_URL": "pass", "SHY_API_URL": "server-on-loopback", "OLLAMA_HOST": "loopback-in-bridge"}
    fixes = " ".join(check.cause.fix for check in result.examined[0].checks if check.cause)
    assert peer in fixes
    assert "docker logs" not in fixes


