"""Options of `docker run` that a configuration file hands on."""

from __future__ import annotations

from stigmer_lint.dialects.base import Command, Recognised
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.model.launch import LaunchFacts, Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Item, Known, ListValue, Unknown, Value


def run_facts(words: tuple[Value, ...], image: Value | None, place: Span, platform: Platform) -> LaunchFacts:
    """The facts of `docker run WORDS IMAGE`. Where the words cannot be read, `unread` says so."""
    argv = (Known("docker"), Known("run"), *words, image or Unknown("the image is built here", "other", None, place))
    recognised = recognise_argv(Command(ListValue(tuple(Item(word) for word in argv)), None, place, platform))
    return recognised.facts if isinstance(recognised, Recognised) else LaunchFacts(image=image, unread=("the options could not be read",))
