"""Variables that a bundler puts into what browsers load when it builds it (`VITE_*`, `REACT_APP_*`, `NEXT_PUBLIC_*`): what a container is given of them
when it starts comes too late.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stigmer_lint.contract import Sides
from stigmer_lint.dialled import texts
from stigmer_lint.knowledge.bundlers import AT_RUN_TIME, FILES_ONLY, NEXT, NEXT_STARTS, SERVES
from stigmer_lint.knowledge.image_ports import serves_files
from stigmer_lint.model.launch import EnvSetting, Image, Launch, image_of
from stigmer_lint.model.value import Known, render
from stigmer_lint.model.world import EnvRead, World

_LATE = re.compile(r"\.sh\b|entrypoint|\benvsubst\b|\bsed\b|\benv\.(?:js|template)|config\.(?:js|template)|\.template\b|\.tmpl\b", re.IGNORECASE)
"""What puts variables into a bundle when the container starts, or may do so."""
_MOUNTED = re.compile(r"^[./][^:]*:/(?:app|usr/src|src|srv)(?![^:]*node_modules)")
_IN_BROWSER = re.compile(r"\.(?:vue|svelte)$|(?:^|/)(?:components?|hooks|contexts?|providers|stores?|client)/")
_SERVER_SIDE = re.compile(r"(?:^|/)(?:api|server|middleware|scripts?)/|(?:^|/)(?:middleware|route|instrumentation|proxy)\.[jt]s$|\.config\.[cm]?[jt]s$")


def is_late(name: str, image: Image | None, launch: Launch | None, sides: Sides) -> bool:
    """Whether a variable that a container is given when it starts should have been there when its bundle was built: what it starts serves that bundle, the
    build had no such variable, and nothing that is known puts it in later."""
    if image is None or image.bundled is None or "*" in image.bundled or name in image.bundled or not name.startswith((*FILES_ONLY, NEXT)):
        return False
    words = [render(word) for word in (*((launch.any.entrypoint if launch else None) or image.entrypoint or ()), *((launch.any.command if launch else None) or image.command or ()))]
    said = " ".join(words).removeprefix("/bin/sh -c ")
    if name.startswith(NEXT):
        serves = NEXT_STARTS.search(said) is not None
    else:
        serves = SERVES.search(said) is not None or (not words and image.base is not None and serves_files(image.base))
    if not serves or _LATE.search(said) is not None or any(_LATE.search(one) is not None for one in image.copies) or image.sets or image.uses:
        return False
    if AT_RUN_TIME & sides.component.dependencies or {"IMPORT", "META"} <= sides.component.dependencies:
        # A package that hands the variables over when the program starts (next-runtime-env, vite-envs, react-inject-env, import-meta-env).
        return False
    reads = sides.reads.get(name, ())
    if name.startswith(NEXT) and not all(map(_for_browsers, reads)):
        # What was not there when it was built stays a read, and a server that renders the page answers it.
        return False
    return bool(reads) and any(map(_for_browsers, reads)) and all(read.language in ("javascript", "typescript") for read in reads) and not any(
        read.prefix or read.glob for read in sides.component.reads if read.language == "shell"
    )


def _for_browsers(read: EnvRead) -> bool:
    return (_IN_BROWSER.search(read.span.path) is not None or not read.name.startswith(NEXT)) and _SERVER_SIDE.search(read.span.path) is None


def late_settings(world: World, sides: Sides) -> Iterator[tuple[Launch, EnvSetting, Image]]:
    """What launches of a component set too late for its bundle."""
    for index, launch in enumerate(sides.component.launches):
        image = image_of(launch, world.images) if launch.build is not None else next(iter(sides.component.images), None)
        arguments = {one.name for one in launch.build.args} if launch.build is not None else set()
        for name, setting in sides.given[index].items():
            if not name.startswith((*FILES_ONLY, NEXT)) or setting.origin != "launch" or setting.maybe or name in arguments:
                continue
            if any(_MOUNTED.search(text) is not None or _LATE.search(text) is not None for volume in launch.any.volumes for text in texts(volume)):
                # The code itself is mounted, and built inside, or a script is that may put it in.
                continue
            if launch.build is not None and not isinstance(setting.value, Known) and launch.build.context == (launch.group or "").rpartition("/")[0]:
                # It is filled in from an env file that is in the build's own folder, where the bundler finds it.
                continue
            if image is not None and is_late(name, image, launch, sides):
                yield launch, setting, image


def late_in_image(image: Image, sides: Sides) -> Iterator[EnvSetting]:
    """What a Dockerfile sets only after its bundle is built, of a family of which it sets others before."""
    for setting in image.env:
        prefix = next((one for one in (*FILES_ONLY, NEXT) if setting.name.startswith(one)), None)
        if prefix is not None and any(one.startswith(prefix) for one in image.bundled or ()) and setting.span.path == image.path and is_late(setting.name, image, None, sides):
            yield setting


MIN_BUILT = 3
"""Names of a family that a build takes before one that it does not take counts as forgotten."""
MAX_UNBUILT = 6
"""Names of a family that somebody forgets; where more are left out, they have been chosen."""


def unbuilt(image: Image, sides: Sides) -> Iterator[tuple[str, list[EnvRead], int]]:
    """Of each family the variables that a sample documents, the code for browsers reads and the build of the bundle has no way to get, though it takes most of
    the others: the prefix, the reads, and how many it takes."""
    bundled = image.bundled
    if bundled is None or "*" in bundled or image.bundler is None:
        return
    given = {name for names in sides.given for name in names} | {one.name for launch in sides.component.launches if launch.build is not None for one in launch.build.args}
    for prefix in (*FILES_ONLY, NEXT):
        taken = {name for name in bundled if name.startswith(prefix) and name in sides.reads}
        left = [
            reads[0] for name, reads in sides.reads.items()
            if name.startswith(prefix) and name not in bundled and name not in given and name not in sides.component.supplied and name not in sides.image
            and name in sides.component.documented and not sides.component.documented[name].optional and any(map(_for_browsers, reads))
            and not any(read.default is not None or read.prefix for read in reads)
        ]
        if left and len(taken) >= MIN_BUILT and len(left) <= MAX_UNBUILT and len(left) <= len(taken):
            yield prefix, left, len(taken)


__all__ = ["is_late", "late_in_image", "late_settings", "unbuilt"]
