"""What of a tree's code a container runs, where the image holds more than its program: shared configuration, other commands, templates, scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stigmer_lint.model.world import EnvRead, World

Findings = Callable[[dict[str, str]], list[tuple[str, str, int, str]]]
Reads = Callable[[dict[str, str]], dict[str, EnvRead]]
Worlds = Callable[[dict[str, str]], World]

BUILD = {"Dockerfile": "FROM python\nCOPY . .\n"}
SETTINGS = "import os\nDATABASE = os.environ.get('DATABASE_HOST') or 'localhost'\nCACHE = os.getenv('CACHE_HOST', 'localhost')\nLEVEL = os.getenv('LEVEL')\n"
STORES = "  database:\n    image: postgres\n  cache:\n    image: redis\n"


def compose(*environment: str, more: str = "", service: str = "") -> str:
    listed = "".join(f"      - {one}\n" for one in environment)
    return f"services:\n  app:\n    build: .\n{service}" + (f"    environment:\n{listed}" if environment else "") + more


def told(found: list[tuple[str, str, int, str]], rule: str) -> set[str]:
    return {env for code, _, _, env in found if code == rule}


@pytest.mark.parametrize(
    ("path", "code", "missed"),
    [
        ("main.py", "from settings import DATABASE, LEVEL\nconnect(DATABASE, LEVEL)\n", {"DATABASE_HOST"}),
        ("main.py", "import settings\nconnect(settings.DATABASE, settings.CACHE)\n", {"DATABASE_HOST", "CACHE_HOST"}),
        # A keyword with the constant's name says nothing of the constant.
        ("main.py", "from settings import DATABASE\nconnect(\n    CACHE=1,\n    to=DATABASE,\n)\n", {"DATABASE_HOST"}),
        ("tests/test_main.py", "from settings import CACHE\n", {"DATABASE_HOST", "CACHE_HOST"}),
        # Who uses the module at all is not seen.
        ("main.py", "run()\n", {"DATABASE_HOST", "CACHE_HOST"}),
        ("main.py", "from settings import DATABASE\napp.config.from_object('settings')\n", {"DATABASE_HOST", "CACHE_HOST"}),
    ],
)
def test_what_a_program_leaves_of_shared_settings_it_does_not_need(findings: Findings, path: str, code: str, missed: set[str]) -> None:
    tree = {**BUILD, "settings.py": SETTINGS, path: code, "compose.yaml": compose("LEVEL=1", more=STORES)}
    assert told(findings(tree), "STG203") == missed


def test_what_another_program_uses_of_shared_settings_it_needs(findings: Findings) -> None:
    service = "  {0}:\n    build:\n      context: .\n      dockerfile: {0}/Dockerfile\n"
    tree = {
        "settings.py": SETTINGS, "api/main.py": "from settings import DATABASE\n", "worker/main.py": "from settings import CACHE\n",
        "api/Dockerfile": "FROM python\nCOPY settings.py api ./\n", "worker/Dockerfile": "FROM python\nCOPY settings.py worker ./\n",
        "compose.yaml": "services:\n" + service.format("api") + "    environment:\n      - LEVEL=1\n" + service.format("worker") + STORES,
    }
    assert {(line, env) for rule, _, line, env in findings(tree) if rule == "STG203"} == {(2, "DATABASE_HOST"), (8, "CACHE_HOST")}


@pytest.mark.parametrize(("name", "missed"), [("model_server", set()), ("other", {"MODEL_SERVER_HOST"})])
def test_a_service_does_not_need_its_own_address(findings: Findings, name: str, missed: set[str]) -> None:
    code = "import os\nHOST = os.getenv('MODEL_SERVER_HOST')\nLEVEL = os.getenv('LEVEL')\nMODE = os.getenv('MODE')\nuse(HOST, LEVEL, MODE)\n"
    clients = "".join(f"  {one}:\n    build: .\n    environment: [LEVEL=1, MODE=2, MODEL_SERVER_HOST=model_server]\n" for one in ("api", "worker"))
    server = f"  {name}:\n    build:\n      context: .\n      dockerfile: server/Dockerfile\n    environment: [LEVEL=1, MODE=2]\n"
    tree = {**BUILD, "server/Dockerfile": "FROM python\nCOPY a.py .\n", "a.py": code, "compose.yaml": f"services:\n{clients}{server}"}
    assert told(findings(tree), "STG203") == missed


SEED = "if (!process.env.SEED_DSN) {\n  throw new Error('SEED_DSN')\n}\n"


@pytest.mark.parametrize(("command", "missed"), [("node src/bin/seed.js", {"SEED_DSN"}), ("node src/bin/serve.js", set()), ("node src/main.js", {"SEED_DSN"})])
def test_a_command_beside_the_one_that_is_named_is_not_run(findings: Findings, command: str, missed: set[str]) -> None:
    tree = {
        "Dockerfile": "FROM node\nCOPY . .\n", "src/bin/seed.js": SEED, "src/bin/serve.js": "listen(process.env.LEVEL)\n", "src/main.js": "run()\n",
        "compose.yaml": compose("LEVEL=1", service=f"    command: {command}\n"),
    }
    assert told(findings(tree), "STG203") == missed


def test_each_launch_of_an_image_runs_the_command_that_it_names(findings: Findings) -> None:
    other = "  seed:\n    build: .\n    command: node src/bin/seed.js\n    environment:\n      - LEVEL=2\n"
    tree = {
        "Dockerfile": "FROM node\nCOPY . .\n", "src/bin/seed.js": SEED, "src/bin/serve.js": "listen(process.env.LEVEL)\n",
        "compose.yaml": compose("LEVEL=1", service="    command: node src/bin/serve.js\n", more=other),
    }
    assert [line for rule, _, line, env in findings(tree) if (rule, env) == ("STG203", "SEED_DSN")] == [7]


@pytest.mark.parametrize(("method", "deferred"), [("action", True), ("then", False)])
def test_a_function_that_is_kept_for_later_may_never_run(reads: Reads, method: str, deferred: bool) -> None:
    code = f"function tool() {{\n  program.{method}(async () => {{\n    const db = process.env.AA\n    if (db === undefined) {{ process.exit(1) }}\n  }})\n}}\ntool()\n"
    assert reads({"a.ts": code})["AA"].deferred is deferred


@pytest.mark.parametrize(("code", "deferred"), [("const env = schema.parse(process.env)\n", False), ("export function plans() {\n  return schema.safeParse(process.env)\n}\n", True)])
def test_a_schema_that_is_asked_in_a_function_is_asked_later(reads: Reads, code: str, deferred: bool) -> None:
    assert reads({"a.ts": "import { z } from 'zod'\nconst schema = z.object({ AA: z.string() })\n" + code})["AA"].deferred is deferred


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ('for key in "${!SETTING_@}"; do echo "$key"; done\n', "SETTING_MAIL"), ("for key in ${!SETTING_*}; do :; done\n", "SETTING_MAIL"),
        ("compgen -v SETTING_\n", "SETTING_MAIL"), ("env | grep '^SETTING_' > /etc/app\n", "SETTING_MAIL"), ("printenv | grep -E SETTING_\n", "SETTING_MAIL"),
    ],
)
def test_a_script_reads_a_family(findings: Findings, script: str, name: str) -> None:
    tree = {"Dockerfile": 'FROM debian\nCOPY . .\nENTRYPOINT ["./entrypoint.sh"]\n', "entrypoint.sh": "#!/bin/bash\necho $LEVEL\n" + script, "a.py": "import os\nx = os.environ.get('LEVEL')\n"}
    tree["compose.yaml"] = compose(f"{name}=1", "OTHER_THING=1")
    assert told(findings(tree), "STG204") == {"OTHER_THING"}


@pytest.mark.parametrize(("copied", "missed"), [("COPY . .", set()), ("COPY nginx/site.conf.template /etc/nginx/", {"SITE_DOMAIN"}), ("COPY nginx nginx", {"SITE_DOMAIN"})])
def test_a_template_is_filled_in_where_somebody_names_it(findings: Findings, copied: str, missed: set[str]) -> None:
    tree = {"Dockerfile": f"FROM python\n{copied}\n", "nginx/site.conf.template": "server_name ${SITE_DOMAIN};\n", "compose.yaml": compose("LEVEL=1")}
    assert told(findings(tree), "STG203") == missed


@pytest.mark.parametrize(("command", "idle"), [('["/app/start.sh"]', set()), ('["/app/seen.sh"]', {"PROPERTIES"}), ('["python", "a.py"]', {"PROPERTIES"})])
def test_a_script_that_is_not_in_the_tree_reads_what_it_likes(findings: Findings, command: str, idle: set[str]) -> None:
    tree = {"Dockerfile": f"FROM python\nCOPY . .\nCMD {command}\n", "seen.sh": "#!/bin/sh\nexec python a.py\n", "a.py": "import os\nx = os.environ.get('LEVEL')\n"}
    assert told(findings({**tree, "compose.yaml": compose("LEVEL=1", "PROPERTIES=a")}), "STG204") == idle


@pytest.mark.parametrize(("mark", "line", "idle"), [("<<EOF", "cat > a.mts", set()), ("<< 'EOF'", "mkdir -p x && cat > a.mts", set()), ("<<EOF", "python", {"HMR_PORT"})])
def test_a_file_that_the_dockerfile_writes_reads(findings: Findings, mark: str, line: str, idle: set[str]) -> None:
    docker = f"FROM node\nCOPY . .\nRUN {line} {mark}\nexport default {{ port: process.env.HMR_PORT }}\nEOF\nCMD node a.js\n"
    tree = {"Dockerfile": docker, "a.js": "run(process.env.LEVEL)\n", "compose.yaml": compose("LEVEL=1", "HMR_PORT=1")}
    assert told(findings(tree), "STG204") == idle


def test_a_file_that_only_builds_says_nothing_of_the_environment(findings: Findings) -> None:
    code = "import os\nuse(os.getenv('REDIS_HOST', 'localhost'), os.environ['API_SECRET'])\n"
    redis = "  redis:\n    image: redis\n"
    tree = {**BUILD, "a.py": code, "deploy/compose.yaml": "services:\n  app:\n    build: ..\n    environment:\n      - REDIS_HOST=redis\n      - API_SECRET=x\n" + redis}
    assert findings({**tree, "dev/compose.yaml": "services:\n  app:\n    build: ..\n" + redis}) == []
    bare = "services:\n  app:\n    build: ..\n  redis:\n    image: redis\n    environment:\n      - LEVEL=1\n"
    assert told(findings({**tree, "dev/compose.yaml": bare}), "STG205") == {"REDIS_HOST", "API_SECRET"}


def test_what_stands_beside_the_packages_that_are_left_out_goes_with_them(world: Worlds) -> None:
    package = '{{"name": "{}"}}'
    [component] = world({
        "compose.yaml": "services:\n  api:\n    build: {context: ., dockerfile: apps/api/Dockerfile}\n", "apps/api/Dockerfile": "FROM node\nCOPY . .\nRUN turbo prune api --docker\n",
        "turbo.json": "{}", "package.json": package.format("root"), "apps/api/package.json": package.format("api"), "apps/api/a.js": "use(process.env.AA)\n",
        "tools/local/package.json": package.format("local"), "tools/local/b.js": "use(process.env.BB)\n", "tools/load/c.js": "use(process.env.CC)\n", "shared/d.js": "use(process.env.DD)\n",
    }).components  # fmt: skip
    assert {read.name for read in component.reads} == {"AA", "DD"}


CHART = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: worker}}
spec:
  template:
    spec:
      containers:
        - name: worker
          image: acme/worker:1
          env:
            {env}
"""


