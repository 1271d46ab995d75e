"""What the rules about addresses make of configuration files: whose port it is, what the variable is for, and what shares a network."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stigmer_lint.engine.judge import Options
from stigmer_lint.engine.run import check
from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.report.types import Report
from stigmer_lint.rule import ReplaceHost
from stigmer_rules import RULES

CODES = ("STG101", "STG103", "STG106", "STG107", "STG108", "STG109", "STG111", "STG112", "STG206")


def report(folder: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return check(folder, policy=NO_POLICY, rules=RULES, options=Options(select=CODES), cwd=folder)


def marks(done: Report) -> set[str]:
    """`CODE path:line` of every finding."""
    found = set()
    for one in done.findings:
        span = one.finding.span
        found.add(f"{one.rule.code} {span.path}:{done.sources[span.path].line_of(span.start)}")
    return found


def compose(*services: str) -> dict[str, str]:
    """A project of services, each as `name|line|line`; a line is indented by the spaces it begins with."""
    lines = ["services:"]
    for service in services:
        name, *body = service.split("|")
        lines.append(f"  {name}:")
        lines += [f"    {line}" for line in body or ["image: example/app:1"]]
    return {"compose.yaml": "\n".join(lines) + "\n"}


def env(value: str) -> str:
    return f"app|image: example/app:1|environment:|  {value}"


REDIS = "cache|image: redis:7"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("REDIS_URL: redis://localhost:6379/0", "redis://cache:6379/0"),
        ("REDIS_URL: redis://:pw@127.0.0.1/1", "redis://:pw@cache/1"),
        ("REDIS_URL: redis://[::1]:6379", "redis://cache:6379"),
        ("REDIS_HOST: localhost", "cache"),
        ("REDIS_URL: ${REDIS_URL:-redis://localhost:6379}", "redis://cache:6379"),
    ],
)
def test_a_sibling_by_loopback_is_named_with_the_value_to_write(tmp_path: Path, value: str, written: str) -> None:
    done = report(tmp_path, compose(env(value), REDIS))
    assert marks(done) == {"STG106 compose.yaml:5"}
    finding = done.findings[0].finding
    assert finding.help == f"write {written}"
    assert isinstance(finding.remedy, ReplaceHost)
    assert finding.remedy.host == "cache"


def test_a_published_port_by_loopback_is_turned_into_the_inner_one(tmp_path: Path) -> None:
    done = report(tmp_path, compose(env("DATABASE_URL: postgres://u@localhost:5433/x"), "db|image: postgres:16|ports: ['5433:5432']"))
    assert done.findings[0].finding.help == "write postgres://u@db:5432/x"
    assert done.findings[0].finding.remedy == ReplaceHost("db", "5432", "localhost", "5433")


@pytest.mark.parametrize(
    "services",
    [
        ("app|image: example/app:1|network_mode: host|environment:|  REDIS_URL: redis://localhost:6379", REDIS + "|ports: ['6379:6379']"),
        ("app|image: example/app:1|network_mode: service:cache|environment:|  REDIS_URL: redis://localhost:6379", REDIS),
        ("app|image: example/app:1|network_mode: service:vpn|environment:|  REDIS_HOST: localhost", "vpn|image: example/vpn:1", REDIS + "|network_mode: service:vpn"),
        (env("NEXT_PUBLIC_API_URL: http://localhost:8000"), "api|image: example/api:1|ports: ['8000:8000']"),
        (env("CORS_ORIGINS: http://localhost:8000"), "api|image: example/api:1|ports: ['8000:8000']"),
        (env("KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://localhost:9092"), "kafka|image: apache/kafka:3.9.0|ports: ['9092:9092']"),
        ("ui|image: example/ui:1|environment:|  GRAPHQL_SERVER_URL: http://localhost:4200/graphql", "apollo|image: example/apollo:1|ports: ['4200:4200']"),
        ("api|image: example/api:1|environment:|  HTTP_COLLECTOR_ENDPOINT: http://localhost:4318|  COLLECTOR_ENDPOINT: http://otel:4317",
         "otel|image: otel/opentelemetry-collector:0.1|ports: ['4318:4318']"),
        (env("SSH_GATEWAY_URL: localhost:2222"), "ssh-gateway|image: example/ssh:1|ports: ['2222:2222']"),
        ("app|image: example/app:1|networks: [a]|environment:|  LISTEN_PORT: '6379'|  SELF_URL: tcp://localhost:6379", REDIS + "|networks: [b]"),
    ],
    ids=["host network", "shared with the sibling", "all in one namespace", "bundled for browsers", "allow list", "advertised", "a page", "named as well", "ssh", "own port"],
)
def test_loopback_that_is_right_stays_silent(tmp_path: Path, services: tuple[str, ...]) -> None:
    assert marks(report(tmp_path, compose(*services))) == set()


def test_an_env_file_given_whole_to_a_well_known_image_is_not_read_by_it(tmp_path: Path) -> None:
    files = compose("proxy|image: nginx:1.27|env_file: .env", REDIS)
    assert marks(report(tmp_path, {**files, ".env": "CACHE_URL=redis://localhost:6379\n"})) == set()
    files = compose("app|image: example/app:1|env_file: .env", REDIS)
    assert marks(report(tmp_path, {**files, ".env": "CACHE_URL=redis://localhost:6379\n"})) == {"STG106 .env:1"}


def test_an_env_file_given_whole_to_many_services_is_not_all_read_by_somebody_elses(tmp_path: Path) -> None:
    def given(service: str, *others: str) -> dict[str, str]:
        return {**compose("one|" + service + "|env_file: .env", REDIS, *(f"{name}|image: example/{name}:1|env_file: .env" for name in others)), ".env": "REDIS_URL=redis://localhost:6379\n"}

    assert marks(report(tmp_path / "many", given("image: example/setup:1", "two", "three", "four"))) == set()
    assert marks(report(tmp_path / "few", given("image: example/setup:1"))) == {"STG106 .env:1"}
    built = {**given("build: .", "two", "three", "four"), "Dockerfile": "FROM python\nCOPY . .\n"}
    assert marks(report(tmp_path / "built", built)) == {"STG106 .env:1"}


def test_a_value_out_of_dotenv_is_found_where_it_is_written(tmp_path: Path) -> None:
    files = compose(env("CACHE: ${CACHE_ADDR}"), REDIS)
    done = report(tmp_path, {**files, ".env": "# hosts\nCACHE_ADDR=localhost:6379\n"})
    assert marks(done) == {"STG106 .env:2"}
    assert done.findings[0].finding.env == "CACHE_ADDR"


@pytest.mark.parametrize("extra", ["ENABLE_POSTGRES: 'true'", "POSTGRES_ENABLED: 'true'"])
def test_a_switch_for_an_embedded_server_excuses_its_address(tmp_path: Path, extra: str) -> None:
    assert marks(report(tmp_path, compose(f"app|image: example/app:1|environment:|  DB_HOST: localhost|  DB_PORT: '5432'|  {extra}"))) == set()
    assert marks(report(tmp_path, compose("app|image: example/app:1|environment:|  DB_HOST: localhost|  DB_PORT: '5432'"))) == {"STG101 compose.yaml:5"}


def test_an_all_in_one_image_is_left_alone(tmp_path: Path) -> None:
    assert marks(report(tmp_path, compose("app|image: example/app:1-single|environment:|  SURREAL_URL: ws://localhost:8000/rpc"))) == set()


def test_a_program_that_knows_of_its_container_is_left_alone(tmp_path: Path) -> None:
    body = "app|image: example/app:1|environment:|  RUNNING_IN_DOCKER: 'true'|  OLLAMA_API_BASE_URL: http://127.0.0.1:11434"
    assert marks(report(tmp_path, compose(body))) == set()


def test_a_start_script_that_writes_hosts_provides_the_alias(tmp_path: Path) -> None:
    files = compose("app|build: .|command: bash -c 'bin/bridge.sh && ./app'|environment:|  API_URL_PRIVATE: http://host.docker.internal:5000")
    files["Dockerfile"] = "FROM debian:12\nCOPY . /app\n"
    assert marks(report(tmp_path, files)) == {"STG103 compose.yaml:6"}
    files["bin/bridge.sh"] = "#!/bin/sh\necho \"$ip host.docker.internal\" >> /etc/hosts\n"
    assert marks(report(tmp_path, files)) == set()


def test_an_alias_in_a_healthcheck_and_in_a_mounted_file_is_found(tmp_path: Path) -> None:
    files = compose(
        "prometheus|image: prom/prometheus:v2.53.0|volumes: ['./p.yml:/etc/prometheus/prometheus.yml']",
        "es|image: elasticsearch:8.1.0|healthcheck:|  test: curl -f http://host.docker.internal:9200",
    )
    files["p.yml"] = "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: ['host.docker.internal:1', 'x:2']\n"
    assert marks(report(tmp_path, files)) == {"STG103 compose.yaml:8", "STG103 p.yml:4"}


def test_upstreams_of_nginx_are_dialled_and_its_own_ports_are_not(tmp_path: Path) -> None:
    files = compose("proxy|image: nginx:1.27|volumes: ['./nginx:/etc/nginx/conf.d']", "api|image: example/api:1|expose: ['3000']")
    files["nginx/default.conf"] = "upstream api {\n  server localhost:3000;\n}\nserver {\n  listen 80;\n  location / { proxy_pass http://api; }\n}\n"
    assert marks(report(tmp_path, files)) == {"STG106 nginx/default.conf:2"}


def test_a_sibling_at_its_published_port(tmp_path: Path) -> None:
    done = report(tmp_path, compose(env("SEARCH: http://search:4000/?q=1"), "search|image: searxng/searxng:1|ports: ['4000:8080']"))
    assert marks(done) == {"STG107 compose.yaml:5"}
    assert done.findings[0].finding.help == "write http://search:8080/?q=1"


def test_overlays_of_one_project_are_kept_apart(tmp_path: Path) -> None:
    files = compose("api|image: example/api:1", "db|image: postgres:16")
    files["compose.override.yaml"] = "services:\n  db:\n    ports: ['5433:5432']\n"
    files["compose.prod.yaml"] = "services:\n  api:\n    environment:\n      DATABASE_URL: postgres://u@db:5433/x\n  db:\n    ports: ['5433:5432']\n"
    files["compose.test.yaml"] = "services:\n  api:\n    environment:\n      DATABASE_URL: postgres://u@db:5432/x\n  db:\n    ports: ['5999:5432']\n"
    assert marks(report(tmp_path, files)) == {"STG107 compose.prod.yaml:4"}


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("uvicorn app:app", True),
        ("uvicorn app:app --host 0.0.0.0", False),
        ("sh -c 'cd /app && python manage.py runserver 8000'", True),
        ("python manage.py runserver 0.0.0.0:8000", False),
        ("gunicorn app:app", False),
        ("gunicorn -b 127.0.0.1:8000 app:app", True),
        ("uvicorn app:app --uds /run/app.sock", False),
        ("npx vite --host", False),
        ("npx vite --host localhost", True),
        ("php -S localhost:8000", True),
    ],
)
def test_servers_that_listen_on_loopback(tmp_path: Path, command: str, found: bool) -> None:
    done = report(tmp_path, compose(f"app|image: example/app:1|command: {command}|ports: ['8000:8000']"))
    assert marks(done) == ({"STG108 compose.yaml:4"} if found else set())


def test_a_closed_server_that_nobody_reaches_is_not_reported(tmp_path: Path) -> None:
    assert marks(report(tmp_path, compose("app|image: example/app:1|command: uvicorn app:app"))) == set()


def test_a_host_of_ones_own_beside_a_published_port_is_bound(tmp_path: Path) -> None:
    body = "image: example/certs:1|environment:|  CERTS_HTTP_HOST: localhost|  CERTS_HTTP_PORT: '9010'|ports: ['9010:9010']"
    assert marks(report(tmp_path, compose(f"certs|{body}"))) == {"STG108 compose.yaml:5"}
    other = "app|image: example/app:1|environment:|  CERTS_HTTP_HOST: certs"
    assert marks(report(tmp_path, compose(f"certs|{body}", other))) == set()


def test_a_systemd_service_on_loopback_that_a_container_dials(tmp_path: Path) -> None:
    unit = "[Service]\nEnvironment=OLLAMA_HOST=127.0.0.1:11434\nExecStart=/usr/local/bin/ollama serve\n"
    files = compose("app|image: example/app:1|extra_hosts: ['host.docker.internal:host-gateway']|environment:|  OLLAMA_BASE_URL: http://host.docker.internal:11434")
    done = report(tmp_path, {**files, "etc/ollama.service": unit})
    assert marks(done) == {"STG109 etc/ollama.service:2"}
    assert done.findings[0].finding.platforms == ("linux",)
    assert marks(report(tmp_path, {**files, "etc/ollama.service": unit.replace("127.0.0.1", "0.0.0.0")})) == set()


def test_an_image_with_the_server_inside_may_dial_itself(tmp_path: Path) -> None:
    text = "FROM debian:12\nRUN apt-get install -y {}\nENV REDIS_URL=redis://localhost:6379\nCOPY . /app\n"
    assert marks(report(tmp_path, {"Dockerfile": text.format("redis-server")})) == set()
    assert marks(report(tmp_path, {"Dockerfile": text.format("redis-tools")})) == {"STG206 Dockerfile:3"}


def test_sidecars_share_loopback(tmp_path: Path) -> None:
    pod = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n"
        "      - name: app\n        image: example/app:1\n        env: [{name: REDIS_URL, value: 'redis://localhost:6379'}]\n"
    )
    sidecar = "      - name: cache\n        image: redis:7\n"
    assert marks(report(tmp_path, {"k8s.yaml": pod})) == {"STG101 k8s.yaml:10"}
    assert marks(report(tmp_path, {"k8s.yaml": pod + sidecar})) == set()


def _seconds(folder: Path, entries: int) -> float:
    body = "".join(f"      V{i}_URL: http://localhost:{i % 60000 + 1}\n      V{i}_HOST: localhost\n      ENABLE_V{i}: x\n" for i in range(entries // 3))
    (folder / "compose.yaml").write_text("services:\n  c:\n    image: redis:7\n  a:\n    image: x/y:1\n    environment:\n" + body)
    start = time.process_time()
    check(folder, policy=NO_POLICY, rules=RULES, options=Options(select=CODES), cwd=folder)
    return time.process_time() - start


def test_thirty_thousand_variables_cost_by_their_number(tmp_path: Path) -> None:
    _seconds(tmp_path, 300)
    few = max(_seconds(tmp_path, 7_500), 0.05)
    assert _seconds(tmp_path, 30_000) < few * 4 * 2.5


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("""python -c "import app, app.api; print('ok')\"""", False),
        ("""python3.12 -u -c "from app import main\"""", False),
        ("""python -c "import app; app.migrate()\"""", True),
        ("""python -c "print(1)\"""", True),
        ("python -m app", True),
        ("", True),
    ],
)
def test_a_container_that_only_loads_modules_dials_nothing(tmp_path: Path, command: str, found: bool) -> None:
    done = report(tmp_path, {"smoke.sh": f"docker run --rm -e DATABASE_URL=postgresql://x:x@localhost/x example/app:1 {command}\n"})
    assert marks(done) == ({"STG101 smoke.sh:1"} if found else set())


