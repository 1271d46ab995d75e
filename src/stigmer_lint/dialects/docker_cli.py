"""`docker run`, `podman run`, `nerdctl run`, `docker compose run` and their kin, as argument vectors.

The grammar is knowledge/docker_run_flags.tsv; a test compares it with the installed client's `--help`.
"""

from __future__ import annotations

import json

import msgspec

from stigmer_lint.dialects.base import Command, Recognised, Unread
from stigmer_lint.dialects.docker_flags import Flag, grammar
from stigmer_lint.dialects.values import (
    each,
    given_at,
    narrow,
    parse_host_entry,
    parse_publish,
    place,
    rejoin,
    resolved_in,
    split,
    split_assignment,
)
from stigmer_lint.dialects.wrappers import programs, unwrap
from stigmer_lint.model.launch import Engine, EnvSetting, Health, HostEntry, LaunchFacts, Publish
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Item, Known, Resolved, Template, Unknown, Value, choose, render

_ENGINES: dict[str, Engine] = {
    "docker": "docker", "podman": "podman", "nerdctl": "nerdctl", "podman-remote": "podman", "finch": "nerdctl", "nerdctl.lima": "nerdctl",
    "container": "apple",
    "docker-compose": "docker", "podman-compose": "podman",
}
_STANDALONE_COMPOSE = ("docker-compose", "podman-compose")
_TELLING = ("docker", "podman", "nerdctl", "container", "oci", "engine", "ctr")
_OPTION_WORDS = frozenset({
    "opt", "opts", "option", "options", "flag", "flags", "arg", "args", "param", "params", "extra", "network", "net", "gpu", "gpus",
    "env", "envs", "volume", "volumes", "port", "ports", "mount", "mounts", "tty", "rm",
})


def recognise_argv(command: Command) -> Recognised | Unread | None:
    """The container that a command starts.

    None: it starts none (or on another machine through ssh). Unread: it is `docker run` or `create`, and nothing of it could be read.
    Parts that could not be read are named in the facts' `env_open` and `unread`.
    """
    inner = unwrap(command)
    if inner is None or inner.argv is None or not inner.argv.items:
        return None
    items = inner.argv.items
    engine, compose, sure = _engine_of(items[0])
    if engine is None:
        return None
    remote: list[str] = []
    at = _skip_globals(items, 1, grammar("compose" if compose else engine, "global"), remote)
    word = _word(items, at)
    if word == "compose" and not compose:
        compose = True
        at = _skip_globals(items, at + 1, grammar("compose", "global"), remote)
        word = _word(items, at)
    if compose:
        if word != "run":
            return None
        return _compose_run(_Reader(inner, items, at + 1, grammar("compose", "run")), engine)
    if word == "pod" and engine == "podman":
        if _word(items, at + 1) != "create":
            return None
        return _pod_create(_Reader(inner, items, at + 2, grammar("podman", "pod")))
    if word == "container":
        at = _skip_globals(items, at + 1, {}, remote)
        word = _word(items, at)
    if word not in ("run", "create"):
        return None
    if not sure and not _looks_like_run(items, at + 1):
        return None
    reader = _Reader(inner, items, at + 1, grammar(engine, "run" if word == "run" else "create"))
    reader.read()
    if reader.help:
        return None
    reader.unread.extend(remote)
    # What is created is started by a later command, which does not wait for it.
    reader.detached = reader.detached or word == "create"
    found = _finish(reader, f"{'container' if engine == 'apple' else engine} {word}", engine)
    return msgspec.structs.replace(found, written=items[at].value.span) if isinstance(found, Recognised) else found


def _engine_of(first: Item) -> tuple[Engine | None, bool, bool]:
    """Engine, whether it is a stand-alone compose, whether that is sure (the word is known)."""
    if first.rest:
        return None, False, False
    names = programs(first.value)
    for wanted in ("docker", "podman", "nerdctl"):
        for name in names:
            if _ENGINES.get(name) == wanted:
                return _ENGINES[name], name in _STANDALONE_COMPOSE, True
    if "container" in names:
        # A word that other programs are called by as well.
        return "apple", False, False
    for option in each(first.value):
        hint = _hint(option)
        if hint and any(part in hint for part in _TELLING):
            engine: Engine = "podman" if "podman" in hint else "nerdctl" if "nerdctl" in hint else "docker"
            return engine, "compose" in hint, False
    return None, False, False