@pytest.mark.parametrize(("env", "told_"), [('{{ include "acme.env" . | nindent 12 }}', False), ("- {name: LEVEL, value: '1'}", True)])
def test_what_a_helper_of_the_chart_gives_is_not_seen(findings: Findings, env: str, told_: bool) -> None:
    tree = {
        **BUILD, "a.py": "import os\nuse(os.environ['API_SECRET'], os.getenv('LEVEL'))\n", "chart/Chart.yaml": "apiVersion: v2\nname: acme\nversion: 1.0.0\n",
        "chart/templates/worker.yaml": CHART.format(env=env), "compose.yaml": "services:\n  worker:\n    build: .\n    image: acme/worker:1\n    environment: [API_SECRET=x, LEVEL=1]\n",
    }
    assert ("API_SECRET" in told(findings(tree), "STG205")) is told_


def test_an_empty_container_in_the_place_of_a_service_is_not_its_image(world: Worlds) -> None:
    [component] = world({
        **BUILD, "a.py": "import os\nx = os.environ['AA']\n", "compose.yaml": "services:\n  app:\n    build: .\n  other:\n    image: acme/other:1\n",
        "compose.override.yaml": "services:\n  app:\n    image: busybox:1.35\n  other:\n    image: busybox:1.35\n    command: echo skipped\n",
    }).components  # fmt: skip
    assert {launch.service for launch in component.launches} == {"app"}


@pytest.mark.parametrize(("after", "required"), [("export const env = () => parsed.success ? parsed.data : null\n", False), ("if (!parsed.success) { throw new Error('env') }\n", True)])
def test_what_safe_parse_finds_wrong_matters_where_somebody_ends_the_program(reads: Reads, after: str, required: bool) -> None:
    assert reads({"a.ts": "import { z } from 'zod'\nconst schema = z.object({ AA: z.string() })\nconst parsed = schema.safeParse(process.env)\n" + after})["AA"].required is required


@pytest.mark.parametrize(("count", "missed"), [(3, 3), (4, 0)])
def test_a_launch_that_sets_nothing_is_completed_by_who_starts_it(findings: Findings, count: int, missed: int) -> None:
    code = "import os\n" + "".join(f"x{n} = os.environ['APP_PART_{n}_KEY']\n" for n in range(count))
    assert len(told(findings({**BUILD, "a.py": code, "compose.yaml": compose()}), "STG203")) == missed