BOTH = "sed 's/localhost/host.docker.internal/g' | sed 's/127\\.0\\.0\\.1/host.docker.internal/g'"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f'API_URL=$(echo "$API_URL" | {BOTH})', True),
        ("""API_URL=$(printf '%s' "${API_URL}" | sed -e "s#localhost#host.docker.internal#;s#127.0.0.1#host.docker.internal#")""", True),
        # Somebody who names one spelling may know that no other comes.
        ("""API_URL=$(echo "$API_URL" | sed 's/localhost/host.docker.internal/g')""", False),
        (f'CONFIG=$(cat config.yaml | {BOTH})', False),
        (f'API_URL=$(echo "$API_URL" | {BOTH.replace("host.docker.internal", "$HOST")})', False),
        (f'API_URL=$(echo "$API_URL" | {BOTH.replace("host.docker.internal", "example.com")})', False),
        (f'# API_URL=$(echo "$API_URL" | {BOTH})', False),
    ],
)
def test_a_line_of_sed_is_judged_as_a_resolver(tmp_path: Path, line: str, found: bool) -> None:
    (tmp_path / "entrypoint.sh").write_text(f"#!/bin/sh\n{line}\nexec serve \"$API_URL\"\n", "utf-8")
    done = check(tmp_path, policy=NO_POLICY, rules=RULES, options=Options(select=("STG104",)), cwd=tmp_path)
    assert marks(done) == ({"STG104 entrypoint.sh:2"} if found else set())
    if found:
        assert any("[::1]" in note for note in done.findings[0].finding.notes)