def _hint(value: Value) -> str:
    """What the name of a hole says about the program in it."""
    if isinstance(value, Unknown):
        return f"{value.name or ''} {value.why}".lower()
    if isinstance(value, Template):
        return " ".join(_hint(part) for part in value.parts)
    return ""


def _word(items: tuple[Item, ...], at: int) -> str | None:
    if at >= len(items) or items[at].rest:
        return None
    value = items[at].value
    if isinstance(value, Choice):
        # `docker (run|create)` picks by a flag; both start the same container.
        texts = {option.text for option in value.options if isinstance(option, Known)}
        if texts and texts <= {"run", "create"}:
            return "run" if "run" in texts else "create"
    return value.text if isinstance(value, Known) else None


def _skip_globals(items: tuple[Item, ...], at: int, table: dict[str, Flag], remote: list[str]) -> int:
    """Index of the first word that is no global option (`--context x`, `-H ...`)."""
    while at < len(items):
        item = items[at]
        value = item.value
        text = value.text if isinstance(value, Known) else None
        lead = value.parts[0] if isinstance(value, Template) else None
        if isinstance(lead, Known) and lead.text.startswith("-") and "=" in lead.text:
            text = lead.text
        if text is None:
            # An option list that is not known may stand between the program and its command word.
            if at + 1 < len(items) and (item.rest or item.maybe or isinstance(value, Unknown)) and _later_word(items, at + 1):
                at += 1
                continue
            return at
        if not text:
            at += 1
            continue
        if not text.startswith("-"):
            return at
        name, equals, _ = text.partition("=")
        flag = table.get(name)
        if flag is None and not text.startswith("--") and len(text) > 2:
            flag = table.get(text[:2])
            equals = equals or "joined"
        if flag is not None and flag.kind == "remote":
            remote.append(f"the engine may be on another machine ({name})")
        at += 2 if flag is not None and flag.takes == "yes" and not equals else 1
    return at


def _later_word(items: tuple[Item, ...], at: int) -> bool:
    word = _word(items, at)
    return word is not None and (word.startswith("-") or word in ("run", "create", "container", "compose", "pod"))


def _looks_like_run(items: tuple[Item, ...], at: int) -> bool:
    table = grammar("docker", "run")
    for item in items[at:]:
        value = item.value
        lead = value.parts[0] if isinstance(value, Template) else value
        text = lead.text if isinstance(lead, Known) else ""
        if text.startswith("--") and text.partition("=")[0] in table:
            return True
        if len(text) > 1 and text[0] == "-" and text[:2] in table:
            return True
    return False