@pytest.mark.parametrize(
    ("volume", "command", "idle"),
    [(".:/workspace", "python tools/mock.py", set()), ("./data:/data", "python tools/mock.py", {"MOCK_ISSUER"}), (".:/workspace", "--port 9000", {"MOCK_ISSUER"})],
)
def test_where_the_tree_is_mounted_any_script_may_run(findings: Findings, volume: str, command: str, idle: set[str]) -> None:
    tree = {
        "app/Dockerfile": "FROM python\nCOPY . .\n", "app/a.py": "import os\nx = os.environ.get('LEVEL')\n", "tools/mock.py": "import os\ny = os.environ.get('MOCK_ISSUER')\n",
        "compose.yaml": f"services:\n  app:\n    build: app\n    command: {command}\n    volumes: ['{volume}']\n    environment: [LEVEL=1, MOCK_ISSUER=x]\n",
    }
    assert told(findings(tree), "STG204") == idle


def test_what_an_overlay_brings_along_is_its_own(findings: Findings) -> None:
    base = "services:\n  app:\n    build: .\n    environment: [LEVEL=1]\n  db:\n    image: postgres\n"
    overlay = "services:\n  app:\n    environment:\n      - MAIL_URL=smtp://{0}:25\n" + "{1}"
    tree = {**BUILD, "a.py": "import os\nuse(os.getenv('MAIL_URL', 'smtp://localhost:25'), os.getenv('LEVEL'))\n", "compose.yaml": base}
    brings = overlay.format("mailhog", "  mailhog:\n    image: mailhog/mailhog\n")
    assert told(findings({**tree, "compose.dev.yaml": brings}), "STG205") == set()


@pytest.mark.parametrize(("value", "told_"), [("http://localhost:4007", set()), ("http://collector:4007", {"COLLECTOR_URL"})])
def test_an_address_that_is_loopback_elsewhere_is_not_missed(findings: Findings, value: str, told_: set[str]) -> None:
    service = "services:\n  front:\n    build: ..\n    environment:\n      - LEVEL=1\n"
    tree = {**BUILD, "a.py": "import os\nuse(os.getenv('COLLECTOR_URL'), os.getenv('LEVEL'))\n", "one/compose.yaml": service, "two/compose.yaml": service + f"      - COLLECTOR_URL={value}\n"}
    assert told(findings(tree), "STG205") == told_


def test_a_script_that_looks_up_names_that_it_puts_together_reads_them(findings: Findings) -> None:
    script = '#!/bin/bash\nfor ID in $SERVERS; do\n  DATA="SERVERS_${ID}_DATA"\n  echo "${!DATA}"\ndone\n'
    tree = {"Dockerfile": 'FROM debian\nCOPY . .\nENTRYPOINT ["./entrypoint.sh"]\n', "entrypoint.sh": script, "a.py": "import os\nx = os.environ.get('LEVEL')\n"}
    assert told(findings({**tree, "compose.yaml": compose("LEVEL=1", "SERVERS=1", "SERVERS_1_DATA=a", "SERVERS_1_NAME=b")}), "STG204") == {"SERVERS_1_NAME"}


@pytest.mark.parametrize(("name", "idle"), [("proxy.envars.json", set()), ("proxy.env.json", {"PROXY_METHOD"})])
def test_a_file_with_env_in_its_name_may_be_filled_in(findings: Findings, name: str, idle: set[str]) -> None:
    tree = {**BUILD, "a.py": "import os\nx = os.environ.get('LEVEL')\n", f"etc/{name}": '{"value": "${PROXY_METHOD}"}\n', "compose.yaml": compose("LEVEL=1", "PROXY_METHOD=a")}
    assert told(findings(tree), "STG204") == idle


@pytest.mark.parametrize(("run", "idle"), [("apt-get install -y jicofo", set()), ("apt-get install -y curl", {"JICOFO_MAX_MEMORY"})])
def test_a_product_that_is_installed_reads_its_own(findings: Findings, run: str, idle: set[str]) -> None:
    tree = {"Dockerfile": f"FROM debian\nRUN {run}\nCOPY . .\n", "a.py": "import os\nx = os.environ.get('LEVEL')\n", "compose.yaml": compose("LEVEL=1", "JICOFO_MAX_MEMORY=1g")}
    assert told(findings(tree), "STG204") == idle


def test_what_a_chart_puts_into_a_config_map_reads(findings: Findings) -> None:
    chart = CHART.format(env="- {name: WORKER_SSL, value: 'true'}\n            - {name: WORKER_TOPIC, value: a}\n            - {name: LEVEL, value: '1'}")
    tree = {
        **BUILD, "a.py": "import os\nx = os.getenv('LEVEL')\n", "chart/Chart.yaml": "apiVersion: v2\nname: acme\nversion: 1.0.0\n", "chart/templates/worker.yaml": chart,
        "chart/files/start.sh": "if [ $WORKER_SSL = true ]; then echo; fi\n", "compose.yaml": "services:\n  worker:\n    build: .\n    image: acme/worker:1\n    environment: [LEVEL=1]\n",
    }
    assert told(findings(tree), "STG204") == {"WORKER_TOPIC"}


@pytest.mark.parametrize(
    ("path", "code", "names", "idle"),
    [
        ("a.cs", 'var c = Environment.GetEnvironmentVariable("PLAN_CRYPTO" + i); var l = Environment.GetEnvironmentVariable("LEVEL");\n', ("PLAN_CRYPTO1", "PLAN_OTHER1"), {"PLAN_OTHER1"}),
        ("a.js", "use(process.env.LEVEL)\nconst found = keys(env).filter(one => one.startsWith('PAD_CONNECTIONS'))\n", ("PAD_CONNECTIONS__a__host", "PAD_LEVEL"), {"PAD_LEVEL"}),
        ("a.js", "use(process.env.LEVEL)\nconst key = env[`PLUGIN_${name}`]\n", ("PLUGIN_REDIS", "PLUGINS_ALL"), {"PLUGINS_ALL"}),
        # A name that is read is no beginning of longer ones.
        ("a.py", "import os\nuse(os.environ.get('LEVEL'), os.environ.get('DATA_PATH'))\n", ("DATA_PATH_OLD",), {"DATA_PATH_OLD"}),
    ],
    ids=["numbered", "nested", "template", "longer"],
)
def test_names_that_code_puts_together_are_read(findings: Findings, path: str, code: str, names: tuple[str, ...], idle: set[str]) -> None:
    tree = {"Dockerfile": "FROM debian\nCOPY . .\n", path: code, "compose.yaml": compose("LEVEL=1", *(f"{name}=1" for name in names))}
    assert told(findings(tree), "STG204") == idle