def test_an_env_file_that_is_given_whole_to_a_product_binds_nothing_of_it(tmp_path: Path) -> None:
    env = {".env": "WEB_LISTEN_ADDR=127.0.0.1:6379\n"}
    given = "services:\n  one:\n    image: {}\n    env_file: .env\n    ports: ['6379:6379']\n"
    assert marks(report(tmp_path / "a", {**env, "compose.yaml": given.format("redis:7")})) == set()
    assert marks(report(tmp_path / "b", {**env, "compose.yaml": given.format("acme/web:1")})) == {"STG108 .env:1"}


APART = {
    "apart": (("api|networks: [front]|environment: [DB_HOST=db]|image: example/api:1", "db|image: postgres|networks: [back]"), 4),
    "host mode": (("api|network_mode: host|environment: [DB_HOST=db]|image: example/api:1", "db|image: postgres"), 4),
    "host mode by an external network": (("api|networks: [host]|environment: [DB_HOST=db]|image: example/api:1", "db|image: postgres"), 4),
    "sibling on the host": (("api|environment: [DB_HOST=db]|image: example/api:1", "db|image: postgres|network_mode: host"), 3),
    "default and another": (("api|environment: [DB_HOST=db]|image: example/api:1", "db|image: postgres|networks: [back]"), 3),
    "container name": (("api|networks: [front]|environment: [DB_HOST=main-db]|image: example/api:1", "db|image: postgres|container_name: main-db|networks: [back]"), 4),
    "a default": (("api|networks: [front]|environment:|  DB_HOST: ${DB_HOST:-db}|image: example/api:1", "db|image: postgres|networks: [back]"), 5),
}
TOGETHER = {
    "a store": ("db|image: postgres|networks: [back]|environment: [QUEUE_HOST=queue]", "queue|image: rabbitmq|networks: [front]"),
    "common": ("api|networks: [front, back]|environment: [DB_HOST=db]", "db|image: postgres|networks: [back]"),
    "mapped": ("api|network_mode: host|extra_hosts: ['db:127.0.0.1']|environment: [DB_HOST=db]", "db|image: postgres"),
    "shared": ("api|network_mode: service:vpn|environment: [DB_HOST=db]", "db|image: postgres|networks: [back]", "vpn|image: vpn|networks: [back]"),
    "mode by a variable": ("api|network_mode: ${MODE:-host}|environment: [DB_HOST=db]", "db|image: postgres"),
    "another name": ("api|networks: [front]|environment: [DB_HOST=db.example.com]", "db|image: postgres|networks: [back]"),
    "no address": ("api|networks: [front]|environment: [DB_NAME=db]", "db|image: postgres|networks: [back]"),
    "linked": ("api|networks: [front]|links: [db]|environment: [DB_HOST=db]", "db|image: postgres|networks: [back]"),
}


