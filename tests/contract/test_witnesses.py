"""What tells that a launch lacks a variable, and what tells that it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Found = list[tuple[str, str, int, str]]
Findings = Callable[[dict[str, str]], Found]
BUILD = {"Dockerfile": "FROM python\nCOPY . .\n"}


def test_a_client_that_reads_nothing_is_not_helped_by_an_env_file_that_is_not_seen(findings: Findings) -> None:
    text = "services:\n  app:\n    build: .\n    env_file: .env\n  redis:\n    image: redis\n"
    assert findings({**BUILD, "a.py": "import redis\nr = redis.Redis()\n", "compose.yaml": text}) == [("STG301", "a.py", 2, "")]


def test_code_of_another_image_that_was_copied_along_builds_no_client_there(findings: Findings) -> None:
    tree = {
        "api/Dockerfile": "FROM python\nCOPY . .\n", "api/a.py": "import redis\nr = redis.Redis()\n", "web/Dockerfile": "FROM node\nCOPY . .\n",
        "compose.yaml": "services:\n  api:\n    build: ./api\n  web:\n    build: {context: ., dockerfile: web/Dockerfile}\n  redis:\n    image: redis\n",
    }
    assert [(code, path) for code, path, _, _ in findings(tree)] == [("STG301", "api/a.py")]


def test_a_name_that_a_function_takes_from_another_library(findings: Findings) -> None:
    code = "from ollama import Client\n\ndef rank():\n    from jina import Client\n    return Client(%s)\n\ndef chat():\n    return Client()\n"
    found = findings({**BUILD, "a.py": code % "", "compose.yaml": "services:\n  app:\n    build: .\n"})
    assert [(code, line) for code, _, line, _ in found] == [("STG301", 8)]


def test_a_sibling_that_is_told_where_a_service_is_tells_that_it_is_elsewhere(findings: Findings) -> None:
    code = {**BUILD, "a.py": "import os\nt = os.getenv('TEMPORAL_ADDRESS', 'localhost:7233')\nm = os.getenv('MODE')\n"}
    text = "services:\n  app:\n    build: .\n    environment: [MODE=1]\n  other:\n    image: acme/other\n    environment: ['TEMPORAL_ADDRESS=%s']\n"
    assert findings({**code, "compose.yaml": text % "temporal.example.com:7233"}) == [("STG203", "compose.yaml", 2, "TEMPORAL_ADDRESS")]
    assert findings({**code, "compose.yaml": text % "localhost:7233"})[:1] != [("STG203", "compose.yaml", 2, "TEMPORAL_ADDRESS")]


def test_the_tags_of_one_repository_tell_its_services_apart(findings: Findings) -> None:
    code = {**BUILD, "a.py": "import os\nk = os.environ.get('KAFKA_ADDR')\nm = os.environ['MODE']\n"}
    def service(name: str, env: str) -> str:
        return f"  {name}:\n    build: {'.' if name == 'app' else './' + name}\n    image: acme/demo:1-{name}\n    environment: [{env}]\n"

    code |= {f"{name}/Dockerfile": "FROM python\n" for name in ("kafka", "cart", "shop")}
    app = "KAFKA_ADDR=kafka:9092, MODE=1"
    whole = "services:\n" + service("app", app) + service("kafka", "K=1") + service("cart", "C=1") + service("shop", "S=1")
    minimal = "services:\n" + service("app", "MODE=1") + service("cart", "C=1") + service("shop", "S=1")
    assert findings({**code, "compose.yaml": whole, "compose.minimal.yaml": minimal}) == []


@pytest.mark.parametrize(("line", "found"), [("'driver' => 'redis', // env('STORE_KIND', 'file')", False), ("'a' => 'http://x', 'b' => env('STORE_KIND'), // \"x\"", True)])
def test_a_read_in_a_comment_behind_something_is_none(reads: Callable[[dict[str, str]], dict[str, object]], line: str, found: bool) -> None:
    assert ("STORE_KIND" in reads({"config/store.php": f"<?php\nreturn [\n  {line}\n];\n"})) is found


@pytest.mark.parametrize(
    ("image", "name", "meant"),
    [
        ("postgres:16", "POSTGRES_DATABASE", "POSTGRES_DB"), ("docker.io/library/postgres", "POSTGRES_USERNAME", "POSTGRES_USER"), ("mysql:8", "MYSQL_PASS", "MYSQL_PASSWORD"),
        ("rabbitmq:3-management", "RABBITMQ_USER", "RABBITMQ_DEFAULT_USER"), ("mongo", "MONGO_ROOT_USERNAME", "MONGO_INITDB_ROOT_USERNAME"),
        ("postgres:16", "POSTGRES_DB", ""), ("postgres:16", "POSTGRES_MULTIPLE_DATABASES", ""), ("bitnami/postgresql:16", "POSTGRESQL_USERNAME", ""),
        ("acme/postgres-tools", "POSTGRES_DATABASE", ""), ("mysql:8", "MYSQL_HOST", ""),
    ],
)
def test_a_well_known_image_knows_its_own_words_alone(findings: Findings, image: str, name: str, meant: str) -> None:
    text = f"services:\n  db:\n    image: {image}\n    environment:\n      {name}: app\n"
    assert findings({"compose.yaml": text}) == ([("STG204", "compose.yaml", 5, name)] if meant else [])
    assert findings({"compose.yaml": text + f"      {meant or 'X'}: app\n"}) == []
    assert findings({"compose.yaml": text + f"    healthcheck:\n      test: pg_isready -U $${name}\n"}) == []
    assert findings({"compose.yaml": text + "    volumes: ['./init:/docker-entrypoint-initdb.d']\n"}) == []


def test_what_another_launch_sets_to_nothing_is_no_more_than_what_is_not_set(findings: Findings) -> None:
    code = {**BUILD, "a.py": "import os\nh = os.environ.get('KAFKA_ADDR')\nm = os.environ['MODE']\n"}
    text = "services:\n  app:\n    build: .\n    environment:\n      - MODE=1\n"
    assert findings({**code, "compose.yaml": text, "compose.other.yaml": text + "      - KAFKA_ADDR=\n"}) == []
    assert findings({**code, "compose.yaml": text, "compose.other.yaml": text + "      - KAFKA_ADDR=kafka.example.com:9092\n"}) == [("STG205", "compose.yaml", 2, "KAFKA_ADDR")]


def test_an_env_file_that_is_mounted_may_hold_what_is_missing(findings: Findings) -> None:
    code = {**BUILD, "a.py": "import os\nq = os.environ['QUEUE']\n"}
    text = "services:\n  app:\n    build: .\n    volumes: ['./%s']\n"
    assert findings({**code, "compose.yaml": text % ".env.docker:/app/.env"}) == []
    assert findings({**code, "compose.yaml": text % "data:/app/data"}) == [("STG203", "compose.yaml", 2, "QUEUE")]


@pytest.mark.parametrize(("name", "build", "found"), [("docker-compose.debug.yml", "{args: [A=1]}", False), ("docker-compose.yml", "{target: dev}", True), ("docker-compose.debug.yml", "{context: .}", True)])
def test_a_file_that_only_changes_how_a_service_is_built_is_laid_over_another(findings: Findings, name: str, build: str, found: bool) -> None:
    code = {"Dockerfile": "FROM python AS dev\nARG A\nCOPY . .\n", "a.py": "import os\nq = os.environ['QUEUE']\n"}
    assert findings({**code, name: f"services:\n  app:\n    build: {build}\n"}) == ([("STG203", name, 2, "QUEUE")] if found else [])


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ('"QUEUE: jobs"', "QUEUE"), ('"QUEUE:${QUEUE:-jobs}"', "QUEUE"), ("QUEUE = jobs", "QUEUE"), ('QUEUE="amqp://x:5672"', "QUEUE"),
        ("'QUEUE=amqp://x:5672'", ""), ('QUEUE="a b"', ""), ("QUEUE", ""), ("QUEUE=http://x:1", ""), ("QUEUE=${X:-a:b}", ""),
    ],
)
def test_an_entry_that_does_not_set_what_it_seems_to(findings: Findings, entry: str, name: str) -> None:
    text = f"services:\n  a:\n    image: acme/a\n    environment:\n      - {entry}\n"
    assert findings({"compose.yaml": text}) == ([("STG204", "compose.yaml", 5, name)] if name else [])


def test_an_entry_with_a_colon_leaves_the_others_as_they_are(findings: Findings) -> None:
    code = {**BUILD, "a.py": "import os\nq = os.environ['QUEUE']\nm = os.environ['MODE']\n"}
    text = "services:\n  a:\n    build: .\n    environment:\n      - \"QUEUE:${QUEUE:-jobs}\"\n      - MODE=1\n"
    assert set(findings({**code, "compose.yaml": text})) == {("STG204", "compose.yaml", 5, "QUEUE"), ("STG203", "compose.yaml", 2, "QUEUE")}


def test_a_file_whose_services_have_no_image_lacks_nothing(findings: Findings) -> None:
    code = {"app/Dockerfile": BUILD["Dockerfile"], "app/a.py": "import os\nq = os.environ['QUEUE']\n", "app/compose.yaml": "services:\n  a:\n    build: .\n    container_name: a\n    environment: [QUEUE=1]\n"}
    assert findings({**code, "windows/compose.windows.yaml": "services:\n  a:\n    container_name: a\n    environment: [MODE=1]\n"}) == []


def test_the_family_of_a_library_that_is_inlined_for_browsers_is_the_library_s(findings: Findings) -> None:
    tree = {"Dockerfile": "FROM node\nCOPY . .\n", "a.js": "const a = process.env.MODE\n", "package.json": '{"dependencies": {"@clerk/nextjs": "1"}}'}
    text = "services:\n  app:\n    build: .\n    environment: [NEXT_PUBLIC_%s_SIGN_UP_URL=/x, MODE=1]\n"
    assert findings({**tree, "compose.yaml": text % "CLERK"}) == []
    assert findings({**tree, "compose.yaml": text % "OTHER"}) == [("STG204", "compose.yaml", 4, "NEXT_PUBLIC_OTHER_SIGN_UP_URL")]


def test_a_name_that_opentelemetry_does_not_have(findings: Findings) -> None:
    tree = {**BUILD, "a.py": "import os\nm = os.environ['MODE']\n"}
    text = "services:\n  app:\n    build: .\n    environment: [OTEL_%s=1, MODE=1]\n"
    assert findings({**tree, "compose.yaml": text % "TRACES_SAMPLER"}) == []
    assert findings({**tree, "compose.yaml": text % "TRACE_SAMPLER"}) == [("STG204", "compose.yaml", 4, "OTEL_TRACE_SAMPLER")]