@pytest.mark.parametrize(("base", "run", "missed"), [("node:22", "npm ci", set()), ("node:22", "apt-get install -y python3", {"API_SECRET"}), ("python:3.12", "true", {"API_SECRET"}), ("debian", "true", {"API_SECRET"})])
def test_a_language_that_the_image_does_not_run_reads_nothing(findings: Findings, base: str, run: str, missed: set[str]) -> None:
    tree = {"Dockerfile": f"FROM {base}\nRUN {run}\nCOPY . .\n", "a.py": "import os\nx = os.environ['API_SECRET']\n", "b.js": "use(process.env.LEVEL)\n", "compose.yaml": compose("LEVEL=1")}
    assert told(findings(tree), "STG203") == missed


@pytest.mark.parametrize(("key", "told_"), [("spring.datasource.password", True), ("db.password.0", False)])
def test_a_placeholder_of_the_programs_own_key_may_not_be_asked_for(findings: Findings, key: str, told_: bool) -> None:
    tree = {"Dockerfile": "FROM eclipse-temurin\nCOPY . .\n", "src/main/resources/application.properties": f"{key}=${{DB_PASSWORD}}\n", "compose.yaml": compose("LEVEL=1")}
    assert ("DB_PASSWORD" in told(findings(tree), "STG203")) is told_


@pytest.mark.parametrize(("name", "told_"), [("APP_DSN", {"APP_DSN"}), ("APP_TEST_DSN", set()), ("CYPRESS_BASE_URL", set())])
def test_what_tests_read_is_not_missed(findings: Findings, name: str, told_: set[str]) -> None:
    tree = {**BUILD, "a.py": f"import os\nx = os.environ['{name}']\n", "compose.yaml": compose("LEVEL=1")}
    assert told(findings(tree), "STG203") == told_


@pytest.mark.parametrize(("driver", "told_"), [("sqlite", set()), ("mysql", {"APP_DATABASE_SERVER"})])
def test_another_store_needs_no_address(findings: Findings, driver: str, told_: set[str]) -> None:
    code = "import os\nuse(os.getenv('APP_DATABASE_SERVER'), os.getenv('APP_DATABASE_DRIVER'), os.getenv('LEVEL'))\n"
    service = "services:\n  app:\n    build: ..\n    environment:\n      - LEVEL=1\n      - APP_DATABASE_DRIVER={}\n"
    tree = {**BUILD, "a.py": code, "one/compose.yaml": service.format(driver), "two/compose.yaml": service.format("mysql") + "      - APP_DATABASE_SERVER=db:3306\n"}
    assert told(findings(tree), "STG205") == told_


def test_a_family_of_the_programs_own_is_no_products(findings: Findings) -> None:
    tree = {"Dockerfile": "FROM debian\nRUN apt-get install -y security-tools\nCOPY . .\n", "a.py": "import os\nuse(os.environ.get('SECURITY_KEY'))\n"}
    assert told(findings({**tree, "compose.yaml": compose("SECURITY_KEY=1", "SECURITY_ORIGINS=a")}), "STG204") == {"SECURITY_ORIGINS"}


@pytest.mark.parametrize(("given", "missed"), [("SECURITY__SECRET=x", set()), ("LEVEL=1", {"SECURITY"})])
def test_a_setting_of_several_is_given_by_its_parts(findings: Findings, given: str, missed: set[str]) -> None:
    code = """from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

class Security(BaseModel):
    secret: str

class Settings(BaseSettings):
    security: Security
    model_config = SettingsConfigDict(env_nested_delimiter="__")

settings = Settings()
"""
    assert told(findings({**BUILD, "a.py": code, "compose.yaml": compose(given)}), "STG203") & {"SECURITY"} == missed


@pytest.mark.parametrize(("name", "missed"), [("ACME_FRONTEND_URL", set()), ("ACME_FRONTEND_API_URL", {"ACME_FRONTEND_API_URL"})])
def test_the_address_of_pages_is_for_people(findings: Findings, name: str, missed: set[str]) -> None:
    tree = {**BUILD, "a.py": f"import os\nuse(os.getenv('{name}', 'http://localhost:8080'))\n", "compose.yaml": compose("LEVEL=1", more="  frontend:\n    image: acme/frontend\n    ports: ['8080:8080']\n")}
    assert told(findings(tree), "STG203") == missed


@pytest.mark.parametrize(("default", "missed"), [("127.0.0.1", set()), ("http://127.0.0.1:4444", {"ACME_API_HOST"})])
def test_where_the_same_code_listens_is_not_dialled(findings: Findings, default: str, missed: set[str]) -> None:
    code = f"import os\nserve(os.getenv('ACME_API_HOST', '{default}'), int(os.getenv('ACME_API_PORT', '4444')))\n"
    job = "  job:\n    build: .\n    command: python -m token\n    environment: [LEVEL=1]\n"
    tree = {**BUILD, "a.py": code, "compose.yaml": "services:\n  gateway:\n    build: .\n    ports: ['4444:4444']\n    environment: [LEVEL=1]\n" + job}
    assert told(findings(tree), "STG203") == missed


@pytest.mark.parametrize(("path", "told_"), [("ci/try.sh", set()), ("start.sh", {"REDIS_URL"})])
def test_a_container_that_is_tried_out_alone_lacks_nothing(findings: Findings, path: str, told_: set[str]) -> None:
    tree = {
        **BUILD, "a.py": "import os\nuse(os.getenv('REDIS_URL', 'redis://localhost:6379'), os.getenv('LEVEL'))\n", path: "docker run -d -e LEVEL=1 acme/app:1\n",
        "compose.yaml": "services:\n  app:\n    build: .\n    image: acme/app:1\n    environment: [LEVEL=1, 'REDIS_URL=redis://cache:6379']\n  cache:\n    image: redis\n",
    }
    assert told(findings(tree), "STG205") == told_


@pytest.mark.parametrize(("option", "missed"), [("--entrypoint python ", set()), ("", {"API_SECRET"})])
def test_another_entrypoint_is_another_program(findings: Findings, option: str, missed: set[str]) -> None:
    tree = {
        **BUILD, "a.py": "import os\nx = os.environ['API_SECRET']\n", "build.sh": "docker build -t acme/app:1 .\n", "run.sh": f"docker run {option}-e LEVEL=1 acme/app:1\n",
    }
    assert told(findings(tree), "STG203") == missed


ALONE = "import os\nJOB = os.environ['JOB_TOKEN']\n"


