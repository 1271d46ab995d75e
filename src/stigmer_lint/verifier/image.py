"""The helper image: a Python interpreter with what it needs and nothing else, made on the spot, so that no registry is asked.

The interpreter that runs this program is packed with its shared libraries and the modules that the prober uses, and given to the engine
with `import`. That needs a Linux machine of the engine's own architecture; elsewhere the image of the container itself is tried, which
serves where it holds Python.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from stigmer_lint.verifier.system import System
from stigmer_lint.verifier.types import Container, Daemon

LABEL = "stigmer-lint.verify"
"""Everything that a run makes in the engine carries this label, with the run's own number as its value."""
_LOADER_ROOTS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


class HelperImage:
    """The image of one run, made when it is first needed and removed at its end. Used from several threads."""

    def __init__(self, system: System, daemon: Daemon, run: str, given: str | None = None) -> None:
        self._system = system
        self._daemon = daemon
        self._run = run
        self._given = given
        self._lock = threading.Lock()
        self._image: str | None = None
        self._why: str | None = None
        self._made = False
        self._importing = False
        self._asked = False
        self._local: tuple[str, ...] | None = None

    def marks(self) -> tuple[str, ...]:
        """Options that mark a container as this run's."""
        return ("--label", f"{LABEL}={self._run}")

    def entry(self, image: str) -> tuple[str, ...]:
        """Options that make a container run Python whatever the image starts by itself."""
        return ("--entrypoint", "/python" if self._made and image == self._image else "python3", "--user", "0")

    def candidates(self, container: Container) -> tuple[str, ...]:
        """Images to try in turn: the one that the user names; else one made on the spot, the container's own, and what is at hand and is called python."""
        self._asked = True
        if self._given is not None:
            return (self._given,)
        with self._lock:
            if self._image is None and self._why is None:
                self._make()
            if self._local is None and self._image is None:
                listed = self._system.run([self._daemon.program, "images", "--format", "{{.Repository}}:{{.Tag}}"]).text.split()
                self._local = tuple(name for name in listed if "python" in name and not name.endswith(":<none>"))[:3]
        if self._image is not None:
            return (self._image,)
        return (*((container.image_id,) if container.image_id else ()), *(self._local or ()))

    @property
    def why(self) -> str:
        """Why no image could be made."""
        return self._why or ""

    def _make(self) -> None:
        if self._system.platform != "linux":
            self._why = "it can only be made on Linux"
            return
        try:
            data = packed()
        except OSError as error:
            self._why = f"Python could not be packed: {error}"
            return
        name = f"stigmer-lint-prober:{self._run}"
        self._importing = True
        output = self._system.run([self._daemon.program, "import", "--change", f"LABEL {LABEL}={self._run}", "-", name], stdin=data, timeout=120)
        if output.status != 0:
            self._why = output.complaint
            return
        self._importing = False
        self._image = name
        self._made = True

    def remove(self, through: System | None = None, *, interrupted: bool = False) -> None:
        """Remove the image and every container of this run that is still there.

        `through`: what runs the engine's program, where the run's own system is closed.
        `interrupted`: requests to the engine were cut off, and it may still be carrying them out, so it is asked more than once, and longest where it was
        taking in the image.
        """
        if not self._asked:
            return
        system = through or self._system
        mine = ("--filter", f"label={LABEL}={self._run}")
        program = self._daemon.program
        quiet = 0
        for _ in range(40):
            left = system.run([program, "ps", "-aq", *mine], timeout=10).text.split()
            if left:
                system.run([program, "rm", "-f", *left], timeout=30)
            images = system.run([program, "images", "-q", *mine], timeout=10).text.split() if self._given is None else []
            if images:
                # Refused while the engine is still taking the last helper away.
                system.run([program, "rmi", "-f", *images], timeout=30)
                self._importing = False
            quiet = 0 if left or images else quiet + 1
            if quiet > (0 if not interrupted else 15 if self._importing else 6):
                break
            time.sleep(0.4 if interrupted or left or images else 0.0)
        self._image = None
        self._made = False


_MODULES = """
import __future__, json, socket, struct, threading, time, encodings.idna, encodings.ascii, encodings.latin_1, select, ctypes
try:
    import ssl
except ImportError:
    pass
import sys
print("\\n".join(sorted({m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)})))
"""


def packed() -> bytes:
    """A tar archive of this interpreter: `/python` starts it. Raises OSError where it cannot be read."""
    import subprocess

    executable = Path(sys.executable).resolve()
    listed = subprocess.run([str(executable), "-I", "-S", "-c", _MODULES], capture_output=True, check=False, timeout=30)
    modules = [Path(line) for line in listed.stdout.decode().splitlines() if line.startswith("/")]
    binaries = [executable, *(path for path in modules if path.suffix == ".so")]
    prefix = Path(sys.base_prefix).resolve()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in dict.fromkeys((executable, *modules, *_libraries(binaries), *_landmarks(prefix))):
            _add(archive, path)
        link = tarfile.TarInfo("python")
        link.type, link.linkname = tarfile.SYMTYPE, str(executable)
        archive.addfile(link)
        for folder in ("proc", "tmp", "etc"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
    return out.getvalue()


def _landmarks(prefix: Path) -> Iterable[Path]:
    """Files by which an interpreter finds its library."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = prefix / "lib" / name
    yield from (path for path in (library / "os.py", library / "encodings" / "__init__.py") if path.exists())
    dynamic = library / "lib-dynload"
    if dynamic.is_dir():
        first = next((path for path in sorted(dynamic.iterdir()) if path.suffix == ".so"), None)
        if first is not None:
            yield first


def _libraries(binaries: Iterable[Path]) -> Iterable[Path]:
    """Shared libraries as the loader finds them, itself included: `ldd` asks it."""
    import subprocess

    for binary in binaries:
        listed = subprocess.run(["ldd", str(binary)], capture_output=True, check=False, timeout=20)
        for line in listed.stdout.decode("utf-8", "replace").splitlines():
            for word in line.split():
                if word.startswith("/") and os.access(word, os.R_OK):
                    yield Path(word)


def _add(archive: tarfile.TarFile, path: Path) -> None:
    """A file under its own name, links followed: what is looked up by name must be there by that name."""
    info = archive.gettarinfo(str(path.resolve()), arcname=str(path).lstrip("/"))
    info.type = tarfile.REGTYPE
    info.size = path.resolve().stat().st_size
    with path.open("rb") as stream:
        archive.addfile(info, stream)


__all__ = ["LABEL", "HelperImage", "packed"]
