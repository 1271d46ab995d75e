"""Get what this example runs on: two servers, a tiny model, the runner's image. Standard library only; what is there already is kept.

    python3 prepare.py          make everything, and say what could not be had and why
    python3 prepare.py env      print the variables for a shell: eval "$(python3 prepare.py env)"

Everything goes into STIGMER_EXAMPLE_CACHE (default ~/.cache/stigmer-lint/example). The servers are taken from PATH, else built with
`go install`, which takes minutes the first time. The model is random numbers (tiny_model.py), created through Ollama's own API. The images are
built from the Dockerfiles of the two states. Its base is python:3.12-slim where that can be had, else an image made of this machine's own
Python, so no registry is needed.
"""

from __future__ import annotations

import hashlib
import io
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("STIGMER_EXAMPLE_CACHE") or Path.home() / ".cache/stigmer-lint/example")
MODEL = "stigmer-tiny"
IMAGE = "ghcr.io/stigmer/agent-runner:latest"
# With the code inside as it was before its repair.
BROKEN_IMAGE = "ghcr.io/stigmer/agent-runner:broken"
# Later versions cannot be installed so: the go.mod of temporal's has replace directives, and ollama's module lacks what lies in folders
# called vendor (nlohmann/json, miniaudio), which Go leaves out of modules.
SERVERS = {"temporal": "github.com/temporalio/cli/cmd/temporal@v1.5.1", "ollama": "github.com/ollama/ollama@v0.9.6"}

# About five minutes each on two cores.
BUILD_SECONDS = 900


def main(arguments: list[str]) -> int:
    if arguments == ["env"]:
        sys.stdout.write("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment().items()))
        return 0
    if arguments:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    CACHE.mkdir(parents=True, exist_ok=True)
    missing = []
    for name, make in (("python", python), ("temporal", server), ("ollama", server), ("model", model), ("image", image)):
        began = time.monotonic()
        try:
            said = make(name)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            missing.append(name)
            said = f"could not be had: {error}"
        sys.stdout.write(f"{name}: {said} ({time.monotonic() - began:.1f} s)\n")
        sys.stdout.flush()
    return 1 if missing else 0


def environment() -> dict[str, str]:
    """What `up` needs to find it all."""
    return {
        "PATH": os.pathsep.join([str(CACHE / "venv/bin"), str(CACHE / "bin"), os.environ.get("PATH", "")]), "OLLAMA_MODELS": str(CACHE / "models"), "STIGMER_LLM_MODEL": MODEL,
    }


def run(*words: str | Path, **more: object) -> str:
    """A command's output. Raises RuntimeError with the last thing that it said."""
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False, **more)  # type: ignore[call-overload]
    if done.returncode != 0:
        said = [line for line in (done.stderr + done.stdout).decode("utf-8", "replace").splitlines() if line.strip() and "go: downloading" not in line]
        raise RuntimeError(f"{' '.join(str(word) for word in words[:3])}: {' '.join(line.strip() for line in said[-3:]) or f'exit status {done.returncode}'}")
    text: str = done.stdout.decode("utf-8", "replace")
    return text


def requirements() -> list[Path]:
    return [HERE / "backend/requirements.txt", HERE / "repaired/agent-runner/requirements.txt"]