@pytest.mark.parametrize(
    ("more", "missed"),
    [
        ({"main.py": "run()\n"}, False),
        ({"main.py": "from sandbox import send_job\n"}, True),
        ({"main.py": "from sandbox import (\n    other,\n    send_job,\n)\n"}, True),
        ({"main.py": "import sandbox.helper\n", "sandbox/helper.py": "from .send_job import JOB\n"}, True),
        ({"main.py": "run()\n", "sandbox/helper.py": "from .send_job import JOB\n"}, False),
        ({"main.py": "run()\n", "tests/test_job.py": "from sandbox import send_job\n"}, False),
        ({"main.py": "run()\n", "Dockerfile": "FROM python\nCOPY . .\nCMD python sandbox/send_job.py\n"}, True),
        ({"main.py": "run()\n", "supervisord.conf": "[program:job]\ncommand=python -m sandbox.send_job\n"}, True),
        ({"main.py": "run()\n", "README.md": "Run `python sandbox/send_job.py`.\n"}, False),
        ({"main.py": "celery.autodiscover(['sandbox.send_job'])\n"}, True),
        ({"main.py": "import pkgutil\nfor one in pkgutil.iter_modules(['sandbox']):\n    load(one)\n"}, True),
        # Nothing else is there that could be the program.
        ({}, True),
    ],
)
def test_a_file_that_nothing_leads_to_demands_nothing(findings: Findings, more: dict[str, str], missed: bool) -> None:
    tree = {**BUILD, "sandbox/send_job.py": ALONE, "compose.yaml": compose("LEVEL=1"), **more}
    assert told(findings(tree), "STG203") == ({"JOB_TOKEN"} if missed else set())


@pytest.mark.parametrize(
    ("code", "missed"),
    [
        ("const text = await readFile(new URL('./lib/once.js', import.meta.url));\n", False),
        ("new Worker('./lib/once.js');\n", True),
        ("require('./lib/once');\n", True),
        ("import once from '@/lib/once.js';\n", True),
        ("const { once } = await import('./lib/once.js');\n", True),
        ("export * from './lib/once';\n", True),
        ("require('./other/once');\n", False),
        ("for (const one of fs.readdirSync('./lib')) require('./lib/' + one);\n", True),
    ],
)
def test_a_script_that_is_handed_on_as_a_text_demands_nothing(findings: Findings, code: str, missed: bool) -> None:
    tree = {
        "Dockerfile": "FROM node:22\nCOPY . .\n", "index.js": code, "compose.yaml": compose("LEVEL=1"),
        "lib/once.js": "if (!process.env.JOB_TOKEN) throw new Error('no token');\nrun(process.env.JOB_TOKEN);\n",
    }
    assert told(findings(tree), "STG203") == ({"JOB_TOKEN"} if missed else set())


def test_what_an_image_of_go_holds_of_other_languages_it_does_not_need(findings: Findings) -> None:
    tree = {
        "Dockerfile": "FROM acme/dev\nCOPY . .\nRUN go build -o /bin/acme ./cmd/acme\n", "go.mod": "module acme\n", "cmd/acme/main.go": "package main\n\nfunc main() {}\n",
        "compose.yaml": "services:\n  web:\n    build: .\n    ports: ['8080:8080']\n  worker:\n    build: .\n    environment: [LEVEL=1]\n",
        "web/trials/helpers/suite.js": "const url = process.env.HUB_URL || 'http://localhost:8080';\nmodule.exports = url;\n",
        "web/trials/test/login.js": "require('../helpers/suite');\n",
    }
    assert told(findings(tree), "STG203") == set()
    started = {**tree, "web/trials/index.js": "require('./helpers/suite');\n"}
    assert told(findings(started), "STG203") == {"HUB_URL"}


def test_the_address_that_a_server_listens_on_is_not_dialled_where_nobody_sets_it(findings: Findings) -> None:
    tree = {
        **BUILD, "compose.yaml": "services:\n  app:\n    build: .\n    ports: ['5700:5700']\n  desk:\n    build: .\n    environment: [LEVEL=1]\n",
        "cli.py": "import click\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@click.command()\n@click.option('--host', default='127.0.0.1', envvar='APP_SERVER_HOST')\n"
        "def serve(host: str) -> None:\n    app.run(host=host)\n",
    }
    assert told(findings(tree), "STG203") == set()
    dialled = {**tree, "cli.py": tree["cli.py"].replace("app.run(host=host)", "connect(host=host)")}
    assert told(findings(dialled), "STG203") == {"APP_SERVER_HOST"}


TESTED = 'fn url() -> String {\n    std::env::var("HUB_TOKEN").expect("HUB_TOKEN must be set")\n}\n'


@pytest.mark.parametrize(
    ("path", "code", "missed"),
    [
        ("src/main.rs", 'fn main() {\n    let token = std::env::var("HUB_TOKEN").expect("no token");\n}\n', True),
        ("src/settings.rs", 'pub fn from_env() -> Self {\n    let token = std::env::var("HUB_TOKEN").unwrap();\n}\n', True),
        # One of the things that the program can do.
        ("src/main.rs", 'async fn handle_create_key() -> Result<()> {\n    let token = std::env::var("HUB_TOKEN")?;\n}\n', False),
        ("src/test_helpers.rs", TESTED, False),
        ("src/db/tests.rs", TESTED, False),
        ("src/lib.rs", f"pub fn load() {{}}\n\n#[cfg(test)]\nmod tests {{\n    use super::*;\n\n    {TESTED}}}\n", False),
        ("src/lib.rs", '#[cfg(test)]\nmod tests {\n    fn a() {}\n}\n\npub fn load() {\n    std::env::var("HUB_TOKEN").unwrap();\n}\n', True),
        ("src/main.rs", '#[tokio::test]\nasync fn load() {\n    std::env::var("HUB_TOKEN").unwrap();\n}\n', False),
    ],
)
def test_what_tests_in_rust_demand_the_program_does_not(findings: Findings, path: str, code: str, missed: bool) -> None:
    tree = {"Dockerfile": "FROM rust\nCOPY . .\n", "Cargo.toml": '[package]\nname = "app"\n', path: code, "compose.yaml": compose("LEVEL=1")}
    assert told(findings(tree), "STG203") == ({"HUB_TOKEN"} if missed else set())


@pytest.mark.parametrize(
    ("line", "missed"),
    [("run.js", False), ("scripts", False), ("all:scripts", False), ("*.js", False), ('"run.js"', False), ("other.js", True)],
)
def test_a_script_that_a_program_has_in_it_as_data_is_handed_on(findings: Findings, line: str, missed: bool) -> None:
    path = "runner/scripts/run.js" if "scripts" in line else "runner/run.js"
    tree = {
        "Dockerfile": "FROM node:22\nCOPY . .\nCMD runner\n", path: "if (!process.env.TASK_DIR) throw new Error('no');\nrun(process.env.TASK_DIR);\n",
        "runner/embed.go": f'package runner\n\nimport _ "embed"\n\n//go:embed {line}\nvar script string\n', "compose.yaml": compose("LEVEL=1"),
    }
    assert told(findings(tree), "STG203") == ({"TASK_DIR"} if missed else set())


@pytest.mark.parametrize(
    ("start", "missed"),
    [
        ("command: [sleep, infinity]", False), ("command: sh -c 'sleep infinity'", False), ("command: tail -f /dev/null", False), ("command: sh -c 'while true; do sleep 30; done'", False),
        ("command: sh -c 'sleep 5 && python main.py'", True), ("command: python main.py", True),
        ("command: python /smoke.py\n    volumes: ['../ci/smoke_test.py:/smoke.py:ro']", False), ("command: python /srv/main.py\n    volumes: ['./main.py:/srv/main.py']", True),
    ],
)
def test_a_container_that_starts_something_else_lacks_nothing(findings: Findings, start: str, missed: bool) -> None:
    tree = {**BUILD, "main.py": ALONE, "compose.yaml": f"services:\n  app:\n    build: .\n    environment: [LEVEL=1]\n    {start}\n"}
    assert told(findings(tree), "STG203") == ({"JOB_TOKEN"} if missed else set())