@pytest.mark.parametrize("case", APART)
def test_a_sibling_on_another_network_is_told(case: str, tmp_path: Path) -> None:
    services, line = APART[case]
    files = compose(*services)
    files["compose.yaml"] += "networks:\n  front:\n  back:\n  host:\n    external: true\n"
    assert marks(report(tmp_path, files)) == {f"STG112 compose.yaml:{line}"}


@pytest.mark.parametrize("case", TOGETHER)
def test_a_sibling_within_reach_is_not_told(case: str, tmp_path: Path) -> None:
    files = compose(*TOGETHER[case])
    files["compose.yaml"] += "networks:\n  front:\n  back:\n"
    assert marks(report(tmp_path, files)) == set()


def test_another_file_of_the_project_may_join_them(tmp_path: Path) -> None:
    files = compose("api|image: x|networks: [front]|environment: [DB_HOST=db]", "db|image: postgres|networks: [back]")
    files["compose.override.yaml"] = "services:\n  db:\n    networks: [front]\n"
    assert marks(report(tmp_path, files)) == set()


JOB = """\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    services:
      postgres:
        image: postgres:16
    steps:
      - run: docker run {options} -e DB_HOST=postgres -e OTHER=redis example/api:1
      - run: |
          docker run \\
            -e DATABASE_URL=postgres://app@postgres/app \\
            ${{{{ steps.image.outputs.name }}}}
  other:
    runs-on: ubuntu-latest
    steps:
      - run: docker run -e DB_HOST=postgres example/api:1
"""


@pytest.mark.parametrize(
    ("options", "first"), [("", True), ("--network bridge", True), ("--network ${{ job.services.postgres.network }}", False), ("--net=host", False), ("--add-host postgres:10.0.0.1", False), ("$OPTIONS", False)]
)
def test_a_step_does_not_see_the_services_of_its_job_by_name(options: str, first: bool, tmp_path: Path) -> None:
    files = {".github/workflows/a.yml": JOB.format(options=options)}
    expected = {"STG112 .github/workflows/a.yml:12"} | ({"STG112 .github/workflows/a.yml:9"} if first else set())
    assert marks(report(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("docker run -d --name db postgres", "docker run -e DB_HOST=db app", True),
        ("podman run -d --name db postgres", "podman run -e DB_HOST=db app", True),
        ("docker run -d --name db --network back postgres", "docker run -e DB_HOST=db app", True),
        ("docker run -d --name db --network host postgres", "docker run -e DB_HOST=db app", True),
        ("docker run -d --name db postgres", "docker run --network back -e DB_HOST=db app", False),
        ("docker run -d --name db --network back postgres", "docker run --network back -e DB_HOST=db app", False),
        ("docker run -d --name db postgres", "docker run --link db -e DB_HOST=db app", False),
        ("docker run -d --name db postgres", "docker run --network container:db -e DB_HOST=db app", False),
        ("docker run -d --name db postgres", "docker create --name app -e DB_HOST=db app", False),
        ("nerdctl run -d --name db postgres", "nerdctl run -e DB_HOST=db app", False),
        ("docker run -d --name other postgres", "docker run -e DB_HOST=db app", False),
    ],
)  # fmt: skip
def test_the_default_network_has_no_names(one: str, other: str, told: bool, tmp_path: Path) -> None:
    assert marks(report(tmp_path, {"start.sh": f"{one}\n{other}\n"})) == ({"STG112 start.sh:2"} if told else set())


@pytest.mark.parametrize(("flag", "told"), [("--debugaddr", False), ("--metrics-addr", False), ("--listenaddr", False), ("--db-addr", True)])
def test_what_a_program_serves_beside_its_work_is_not_dialled(flag: str, told: bool, tmp_path: Path) -> None:
    done = report(tmp_path, {"start.sh": f"docker run example/engine:1 {flag} 127.0.0.1:6060\n"})
    assert marks(done) == ({"STG101 start.sh:1"} if told else set())


@pytest.mark.parametrize(("name", "told"), [("BACKEND_INTERNAL_URL", False), ("BACKEND_URL", True)])
def test_the_parts_of_one_image_find_one_another_by_loopback(name: str, told: bool, tmp_path: Path) -> None:
    files = compose(f"app|image: example/app:1|ports: ['80:5000']|environment:|  {name}: http://localhost:3000", REDIS)
    assert marks(report(tmp_path, files)) == ({"STG101 compose.yaml:6"} if told else set())
    files = compose(f"app|image: example/app:1|environment:|  {name}: http://localhost:3000", "api|image: example/api:1|ports: ['3000:3000']")
    assert marks(report(tmp_path, files)) == {"STG106 compose.yaml:5"}


@pytest.mark.parametrize(("installs", "told"), [("curl socat", False), ("curl", True)])
def test_an_image_that_passes_its_own_ports_on(installs: str, told: bool, tmp_path: Path) -> None:
    files = compose("app|build: .|environment: [REDIS_URL=redis://localhost:6379, API_URL=http://localhost:9]", REDIS)
    files["compose.yaml"] = files["compose.yaml"].replace("localhost:9]", "localhost:7999]")
    files["Dockerfile"] = f"FROM debian\nRUN apt-get update && apt-get install -y {installs}\n"
    assert marks(report(tmp_path, files)) == ({"STG106 compose.yaml:4", "STG101 compose.yaml:4"} if told else set())


def test_controllers_of_kafka_are_advertised_nothing(tmp_path: Path) -> None:
    def files(name: str) -> dict[str, str]:
        broker = "broker|image: apache/kafka|environment:|  KAFKA_ADVERTISED_LISTENERS: PLAINTEXT_HOST://localhost:19092,PLAINTEXT://broker:29092"
        return compose(broker, f"other|image: apache/kafka|environment:|  {name}: 1@broker:19092")

    assert marks(report(tmp_path, files("KAFKA_CONTROLLER_QUORUM_VOTERS"))) == set()
    assert marks(report(tmp_path, files("KAFKA_BOOTSTRAP_SERVERS"))) == {"STG106 compose.yaml:9"}


