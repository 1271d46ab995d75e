"""What each container needs: the variables that its launches set against those that its code reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stigmer_lint.contract import Sides, open_because
from stigmer_lint.drafting.programs import Program
from stigmer_lint.drafting.services import KnownService, fallback
from stigmer_lint.drafting.types import DraftContainer, DraftService, Said
from stigmer_lint.knowledge.frameworks import framework_of
from stigmer_lint.knowledge.names import fits
from stigmer_lint.knowledge.secrets import is_secret, mask
from stigmer_lint.model.launch import EnvSetting
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import text_of
from stigmer_lint.model.world import Component, EnvRead
from stigmer_lint.policy.types import Policy
from stigmer_lint.report.places import Places
from stigmer_lint.rule import Finding, Rename

_NOTHING = Policy(version=1)


def container(program: Program, known: Sequence[KnownService], places: Places, dead: Mapping[tuple[int, str], str]) -> tuple[DraftContainer, dict[str, tuple[Said, ...]]]:
    """One container of the policy, and the names that its code reads for a service beside those that are set: key of the service -> names."""
    code = program.component
    sides = Sides(Component(program.key, program.launches, (), code.reads if code else (), images=code.images if code else (), join=code.join if code else "",
                            supplied=code.supplied if code else frozenset(), dependencies=code.dependencies if code else frozenset(),
                            mentions=code.mentions if code else frozenset()), _NOTHING)
    uses: list[Said] = []
    added: dict[str, tuple[Said, ...]] = {}
    carried: set[str] = set()
    for one in known:
        names = one.users.get(program.key)
        if names is None:
            continue
        pairs = _paired(one.service, names, sides, places)
        everywhere = all(any(name in given for name in names) for given in sides.given) if names else True
        if everywhere or any(fallback(read) is not None for name in names for read in sides.reads.get(name, ())) or pairs:
            uses.append(Said(one.service.key, "" if names else "its address is put together of several variables, or holds a secret"))
            carried.update(names)
            carried.update(said.text for said in pairs)
            if pairs:
                added[one.service.key] = pairs
    required, optional, secret, alone = _environment(program, sides, carried, places, dead)
    image, name = _match(program, places)
    remarks = tuple(dict.fromkeys(f"{places.of(launch.span)} may set more: {why}" for launch in program.launches for why in open_because(launch)))[:3]
    if alone:
        remarks = (*remarks, f"read as well, set by no launch: {', '.join(alone[:8])}{' and more' if len(alone) > 8 else ''}")
    own = [launch for launch in program.launches if launch.group is None and launch.language not in ("compose", "yaml")]
    started = next((text for launch in own for text in program.images if text == text_of(launch.any.image)), None)
    made = DraftContainer(
        program.key, image, name, _sources(program), tuple(uses), required, optional, secret, _alike(sides, required, secret) if own else (), started, remarks
    )
    return made, added


def _paired(service: DraftService, names: tuple[str, ...], sides: Sides, places: Places) -> tuple[Said, ...]:
    """Names that the code reads for the same service and that no launch sets: it dials loopback for want of them. Only where what is set for the
    service is not read, so that the two must be meant to be one."""
    port = service.address.text.rpartition(":")[2]
    if not names or any(sides.is_read(name) for name in names):
        return ()
    found: list[Said] = []
    for name, reads in sides.reads.items():
        if name in sides.anywhere or name in sides.image or name in sides.component.supplied:
            continue
        for read in reads:
            loopback = fallback(read)
            if loopback is not None and loopback[2] == port:
                found.append(Said(name, f"read at {places.of(read.span)}, falls back to {loopback[0].host}:{port}; no launch sets it"))
                break
    return tuple(found)


def _match(program: Program, places: Places) -> tuple[Said | None, Said | None]:
    """The image without its tag, and the name, of the launch that has them."""
    image: Said | None = None
    for launch in program.launches:
        spelled = next((text for text in program.images if any(text == text_of(facts.image) for facts in launch.facts.values())), None)
        if spelled is not None:
            image = Said(_pattern(spelled), f"image at {places.of(launch.span)}")
            break
    name = Said(program.names[0], f"named at {places.of(program.launches[0].span)}") if program.names else None
    return image, name


def _pattern(image: str) -> str:
    head, slash, last = image.partition("@")[0].rpartition("/")
    base, colon, _ = last.partition(":")
    return f"{head}{slash}{base}{':*' if colon else '*'}"


def _sources(program: Program) -> tuple[Said, ...]:
    code = program.component
    if code is None:
        return ()
    if "" in code.sources or "." in code.sources:
        # The root without what has programs of its own cannot be written down; the build says it without a word of the policy.
        return ()
    folders = [one for one in code.sources if one and "*" not in one and "?" not in one and "[" not in one and one.isprintable()]
    reading = {read.span.path for read in code.reads}
    # What holds no code that reads a variable says nothing about the contract.
    useful = [one for one in folders if any(path == one or path.startswith(f"{one}/") for path in reading)] or folders
    outer = [one for one in useful if not any(one.startswith(f"{other}/") for other in useful)]
    return tuple(Said(one, code.join if index == 0 else "") for index, one in enumerate(sorted(outer)[:6]))


def _environment(program: Program, sides: Sides, carried: set[str], places: Places, dead: Mapping[tuple[int, str], str]) -> tuple[tuple[Said, ...], tuple[Said, ...], tuple[Said, ...], tuple[str, ...]]:
    required: list[Said] = []
    optional: list[tuple[Said, str]] = []
    secret: dict[str, Said] = {}
    spans: dict[str, Span] = {}
    launches = program.launches
    needs = {need.read.name: need.read for need in sides.needs() if need.reason == "required"}
    settings: dict[str, list[EnvSetting]] = {}
    for given in sides.given:
        for name, setting in given.items():
            if setting.origin != "image" and setting.origin != "engine":
                settings.setdefault(name, []).append(setting)
    for name, some in settings.items():
        if any(is_secret(name, text_of(one.value)) for one in some):
            secret[name] = Said(name, f"set at {places.few([one.span for one in some])}")
        if name in carried:
            continue
        always = len(some) == len(launches) and not any(one.maybe for one in some)
        reads = sides.reads.get(name, [])
        framework = framework_of(name, next(iter(program.images), None))
        where = f"set at {places.few([one.span for one in some])}"
        read = f"; read at {places.of(reads[0].span)}" if reads else ""
        every = "set by every launch" if len(launches) > 1 else "set by the launch"
        if name in needs:
            required.append(Said(name, f"read without a default at {places.of(needs[name].span)}, {every if always else where}"))
        elif always and (framework is None or reads) and _counts(name, sides, len(launches), reads):
            required.append(Said(name, f"{every}{read}" if read else f"{every}: {places.few([one.span for one in some])}"))
        elif name in secret:
            continue
        elif framework is not None and not reads:
            optional.append((Said(name, f"{where}, for {framework.reader}"), "framework"))
        elif reads and len(some) == 1 < len(launches):
            spans[name] = some[0].span
        else:
            part = "" if always else f"{len(some)} of {len(launches)} launches: "
            unread = "" if read else next((dead[id(launch), name] for launch in launches if (id(launch), name) in dead), "")
            optional.append((Said(name, f"{part}{where}{read or unread}"), "unread" if unread else part))
    for name, reads in sides.reads.items():
        if name in settings or name in carried:
            continue
        if is_secret(name):
            secret.setdefault(name, Said(name, f"read at {places.of(reads[0].span)}"))
        elif reads[0].language != "shell":
            spans[name] = reads[0].span
    families, alone = _families(spans, settings, places)
    patterns = {one.text: one for one in (*families, *_together(optional))}
    return tuple(required), tuple(patterns.values()), _secrets(secret), alone


def _alike(sides: Sides, required: Sequence[Said], secret: Sequence[Said]) -> tuple[tuple[str, str], ...]:
    """The literal values that every launch gives to required names."""
    found: list[tuple[str, str]] = []
    for said in required:
        values = {text_of(given[said.text].value) if said.text in given else None for given in sides.given}
        text = next(iter(values))
        if len(values) == 1 and text is not None and len(text) <= 100 and mask(said.text, text) == text and not any(fits(said.text, one.text) for one in secret):
            found.append((said.text, text))
    return tuple(found)


def _counts(name: str, sides: Sides, launches: int, reads: Sequence[EnvRead]) -> bool:
    """Whether a variable that every launch sets is one that the container needs. With a single launch that is no evidence: then only what the code
    reads without a default is, and everything where no code is known."""
    if not sides.component.reads:
        return True
    if not reads:
        return False
    return launches > 1 or all(read.default is None and not read.conditional for read in reads)


def dead_names(found: Iterable[Finding]) -> dict[tuple[int, str], str]:
    """What `check` says of variables that nothing reads: (launch, name) -> the words for it."""
    dead: dict[tuple[int, str], str] = {}
    for one in found:
        if one.rule == "STG204" and one.launch is not None and one.env is not None:
            meant = f", perhaps {one.remedy.new} is meant" if isinstance(one.remedy, Rename) else ""
            dead[id(one.launch), one.env] = f"; nothing reads it{meant}"
    return dead


def _together(some: list[tuple[Said, str]]) -> list[Said]:
    """Three names and more that begin with the same word are one pattern, where the same is to be said of them: each comes with what that is."""
    stems: dict[tuple[str, str], list[Said]] = {}
    for one, what in some:
        stems.setdefault((one.text.partition("_")[0], what), []).append(one)
    found: list[Said] = []
    for one, what in some:
        alike = stems[one.text.partition("_")[0], what]
        if len(alike) < 3 or what == "unread":
            found.append(one)
        elif one is alike[0]:
            found.append(Said(f"{one.text.partition('_')[0]}_*", f"{len(alike)} names, among them {one.text}: {one.why}"))
    return found


def _families(spans: dict[str, Span], settings: Mapping[str, object], places: Places) -> tuple[list[Said], tuple[str, ...]]:
    """Names that the code reads and few launches set, as patterns of their first word; and those that stand alone and that no launch sets."""
    stems: dict[str, list[str]] = {}
    for name in spans:
        stems.setdefault(name.partition("_")[0] if "_" in name else name, []).append(name)
    found: list[Said] = []
    alone: list[str] = []
    for stem, names in stems.items():
        if len(names) > 1:
            some = sum(1 for name in names if name in settings)
            how = f"set by one launch only: {some}" if some else "set by no launch"
            found.append(Said(f"{stem}_*", f"{len(names)} names are read, {how}; {names[0]} at {places.of(spans[names[0]])}"))
        elif names[0] in settings:
            found.append(Said(names[0], f"set at {places.of(spans[names[0]])}, by no other launch"))
        else:
            alone.append(names[0])
    return found, tuple(alone)


def _secrets(some: dict[str, Said]) -> tuple[Said, ...]:
    """Secrets by what their names end in, where two and more end alike."""
    stems: dict[str, list[str]] = {}
    for name in some:
        words = name.split("_")
        stem = "_".join(words[-2:]) if words[-1] in ("KEY", "TOKEN") and len(words) > 2 else words[-1]
        stems.setdefault(stem, []).append(name)
    found: list[Said] = []
    for stem, names in stems.items():
        both = [name for name in names if name.endswith(f"_{stem}")]
        if len(both) > 1:
            found.append(Said(f"*_{stem}", f"{', '.join(both[:3])}{' and more' if len(both) > 3 else ''}: {some[both[0]].why}"))
        found += [some[name] for name in names if len(both) <= 1 or name not in both]
    return tuple(found)