@pytest.mark.parametrize(
    ("dockerfile", "missed"),
    [
        ("CMD [python, app/main.py]\n", {"A"}), ('CMD ["python", "-m", "app.main"]\n', {"A"}), ('CMD ["uvicorn", "app.server:app"]\n', {"B"}), ('CMD ["acme", "serve"]\n', {"A"}),
        # What starts is not told, so that each may.
        ("", {"A", "B", "C"}), ('CMD ["./start"]\n', {"A", "B", "C"}),
    ],
)
def test_of_several_programs_the_one_that_is_started_counts(findings: Findings, dockerfile: str, missed: set[str]) -> None:
    tree = {
        "Dockerfile": f"FROM python\nCOPY . .\n{dockerfile}".replace("[python, app/main.py]", '["python", "app/main.py"]'), "pyproject.toml": '[project.scripts]\nacme = "app.main:run"\n',
        "app/main.py": READS.format("A"), "app/server.py": READS.format("B"), "jobs/index/__main__.py": READS.format("C"), "compose.yaml": compose("LEVEL=1"),
    }
    assert told(findings(tree), "STG203") == missed


READS = "import os\nx = os.environ['{}']\n"


def test_a_program_that_another_starts_is_led_to(findings: Findings) -> None:
    tree = {**BUILD, "run.py": "uvicorn.run('app.main:app')\n", "app/main.py": READS.format("A"), "jobs/main.py": READS.format("B"), "compose.yaml": compose("LEVEL=1")}
    tree["Dockerfile"] += 'CMD ["python", "run.py"]\n'
    assert told(findings(tree), "STG203") == {"A"}
    # What is handed to another container as its command is no import.
    assert told(findings({**tree, "run.py": "start(['python', '-m', 'jobs.main'])\n"}), "STG203") == set()


def test_what_is_built_outside_has_its_source_beside_the_dockerfile(findings: Findings) -> None:
    tree = {
        "apps/server/Dockerfile": "FROM node:22\nCOPY dist/apps/server .\nCOPY schema ./schema\n", "schema/a.sql": "", "apps/server/src/main.ts": "connect(process.env.HUB_URL);\n",
        "compose.yaml": "services:\n  app:\n    build: {context: ., dockerfile: apps/server/Dockerfile}\n    environment: [HUB_URL=http://hub:1, SPARE_LEVEL=1]\n",
    }
    assert told(findings(tree), "STG204") == {"SPARE_LEVEL"}


def test_a_mounted_file_in_a_folder_of_documents_is_configuration(findings: Findings) -> None:
    tree = {
        **BUILD, "main.py": "import os\nx = os.environ.get('LEVEL')\n", "docs/guide/config/app.toml": 'key = "env::RELAY_KEY"\n',
        "docs/guide/compose.yaml": "services:\n  app:\n    build: ../..\n    environment: [LEVEL=1, RELAY_KEY=a]\n    volumes: ['./config:/config:ro']\n",
    }
    assert told(findings(tree), "STG204") == set()
    assert told(findings({**tree, "docs/guide/compose.yaml": tree["docs/guide/compose.yaml"].partition("    volumes")[0]}), "STG204") == {"RELAY_KEY"}


def test_the_tools_of_a_package_are_not_what_a_start_line_names(findings: Findings) -> None:
    tree = {
        "Dockerfile": 'FROM node:22\nCOPY . .\nENTRYPOINT ["scripts/start.sh"]\n', "scripts/start.sh": "node index.js\n", "index.js": "run();\n",
        "packages/icons/scripts/generate.mjs": "if (!process.env.FIGMA_KEY) throw new Error('no');\nuse(process.env.FIGMA_KEY);\n",
        "packages/icons/package.json": '{"name": "icons", "scripts": {"generate": "node scripts/generate.mjs"}}\n', "compose.yaml": compose("LEVEL=1"),
    }
    assert told(findings(tree), "STG203") == set()
    assert told(findings({**tree, "scripts/start.sh": "node packages/icons/scripts/generate.mjs\n", "Dockerfile": tree["Dockerfile"].replace("scripts/start.sh", "packages/icons/scripts/generate.mjs")}), "STG203") == {"FIGMA_KEY"}


def test_a_tool_that_a_package_names_for_its_developers_is_not_started(findings: Findings) -> None:
    tree = {"Dockerfile": "FROM node:22\nCOPY . .\n", "index.js": "run();\n", "tool/icons.js": "if (!process.env.FIGMA_KEY) throw new Error('no');\nuse(process.env.FIGMA_KEY);\n", "compose.yaml": compose("LEVEL=1")}
    assert told(findings({**tree, "package.json": '{"scripts": {"icons": "node tool/icons.js"}}\n'}), "STG203") == set()
    assert told(findings({**tree, "package.json": '{"scripts": {"start": "node tool/icons.js"}}\n'}), "STG203") == {"FIGMA_KEY"}


@pytest.mark.parametrize(("command", "dead"), [("CMD sleep infinity\n", set()), ('CMD ["tail", "-f", "/dev/null"]\n', set()), ("CMD python main.py\n", {"SPARE_ARGS"})])
def test_what_a_container_that_waits_is_given_somebody_may_use(findings: Findings, command: str, dead: set[str]) -> None:
    tree = {"Dockerfile": f"FROM python\nCOPY . .\n{command}", "main.py": "import os\nx = os.getenv('LEVEL')\n", "compose.yaml": compose("LEVEL=1", "SPARE_ARGS=1")}
    assert told(findings(tree), "STG204") == dead