@pytest.mark.parametrize(("value", "told"), [("0.0.0.0:3031", False), ("http://0.0.0.0:3031", True), ("127.0.0.1:3031", True)])
def test_an_endpoint_on_every_interface_is_listened_on(value: str, told: bool, tmp_path: Path) -> None:
    done = report(tmp_path, {"Dockerfile": f"FROM python:3.12\nENV APP_ENDPOINT={value}\n"})
    assert marks(done) == ({"STG206 Dockerfile:2"} if told else set())


API = "api|image: acme/api:1|ports: ['3000:3000']|environment:|  PORT: '3000'|  {}"


@pytest.mark.parametrize(
    ("own", "name", "told"),
    [("LOG: a", "ACME_API_URL", True), ("ACME_API_URL: http://localhost:3000", "ACME_API_URL", False), ("ACME_API_URL: http://api:3000", "ACME_API_URL", True)],
)
def test_what_a_service_is_told_of_itself_is_what_it_shows(own: str, name: str, told: bool, tmp_path: Path) -> None:
    # Several services of a product get its own public address, the one behind it among them.
    done = report(tmp_path, compose(API.format(own), f"clock|image: acme/clock:1|environment:|  {name}: http://localhost:3000"))
    assert [one.finding.env for one in done.findings if one.finding.launch is not None and one.finding.launch.service == "clock"] == ([name] if told else [])


@pytest.mark.parametrize(("extra", "told"), [("network_mode: service:proxy", False), ("init: true", True)])
def test_who_joins_a_namespace_dials_what_is_in_it(extra: str, told: bool, tmp_path: Path) -> None:
    proxy = "proxy|image: acme/proxy:1|ports: ['6032:6032']"
    done = report(tmp_path, compose(proxy, f"seed|image: mysql:8|{extra}|environment:|  PROXY_HOST: 127.0.0.1|  DB_PORT: '3306'"))
    assert bool(done.findings) is told


@pytest.mark.parametrize(("image", "told"), [("acme/app:1", False), ("nginx:1.27", True)])
def test_a_proxy_in_an_image_of_its_own_finds_nothing_on_loopback(image: str, told: bool, tmp_path: Path) -> None:
    done = report(tmp_path, {
        **compose(f"web|image: {image}|ports: ['80:80']|volumes: ['./site.conf:/etc/nginx/conf.d/site.conf']"),
        "site.conf": "server {\n  location / {\n    proxy_pass http://localhost:9381;\n  }\n}\n",
    })
    assert marks(done) == ({"STG101 site.conf:3"} if told else set())


SHARED = {".env": "DB_SERVER=localhost:5432\n", "api.py": "import os\nconnect(os.getenv('DB_SERVER'))\n", "ui.py": "import os\nshow(os.getenv('{}'))\n"}


@pytest.mark.parametrize(("read", "told"), [("TITLE", False), ("DB_SERVER", True)])
def test_a_line_of_an_env_file_is_for_those_who_read_it(read: str, told: bool, tmp_path: Path) -> None:
    built = "{0}|build: {{context: ., dockerfile: {0}.Dockerfile}}|env_file: .env"
    files = compose(built.format("api"), built.format("ui"), "db|image: postgres:16")
    done = report(tmp_path, {
        **files, **SHARED, "ui.py": SHARED["ui.py"].format(read), "api.Dockerfile": "FROM python:3.12\nCOPY api.py .\n", "ui.Dockerfile": "FROM python:3.12\nCOPY ui.py .\n",
    })
    assert {one.finding.launch.service for one in done.findings if one.finding.launch is not None} == ({"api", "ui"} if told else {"api"})


@pytest.mark.parametrize(("path", "told"), [("tests/low-ram.sh", False), ("start-db.sh", True)])
def test_what_a_test_starts_for_itself_serves_nobody_else(path: str, told: bool, tmp_path: Path) -> None:
    dial = "docker run --rm -e QDRANT_URL=http://host.docker.internal:6333 --add-host host.docker.internal:host-gateway acme/app:1\n"
    done = report(tmp_path, {path: "docker run -d -p 127.0.0.1:6333:6333 qdrant/qdrant\n", "run.sh": dial})
    assert marks(done) == ({f"STG109 {path}:1"} if told else set())


BUILT = {"Dockerfile": "FROM python:3.12\nCOPY app.py .\n"}
DEFAULT = "import os\nURL = os.getenv('OLLAMA_URL', 'http://host.docker.internal:11434')\nask(URL)\n"
INSIDE = "import os\ndef url(host):\n    if os.getenv('RUNNING_IN_DOCKER'):\n        return host.replace('localhost', 'host.docker.internal')\n    return host\n"
MAPPED = "|extra_hosts: ['host.docker.internal:host-gateway']"


@pytest.mark.parametrize(
    ("code", "more", "told"),
    [
        (DEFAULT, "", True), (DEFAULT, MAPPED, False), (DEFAULT, "|environment: ['OLLAMA_URL=http://ollama:11434']", False), (DEFAULT, "|env_file: .env", True), (DEFAULT, "|env_file: gone.env", False),
        (DEFAULT, "|network_mode: host", False), (INSIDE, "", True), (INSIDE, MAPPED, False), (INSIDE.replace("RUNNING_IN_DOCKER", "DEBUG"), "", False),
        (INSIDE.replace("    if", "    if sys.platform != 'linux' and"), "", False), ("LIST = ['http://host.docker.internal:11434']\n", "", False),
    ],
    ids=["default", "mapped", "set", "env file", "env file elsewhere", "host network", "asks", "asks and mapped", "asks something else", "not on Linux", "a list"],
)
def test_an_alias_in_the_code_inside_needs_its_entry(code: str, more: str, told: bool, tmp_path: Path) -> None:
    done = report(tmp_path, {**compose(f"app|build: .{more}"), **BUILT, "app.py": code, ".env": "LEVEL=1\n"})
    assert marks(done) == ({"STG103 compose.yaml:2"} if told else set())


