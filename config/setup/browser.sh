#!/usr/bin/env bash
# Finds Chromium, or takes it from the system's packages.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null; then
  sudo=""
  if [ "$(id -u)" != 0 ]; then sudo=sudo; fi
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends chromium
elif command -v dnf >/dev/null; then
  sudo dnf install -y -q chromium
elif command -v brew >/dev/null; then
  brew install --quiet --cask chromium
else
  echo "No Chromium here, and no package manager that this script knows: install Chromium, then run make again." >&2
  exit 1
fi
