"""A draft as the text of a policy file, one comment beside each guess."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from stigmer_lint.drafting.types import Draft, DraftContainer, DraftService, Said
from stigmer_lint.report.escape import plain

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:-]*\Z")
# YAML 1.1 reads these as something other than text.
_OTHER = re.compile(r"(?i)(?:y|n|yes|no|on|off|true|false|null|\.inf|\.nan|[-+.0-9_:exabcdef]+)\Z")
_WIDTH = 160


def written(draft: Draft, *, undecided: Sequence[str] = (), more: int = 0) -> str:
    """The policy file. `undecided`: findings that remain with it, one sentence each; `more`: how many are not among them."""
    lines = [
        "# A first policy, drafted by `stigmer-lint init`. Each comment says what its entry was taken from:",
        "# keep what is true, correct what is not, and replace comments by a `because` where there is a reason to remember.",
    ]
    if undecided:
        lines += ["#", "# Left for you to decide, because `stigmer-lint check` finds it with this policy as well:"]
        lines += [f"#   {_comment(one, 240)}" for one in undecided]
        if more:
            lines.append(f"#   and {more} more")
    lines += ["version: 1"]
    if draft.resolvers:
        lines += ["", "resolvers:", *_items(draft.resolvers, "  ")]
    if draft.services:
        lines += ["", "services:"]
        for service in draft.services:
            lines += _service(service)
    if draft.containers:
        lines += ["", "containers:"]
        for container in draft.containers:
            lines += _container(container)
    return "\n".join(lines) + "\n"


def _service(service: DraftService) -> Iterable[str]:
    yield f"  {_scalar(service.key)}:"
    yield _line(f"    address: {_scalar(service.address.text)}", service.address.why)
    if service.env:
        yield "    env:"
        yield from _items(service.env, "      ")
    if service.url is not None:
        yield f"    url: {_scalar(service.url)}"
    if service.health is not None:
        yield f"    health: {{{service.health}: true}}"


def _container(container: DraftContainer) -> Iterable[str]:
    yield f"  {_scalar(container.key)}:"
    for remark in container.remarks:
        yield f"    # {_comment(remark)}"
    yield "    match:"
    for key, said in (("image", container.image), ("name", container.name)):
        if said is not None:
            yield _line(f"      {key}: {_scalar(said.text)}", said.why)
    if len(container.sources) == 1:
        yield _line(f"    source: {_scalar(container.sources[0].text)}", container.sources[0].why)
    elif container.sources:
        yield "    source:"
        yield from _items(container.sources, "      ")
    if container.uses:
        yield "    uses:"
        yield from _items(container.uses, "      ")
    if container.required or container.optional or container.secret:
        yield "    env:"
        for key, some in (("required", container.required), ("optional", container.optional), ("secret", container.secret)):
            if some:
                yield f"      {key}:"
                yield from _items(some, "        ")
            if key == "required" and container.set:
                yield "      set:  # what every launch gives alike"
                yield from (f"        {name}: {_scalar(value)}" for name, value in container.set)
    if container.launch is not None:
        yield "    launch:"
        yield f"      image: {_scalar(container.launch)}"


def _items(some: Iterable[Said], indent: str) -> Iterable[str]:
    for one in some:
        yield _line(f"{indent}- {_scalar(one.text)}", one.why)


def _line(text: str, why: str) -> str:
    return f"{text}  # {_comment(why)}" if why else text


def _comment(text: str, width: int = _WIDTH) -> str:
    shown = plain(" ".join(text.split()))
    return shown if len(shown) <= width else shown[: width - 3] + "..."


def _scalar(text: str) -> str:
    if _PLAIN.match(text) and not _OTHER.match(text) and not text.endswith(":"):
        return text
    return json.dumps(text)