class _Reader:
    """Reads the options of one command from left to right and keeps what they say."""

    def __init__(self, command: Command, items: tuple[Item, ...], at: int, table: dict[str, Flag]) -> None:
        self.command = command
        self.items = items
        self.at = at
        self.table = table
        self.span = command.span
        self.env: list[EnvSetting] = []
        self.env_open: list[str] = []
        self.rewritten: list[Resolved] = []
        self.env_files: list[Value] = []
        self.hosts: list[HostEntry] = []
        self.hosts_open = False
        self.publishes: list[Publish] = []
        self.exposes: list[str] = []
        self.networks: list[tuple[Value, bool, Span]] = []
        self.aliases: list[str] = []
        self.volumes: list[Value] = []
        self.links: list[str] = []
        self.logging: list[Value] = []
        self.unread: list[str] = []
        self.name: Value | None = None
        self.entrypoint: tuple[Value, ...] | None = None
        self.health: Health | None = None
        self.detached = False
        self.pod: str | None = None
        self.image: Value | None = None
        self.arguments: tuple[Value, ...] | None = None
        self.known = 0
        self.help = False

    def read(self) -> None:
        """Take options up to the first positional word (image or service); what follows are its arguments."""
        while self.at < len(self.items):
            item = self.items[self.at]
            value = item.value
            if item.rest:
                if self._must_be_the_image(item):
                    break
                self._unknown_options(value)
                self.at += 1
                continue
            if isinstance(value, Choice) and all(_is_flag_text(option) for option in value.options):
                self._choice_of_flags(value)
                continue
            text = value.text if isinstance(value, Known) else None
            lead = value.parts[0] if isinstance(value, Template) else None
            if isinstance(lead, Known) and lead.text.startswith("-"):
                text = lead.text
            if text is None:
                if self._may_be_options(value, item):
                    self._unknown_options(value)
                    self.at += 1
                    continue
                break
            if text == "--":
                self.at += 1
                break
            if not text.strip():
                self.at += 1
                continue
            if not text.startswith("-") or text == "-":
                break
            self._option(value, text, item.maybe)
        self._positionals()

    def _positionals(self) -> None:
        if self.at >= len(self.items):
            return
        first = self.items[self.at]
        self.image = Unknown(first.value.why, first.value.kind, None, first.value.span) if first.rest and isinstance(first.value, Unknown) else first.value
        self.known += isinstance(first.value, Known)
        rest = self.items[self.at + 1 :]
        self.arguments = tuple(item.value for item in rest) or None
        if any(item.rest for item in rest):
            self.unread.append("part of the command's arguments could not be read")

    def _choice_of_flags(self, value: Choice) -> None:
        """One of several options (`"--rm" | "-d"`): each is read as one that may be there."""
        start = self.at
        ends = {start + 1}
        for option in value.options:
            if isinstance(option, Known) and not option.text:
                continue
            text = option.text if isinstance(option, Known) else option.parts[0].text if isinstance(option, Template) and isinstance(option.parts[0], Known) else ""
            self.at = start
            self._option(option, text, True)
            ends.add(self.at)
        self.at = max(ends)

    def _must_be_the_image(self, item: Item) -> bool:
        """Whether words that are not known hold the image: the last ones, that are there in any case (`$(image)`, and not "$@") and are not called options."""
        value = item.value
        if self.at + 1 < len(self.items) or item.maybe or not isinstance(value, Unknown) or value.kind == "input":
            return False
        return not set(_tokens(value.why.lower())) & _OPTION_WORDS

    def _may_be_options(self, value: Value, item: Item) -> bool:
        """Whether a word that is not known stands for options rather than for the image."""
        if self.at + 1 >= len(self.items):
            return False
        if item.maybe:
            return True
        name = (value.name or "") if isinstance(value, Unknown) else ""
        tokens = {token for token in _tokens(name) if token}
        if tokens & _OPTION_WORDS and "image" not in tokens:
            return True
        if isinstance(value, Choice) and any(isinstance(option, Known) and (not option.text or option.text.startswith("-")) for option in value.options):
            return True
        after = self.items[self.at + 1]
        text = after.value.text if isinstance(after.value, Known) else ""
        flag = self.table.get(text.partition("=")[0]) if text.startswith("-") else None
        if flag is None or flag.kind == "-" or self.at + 3 >= len(self.items):
            return False
        following = self.items[self.at + 2].value
        lead = following.parts[0] if isinstance(following, Template) else following
        # `IMAGE -e script` is a command's own flag; `OPTIONS -e NAME=VALUE IMAGE` is docker's.
        return isinstance(lead, Known) and (flag.kind != "env" or "=" in lead.text)

    def _unknown_options(self, value: Value) -> None:
        why = f"options that could not be read: {render(value)}"
        self.unread.append(why)
        self.env_open.append(why)
        self.hosts_open = True

    def _option(self, value: Value, text: str, maybe: bool) -> None:
        """One option word (with the word after it, where it takes one); moves `at` past them."""
        whole = self.items[self.at].value
        self.at += 1
        if text.startswith("--"):
            name, equals, _ = text.partition("=")
            flag = self.table.get(name)
            attached = split(value, "=", 1)[1] if equals else None
            if flag is None:
                self._unknown_flag(name, attached is not None)
                return
            self.known += 1
            if flag.takes != "yes":
                if attached is None or not (isinstance(attached, Known) and attached.text.lower() in ("false", "0", "f")):
                    self._apply(flag, Known("true", value.span), whole, maybe)
                return
            if attached is not None:
                self._apply(flag, attached, whole, maybe)
            else:
                self._apply_next(flag, maybe)
            return
        position = 1
        while position < len(text):
            flag = self.table.get(f"-{text[position]}")
            if flag is None:
                self.unread.append(f"option -{text[position]} is not known")
                return
            self.known += 1
            if flag.takes != "yes":
                if position + 1 < len(text) and text[position + 1] == "=":
                    if text[position + 2 :].lower() not in ("false", "0", "f"):
                        self._apply(flag, Known("true", value.span), whole, maybe)
                    return
                self._apply(flag, Known("true", value.span), whole, maybe)
                position += 1
                continue
            rest = position + 1
            while rest < len(text) and text[rest] in "= " and (text[rest] == " " or rest == position + 1):
                rest += 1
            attached = _from(value, rest)
            if attached is not None:
                self._apply(flag, attached, whole, maybe)
            else:
                self._apply_next(flag, maybe)
            return

    def _apply_next(self, flag: Flag, maybe: bool) -> None:
        if self.at >= len(self.items):
            self.unread.append(f"--{flag.long} without a value")
            return
        item = self.items[self.at]
        if item.rest:
            # The value is the first of words that are not known; the others may be anything.
            self._apply(flag, Unknown(f"value of --{flag.long}", "input", None, item.value.span), item.value, maybe)
            return
        self.at += 1
        self._apply(flag, item.value, item.value, maybe or item.maybe)

    def _unknown_flag(self, name: str, attached: bool) -> None:
        self.unread.append(f"option {name} is not known")
        if attached or self.at + 1 >= len(self.items):
            return
        value = self.items[self.at].value
        if isinstance(value, Known) and value.text.startswith("-"):
            return
        if any(isinstance(item.value, Known) and item.value.text.startswith("-") for item in self.items[self.at + 1 :]):
            # Options go on after it, so this word is its value and not the image.
            self.at += 1

    def _apply(self, flag: Flag, value: Value, whole: Value, maybe: bool) -> None:
        span = place(value, whole, self.span)
        match flag.kind:
            case "env":
                self._env(value, whole, maybe)
            case "env-file":
                self.env_files.append(value)
                self.env_open.append(f"further variables come from the file {render(value)}")
            case "env-all":
                self.env_open.append("every variable of the calling process is passed on (--env-host)")
            case "network":
                self._network(value, maybe, span)
            case "host":
                found = parse_host_entry(value, span, maybe)
                if not found and not (isinstance(value, Known) and not value.text):
                    self.hosts_open = True
                    self.unread.append(f"host entry {render(value)} could not be read")
                self.hosts.extend(found)
            case "hosts-file":
                self.hosts_open = True
            case "publish":
                if isinstance(value, Unknown):
                    self.unread.append(f"published port {render(value)} could not be read")
                else:
                    self.publishes.extend(parse_publish(value, span))
            case "publish-all":
                self.publishes.append(Publish(Unknown("every exposed port", "other", None, span), None, None, span))
            case "expose":
                self._texts(self.exposes, value, "exposed port")
            case "alias" | "hostname":
                # The engine's DNS answers a container's host name as well.
                self._texts(self.aliases, value, "network alias")
            case "link":
                self._texts(self.links, value, "link")
            case "name":
                self.name = value if not maybe or self.name is None else choose((self.name, value))
            case "entrypoint":
                self.entrypoint = _words_of_entrypoint(value)
            case "volume":
                self.volumes.append(value)
            case "pod":
                self._pod(value)
            case "help":
                self.help = True
            case "pod-file":
                self.pod = f"file:{render(value)}"
            case "log-opt":
                for one in split_assignment(value):
                    if isinstance(one.name, Known) and one.value is not None and one.name.text.endswith(("address", "url", "endpoint", "host")):
                        self.logging.append(one.value)
            case "detach":
                self.detached = self.detached or not maybe
            case "health-cmd":
                if not (isinstance(value, Known) and value.text == "none"):
                    self.health = Health((value,), span)
            case _:
                pass

    def _texts(self, found: list[str], value: Value, what: str) -> None:
        for option in each(value):
            if isinstance(option, Known):
                if option.text:
                    found.append(option.text)
            else:
                self.unread.append(f"{what} {render(option)} could not be read")

    def _network(self, value: Value, maybe: bool, span: Span) -> None:
        if isinstance(value, Known) and "=" in value.text and ":" not in value.text.partition("=")[0]:
            # The long form: `name=net,alias=db,driver-opt=...`.
            for part in split(value, ","):
                key, _, _ = part.text.partition("=") if isinstance(part, Known) else ("", "", "")
                if isinstance(part, Known) and key in ("name", "alias"):
                    inner = narrow(part, len(key) + 1)
                    if key == "name":
                        self.networks.append((inner, maybe, place(inner, value, span)))
                    else:
                        self.aliases.append(inner.text)
            return
        if isinstance(value, Known) and not value.text:
            return
        if isinstance(value, Choice) and any(isinstance(option, Known) and not option.text for option in value.options):
            kept = tuple(option for option in value.options if not (isinstance(option, Known) and not option.text))
            if not kept:
                return
            self.networks.append((choose(kept, value.span, value.trail), True, span))
            return
        self.networks.append((value, maybe, span))

    def _pod(self, value: Value) -> None:
        text = render(value)
        self.pod = text.removeprefix("new:") or None

    def _env(self, value: Value, whole: Value, maybe: bool) -> None:
        if isinstance(value, Known) and not value.text.strip():
            return
        for one in split_assignment(value):
            name = one.name.text.strip() if isinstance(one.name, Known) else None
            if name is None:
                self.env_open.append(f"a variable whose name could not be told: {render(value)}")
                self.rewritten.extend(resolved_in(one.value))
                continue
            if not name:
                continue
            name_span = one.name.span
            if one.value is not None:
                self.env.append(EnvSetting(name, one.value, given_at(one.name) or place(one.value, value, self.span), name_span, maybe or one.maybe))
                continue
            if name.endswith("*"):
                self.env_open.append(f"every variable of the calling process that starts with {name[:-1]} is passed on")
                continue
            self._passed(name, place(value, whole, self.span), name_span, maybe or one.maybe)

    def _passed(self, name: str, span: Span, name_span: Span | None, maybe: bool) -> None:
        """`-e NAME`: what the client process has under that name; nothing at all where it surely has none."""
        env = self.command.env
        unknown = Unknown(f"variable {name} of the calling process", "env", name, span)
        value: Value = unknown
        given = None
        if env is not None:
            given = next((e for e in reversed(env.entries) if isinstance(e.key, Known) and e.key.text == name), None)
        open_env = self.command.inherits or (env is not None and (env.open_why is not None or any(not isinstance(e.key, Known) for e in env.entries)))
        if given is not None and isinstance(given.value, Known) and given.value.kind == "null" and not given.maybe:
            return
        if given is not None:
            value = given.value
            if given.maybe and open_env:
                value = choose((given.value, unknown))
            elif given.maybe:
                maybe = True
        elif not open_env:
            return
        self.env.append(EnvSetting(name, value, span, name_span, maybe, passed=True))