TOLD = "# Use\n\nAs it runs in a container, set the Ollama server to `http://host.docker.internal:11434`.\n"
SPEAKS = "from ollama import Client\n"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"README.md": TOLD, "app.py": SPEAKS}, True),
        ({"docs/local.md": TOLD, "app.py": SPEAKS}, True),
        ({"README.md": TOLD, "app.py": "run()\n"}, False),
        ({"README.md": TOLD + "On Linux add `--add-host host.docker.internal:host-gateway`.\n", "app.py": SPEAKS}, False),
        ({"README.md": TOLD.replace("11434", "1234"), "app.py": SPEAKS}, False),
        ({"CHANGELOG.md": TOLD, "app.py": SPEAKS}, False),
    ],
    ids=["readme", "docs", "another program", "the entry is told", "another port", "changes"],
)
def test_an_alias_that_people_are_told_to_enter_needs_its_entry(files: dict[str, str], told: bool, tmp_path: Path) -> None:
    done = report(tmp_path, {**compose("app|build: .", "db|image: postgres:16"), **BUILT, **files})
    assert marks(done) == ({"STG103 compose.yaml:2"} if told else set())
    assert all(one.severity == "warning" for one in done.findings)


def test_people_who_run_the_product_beside_it_are_told_otherwise(tmp_path: Path) -> None:
    done = report(tmp_path, {**compose("app|build: .", "ollama|image: ollama/ollama"), **BUILT, "README.md": TOLD, "app.py": SPEAKS})
    assert marks(done) == set()


@pytest.mark.parametrize(("host", "told"), [("host.minikube.internal", []), ("host.docker.internal", ["high"])])
def test_a_name_of_a_cluster_is_handed_on(host: str, told: list[str], tmp_path: Path) -> None:
    done = report(tmp_path, compose(env(f"DATABASE_URL: postgres://{host}:5432/x")))
    assert [one.finding.confidence for one in done.findings] == told


@pytest.mark.parametrize(("base", "path", "told"), [("python:3.12", "Dockerfile", True), ("ghcr.io/acme/app-base:1", "Dockerfile", False), ("python:3.12", "lark-cli-broker/Dockerfile", False)])
def test_loopback_in_an_image_may_be_its_own(base: str, path: str, told: bool, tmp_path: Path) -> None:
    done = report(tmp_path, {path: f"FROM {base}\nENV LARK_BROKER_HOST=127.0.0.1\n", "x": ""})
    assert marks(done) == ({f"STG206 {path}:2"} if told else set())


@pytest.mark.parametrize(("more", "told"), [("LOG: a", True), ("PROTOCOL: http", False)])
def test_a_host_with_a_protocol_is_a_part_of_a_link(more: str, told: bool, tmp_path: Path) -> None:
    done = report(tmp_path, compose(f"app|image: acme/app:1|ports: ['3000:3000']|environment:|  HOST: localhost|  PORT: '3000'|  {more}"))
    assert marks(done) == ({"STG108 compose.yaml:6"} if told else set())


def test_a_compose_file_that_a_script_writes_is_judged_where_it_stands(tmp_path: Path) -> None:
    script = "#!/bin/sh\ncat >compose.yml <<EOF\nservices:\n  api:\n    image: acme/api\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n"
    script += '      DB_HOST: 127.0.0.1\n    healthcheck:\n      test: ["CMD", "curl", "http://localhost:8000"]\n  db:\n    image: postgres:16\nEOF\ndocker compose up -d\n'
    assert marks(report(tmp_path, {"install.sh": script})) == {"STG101 install.sh:7", "STG106 install.sh:8"}


def test_a_listener_of_a_list_that_is_on_loopback(tmp_path: Path) -> None:
    kafka = "kafka|image: confluentinc/cp-kafka|ports:|  - 9092:9092|environment:|  KAFKA_LISTENERS: PLAINTEXT://kafka:29092,OUT://%s:9092"
    assert marks(report(tmp_path / "a", compose(kafka % "localhost"))) == {"STG108 compose.yaml:7"}
    assert marks(report(tmp_path / "b", compose(kafka % "0.0.0.0"))) == set()
    # The port of the container's own name is open beside it.
    assert marks(report(tmp_path / "c", compose((kafka % "localhost").replace("29092", "9092")))) == set()


def test_a_container_of_a_pod_that_is_reached_at_its_side_door(tmp_path: Path) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: proxy\n    image: kube-rbac-proxy\n    args: [--upstream=http://127.0.0.1:8080/]\n"
        "  - name: manager\n    image: acme/manager\n    args: [--health-probe-bind-address=:8081, --metrics-bind-address=127.0.0.1:8080]\n    ports: [{containerPort: 9443}]\n"
    )
    assert marks(report(tmp_path, {"pod.yaml": pod})) == set()
    assert marks(report(tmp_path, {"pod.yaml": pod.replace(":8080]", ":8079]")})) == {"STG101 pod.yaml:8"}


@pytest.mark.parametrize("name", ["tools/compose/simple.yml", "stack.yml", "local.yaml"])
def test_a_compose_file_of_another_name(tmp_path: Path, name: str) -> None:
    text = "services:\n  api:\n    image: acme/api\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n"
    assert marks(report(tmp_path, {name: text})) == {f"STG101 {name}:5"}


