"""What one service gets and another of the same code or the same file does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Found = list[tuple[str, str, int, str]]
Findings = Callable[[dict[str, str]], Found]

WEB = {"web/Dockerfile": "FROM node:20\nCOPY . .\nCMD [\"node\", \"server.js\"]\n"}
DB = "  db:\n    image: postgres:16\n"
API = "  api:\n    image: acme/api:1\n    environment:\n      DATABASE_URL: {}\n"
APP = "services:\n  web:\n    build: web\n    environment:\n      PORT: '3000'\n"


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("const client = connect(process.env.DATABASE_URL);\n", "postgres://app@db:5432/app", True),
        # Where it is read only when somebody asks, has a default, or leads out of the project, nothing says that it is missed.
        ("module.exports = () => connect(process.env.DATABASE_URL);\n", "postgres://app@db:5432/app", False),
        ("const client = connect(process.env.DATABASE_URL || 'postgres://db.example.com/app');\n", "postgres://app@db:5432/app", False),
        ("const client = connect(process.env.DATABASE_URL);\n", "postgres://app@db.example.com:5432/app", False),
        ("const client = connect(process.env.DATABASE_URL);\n", "postgres://app@api:5432/app", False),
    ],
)
def test_an_address_that_a_single_other_service_gets(findings: Findings, code: str, value: str, told: bool) -> None:
    tree = {**WEB, "web/server.js": code, "compose.yaml": APP + API.format(value) + DB}
    assert findings(tree) == ([("STG203", "compose.yaml", 2, "DATABASE_URL")] if told else [])


def test_the_settings_of_a_tool_miss_nothing(findings: Findings) -> None:
    code = {"web/server.js": "require('./drizzle.config');\n", "web/drizzle.config.js": "module.exports = {url: process.env.DATABASE_URL};\n"}
    assert findings({**WEB, **code, "compose.yaml": APP + API.format("postgres://app@db:5432/app") + DB}) == []


NAMES = "      A_MODE: x\n      B_MODE: x\n      C_MODE: x\n      D_MODE: x\n"
READS = "import os\n" + "".join(f"{name} = os.getenv('{name}_MODE', '')\n" for name in "ABCDEF")


@pytest.mark.parametrize(
    ("read", "more", "told"),
    [
        ("URL = os.environ['RUNNER_URL']\n", "", True),
        ("URL = os.getenv('RUNNER_URL')\n", "", False),
        ("def url():\n    return os.environ['RUNNER_URL']\n", "", False),
        # Settings of its own: it does other work.
        ("URL = os.environ['RUNNER_URL']\n", "      E_MODE: x\n      F_MODE: x\n", False),
    ],
)
def test_what_the_code_demands_as_it_is_loaded_all_services_of_one_image_need(findings: Findings, read: str, more: str, told: bool) -> None:
    services = f"  api:\n    build: .\n    environment:\n      RUNNER_URL: http://runner\n{NAMES}  timer:\n    build: .\n    environment:\n{NAMES}{more}"
    tree = {"Dockerfile": "FROM python\nCOPY . .\nCMD [\"python\", \"main.py\"]\n", "main.py": READS + read, "compose.yaml": f"services:\n{services}"}
    assert findings(tree) == ([("STG203", "compose.yaml", 10, "RUNNER_URL")] if told else [])


@pytest.mark.parametrize(("command", "told"), [("python3 main.py", True), ("python3 tools/other.py", False)])
def test_a_mounted_tree_hides_no_program_that_the_image_holds(findings: Findings, command: str, told: bool) -> None:
    tree = {
        "Dockerfile": "FROM python\nCOPY main.py .\nCOPY lib lib\n",
        "main.py": "import os\nimport lib\nMODE = os.getenv('SEARCH_BASE_URL')\n",
        "lib/__init__.py": "",
        "tools/other.py": "import os\nprint(os.getenv('SEARCH_URL'))\n",
        "compose.yaml": f"services:\n  app:\n    build: .\n    command: {command}\n    volumes: ['./:/app']\n    environment:\n      SEARCH_URL: http://search\n",
    }
    assert findings(tree) == ([("STG204", "compose.yaml", 7, "SEARCH_URL")] if told else [])


ENV_FILE = {
    "Dockerfile": "FROM python\nCOPY main.py .\n",
    "main.py": "import os\nA = os.getenv('SERVICE_TIMEOUT')\nB = os.getenv('CACHE_CACHE_LIMIT')\n",
    "compose.yaml": "services:\n  app:\n    build: .\n    env_file: app.env\n",
}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("SERVICE_TIMEUOT=1", True), ("SERVICE_TIMEOUTS=1", True), ("SERVICE_TIMEOUT=1", False),
        # Another word, a word less, and a name that is read.
        ("SERVICE_LIMIT=1", False), ("TIMEOUT=1", False), ("CACHE_CACHE_LIMIT=1", False),
    ],
)
def test_a_slip_in_an_env_file_is_told_where_it_is(findings: Findings, line: str, told: bool) -> None:
    assert findings({**ENV_FILE, "app.env": f"MODE=x\n{line}\n"}) == ([("STG204", "app.env", 2, line.partition("=")[0])] if told else [])


def test_a_doubled_word_is_a_slip_of_the_reader_where_others_use_the_name(findings: Findings) -> None:
    assert findings({**ENV_FILE, "app.env": "CACHE_LIMIT=1\n"}) == [("STG204", "app.env", 1, "CACHE_LIMIT")]
    more = "  cache:\n    image: acme/cache:1\n    environment: [CACHE_LIMIT=1]\n"
    tree = {**ENV_FILE, "app.env": "CACHE_LIMIT=1\n", "compose.yaml": ENV_FILE["compose.yaml"] + more}
    assert findings(tree) == [("STG203", "main.py", 3, "CACHE_CACHE_LIMIT")]


CDN = {
    "cdn/Dockerfile": "FROM node:20\nCOPY . .\nCMD [\"node\", \"s3.js\"]\n",
    "cdn/s3.js": "const url = process.env.S3_URL;\nconst style = process.env.S3_PATH_STYLE === 'true';\nconst mode = process.env.MODE;\n",
}


def cdn(*names: str) -> str:
    return "services:\n  cdn:\n    build: {context: cdn}\n    environment:\n" + "".join(f"      {name}: 'true'\n" for name in names)


@pytest.mark.parametrize(
    ("others", "mine", "told"),
    [
        ((("S3_URL", "S3_PATH_STYLE"), ("S3_URL", "S3_PATH_STYLE")), ("S3_URL", "MODE"), True),
        # Only one other file, another that does not have it either, and nothing of the family here.
        ((("S3_URL", "S3_PATH_STYLE"),), ("S3_URL", "MODE"), False),
        ((("S3_URL", "S3_PATH_STYLE"), ("S3_URL",)), ("S3_URL", "MODE"), False),
        ((("S3_URL", "S3_PATH_STYLE"), ("S3_URL", "S3_PATH_STYLE")), ("MODE",), False),
    ],
)
def test_the_only_launch_that_leaves_a_variable_out(findings: Findings, others: tuple[tuple[str, ...], ...], mine: tuple[str, ...], told: bool) -> None:
    tree = {**CDN, "compose.yaml": cdn(*mine), **{f"deploy/stack{at}/compose.yaml": cdn(*names).replace("{context: cdn}", "{context: ../../cdn}") for at, names in enumerate(others)}}
    found = [one for one in findings(tree) if one[3] == "S3_PATH_STYLE" and one[1] == "compose.yaml"]
    assert found == ([("STG205", "compose.yaml", 2, "S3_PATH_STYLE")] if told else [])


def test_names_that_are_looked_for_by_their_end_are_read(findings: Findings) -> None:
    code = "const get = (key) => process.env[Object.keys(process.env).find((one) => one.endsWith(`_${key}`)) ?? key];\nconst level = get('LOGS_LEVEL');\nconst mode = process.env.MODE;\n"
    tree = {**WEB, "web/server.js": code, "compose.yaml": "services:\n  web:\n    build: web\n    environment: {MODE: x, API_LOGS_LEVEL: info}\n"}
    assert findings(tree) == []
    assert findings({**tree, "web/server.js": "const level = process.env.LOGS_LEVEL;\nconst mode = process.env.MODE;\n"}) == [("STG204", "compose.yaml", 4, "API_LOGS_LEVEL")]


def test_scripts_and_settings_alone_are_no_program(findings: Findings) -> None:
    tree = {
        "docker/Dockerfile": "FROM php:8.3-cli\nCOPY start supervisord.conf /etc/app/\nCMD [\"start\"]\n",
        "docker/start": "#!/bin/sh\nexec supervisord -u ${APP_USER}\n",
        "docker/supervisord.conf": "[program:php]\ncommand=%(ENV_APP_COMMAND)s\n",
        "compose.yaml": "services:\n  app:\n    build: docker\n    volumes: ['.:/var/www']\n    environment: {APP_USER: me, APP_COMMAND: php, SITES_PATH: /}\n",
    }
    assert findings(tree) == []


SWITCH = {"Dockerfile": "FROM python\nCOPY main.py .\n", "main.py": "import os\nA = os.getenv('LLM_URL')\nB = os.getenv('LLM_API_KEY')\nC = os.getenv('ROUTER_ENDPOINT', 'router:5190')\n"}


@pytest.mark.parametrize(("mine", "told"), [("MODEL=local", False), ("LLM_API_KEY=x", True)])
def test_somebodys_service_that_is_not_chosen(findings: Findings, mine: str, told: bool) -> None:
    tree = {**SWITCH, "a.sh": f"docker build -t acme/app .\ndocker run -e {mine} acme/app\n", "b.sh": "docker run -e LLM_API_KEY=x -e LLM_URL=https://llm.example.com acme/app\n"}
    assert [one for one in findings(tree) if one[0] == "STG205"] == ([("STG205", "a.sh", 2, "LLM_URL")] if told else [])


@pytest.mark.parametrize(("service", "told"), [("router", False), ("other", True)])
def test_a_default_that_leads_to_a_service_of_the_file(findings: Findings, service: str, told: bool) -> None:
    one = f"services:\n  app:\n    build: .\n    environment: {{MODE: x}}\n  {service}:\n    image: acme/router:1\n"
    two = "services:\n  app:\n    build: ..\n    environment: {ROUTER_ENDPOINT: 'nat:5190'}\n"
    assert [one for one in findings({**SWITCH, "compose.yaml": one, "dev/compose.yaml": two}) if one[0] == "STG205"] == ([("STG205", "compose.yaml", 2, "ROUTER_ENDPOINT")] if told else [])


def test_what_is_another_services_is_not_left_out(findings: Findings) -> None:
    names = [f"AUTOPILOT_{word}" for word in ("ONE", "TWO", "THREE", "FOUR", "FIVE")]
    code = "".join(f"const {name} = process.env.{name};\n" for name in (*names, "APISERVER_ROOT_DOMAIN", "MISSED_ONE"))
    tree = {
        "Dockerfile": WEB["web/Dockerfile"], "server.js": code, ".env.example": "".join(f"{name}=1\n" for name in (*names, "APISERVER_ROOT_DOMAIN", "MISSED_ONE")),
        "compose.yaml": "services:\n  autopilot:\n    build: .\n    environment:\n" + "".join(f"      - {name}=${{{name}}}\n" for name in names) + "  apiserver:\n    image: acme/api:1\n",
    }
    assert findings(tree) == [("STG203", "compose.yaml", 2, "MISSED_ONE")]


def test_what_one_container_alone_is_missed_from_another_services_folder_is_not(findings: Findings) -> None:
    files = {"Dockerfile": "FROM node:20\nCOPY . .\nCMD [\"node\", \"index.js\"]\n", "index.js": "require('./services/api/db');\n", "services/api/db.js": "connect(process.env.DATABASE_URL);\n"}
    tree = {**files, "compose.yaml": APP.replace("build: web", "build: .") + API.format("postgres://app@db:5432/app") + DB}
    assert findings(tree) == []
    parts = {**WEB, "web/server.js": "connect(process.env.DATABASE_URL);\n", "compose.yaml": APP.replace("PORT: '3000'", "DATABASE_HOST: db") + API.format("postgres://app@db:5432/app") + DB}
    assert [one for one in findings(parts) if one[0] == "STG203"] == []


def test_the_host_in_a_default_that_is_put_together_serves_as_well(findings: Findings) -> None:
    code = "import os\nHOST = os.getenv('APP_REDIS_HOST', 'localhost')\nBROKER = os.getenv('BROKER_URL', f'redis://{HOST}:6379/0')\n"
    tree = {"Dockerfile": "FROM python\nCOPY . .\n", "main.py": code, "compose.yaml": "services:\n  app:\n    build: .\n    environment: {APP_REDIS_HOST: redis}\n  redis:\n    image: redis:7\n"}
    assert findings(tree) == []
    assert {one[3] for one in findings({**tree, "compose.yaml": tree["compose.yaml"].replace("APP_REDIS_HOST: redis", "MODE: x")}) if one[0] == "STG203"} == {"APP_REDIS_HOST"}


def test_settings_that_are_made_of_a_file_demand_nothing(findings: Findings) -> None:
    code = (
        "import tomllib\nfrom pydantic_settings import BaseSettings\n\nclass Settings(BaseSettings):\n    MODEL: str\n    TOKEN: str\n\n"
        "with open('app.toml', 'rb') as file:\n    config = tomllib.load(file)\nmade = {}\nmade['MODEL'] = config['model']\nsettings = Settings(**made)\n"
    )
    tree = {"Dockerfile": "FROM python\nCOPY . .\n", "main.py": code, "compose.yaml": "services:\n  app:\n    build: .\n"}
    assert findings(tree) == [("STG203", "compose.yaml", 2, "TOKEN")]


@pytest.mark.parametrize(("command", "told"), [("ID=$(docker create acme/app)\ndocker cp $ID:/a b", False), ("docker run acme/app", True), ("docker create --name a -e MODE=x acme/app\ndocker start a", True)])
def test_a_container_that_files_are_copied_out_of_lacks_nothing(findings: Findings, command: str, told: bool) -> None:
    tree = {"Dockerfile": "FROM python\nCOPY . .\n", "main.py": "import os\nQUEUE = os.environ['QUEUE']\n", "a.sh": f"docker build -t acme/app .\n{command}\n"}
    assert [one for one in findings(tree) if one[0] == "STG203"] == ([("STG203", "a.sh", 2, "QUEUE")] if told else [])


def test_a_task_runs_in_its_folder(findings: Findings) -> None:
    task = "version: '3'\ntasks:\n  docs:\n    dir: docs\n    cmd: |\n      docker build -t acme-docs .\n      docker run -e MODE=x acme-docs\n"
    tree = {"Taskfile.yml": task, "Dockerfile": "FROM python\nCOPY . .\n", "main.py": "import os\nQUEUE = os.environ['QUEUE']\n", "docs/Dockerfile": "FROM jekyll/jekyll:4\nCOPY Gemfile .\n", "docs/Gemfile": ""}
    assert findings(tree) == []
    assert ("STG203", "Taskfile.yml", 7, "QUEUE") in findings({**tree, "Taskfile.yml": task.replace("    dir: docs\n", "    silent: true\n")})


def test_what_kubernetes_makes_another_variable_of_is_used(findings: Findings) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n  - name: app\n    image: acme/app\n    env:\n"
        "    - {name: COLLECTOR, value: otel}\n    - {name: ENDPOINT, value: 'http://$(COLLECTOR):4317'}\n    - {name: IDLE, value: x}\n"
    )
    tree = {"Dockerfile": "FROM python\nCOPY . .\n", "main.py": "import os\nE = os.getenv('ENDPOINT')\n", "build.sh": "docker build -t acme/app .\n", "pod.yaml": pod}
    assert findings(tree) == [("STG204", "pod.yaml", 11, "IDLE")]


def test_a_module_that_is_loaded_on_request_demands_nothing_at_the_start(findings: Findings) -> None:
    code = "const key = process.env.API_KEY;\nif (!key) {\n  throw new Error('no key');\n}\n"
    tree = {"web/Dockerfile": WEB["web/Dockerfile"], "compose.yaml": "services:\n  web:\n    build: web\n", "web/package.json": "{}\n"}
    assert [one[3] for one in findings({**tree, "web/server.js": code})] == ["API_KEY"]
    assert findings({**tree, "web/pages/api/send.js": code, "web/server.js": "require('./pages/api/send');\n"}) == []


def test_a_script_beside_its_own_dockerfile_belongs_to_that(findings: Findings) -> None:
    tree = {
        "Dockerfile": "FROM python\nCOPY . .\nCMD [\"python\", \"main.py\"]\n", "main.py": "import os\nMODE = os.getenv('MODE')\n", "compose.yaml": "services:\n  app:\n    build: .\n    environment: {MODE: x}\n",
        "images/run/Dockerfile": "FROM python\nADD entry.py /\nCMD /entry.py\n", "images/run/entry.py": "import json, os\nCOMMANDS = json.loads(os.getenv('COMMANDS'))\n",
    }
    assert findings(tree) == []


@pytest.mark.parametrize(("value", "told"), [("${S3_ENDPOINT_URL:-}", False), ("${S3_ENDPOINT_URL:-http://minio:9000}", True)])
def test_what_is_empty_unless_somebody_says_otherwise_is_not_missed(findings: Findings, value: str, told: bool) -> None:
    code = {"Dockerfile": "FROM python\nCOPY main.py .\n", "main.py": "import os\nA = os.getenv('S3_ENDPOINT_URL')\nB = os.getenv('MODE')\n"}
    one = "services:\n  app:\n    build: .\n    environment: {MODE: x}\n"
    two = f"services:\n  app:\n    build: ..\n    environment: {{MODE: x, S3_ENDPOINT_URL: '{value}'}}\n"
    assert findings({**code, "compose.yaml": one, "dev/compose.yaml": two}) == ([("STG205", "compose.yaml", 2, "S3_ENDPOINT_URL")] if told else [])


def test_the_proxy_of_a_development_server_misses_nothing(findings: Findings) -> None:
    code = {"web/server.js": "const mode = process.env.MODE;\nrequire('./proxy.conf');\n", "web/proxy.conf.js": "module.exports = {target: process.env.DEV_BACKEND_URL || 'http://localhost:5005'};\n"}
    compose = "services:\n  web:\n    build: web\n    environment: {MODE: x}\n  backend:\n    image: acme/backend:1\n    ports: ['5005:5005']\n"
    assert findings({**WEB, **code, "compose.yaml": compose}) == []
    # What is set for it is read all the same.
    assert findings({**WEB, **code, "compose.yaml": compose.replace("MODE: x", "MODE: x, DEV_BACKEND_URL: http://backend:5005")}) == []


def test_an_overlay_has_what_the_other_files_of_its_folder_give(findings: Findings) -> None:
    code = {"api/Dockerfile": "FROM python\nCOPY main.py .\n", "api/main.py": "import os\nA = os.environ['SMTP_HOST']\nB = os.environ['MODE']\n"}
    parts = {
        "docker-compose.build.yml": "services:\n  api:\n    build: api\n",
        "docker-compose.mode.yml": "services:\n  api:\n    build: api\n    environment: {MODE: x}\n",
        "docker-compose.mail.yml": "services:\n  api:\n    build: api\n    environment: {SMTP_HOST: smtp.example.com}\n",
    }
    assert [one for one in findings({**code, **parts}) if one[1] == "docker-compose.build.yml"] == []


def test_a_part_that_another_image_of_the_same_code_starts(findings: Findings) -> None:
    tree = {
        "app/Dockerfile-order": "FROM python\nCOPY . .\nCMD [\"python\", \"-m\", \"shop.ordering.main\"]\n", "app/Dockerfile-pos": "FROM python\nCOPY . .\nCMD [\"python\", \"-m\", \"shop.restaurant.main\"]\n",
        "app/shop/ordering/main.py": "import os\nA = os.environ['KAFKA_SERVERS']\n", "app/shop/restaurant/main.py": "import os\nB = os.environ['RUNTIME']\n",
        "compose.yaml": "services:\n  order:\n    build: {context: app, dockerfile: Dockerfile-order}\n    environment: {KAFKA_SERVERS: kafka}\n  pos:\n    build: {context: app, dockerfile: Dockerfile-pos}\n    environment: {RUNTIME: x}\n",
    }
    assert findings(tree) == []
    assert findings({**tree, "compose.yaml": tree["compose.yaml"].replace("{RUNTIME: x}", "{MODE: x}")})[0] == ("STG203", "compose.yaml", 5, "RUNTIME")


def test_another_file_of_properties_that_the_image_has_gives_a_key(findings: Findings) -> None:
    tree = {
        "Dockerfile": "FROM eclipse-temurin:21\nCOPY app.jar src config /app/\n", "src/main/resources/application.properties": "store.redis.hosts=localhost:6379\n",
        "config/redis.properties": "# of the container\nstore.redis.hosts=redis:6379\n", "compose.yaml": "services:\n  app:\n    build: .\n    environment: {LEVEL: x}\n  redis:\n    image: redis:7\n",
    }
    assert [one for one in findings(tree) if one[0] == "STG203"] == []
    assert [one[3] for one in findings({**tree, "config/redis.properties": "store.redis.name=x\n"}) if one[0] == "STG203"] == ["STORE_REDIS_HOSTS"]


def test_settings_of_a_foreign_class_read_what_is_not_known(findings: Findings) -> None:
    code = "import os\nfrom acme_sdk import BaseConnectorSettings\n\nclass Settings(BaseConnectorSettings):\n    name: str = 'x'\n\nMODE = os.getenv('MODE')\n"
    tree = {"Dockerfile": "FROM python\nCOPY main.py .\n", "main.py": code, "compose.yaml": "services:\n  app:\n    build: .\n    environment: {MODE: x, CONNECTOR_ID: y}\n"}
    assert findings(tree) == []
    assert findings({**tree, "main.py": code.replace("BaseConnectorSettings):", "object):")}) == [("STG204", "compose.yaml", 4, "CONNECTOR_ID")]


def test_what_npm_gives_to_what_it_starts_is_given(findings: Findings) -> None:
    code = "const version = process.env.npm_package_version.split('.');\nconst user = process.env.QUEUE_NAME.trim();\n"
    tree = {**WEB, "web/server.js": code, "compose.yaml": "services:\n  web:\n    build: web\n    command: npm start\n"}
    assert [one[3] for one in findings(tree)] == ["QUEUE_NAME"]


def test_what_fails_in_a_function_is_not_what_a_program_cannot_start_without(findings: Findings) -> None:
    code = "const host = new URL(process.env.QUEUE_URL).hostname;\n"
    tree = {**WEB, "web/server.js": code, "compose.yaml": "services:\n  web:\n    build: web\n"}
    assert [one[3] for one in findings(tree)] == ["QUEUE_URL"]
    inner = "const enabled = Boolean(process.env.QUEUE_URL);\nfunction getClient() {\n  return new URL(process.env.QUEUE_URL);\n}\n"
    assert findings({**tree, "web/server.js": inner + "if (enabled) getClient();\n"}) == []
    assert findings({**tree, "web/server.js": inner + "require('./other');\n", "web/other.js": "function getClient() {}\ngetClient();\n"}) == []
