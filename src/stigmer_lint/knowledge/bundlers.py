"""Bundlers of JavaScript: the variables that they put into what browsers load, and the commands that build and serve it.

https://vite.dev/guide/env-and-mode, https://create-react-app.dev/docs/adding-custom-environment-variables, https://cli.vuejs.org/guide/mode-and-env.html,
https://nextjs.org/docs/app/guides/environment-variables ("Bundling Environment Variables for the Browser").
"""

from __future__ import annotations

import re
from typing import Final

FILES_ONLY = ("VITE_", "REACT_APP_", "VUE_APP_", "GATSBY_", "PARCEL_PUBLIC_", "NG_APP_")
"""Prefixes of bundlers whose result is files; a server of another kind may read the rest itself."""
NEXT = "NEXT_PUBLIC_"
"""The prefix of Next.js, whose server reads what was not there when it was built."""

SERVES: Final = re.compile(r"(?:^|[\s/])(?:nginx|caddy|httpd|lighttpd|static-web-server|serve|http-server|vite\s+preview|(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:preview|serve))(?=\s|$)")
"""Commands that serve files."""
NEXT_STARTS: Final = re.compile(r"(?:^|[\s/])(?:next\s+start|(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?start|node\s+(?:\S+/)?server\.js)\s*(?:$|-)")
"""Commands that start a server of Next.js."""
AT_RUN_TIME = frozenset({"RUNTIME", "ENVS", "INJECT"})
"""Words of packages that hand variables over when the program starts (next-runtime-env, vite-envs, react-inject-env)."""
CONFIGURES: Final = re.compile(r"(?:^|/)(?:vite|webpack|rollup|vue|craco|rsbuild|rspack|astro|svelte|snowpack|parcel|esbuild|gulpfile|Gruntfile)(?:\.[\w-]+)*\.[cm]?[jt]s$")
"""Files that configure a bundler, which reads them when it builds, or as long as its development server runs."""
DEVELOPS: Final = re.compile(
    r"\b(?:npm|pnpm|yarn|bun|npx|turbo|nx|make|task|just|deno|gulp|grunt)\b|\b(?:vite|vue-cli-service|ng|nuxt|astro|craco|react-scripts|webpack|rollup|parcel)\b(?![ \t]+(?:build|preview)\b)|webpack-dev-server"
)
"""Commands that start, or may start, a development server, which reads the bundler's configuration."""
BUNDLES: Final = re.compile(
    r"\b(?:npm|pnpm|yarn|bun)(?:[ \t]+(?!(?:build|install|add|ci|i)(?![\w.-]))[^\s;&|]{1,200}){0,8}[ \t]+build(?![\w.-])"
    r"|\b(?:vite|next|react-scripts|vue-cli-service|gatsby|parcel|craco|ng)[ \t]+build\b|\b(?:turbo|nx)[ \t]+(?:run[ \t]+)?build\b"
)
"""Commands that build a bundle for browsers, with the variables of that moment in it."""