@pytest.mark.parametrize(
    "text",
    ["services:\n  - name: db\n    image: postgres\n", "services:\n  api: x\n", "services:\n  api:\n    image: [\n", "other:\n  services:\n    a:\n      image: x\n"],
)
def test_a_file_of_another_name_that_is_no_compose_file(tmp_path: Path, text: str) -> None:
    done = report(tmp_path, {"x.yml": text})
    assert not done.findings
    assert not done.counts.launches


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("clusters:\n- address: host.docker.internal\n  port_value: 11434\n- address: host.docker.internal\n", {"STG103 envoy.yaml:2"}),
        ('{\n  "endpoint": "http://host.docker.internal:8000/v1",\n  "x": 1\n}\n', {"STG103 envoy.yaml:2"}),
        ("url = http://host.docker.internal:8000\r\n", {"STG103 envoy.yaml:1"}),
        ("# address: host.docker.internal\nallow_origins: http://host.docker.internal:80\nserver_name: host.docker.internal\n", set()),
        ("text: ask host.docker.internal for it\naddress: host.docker.internal.example.com\n", set()),
    ],
)
def test_an_alias_in_the_settings_of_a_program_that_is_not_known(tmp_path: Path, text: str, found: set[str]) -> None:
    service = "proxy|image: acme/proxy|volumes:|  - ./envoy.yaml:/config/envoy.yaml:ro"
    assert marks(report(tmp_path / "a", compose(service) | {"envoy.yaml": text})) == found
    assert marks(report(tmp_path / "b", compose(f"{service}|extra_hosts: ['host.docker.internal:host-gateway']") | {"envoy.yaml": text})) == set()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("", ""), {"STG112 compose.yaml:5"}),
        (("POSTGRES_HOST: db", "DATABASE_URL: postgres://app@db/app"), {"STG112 compose.yaml:5"}),
        (("  pg:", "  db:"), set()),
        (("  pg:\n", "  pg:\n    container_name: db\n"), set()),
        # Names that are more than a label, that are filled in, or that something else may give.
        (("HOST: db", "HOST: db.example.com"), set()),
        (("HOST: db", "HOST: ${DB:-db}"), set()),
        (("POSTGRES_HOST: db", "CONFIGURATION: 'datasources: {url: postgres://x/y}'"), set()),
        (("image: acme/web", "image: acme/web\n    extra_hosts: ['db:10.0.0.1']"), set()),
        (("image: acme/web", "image: acme/web\n    networks: [outer]"), set()),
        (("image: acme/web", "image: acme/web\n    external_links: [db]"), set()),
        (("services:", "include: [./other/compose.yaml]\nservices:"), set()),
        # Two that it may mean.
        (("services:", "services:\n  pg2: {image: 'postgres:16'}"), set()),
    ],
)
def test_a_name_that_no_service_has(tmp_path: Path, change: tuple[str, str], found: set[str]) -> None:
    text = "services:\n  web:\n    image: acme/web\n    environment:\n      POSTGRES_HOST: db\n  pg:\n    image: postgres:16\nnetworks:\n  outer: {external: true}\n"
    assert marks(report(tmp_path / "a", {"compose.yaml": text.replace(*change)})) == found
    assert marks(report(tmp_path / "b", {"compose.yaml": text.replace(*change), "compose.db.yaml": "services:\n  db:\n    image: postgres:16\n"})) == set()


def test_a_port_that_has_run_into_the_host(tmp_path: Path) -> None:
    assert marks(report(tmp_path, compose(env("API_URL: http://localhost8080")))) == {"STG111 compose.yaml:5"}
    assert marks(report(tmp_path, compose(env("API_URL: http://localhost8080.example.com")))) == set()


def test_every_address_of_the_container_is_where_it_listens_when_a_sibling_dials_it_there(tmp_path: Path) -> None:
    broker = "broker|image: acme/broker|environment:|  BROKER_URL: tcp://0.0.0.0:61661"
    assert marks(report(tmp_path / "a", compose(broker, "app|image: acme/app|environment:|  BROKER_URL: tcp://broker:61661"))) == set()
    assert marks(report(tmp_path / "b", compose(broker, "app|image: acme/app"))) == {"STG101 compose.yaml:5"}


def test_an_address_beside_what_the_server_dials_is_for_others(tmp_path: Path) -> None:
    web = "web|image: acme/web|environment:|  API_URL: http://localhost:1250"
    assert marks(report(tmp_path / "a", compose(web + "|  SERVER_API_URL: http://server:1250", "server|image: acme/server"))) == set()
    assert marks(report(tmp_path / "b", compose(web, "server|image: acme/server"))) == {"STG101 compose.yaml:5"}
    both = web + "|  API_URL_INTERNAL: http://localhost:1250"
    assert marks(report(tmp_path / "c", compose(both, "server|image: acme/server"))) == {"STG101 compose.yaml:5"}


def test_a_template_of_a_compose_file_is_told_by_its_name(tmp_path: Path) -> None:
    text = "services:\n  api:\n    image: acme/api:{{ version }}\n    environment:\n      DB_HOST: 127.0.0.1\n  db:\n    image: postgres:16\n"
    assert marks(report(tmp_path, {"templates/compose.yml.j2": text, "templates/other.yml.j2": text})) == {"STG106 templates/compose.yml.j2:5"}


@pytest.mark.parametrize(("driver", "told"), [("APP__DATABASE_DRIVER: pdo_sqlite", False), ("APP__DATABASE_TYPE: sqlite3", False), ("APP__DATABASE_DRIVER: pdo_mysql", True), ("OTHER_DRIVER: sqlite", True)])
def test_the_host_of_a_database_that_is_a_file_is_dialled_by_nobody(tmp_path: Path, driver: str, told: bool) -> None:
    done = report(tmp_path, compose(f"app|image: example/app:1|environment:|  APP__DATABASE_HOST: 127.0.0.1|  {driver}"))
    assert marks(done) == ({"STG101 compose.yaml:5"} if told else set())


def test_of_two_samples_of_env_files_that_disagree_the_first_counts(tmp_path: Path) -> None:
    service = "app|image: example/app:1|env_file: [.env, app/.env]"
    samples = {".env.example": "LLM_BASE_URL=http://llm:9000\n", "app/.env.example": "LLM_BASE_URL=http://localhost:9000\nOLLAMA_BASE_URL=http://localhost:9001\n"}
    assert marks(report(tmp_path, {**compose(service), **samples})) == {"STG101 app/.env.example:2"}


def test_an_env_file_that_is_there_wins_over_the_ones_before_it(tmp_path: Path) -> None:
    service = "app|image: example/app:1|env_file: [.env, app/.env]"
    assert marks(report(tmp_path, {**compose(service), ".env": "LLM_BASE_URL=http://llm:9000\n", "app/.env": "LLM_BASE_URL=http://localhost:9000\n"})) == {"STG101 app/.env:1"}


IMAGE = "FROM node:22\nCOPY . .\nENV BACKEND_ADDRESS=http://localhost:3001\nCMD node server.js\n"


@pytest.mark.parametrize(("code", "told"), [("fetch(process.env.BACKEND_ADDRESS);\n", True), ("fetch(process.env.BACKEND_URL);\n", False), ("start();\n", True)])
def test_what_an_image_sets_and_nothing_in_it_reads_hurts_nobody(tmp_path: Path, code: str, told: bool) -> None:
    files = {**compose("app|build: .|ports: ['80:80']"), "Dockerfile": IMAGE, "server.js": code}
    assert marks(report(tmp_path, files)) == ({"STG206 Dockerfile:3"} if told else set())


