"""What the program knows about: spans, values, launches, and the world that joins them.

**A launch is a launch, wherever it is written.** Go that builds an argv, Python that calls an SDK, a shell line, a compose service, a
Kubernetes pod and a container that is running right now all say the same thing: an image, a network, host entries, ports, an
environment. Each is lowered to one `Launch`, and one set of rules judges it. What a rule can say about one of them, it says about all.

**Values have holes.** Code seldom hands over a literal. A `Value` is `Known` text, a `Template` of pieces, something `Resolved` by a
function that rewrites host loopback, a `Choice` of alternatives, or `Unknown` with the reason. Nothing is rounded: a value that
could not be told is never treated as absent, and never as harmless. Every piece keeps the `Span` where it is written and a trail of steps from
there to here, because that way is what the reader of a finding wants to see.

**Platforms are data.** The same code launches differently on Linux, macOS and Windows. `runtime.GOOS`, `sys.platform`, `uname` have a value on
each, so a launch is evaluated once per platform and `Launch.facts` holds one `LaunchFacts` for each on which it happens at all. We tried
carrying guards along as conditions on values; deciding them by evaluating thrice is simpler, exact for nested guards, and costs nothing for
the many launches that never ask (they are evaluated once).

**"Could not tell" is a value.** A launch that is there but could not be read is a `Gap`; a part of one is in `LaunchFacts.unread` or
`env_open`, with why. They are counted, shown on request, and the last line of every run states them.

**The world is a join.** `World` holds launches, environment reads, resolvers, images, builds and host services, and `Component`s: code that is
known to run in an image, with the launches of that image. Rules see nothing else: no parser, no file system, no engine.

Invariants: model types are frozen (the World is filled once, by the engine, before any rule runs); spans are byte offsets into the file as it is
on disk, byte order mark and CRLF included, and only reporters turn them into lines and columns; a `Choice` is flat and has at least two options;
adjacent `Known` parts of a `Template` are merged; `join`, `choose` and `alternatives` keep these. This package imports nothing above it.

What was rejected: one syntax tree for all languages (semgrep's authors call theirs nearly a concrete one by now): rules would still speak of calls and
literals, and each would rediscover what a launch is. The form between a language and this model (`stigmer_lint.flow.ir`) is small, lives for one
function at a time, and no rule ever sees it.
"""
