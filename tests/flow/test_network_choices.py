"""Conditions about the host's network: chosen for loopback whatever the platform, or told by one spelling of its flag."""

from __future__ import annotations

from collections.abc import Callable

RUNNER = """import sys

import docker


class Runner:
    def network_mode(self, url):
        host = url.split("/")[2].split(":")[0]
        if %shost == "127.0.0.1" or host == "localhost"%s:
            return "host"%s
        return None

    def start(self, url):
        docker.from_env().containers.run("example/worker:1", network_mode=self.network_mode(url))
"""


def test_the_host_network_for_loopback_on_every_platform(found: Callable[..., None]) -> None:
    found({"run.py": RUNNER % ("", "", "  # STG105")}, ("STG105",))


def test_the_host_network_for_loopback_on_linux(found: Callable[..., None]) -> None:
    found({"run.py": RUNNER % ('sys.platform == "linux" and (', ")", "")}, ("STG105",))
    # Left before.
    found({"run.py": (RUNNER % ("", "", "")).replace("        host = url", '        if sys.platform != "linux":\n            return None\n        host = url')}, ("STG105",))
    # Never called elsewhere.
    guarded = "network_mode=self.network_mode(url) if True else None)"
    tree = (RUNNER % ("", "", "")).replace("    def start(self, url):\n", '    def start(self, url):\n        if sys.platform != "linux":\n            return\n')
    found({"run.py": tree.replace("network_mode=self.network_mode(url))", guarded)}, ("STG105",))
    # A host that is no network.
    found({"run.py": (RUNNER % ("", "", "")).replace("network_mode", "kind")}, ("STG105",))


def test_a_flag_that_is_added_for_loopback(found: Callable[..., None]) -> None:
    found({
        "run.ts": """import { spawn } from "child_process";

export function start(host: string) {
  const args = ["run", "--rm"];
  if (host === "localhost") {
    args.push("--network", "host"); // STG105
  }
  spawn("docker", [...args, "example/worker:1"]);
}
"""
    }, ("STG105",))


SCRIPT = """#!/bin/bash
while getopts "D:" option; do
  case $option in
    D) DOCKER_PARAM="$DOCKER_PARAM $OPTARG" ;;
  esac
done
if [[ "$DOCKER_PARAM" == *"--net=host"* ]]%s; then%s
  SIDECAR="localhost:10911"
else
  SIDECAR="sidecar:10911"
fi
docker run $DOCKER_PARAM example/query:1 --store $SIDECAR
"""


def test_a_flag_that_is_looked_for_in_one_spelling(found: Callable[..., None]) -> None:
    found({"start.sh": SCRIPT % ("", " # STG104")}, ("STG104",))


def test_every_spelling_or_the_scripts_own_words(found: Callable[..., None]) -> None:
    found({"start.sh": SCRIPT % (' || [[ "$DOCKER_PARAM" == *"--network=host"* ]] || [[ "$DOCKER_PARAM" == *"--network host"* ]]', "")}, ("STG104",))
    found({"start.sh": (SCRIPT % ("", "")).replace('"$DOCKER_PARAM $OPTARG"', '"--net=host"').replace("while", 'DOCKER_PARAM=""\nwhile')}, ("STG104",))
    # No address depends on it.
    found({"start.sh": (SCRIPT % ("", "")).replace("localhost:10911", "quiet").replace("sidecar:10911", "loud")}, ("STG104",))
