"""What a tree may hold beside files: pipes, sockets, devices, links that lead out or round, folders without end."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

URL = "http://localhost:11434"
COMPOSE = f"services:\n  app:\n    image: example/app:1\n    environment: {{A_ENDPOINT: '{URL}'}}\n"
SHELL = f"#!/bin/sh\ndocker run -e A_ENDPOINT={URL} x/y\n"
NAMES = ("a.py", "a.go", "a.js", "a.sh", "Makefile", "compose.yaml", "k8s.yaml", "Dockerfile", ".env", "package.json", ".gitignore", "go.mod", "tsconfig.json", "many.env")


def test_pipes_sockets_and_folders_named_like_files_are_not_waited_for(tree: Any) -> None:
    for name in NAMES:
        for kind in ("pipe", "socket", "folder"):
            path = tree.root / kind / name
            path.parent.mkdir(exist_ok=True)
            if kind == "pipe":
                os.mkfifo(path)
            elif kind == "folder":
                path.mkdir()
            else:
                held = socket.socket(socket.AF_UNIX)
                here = Path.cwd()
                os.chdir(path.parent)  # a socket's path may have some hundred characters only
                try:
                    held.bind(name)
                finally:
                    os.chdir(here)
                    held.close()
    tree.write("pipe/main.py", 'from dotenv import load_dotenv\nload_dotenv("many.env")\nimport a\n')
    os.mkfifo(tree.root / "other.env")
    tree.write("docker-compose.yml", COMPOSE + "    env_file: [other.env, pipe/.env, socket/.env, folder/.env]\n    extends: {file: pipe/compose.yaml, service: x}\n")
    tree.write("main.sh", "#!/bin/sh\n. pipe/a.sh\n. ./other.env\ndocker run --env-file other.env x/y\n")
    done = tree.check()
    assert done.status in (1, 3)


@pytest.mark.skipif(not hasattr(os, "mknod") or os.geteuid() != 0, reason="devices take root to make")
def test_devices_are_not_read(tree: Any) -> None:
    (tree.root / "dev").mkdir()
    try:
        for name in NAMES:
            os.mknod(tree.root / "dev" / name, 0o666 | 0o020000, os.makedev(1, 5))
    except OSError:
        pytest.skip("devices cannot be made here")
    tree.write("compose.yaml", COMPOSE + "    env_file: dev/.env\n")
    tree.check()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_or_folder_is_named(tree: Any) -> None:
    tree.write("compose.yaml", COMPOSE).chmod(0)
    tree.write("sub/compose.yaml", COMPOSE).parent.chmod(0)
    done = tree.check(status=3)
    (tree.root / "sub").chmod(0o755)
    assert set(done.failures) == {"compose.yaml", "sub"}


def test_links_are_followed_neither_out_of_the_root_nor_round(tree: Any) -> None:
    outside = tree.outside
    for name, text in (("compose.yaml", COMPOSE), ("main.sh", SHELL), ("secret.env", f"LEAKED_ENDPOINT={URL}\n"), ("Dockerfile", f"FROM a\nENV LEAKED_ENDPOINT={URL}\n")):
        (outside / name).write_text(text, encoding="utf-8")
        (tree.root / name).symlink_to(outside / name)
    (tree.root / "out").symlink_to(outside)
    (tree.root / "round").symlink_to(tree.root)
    (tree.root / "self").symlink_to(tree.root / "self")
    (tree.root / "a.py").symlink_to(tree.root / "b.py")
    (tree.root / "b.py").symlink_to(tree.root / "a.py")
    (tree.root / "passwd.sh").symlink_to("/etc/passwd")
    tree.write("docker-compose.yml", COMPOSE.replace("A_ENDPOINT", "OWN_ENDPOINT") + "    env_file: [secret.env, out/secret.env]\n")
    tree.write("sub/run.sh", "#!/bin/sh\n. ../out/main.sh\n. ../main.sh\ndocker run --env-file ../out/secret.env x/y\n")
    done = tree.check()
    assert b"LEAKED" not in done.out
    assert {path for _, path, _ in done.others} == {"docker-compose.yml"}


def test_nothing_above_the_root_is_read(tree: Any) -> None:
    outside = tree.outside
    (outside / "secret.env").write_text(f"LEAKED_ENDPOINT={URL}\n", encoding="utf-8")
    (outside / "compose.yaml").write_text(COMPOSE.replace("A_", "LEAKED_"), encoding="utf-8")
    (outside / "Dockerfile").write_text(f"FROM a\nENV LEAKED_ENDPOINT={URL}\n", encoding="utf-8")
    (outside / "lib.sh").write_text(f"export LEAKED_ENDPOINT={URL}\n", encoding="utf-8")
    (outside / "lib.py").write_text(f'LEAKED_ENDPOINT = "{URL}"\n', encoding="utf-8")
    up = "../outside"
    deep = "../" * 40
    tree.write("compose.yaml", (
        f"include: [{up}/compose.yaml, '{outside}/compose.yaml']\nservices:\n"
        f"  a: {{extends: {{file: {up}/compose.yaml, service: app}}}}\n"
        f"  b: {{image: x, env_file: [{up}/secret.env, '{outside}/secret.env', '{deep}{outside}/secret.env', '~/secret.env']}}\n"
        f"  c: {{build: {up}}}\n  d: {{build: {{context: '{outside}', dockerfile: Dockerfile}}}}\n  e: {{build: {{context: ., dockerfile: {up}/Dockerfile}}}}\n"
    ))
    tree.write("main.sh", f"#!/bin/sh\n. {up}/lib.sh\n. {outside}/lib.sh\ndocker run --env-file {up}/secret.env -e LEAKED_ENDPOINT x/y\n")
    tree.write("main.py", f"import sys, subprocess\nsys.path.append('{up}')\nfrom lib import LEAKED_ENDPOINT\nsubprocess.run(['docker', 'run', '-e', 'A_ENDPOINT=' + LEAKED_ENDPOINT, 'x/y'])\n")
    tree.write("main.js", f'const {{ LEAKED_ENDPOINT }} = require("{up}/lib");\nrequire("child_process").spawnSync("docker", ["run", "-e", `A_ENDPOINT=${{LEAKED_ENDPOINT}}`, "x/y"]);\n')
    tree.write("Makefile", f"include {up}/lib.mk\nrun:\n\tdocker run -e LEAKED_ENDPOINT x/y\n")
    done = tree.check("--show-gaps")
    assert not done.others
    assert URL.encode() not in b"".join(line for line in done.out.splitlines() if b"LEAKED" in line)
    told = " ".join((*done.failures.values(), *(gap["why"] for gap in done.report["gaps"])))
    assert "outside" in told


def test_a_thousand_folders_deep_is_bounded_and_said(tree: Any) -> None:
    path = tree.root
    here = Path.cwd()
    os.chdir(path)
    try:
        for _ in range(1_000):
            Path("d").mkdir()
            os.chdir("d")
    finally:
        os.chdir(here)
    tree.write("d/" * 200 + "main.sh", SHELL)
    try:
        done = tree.check(status=3)
    finally:
        # Deeper than what takes away the folders of earlier test runs can go.
        subprocess.run(["rm", "-rf", str(path / "d")], check=True)
    assert ("STG101", "d/" * 200 + "main.sh", 2) in done.others
    assert any("nested deeper" in why for why in done.failures.values())


def test_very_many_files_take_bounded_memory(tree: Any) -> None:
    for folder in range(60):
        (tree.root / f"f{folder}").mkdir()
        for index in range(250):
            (tree.root / f"f{folder}" / f"x{index}.py").write_bytes(b"")
    done = tree.check(status=1)
    assert done.megabytes < 200


def test_files_that_come_and_go_while_the_run_reads_them(tree: Any) -> None:
    for index in range(150):
        tree.write(f"s{index}.sh", SHELL)
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for index in range(0, 150, 3):
                path = tree.root / f"s{index}.sh"
                path.write_text(SHELL * 50, encoding="utf-8")
                path.unlink(missing_ok=True)
                if index % 2:
                    path.mkdir(exist_ok=True)
                    path.rmdir()
                with (tree.root / f"s{index + 1}.sh").open("r+", encoding="utf-8") as file:
                    file.truncate(10)
                    file.write(SHELL)
            time.sleep(0.001)

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        done = tree.check()
    finally:
        stop.set()
        worker.join()
    assert done.status in (1, 3)
    assert ("STG101", "s2.sh", 2) in done.others
