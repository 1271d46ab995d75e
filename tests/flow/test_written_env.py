"""Env files that a script writes before it hands them over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

RUN = 'docker run --env-file %s acme/api\n'


@pytest.mark.parametrize(
    ("script", "file"),
    [
        ("PORT=11434\ncat > app.env <<EOF\nMODE=a\nOLLAMA_BASE_URL=http://localhost:$PORT # STG101\nEOF\n", "app.env"),
        ("cat <<'EOF' | sudo tee /etc/acme/app.env >/dev/null\nOLLAMA_BASE_URL=http://localhost:11434 # STG101\nEOF\n", "/etc/acme/app.env"),
        ('echo "OLLAMA_BASE_URL=http://localhost:11434" >> "$DIR/app.env" # STG101\n', '"$DIR/app.env"'),
        ("printf 'OLLAMA_BASE_URL=http://localhost:11434\\n' > app.env # STG101\n", "app.env"),
    ],
)
def test_a_line_of_it_is_judged_where_it_is_written(found: Callable[..., None], script: str, file: str) -> None:
    found({"a.sh": f"#!/bin/sh\n{script}{RUN % file}"}, ("STG101",))


@pytest.mark.parametrize(
    ("script", "file"),
    [
        ("cat > other.env <<EOF\nOLLAMA_BASE_URL=http://localhost:11434\nEOF\n", "app.env"),
        ("cat > app.env <<EOF\nOLLAMA_BASE_URL=http://ollama.example.com:11434\nEOF\n", "app.env"),
        ("cat <<EOF\nOLLAMA_BASE_URL=http://localhost:11434\nEOF\n", "app.env"),
    ],
)
def test_what_goes_elsewhere_is_not_handed_over(found: Callable[..., None], script: str, file: str) -> None:
    found({"a.sh": f"#!/bin/sh\n{script}{RUN % file}"}, ("STG101",))


def test_what_is_written_later_is_not_there_yet(found: Callable[..., None]) -> None:
    found({"a.sh": f"#!/bin/sh\n{RUN % 'app.env'}echo OLLAMA_BASE_URL=http://localhost:11434 > app.env\n"}, ("STG101",))