@pytest.mark.parametrize(
    ("dockerfile", "dead"),
    [
        ("FROM quay.io/oauth2-proxy/oauth2-proxy:v7 AS src\nFROM alpine\nCOPY --from=src /bin/oauth2-proxy /bin/\nCOPY start.sh /\n", set()),
        ("FROM alpine\nCOPY --from=quay.io/oauth2-proxy/oauth2-proxy:v7 /bin/oauth2-proxy /bin/\nCOPY start.sh /\n", set()),
        ("FROM alpine\nCOPY --from=acme/other /bin/oauth2-proxy /bin/\nCOPY start.sh /\n", {"OAUTH2_PROXY_REDIS_URL"}),
    ],
)
def test_a_product_that_is_copied_in_reads_its_own_variables(findings: Findings, dockerfile: str, dead: set[str]) -> None:
    tree = {
        "Dockerfile": dockerfile + 'ENTRYPOINT ["/start.sh"]\n', "start.sh": "#!/bin/sh\necho $OAUTH2_PROXY_REDIS_PASSWORD > /tmp/p\nexec oauth2-proxy\n",
        "compose.yaml": compose("OAUTH2_PROXY_REDIS_URL=redis://cache"),
    }
    assert told(findings(tree), "STG204") == dead


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/main/resources/logback.xml", '<configuration>\n  <property name="LOG_HOME" value="logs"/>\n  <file>${LOG_HOME}/a.log</file>\n</configuration>\n'),
        ("src/main/resources/log4j2.xml", '<Properties><Property name="LOG_HOME">logs</Property></Properties>\n<Layout pattern="${LOG_HOME}"/>\n'),
        ("src/main/resources/logback.xml", '<root level="${LOG_HOME}"/>\n'),
        ("conf/broker.xml", '<import resource="${LOG_HOME}/a.xml"/>\n'),
    ],
)
def test_settings_in_xml_demand_nothing(findings: Findings, path: str, text: str) -> None:
    tree = {"Dockerfile": "FROM eclipse-temurin:21\nCOPY . .\n", "src/main/java/A.java": 'class A { String a = System.getenv("LEVEL"); }\n', path: text, "compose.yaml": compose("LEVEL=1")}
    assert told(findings(tree), "STG203") == set()


def test_what_the_command_sets_is_there(findings: Findings) -> None:
    service = "    command: ['sh', '-c', 'export JOB_TOKEN=$$(cat /run/secrets/a); exec python main.py']\n"
    tree = {**BUILD, "main.py": ALONE, "compose.yaml": compose("LEVEL=1", service=service)}
    assert told(findings(tree), "STG203") == set()
    assert told(findings({**tree, "compose.yaml": compose("LEVEL=1", service=service.replace("JOB_TOKEN", "OTHER"))}), "STG203") == {"JOB_TOKEN"}


@pytest.mark.parametrize(("name", "missed"), [("queue", False), ("database", True)])
def test_of_the_queues_of_laravel_one_is_chosen(findings: Findings, name: str, missed: bool) -> None:
    tree = {
        "Dockerfile": "FROM php:8\nCOPY . .\n", f"config/{name}.php": "<?php\nreturn ['host' => env('BEANSTALKD_HOST', 'localhost')];\n",
        "compose.yaml": compose("LEVEL=1", more="  beanstalkd:\n    image: schickling/beanstalkd\n"),
    }
    assert told(findings(tree), "STG203") == ({"BEANSTALKD_HOST"} if missed else set())


def test_a_workflow_that_calls_a_script_starts_no_container_with_it(findings: Findings) -> None:
    tree = {**BUILD, "main.py": "run()\n", "deploy/roll.py": ALONE, ".github/workflows/deploy.yml": "jobs:\n  a:\n    steps:\n      - run: python deploy/roll.py\n", "compose.yaml": compose("LEVEL=1")}
    assert told(findings(tree), "STG203") == set()


@pytest.mark.parametrize(
    ("run", "dead"),
    [
        ("npm install -g @acme/mcp", set()), ("npm i --global acme-mcp@1.2 pm2", set()), ("pnpm add -g acme", set()), ("yarn global add acme", set()), ("pipx install acme", set()),
        ("uv tool install acme", set()), ("go install example.org/acme/cmd/acme@latest", set()), ("cargo install acme", set()), ("gem install acme", set()), ("pip install --no-cache-dir acme-mcp", set()),
        # What builds, watches and starts, and libraries.
        ("npm install -g pnpm@9 turbo", {"SPARE_LEVEL"}), ("pip install requests", {"SPARE_LEVEL"}), ("npm install", {"SPARE_LEVEL"}), ("go install ./cmd/acme", {"SPARE_LEVEL"}),
    ],
)
def test_a_program_that_the_image_installs_reads_what_it_likes(findings: Findings, run: str, dead: set[str]) -> None:
    tree = {"Dockerfile": f"FROM python:3.12\nRUN {run}\nCOPY . .\n", "main.py": "import os\nx = os.getenv('MODE')\n", "compose.yaml": compose("MODE=1", "SPARE_LEVEL=1")}
    assert told(findings(tree), "STG204") == dead


@pytest.mark.parametrize(("path", "missed"), [("tools/cassandra/main.go", False), ("internal/store/main.go", True)])
def test_the_tools_beside_a_go_program_are_called_by_people(findings: Findings, path: str, missed: bool) -> None:
    flag = 'package main\n\nimport "github.com/urfave/cli/v2"\n\nfunc main() {\n\tapp := cli.NewApp()\n\tapp.Flags = []cli.Flag{&cli.StringFlag{Name: "host", Value: "127.0.0.1", EnvVars: []string{"CASSANDRA_HOST"}}}\n}\n'
    tree = {
        "Dockerfile": "FROM golang\nCOPY . .\nRUN make\nCMD ./server\n", "go.mod": "module acme\n", path: flag,
        "compose.yaml": compose("LEVEL=1", more="  cassandra:\n    image: cassandra:4\n"),
    }
    assert told(findings(tree), "STG203") == ({"CASSANDRA_HOST"} if missed else set())


def test_a_program_that_takes_every_key_of_its_schema_reads_what_it_is_given(findings: Findings) -> None:
    tree = {
        "Dockerfile": "FROM golang\nCOPY . .\n", "go.mod": "module acme\n", "compose.yaml": compose("TRACING_PROVIDER=jaeger"),
        "main.go": 'package main\n\nimport (\n\t"os"\n\n\t"github.com/ory/x/configx"\n)\n\nfunc main() { configx.New(ctx, schema); os.Getenv("MODE") }\n',
    }
    assert told(findings(tree), "STG204") == set()
    assert told(findings({**tree, "main.go": tree["main.go"].replace("ory/x/configx", "acme/configx")}), "STG204") == {"TRACING_PROVIDER"}


@pytest.mark.parametrize(("folder", "dead"), [("ci/", set()), ("", {"SPARE_LEVEL"})])
def test_what_is_mounted_from_above_is_another_program(findings: Findings, folder: str, dead: set[str]) -> None:
    mount = ".." if folder else "."
    service = f"    volumes: ['{mount}:/work']\n    working_dir: /work\n"
    tree = {
        f"{folder}Dockerfile": "FROM python\nCOPY steps steps\n", f"{folder}steps/a.py": "import os\nx = os.getenv('MODE')\n",
        f"{folder}compose.yaml": compose("MODE=1", "SPARE_LEVEL=1", service=service),
    }
    assert told(findings(tree), "STG204") == dead


def test_an_image_of_php_does_not_run_the_scripts_of_another(findings: Findings) -> None:
    tree = {
        "Dockerfile": "FROM litespeedtech/openlitespeed:1.8\nCOPY api /var/www\n", "api/index.php": "<?php $a = getenv('MODE');\n", "hub/src/config.js": "const url = process.env.API_URL || 'http://localhost:9100';\n",
        "compose.yaml": compose("MODE=1", service="    volumes: ['./hub:/var/www/hub']\n", more="  api:\n    image: acme/api\n    ports: ['9100:9100']\n"),
    }
    assert told(findings(tree), "STG203") == set()
    assert told(findings({**tree, "Dockerfile": "FROM node:22\nCOPY api /var/www\n"}), "STG203") == {"API_URL"}