def python(_: str) -> str:
    """An environment with what the backend and the runner need."""
    mark = CACHE / "venv/.ready"
    constraints = HERE / "constraints.txt"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in (*requirements(), constraints))).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return "is there"
    run(sys.executable, "-m", "venv", "--clear", CACHE / "venv")
    run(CACHE / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", constraints, *(word for path in requirements() for word in ("-r", path)))
    mark.write_text(wanted)
    return "made"


def server(name: str) -> str:
    """A program of PATH, or built."""
    found = shutil.which(name, path=environment()["PATH"])
    if found is not None:
        return f"is there, {found}"
    if shutil.which("go") is None:
        raise RuntimeError("it is not on PATH, and Go, to build it, is not installed")
    run("go", "install", SERVERS[name], env={**os.environ, "GOBIN": str(CACHE / "bin"), "GOFLAGS": ""}, timeout=BUILD_SECONDS)
    return f"built from {SERVERS[name]}"


def model(_: str) -> str:
    """The tiny model, in the folder that `ollama serve` is given."""
    program = shutil.which("ollama", path=environment()["PATH"])
    if program is None:
        raise RuntimeError("there is no ollama to create it in")
    source = (HERE / "tiny_model.py").read_bytes()
    mark = CACHE / "models/.ready"
    if mark.exists() and mark.read_text() == hashlib.sha256(source).hexdigest():
        return "is there"
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{held.getsockname()[1]}"
    (CACHE / "models").mkdir(parents=True, exist_ok=True)
    env = {**os.environ, **environment(), "OLLAMA_HOST": host}
    with (CACHE / "ollama.log").open("wb") as log:
        process = subprocess.Popen([program, "serve"], env=env, stdout=log, stderr=log)
    try:
        ends = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(tuple(host.split(":")), timeout=1).close()  # type: ignore[arg-type]
                break
            except OSError:
                if time.monotonic() > ends or process.poll() is not None:
                    raise RuntimeError(f"ollama serve does not answer; see {CACHE / 'ollama.log'}") from None
                time.sleep(0.1)
        run(sys.executable, HERE / "tiny_model.py", "--create", MODEL, env=env)
    finally:
        process.terminate()
        process.wait(30)
    mark.write_text(hashlib.sha256(source).hexdigest())
    return f"created as {MODEL}"


def image(_: str) -> str:
    """The runner's images, on the base that can be had."""
    if shutil.which("docker") is None:
        raise RuntimeError("docker is not installed")
    base = "python:3.12-slim"
    if subprocess.run(["docker", "image", "inspect", base], capture_output=True, check=False).returncode != 0:
        pulled = subprocess.run(["docker", "pull", "--quiet", base], capture_output=True, check=False)
        if pulled.returncode != 0:
            base = own_base()
    for name, state in ((IMAGE, "repaired"), (BROKEN_IMAGE, "broken")):
        run("docker", "build", "--quiet", "--build-arg", f"BASE={base}", "--tag", name, HERE / state / "agent-runner")
    return f"{IMAGE} on {base}"


def own_base() -> str:
    """An image of this machine's Python with the packages of the environment above, so that the Dockerfile's pip finds everything installed."""
    if sys.platform != "linux":
        raise RuntimeError("python:3.12-slim cannot be pulled, and an image of this machine's own Python can only be made on Linux")
    mark = (CACHE / "venv/.ready").read_text() + sys.version
    name = f"stigmer-example-base:{hashlib.sha256(mark.encode()).hexdigest()[:12]}"
    if subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False).returncode == 0:
        return name
    file = CACHE / "base.tar"
    with tarfile.open(file, "w") as archive:
        pack(archive)
    with file.open("rb") as stream:
        run("docker", "import", "-", name, stdin=stream, timeout=600)
    file.unlink()
    return name


def pack(archive: tarfile.TarFile) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    executable = Path(sys.executable).resolve()
    library = Path(os.__file__).parent
    packages = CACHE / "venv/lib" / version / "site-packages"
    seen: set[str] = set()

    def add(path: Path, at: str) -> None:
        if at not in seen and path.exists():
            seen.add(at)
            info = archive.gettarinfo(str(path.resolve()), arcname=at)
            with path.resolve().open("rb") as stream:
                archive.addfile(info, stream)

    binaries = [executable]
    for top, target, skipped in ((library, library, {"site-packages", "test", "__pycache__", "idlelib", "tkinter", "ensurepip"}), (packages, library / "site-packages", {"__pycache__"})):
        for folder, inner, names in os.walk(top):
            inner[:] = [one for one in inner if one not in skipped]
            for one in names:
                path = Path(folder) / one
                add(path, str(target / path.relative_to(top)).lstrip("/"))
                if ".so" in one:
                    binaries.append(path)
    add(executable, str(executable).lstrip("/"))
    for one in libraries(binaries):
        add(one, str(one).lstrip("/"))
    for shell in ("/bin/busybox", "/usr/bin/busybox"):
        # For RUN lines; static, so that it needs nothing else.
        add(Path(shell), "bin/busybox")
    links = {"usr/bin/python": str(executable), "usr/bin/python3": str(executable), "bin/sh": "/bin/busybox"}
    for at, target in links.items():
        info = tarfile.TarInfo(at)
        info.type, info.linkname = tarfile.SYMTYPE, target
        archive.addfile(info)
    script = f"#!/bin/sh\nexec {executable} -m pip \"$@\"\n".encode()
    info = tarfile.TarInfo("usr/bin/pip")
    info.size, info.mode = len(script), 0o755
    archive.addfile(info, io.BytesIO(script))
    for folder in ("tmp", "etc", "proc", "root"):
        info = tarfile.TarInfo(folder)
        info.type, info.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
        archive.addfile(info)


def libraries(binaries: Iterable[Path]) -> list[Path]:
    """Shared libraries as the loader finds them, itself included."""
    found: dict[Path, None] = {}
    for binary in binaries:
        listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
        for line in listed.stdout.splitlines():
            for word in line.split():
                if word.startswith("/") and ".so" in word and os.access(word, os.R_OK):
                    found[Path(word)] = None
    return list(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