def _is_flag_text(value: Value) -> bool:
    lead = value.parts[0] if isinstance(value, Template) else value
    return isinstance(lead, Known) and (not lead.text or (lead.text.startswith("-") and len(lead.text) > 1))


def _tokens(name: str) -> list[str]:
    """`dockerRunArgs`, `DOCKER_RUN_ARGS` -> docker, run, args."""
    found: list[str] = []
    current = ""
    previous = ""
    for char in name:
        if not char.isalnum():
            found.append(current)
            current = ""
        elif char.isupper() and previous.islower():
            found.append(current)
            current = char.lower()
        else:
            current += char.lower()
        previous = char
    found.append(current)
    return found


def _from(value: Value, start: int) -> Value | None:
    """The rest of an option word from a character of its first literal piece on; None where nothing is left."""
    if isinstance(value, Known):
        return narrow(value, start) if start < len(value.text) else None
    if isinstance(value, Template) and isinstance(value.parts[0], Known):
        return rejoin([narrow(value.parts[0], start), *value.parts[1:]], value)
    return None


def _words_of_entrypoint(value: Value) -> tuple[Value, ...]:
    if isinstance(value, Known):
        if not value.text:
            return ()
        if value.text.startswith("["):
            # podman takes a JSON array here.
            try:
                parsed = json.loads(value.text)
            except ValueError:
                return (value,)
            if isinstance(parsed, list) and all(isinstance(word, str) for word in parsed):
                return tuple(Known(word, value.span) for word in parsed)
    return (value,)