@pytest.mark.parametrize(
    ("more", "told"),
    [("gate|image: traefik:3|networks:|  default:|    aliases: [api.localhost]", False), ("api|image: example/api:1|container_name: api.localhost", False), ("gate|image: traefik:3", True)],
)
def test_a_name_below_localhost_that_a_container_has_is_that_container(tmp_path: Path, more: str, told: bool) -> None:
    done = report(tmp_path, compose("app|image: example/app:1|environment:|  LLM_BASE_URL: http://api.localhost:9000", more))
    assert bool(marks(done)) is told


def test_where_a_port_is_published_is_not_where_a_server_listens(tmp_path: Path) -> None:
    service = "app|image: example/app:1|env_file: [.env]|ports: ['${HUB_HOST_BIND:-127.0.0.1}:8082:8082']"
    assert marks(report(tmp_path, {**compose(service), ".env": "HUB_HOST_BIND=127.0.0.1\n"})) == set()
    assert marks(report(tmp_path, {**compose(service.replace("HUB_HOST_BIND:-", "OTHER:-")), ".env": "HUB_HOST_BIND=127.0.0.1\n"})) == {"STG108 .env:1"}


@pytest.mark.parametrize(("command", "told"), [("mysql -h fe -P 9030 -e x; bash start.sh", False), ("until psql -p 9030; do sleep 1; done; start", False), ("serve --port 9030", True), ("ulimit -n 65535; serve -p 9030", True)])
def test_the_port_that_a_client_dials_is_not_listened_on(tmp_path: Path, command: str, told: bool) -> None:
    done = report(tmp_path, compose(f"app|image: example/app:1|command: ['bash', '-c', '{command}']|ports: ['8040:8040']"))
    assert marks(done) == ({"STG107 compose.yaml:5"} if told else set())


def test_a_host_that_a_java_server_tells_its_clients_is_no_address_to_dial(tmp_path: Path) -> None:
    assert marks(report(tmp_path, compose("kafka|image: confluentinc/cp-kafka:7|environment:|  KAFKA_JMX_HOSTNAME: localhost|  KAFKA_JMX_PORT: 10001"))) == set()


def test_labels_of_redis_commander_are_no_hosts(tmp_path: Path) -> None:
    assert marks(report(tmp_path, compose(REDIS, "gui|image: rediscommander/redis-commander:latest|environment:|  REDIS_HOSTS: local:cache:6379"))) == set()


@pytest.mark.parametrize(("folder", "told"), [("", True), ("tests/installer/", False)])
def test_an_image_that_tries_something_out_brings_what_it_asks_for(tmp_path: Path, folder: str, told: bool) -> None:
    files = {f"{folder}Dockerfile": "FROM python:3.12\nENV REDIS_URL=redis://localhost:6379/0\nCMD python main.py\n"}
    assert marks(report(tmp_path, files)) == ({f"STG206 {folder}Dockerfile:2"} if told else set())


def test_an_env_file_for_all_says_nothing_of_a_products_port(tmp_path: Path) -> None:
    app = "app|image: example/app:1|env_file: [.env]|environment:|  LLM_BASE_URL: http://localhost:3000"
    store = "store|image: postgres:16|env_file: [.env]"
    assert {mark.partition(" ")[0] for mark in marks(report(tmp_path, {**compose(app, store), ".env": "PORT=3000\n"}))} <= {"STG101"}


@pytest.mark.parametrize(("line", "told"), [("extra_hosts: ['localhost:host-gateway']", False), ("extra_hosts: ['other:host-gateway']", True)])
def test_localhost_that_the_launch_maps_is_where_it_is_mapped_to(tmp_path: Path, line: str, told: bool) -> None:
    done = report(tmp_path, compose(f"app|image: example/app:1|environment:|  LLM_BASE_URL: http://localhost:3000|{line}"))
    assert bool(marks(done)) is told


@pytest.mark.parametrize(("image", "told"), [("|image: example/app:1", True), ("", False)])
def test_an_overlay_has_the_networks_of_what_it_is_laid_over(tmp_path: Path, image: str, told: bool) -> None:
    done = report(tmp_path, {
        "compose.yaml": compose("jaeger|image: jaegertracing/all-in-one|networks: [wide]", f"app{image}|environment:|  JAEGER_URL: http://jaeger:16686")["compose.yaml"] + "networks:\n  wide:\n",
    })
    assert any(mark.startswith("STG112") for mark in marks(done)) is told


def test_a_port_that_the_healthcheck_asks_is_listened_on(tmp_path: Path) -> None:
    service = "app|image: example/app:1|environment:|  HUB_LISTEN_ADDRESS: 0.0.0.0:9891|ports: ['9888:9888']"
    assert marks(report(tmp_path, compose(service))) == {"STG107 compose.yaml:6"}
    assert marks(report(tmp_path, compose(service + "|healthcheck:|  test: [CMD, curl, 'http://localhost:9888']"))) == set()


def test_a_reference_where_the_host_would_be_is_no_host(tmp_path: Path) -> None:
    done = report(tmp_path, compose("postgres|image: postgres:16", "app|image: example/app:1|environment:|  DATABASE_URL: postgresql://dso://acme/user:dso://acme/pw@postgres:5432/a"))
    assert marks(done) == set()


def test_of_several_samples_the_one_for_containers_is_meant(tmp_path: Path) -> None:
    service = "app|image: example/app:1|env_file: [.env]"
    samples = {".env.example": "LLM_BASE_URL=http://localhost:9000\n"}
    assert marks(report(tmp_path / "a", {**compose(service), **samples})) == {"STG101 .env.example:1"}
    assert marks(report(tmp_path / "b", {**compose(service), **samples, ".env.docker": "LLM_BASE_URL=http://llm:9000\n"})) == set()


@pytest.mark.parametrize(("target", "told"), [("web", False), ("", True)])
def test_an_earlier_stage_has_not_what_the_last_one_sets(tmp_path: Path, target: str, told: bool) -> None:
    files = {"Dockerfile": "FROM node:22 AS web\nCOPY . .\nFROM python:3.12\nCOPY . .\nENV HUB_LISTEN_IP=127.0.0.1\nENV HUB_LISTEN_PORT=1234\n"}
    build = f"build: {{context: ., target: {target}}}" if target else "build: ."
    assert marks(report(tmp_path, {**compose(f"app|{build}|ports: ['1234:1234']"), **files})) == ({"STG108 Dockerfile:5"} if told else set())
