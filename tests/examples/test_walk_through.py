"""The walk-through and what it runs on, as far as that can be seen without running it; `.ci/run` runs it."""

from __future__ import annotations

import importlib.util
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("walk_through", ROOT / "tools/walk_through.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_block_of_the_page_is_run_and_its_story_is_whole() -> None:
    page = (ROOT / "docs/walk-through.md").read_text(encoding="utf-8")
    assert len(re.findall("^```console", page, re.MULTILINE)) == len(tool()._FENCE.findall(page))
    told = [
        "error[STG101]", "error[STG202]", "everything is up (", "[STG101 loopback-in-bridge]", "EXECUTION_FAILED", "[STG202 env-wrong-name]", "no findings",
        "EXECUTION_COMPLETED", "nothing was started", "[STG109 host-service-on-loopback]",
    ]  # fmt: skip
    places = [page.index(text) for text in told]
    assert places == sorted(places)
    lint = set(re.findall(r"^(STG101|STG202) ([0-9a-f]{32}) (\S+):\d+ ", page, re.MULTILINE))
    assert {(rule, path) for rule, _, path in lint} == {("STG101", "cli/internal/daemon/daemon.go"), ("STG202", "server/internal/supervisor/supervisor.go")}


def test_what_differs_from_run_to_run_is_no_difference_and_all_else_is() -> None:
    settled = tool().settled
    one = "   0.3 s  web is well after 12.5 s (50b0a323bce6) at 172.17.0.1 in 3 ms\n  9.1 s  web  waiting: not yet\nstarting /a/b/ollama serve\n"
    other = "  10.9 s  web is well after 0.1 s (f284b1b366ad) at 172.18.0.1 in 14 ms\nstarting /c/ollama serve\n"
    assert settled(one) == settled(other)
    assert settled(one) != settled(other.replace("is well", "is not well"))
    assert settled("STG101 at localhost:11434") != settled("STG102 at localhost:11434")


def test_the_tiny_model_is_a_gguf_file_whose_tensors_lie_inside_it(tmp_path: Path) -> None:
    file = tmp_path / "tiny.gguf"
    subprocess.run([sys.executable, str(ROOT / "examples/stigmer/tiny_model.py"), str(file)], check=True)
    data = file.read_bytes()
    magic, version, tensors, pairs = struct.unpack_from("<4sIQQ", data)
    assert (magic, version) == (b"GGUF", 3)
    at = struct.calcsize("<4sIQQ")
    sizes = {4: 4, 5: 4, 6: 4}

    def text(at: int) -> tuple[str, int]:
        (size,) = struct.unpack_from("<Q", data, at)
        return data[at + 8 : at + 8 + size].decode(), at + 8 + size

    def past(kind: int, at: int) -> int:
        if kind == 8:
            return text(at)[1]
        if kind == 9:
            inner, count = struct.unpack_from("<IQ", data, at)
            at += 12
            for _ in range(count):
                at = past(inner, at)
            return at
        return at + sizes[kind]

    names = []
    for _ in range(pairs):
        name, at = text(at)
        names.append(name)
        at = past(struct.unpack_from("<I", data, at)[0], at + 4)
    assert "llama.block_count" in names
    ends = []
    for _ in range(tensors):
        name, at = text(at)
        (dimensions,) = struct.unpack_from("<I", data, at)
        shape = struct.unpack_from(f"<{dimensions}Q", data, at + 4)
        kind, offset = struct.unpack_from("<IQ", data, at + 4 + 8 * dimensions)
        at += 4 + 8 * dimensions + 12
        count = 4
        for side in shape:
            count *= side
        assert kind == 0
        assert offset % 32 == 0
        ends.append(offset + count)
    begin = at + -at % 32
    assert len(data) - begin - 32 < max(ends) <= len(data) - begin