def _network_value(found: list[tuple[Value, bool, Span]]) -> Value | None:
    """The network mode; one that is there on some path only is a choice with docker's own word for "not given"."""
    if not found:
        return None
    value, maybe, _ = found[-1]
    sure = next((one for one, uncertain, _ in reversed(found) if not uncertain), None)
    if not maybe:
        return value if len(found) == 1 or not isinstance(found[0][0], Known) else found[0][0]
    return choose((value, sure if sure is not None else Known("default", value.span)), value.span)


def recognise_exec(command: Command) -> Recognised | None:
    """The program that `docker exec -e NAME=VALUE CONTAINER` starts in a container that runs, with the container as the name; kind "docker exec".
    None for any other command, and where it gives no variables, and so says nothing of addresses."""
    inner = unwrap(command)
    items = inner.argv.items if inner is not None and inner.argv is not None else ()
    engine, compose, sure = _engine_of(items[0]) if items else (None, False, False)
    if inner is None or engine is None or compose or not sure:
        return None
    at = _skip_globals(items, 1, grammar(engine, "global"), [])
    if _word(items, at) == "container":
        at += 1
    if _word(items, at) != "exec":
        return None
    # Its options are among those of run.
    reader = _Reader(inner, items, at + 1, grammar(engine, "run"))
    reader.read()
    if reader.image is None or not reader.env:
        return None
    return Recognised(f"{engine} exec", engine, LaunchFacts(name=reader.image, env=last_wins(reader.env), command=reader.arguments))


