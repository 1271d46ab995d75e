"""Apple's `container` command, which starts containers on macOS alone and gives the host no name."""

from __future__ import annotations

from collections.abc import Callable

BUILT = """import { spawn } from 'node:child_process';
import os from 'node:os';

export const PROGRAM = %s;
const GATEWAY = 'host.docker.internal';

function words(): string[] {
  const found = ['run', '--rm', '--name', 'agent'];
  if (os.platform() === 'linux') found.push('--add-host=host.docker.internal:host-gateway');
  found.push('-e', `OLLAMA_BASE_URL=http://${GATEWAY}:3001`);%s
  found.push('example/agent:1');
  return found;
}

export function start() {
  return spawn(PROGRAM, words(), { stdio: 'inherit' });
}
"""


def test_the_program_tells_the_engine_of_words_that_are_put_together_elsewhere(found: Callable[..., None]) -> None:
    found({"apple.ts": BUILT % ("'container'", " // STG103"), "docker.ts": BUILT % ("'docker'", "")})


def test_words_that_no_container_command_takes_start_none(found: Callable[..., None]) -> None:
    found({
        "start.sh": "container run --rm -e A_URL=http://localhost:1 example/app:1 # STG101\ncontainer create example/app:1\n",
        "other.py": "import subprocess\nsubprocess.run(['container', 'list', '-e', 'A_URL=http://localhost:1', 'x'])\n",
        "sdk.py": "def start(container):\n    container.run('x', 'A_URL=http://localhost:1')\n",
    })  # fmt: skip
