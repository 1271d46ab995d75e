"""Nothing is left behind, whatever happens: containers, networks, images, firewall rules and processes are counted before and after."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.verifier import image
from stigmer_lint.verifier.image import packed
from stigmer_lint.verifier.verify import Request, verify
from stigmer_rules import RULES

from .conftest import ENGINE, Lab, docker

VERIFY = [sys.executable, "-m", "stigmer_lint", "verify"]


def census() -> dict[str, list[str]]:
    """What there is of everything that a run could leave. Other programs use the engine as well, so only what is ours to make is counted."""
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout.splitlines()
    return {
        "containers": sorted(docker("ps", "-aq", "--filter", "label=stigmer-lint.verify").split()),
        "images": sorted(docker("images", "-q", "--filter", "label=stigmer-lint.verify").split()),
        "networks": sorted(line for line in docker("network", "ls", "--format", "{{.Name}}").splitlines() if "stigmer-lint" in line),
        "rules": sorted(line for line in rules if "stigmer-lint" in line),
        "processes": sorted(line for line in processes if re.search(r"prober\.py|-m stigmer_lint verify", line)),
    }


@pytest.fixture(autouse=True)
def nothing_is_left(engine: str) -> Iterator[None]:
    before = census()
    yield
    ends = time.monotonic() + 5
    while (after := census()) != before and time.monotonic() < ends:
        time.sleep(0.2)
    assert after == before


@pytest.fixture(scope="module")
def target(lab: Lab) -> str:
    """Dials something that hangs and something that never answers, so that a run can be caught in the middle."""
    slow = lab.run("--network", lab.net, "--network-alias", "slow", command=("hang:9100",))
    address = docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", slow)
    nobody = address.rsplit(".", 1)[0] + ".250"
    return lab.run("--network", lab.net, "-e", "SLOW_URL=http://slow:9100/", "-e", f"NOBODY_URL=http://{nobody}:8080/", ready=False)


@pytest.mark.parametrize("way", ["setns", "helper", "exec"])
def test_a_whole_run_leaves_nothing_and_changes_nothing(way: str, target: str) -> None:
    before = sorted(docker("diff", target).splitlines())
    subprocess.run([*VERIFY, target, "--no-policy", "--prober", way], capture_output=True, check=False, timeout=60)
    assert sorted(docker("diff", target).splitlines()) == before


@pytest.mark.parametrize("way", ["setns", "helper", "exec"])
@pytest.mark.parametrize("after", [0.15, 0.6, 1.5])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_every_phase_leaves_nothing(way: str, after: float, number: int, target: str) -> None:
    process = subprocess.Popen([*VERIFY, target, "--no-policy", "--prober", way], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(after)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode in (130, -number), complaint.decode()
    assert b"Traceback" not in complaint or after < 0.2, complaint.decode()


def test_a_worker_that_is_still_packing_at_the_interrupt_makes_no_image(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packs = threading.Event()

    def slowly() -> bytes:
        packs.set()
        time.sleep(8)
        return packed()

    def interrupt() -> None:
        packs.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(image, "packed", slowly)
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        verify(Request(names=(target,), way="helper"), NO_POLICY, RULES)
    for thread in threading.enumerate():
        if thread.name.startswith("verify"):
            thread.join(30)
    assert packs.is_set()


def test_two_at_once_do_not_disturb_each_other(target: str) -> None:
    both = [
        subprocess.Popen([*VERIFY, target, "--no-policy", "--prober", "helper", "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    answers = [one.communicate(timeout=90) for one in both]
    documents = [json.loads(stdout) for stdout, _ in answers]
    keys = [[(check["subject"], check["outcome"], (check["cause"] or {}).get("key")) for check in one["containers"][0]["checks"]] for one in documents]
    assert keys[0] == keys[1]
    assert [one.returncode for one in both] == [1, 1]


def test_a_container_that_vanishes_while_it_is_probed_is_told_as_such(lab: Lab, target: str) -> None:
    name = lab.run("--network", lab.net, "-e", "SLOW_URL=http://slow:9100/", ready=False)
    remover = threading.Timer(0.8, lambda: docker("rm", "-f", name, check=False))
    remover.start()
    result = verify(Request(names=(name,)), NO_POLICY, RULES)
    remover.join()
    assert result.status == 3, result.examined
    assert "while it was probed" in result.examined[0].why_not


def test_the_engine_goes_away_in_the_middle(target: str, tmp_path: Path) -> None:
    """A client that answers so often and then no more stands for an engine that is stopped."""
    count = tmp_path / "count"
    client = tmp_path / "docker"
    client.write_text(
        f'#!/bin/sh\necho x >> {count}\nif [ "$(wc -l < {count})" -gt 4 ]; then\n'
        f'  echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1\nfi\nexec {docker_path()} "$@"\n'
    )
    client.chmod(0o755)
    output = subprocess.run([*VERIFY, target, "--no-policy", "--engine", str(client), "--prober", "helper"], capture_output=True, text=True, check=False, timeout=60)
    assert output.returncode in (2, 3), output
    assert "Cannot connect to the Docker daemon" in output.stdout + output.stderr
    assert "Traceback" not in output.stderr


def docker_path() -> str:
    import shutil

    return str(shutil.which(ENGINE))


def test_no_engine_is_one_sentence_and_status_two(tmp_path: Path) -> None:
    output = subprocess.run(
        [*VERIFY, "--engine", ENGINE], capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}, cwd=tmp_path
    )
    assert output.returncode == 2
    assert output.stderr.count("\n") == 1
    assert "No container engine answers" in output.stderr


def test_an_engine_that_is_not_installed(tmp_path: Path) -> None:
    output = subprocess.run([*VERIFY, "--engine", "no-such-engine"], capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    assert output.returncode == 2
    assert "no-such-engine is not installed" in output.stderr


def test_a_name_that_nothing_has(target: str) -> None:
    output = subprocess.run([*VERIFY, target + "x"], capture_output=True, text=True, check=False, timeout=60)
    assert output.returncode == 2
    assert f"the nearest is {target}" in output.stderr