def _finish(reader: _Reader, kind: str, engine: Engine) -> Recognised | Unread:
    if reader.image is None:
        reader.unread.append("the image could not be told")
        if not reader.known:
            return Unread(f"the options of {kind} could not be read", reader.span)
    elif reader.known == 0 and isinstance(reader.image, Unknown) and reader.unread:
        return Unread(f"neither the options nor the image of {kind} could be read", reader.span)
    return Recognised(kind, engine, _facts(reader, reader.image))


def _facts(reader: _Reader, image: Value | None) -> LaunchFacts:
    network = _network_value(reader.networks)
    known = tuple(value.text for value, _, _ in reader.networks if isinstance(value, Known) and not is_mode(value.text))
    return LaunchFacts(
        image=image,
        name=reader.name,
        network=network,
        network_span=reader.networks[-1][2] if reader.networks else None,
        networks=known,
        aliases=tuple(reader.aliases),
        env=last_wins(reader.env),
        env_open=tuple(dict.fromkeys(reader.env_open)),
        rewritten=tuple(reader.rewritten),
        env_files=tuple(reader.env_files),
        hosts=tuple(reader.hosts),
        hosts_open=reader.hosts_open,
        publishes=tuple(reader.publishes),
        exposes=tuple(reader.exposes),
        entrypoint=reader.entrypoint,
        command=reader.arguments,
        volumes=tuple(reader.volumes),
        links=tuple(reader.links),
        health=reader.health,
        pod=reader.pod,
        logging=tuple(reader.logging),
        detached=reader.detached,
        unread=tuple(dict.fromkeys(reader.unread)),
    )


def last_wins(settings: list[EnvSetting]) -> tuple[EnvSetting, ...]:
    """The settings in order, without those that a later sure one of the same name replaces."""
    kept: list[EnvSetting] = []
    settled: set[str] = set()
    for setting in reversed(settings):
        if setting.name not in settled:
            kept.append(setting)
            if not setting.maybe:
                settled.add(setting.name)
    return tuple(reversed(kept))


def is_mode(network: str) -> bool:
    """Whether a network value is a mode of the engine rather than the name of a user-defined network."""
    mode = network.partition(":")[0]
    return mode in ("host", "bridge", "none", "default", "nat", "private", "slirp4netns", "pasta", "container", "service", "pod", "ns")


def _compose_run(reader: _Reader, engine: Engine) -> Recognised | Unread:
    reader.read()
    service = reader.image.text if isinstance(reader.image, Known) else None
    if reader.image is None:
        return Unread("the service of compose run could not be told", reader.span)
    where = f"service {render(reader.image)} of the compose file"
    reader.env_open.append(f"further variables come from {where}")
    facts = _facts(reader, None)
    facts = msgspec.structs.replace(
        facts, network=Unknown(f"the network is said by {where}", "other", None, reader.span), hosts_open=True, unread=(*facts.unread, f"image and network are said by {where}")
    )
    return Recognised(f"{engine} compose run", engine, facts, service)


def _pod_create(reader: _Reader) -> Recognised | Unread:
    """The pod itself: no image, but the network and the host entries that its containers share."""
    reader.read()
    name = reader.name if reader.name is not None else reader.image
    if not isinstance(name, Known):
        return Unread("the name of the pod could not be told", reader.span)
    facts = msgspec.structs.replace(_facts(reader, None), name=None, pod=name.text, command=None)
    return Recognised("podman pod create", "podman", facts)


__all__ = ["is_mode", "last_wins", "recognise_argv", "recognise_exec"]