@pytest.mark.parametrize(
    ("code", "dead"),
    [
        ('fn load() { for prefix in ["OLD__", "ACME__"] { Env::prefixed(prefix).split("__"); } }\n', set()),
        ('fn load() { Env::prefixed("ACME__"); }\n', set()),
        ('fn load() { Env::prefixed("OTHER__"); }\n', {"ACME__ALLOW_ORIGIN"}),
    ],
)
def test_a_prefix_that_a_program_in_rust_keeps_in_a_variable(findings: Findings, code: str, dead: set[str]) -> None:
    tree = {"Dockerfile": "FROM rust\nCOPY . .\n", "Cargo.toml": '[package]\nname = "app"\n', "src/main.rs": code, "compose.yaml": compose("MODE=1", "ACME__ALLOW_ORIGIN=*")}
    assert told(findings(tree), "STG204") - {"MODE"} == dead


@pytest.mark.parametrize(("stage", "missed"), [("FROM nginx:1.27 AS web\nCOPY . /var/www\n", set()), ("FROM php:8-fpm AS web\nCOPY . /var/www\n", {"DB_HOST"}), ("FROM nginx:1.27 AS web\nRUN apk add php83-fpm\nCOPY . /var/www\n", {"DB_HOST"})])
def test_a_web_server_runs_no_program(findings: Findings, stage: str, missed: set[str]) -> None:
    tree = {
        "Dockerfile": stage, "config/database.php": "<?php\nreturn ['host' => env('DB_HOST', '127.0.0.1')];\n",
        "compose.yaml": compose("LEVEL=1", service="", more="  db:\n    image: mysql:8\n    ports: ['3306:3306']\n"),
    }
    assert told(findings(tree), "STG203") == missed


def test_a_mount_may_be_named_from_the_folder_where_compose_is_started(findings: Findings) -> None:
    tree = {
        "Dockerfile": "FROM python\nCOPY app app\n", "app/main.py": "import os\nx = os.getenv('MODE')\n", "dev/entry.sh": "#!/bin/sh\nwait-for ${STORE_HOST:-store}\n",
        "dev/compose.yaml": "services:\n  app:\n    build: ..\n    environment: [MODE=1, STORE_HOST=store]\n    volumes: ['./dev/entry.sh:/entry.sh:ro']\n    entrypoint: [sh, /entry.sh]\n",
    }
    assert told(findings(tree), "STG204") == set()
    assert told(findings({**tree, "dev/compose.yaml": tree["dev/compose.yaml"].partition("    volumes")[0]}), "STG204") == {"STORE_HOST"}


@pytest.mark.parametrize(
    ("more", "missed"),
    [
        ({"codecov.yml": "ignore:\n  - tool/upload.py\n"}, False), ({"Makefile": "upload:\n\tpython tool/upload.py\n"}, False), ({"tool/other.py": "import glob\nglob.glob('*.po')\n"}, False),
        ({"tool/other.py": "import importlib\nimportlib.import_module(name)\n"}, True), ({"chart/values.yaml": "command: python tool/upload.py\n"}, True),
    ],
)
def test_what_tools_are_told_of_a_file_starts_no_container_with_it(findings: Findings, more: dict[str, str], missed: bool) -> None:
    tree = {**BUILD, "main.py": "run()\n", "tool/upload.py": ALONE, "compose.yaml": compose("LEVEL=1"), **more}
    assert told(findings(tree), "STG203") == ({"JOB_TOKEN"} if missed else set())


@pytest.mark.parametrize(
    ("run", "copies", "dead"),
    [
        ("curl -LO https://example.org/acme/releases/download/v1/acme.zip", "start.sh ready.mjs", set()), ("git clone https://example.org/acme", "start.sh ready.mjs", set()),
        ("curl -LO https://example.org/acme/releases/download/v1/acme.zip", "src", {"SPARE_LEVEL"}), ("apt-get update", "start.sh ready.mjs", {"SPARE_LEVEL"}),
    ],
)
def test_a_program_that_is_fetched_reads_what_it_likes(findings: Findings, run: str, copies: str, dead: set[str]) -> None:
    tree = {
        "Dockerfile": f"FROM node:22\nRUN {run}\nCOPY {copies} /app/\n", "start.sh": "#!/bin/sh\nexec node ready.mjs\n", "ready.mjs": "wait(process.env.MODE);\n", "src/main.js": "wait(process.env.MODE);\n",
        "compose.yaml": compose("MODE=1", "SPARE_LEVEL=1"),
    }
    assert told(findings(tree), "STG204") == dead


@pytest.mark.parametrize(("path", "missed"), [("compose.unit-test.yaml", set()), ("compose.small.yaml", {"HUB_URL"})])
def test_a_set_up_for_tests_runs_no_more_than_these(findings: Findings, path: str, missed: set[str]) -> None:
    tree = {**BUILD, "main.py": "import os\nx = os.getenv('HUB_URL', 'http://localhost:3002')\n", path: compose("LEVEL=1", more="  hub:\n    image: acme/hub\n    ports: ['3002:3002']\n")}
    assert told(findings(tree), "STG203") == missed


def test_one_read_that_goes_by_several_names_is_told_once(findings: Findings) -> None:
    tree = {
        "Dockerfile": "FROM eclipse-temurin:21\nCOPY . .\n", "src/main/resources/application.yml": "grpc:\n  client:\n    hub-server:\n      address: static://localhost:3334\n",
        "compose.yaml": compose("LEVEL=1", more="  hub:\n    image: acme/hub\n    ports: ['3334:3334']\n"),
    }
    assert len([1 for code, *_ in findings(tree) if code == "STG203"]) <= 1


def test_a_dockerfile_that_copies_nothing_has_nothing_of_the_tree(findings: Findings) -> None:
    tree = {"agent/Dockerfile.ocr": "FROM acme/ocr:1\nRUN pip install extra\n", "agent/main.py": ALONE, "compose.yaml": "services:\n  ocr:\n    build: {context: agent, dockerfile: Dockerfile.ocr}\n    environment: [LEVEL=1]\n"}
    assert told(findings(tree), "STG203") == set()
    assert told(findings({**tree, "agent/Dockerfile.ocr": "FROM python:3.12\nCOPY . .\n"}), "STG203") == {"JOB_TOKEN"}


def test_settings_of_runtimes_for_parallel_programs_are_theirs(findings: Findings) -> None:
    tree = {**BUILD, "main.py": "import os\nx = os.getenv('MODE')\n", "compose.yaml": compose("MODE=1", "OMPI_ALLOW_RUN_AS_ROOT=1", "NCCL_DEBUG=INFO", "OMP_NUM_THREADS=4", "SPARE_LEVEL=1")}
    assert told(findings(tree), "STG204") == {"SPARE_LEVEL"}
