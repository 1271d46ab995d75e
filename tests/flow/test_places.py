"""Where a finding points: to the line that has to be mended."""

from __future__ import annotations

from collections.abc import Callable


def test_an_assignment_of_the_script_is_where_its_default_is_mended(found: Callable[..., None]) -> None:
    found({
        "run.sh": (
            "#!/bin/sh\n"
            'DB_URL=${DB_URL:-"postgresql://u@localhost:5432/app"} # STG101\n'
            'API_URL=${API_URL:-"http://host.docker.internal:8000"}\n'
            "docker run \\\n"
            "  -e DB_URL=$DB_URL \\\n"
            "  -e API_URL=$API_URL example/app:1 # STG103\n"
        ),
        "lib.sh": 'DB_URL="postgresql://u@localhost:5432/app"\n',
        "other.sh": "#!/bin/sh\n. ./lib.sh\ndocker run -e DB_URL=$DB_URL example/app:1 # STG101\n",
    })  # fmt: skip
