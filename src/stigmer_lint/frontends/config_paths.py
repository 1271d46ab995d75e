"""Paths that configuration files name, kept inside the root."""

from __future__ import annotations


def folder_of(path: str) -> str:
    """The folder of a path of the tree ("" is the root)."""
    return path.rpartition("/")[0]


def base_name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def inside(folder: str, written: str) -> str | None:
    """`written` as a path of the tree ("" is the root), seen from `folder`. None where it is absolute, of a home folder, or leads
    out of the root: such a path is never read."""
    written = written.strip()
    if written.startswith(("/", "~", "\\")) or written[1:3] in (":\\", ":/"):
        return None
    parts = folder.split("/") if folder else []
    for part in written.replace("\\", "/").split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
