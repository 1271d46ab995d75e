"""Commands by what they do: those that dial a server, those that build and watch programs, and words that tell a program from a library."""

from __future__ import annotations

import re
from typing import Final

CLIENT: Final = re.compile(
    r"(?:(?:until|while|if|!|do|then|exec|sudo|timeout\s+\S+|time)\s+)*(?:\S*/)?(?:mysql|mariadb|mysqladmin|psql|pg_isready|curl|wget|nc|ncat|redis-cli|valkey-cli|mongo(?:sh)?|clickhouse-client"
    r"|kafka-[\w-]+|cqlsh|sqlcmd|ssh|scp|wait-for\S*|telnet|grpcurl|nats)\s"
)
"""A command that dials something, behind what a shell puts in front of commands."""

PROGRAM_WORDS: Final = frozenset(("MCP", "SERVER", "CLI", "EXPORTER", "PROXY", "GATEWAY", "DAEMON"))
"""Words that tell a program from a library among packages of Python."""
TOOLS: Final = frozenset((
    "npm", "pnpm", "yarn", "bun", "corepack", "turbo", "nx", "lerna", "typescript", "tsx", "ts-node", "nodemon", "pm2", "serve", "http-server", "prisma", "dotenv-cli", "rimraf", "cross-env",
    "concurrently", "node-gyp", "npm-run-all", "vite", "webpack", "webpack-cli", "esbuild", "swc", "gulp", "gulp-cli", "grunt", "grunt-cli", "bower", "@angular/cli", "@nestjs/cli", "@vue/cli",
    "eslint", "jest", "mocha", "bundler", "rake", "foreman", "air", "dlv", "migrate", "goose", "sqlx-cli", "diesel_cli", "cargo-chef", "cargo-watch", "cargo-leptos", "trunk", "wasm-pack", "poetry",
    "uv", "pipenv", "pdm", "hatch", "protoc-gen-go", "protoc-gen-go-grpc", "gotestsum", "golangci-lint", "swag", "templ", "mockgen", "wire", "sccache", "supergateway", "forever", "mint", "rollup",
))
"""Programs that build, watch or start others: what an image is for is not among them."""
