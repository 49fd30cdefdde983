#!/usr/bin/env bash
# Writes every packages.lock.json anew, after a change of packages or of the SDK (global.json, Directory.Packages.props, a csproj):
#
#   build/update-locks.sh            writes them
#   build/update-locks.sh --check    fails when a restore would change one
#
# CI and the images restore in locked mode: exactly these versions with exactly these hashes, or not at all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1:-} in
  --check) exec dotnet restore --locked-mode --nologo --verbosity quiet ;;
  '') CI='' dotnet restore --force-evaluate -p:RestoreLockedMode=false --nologo --verbosity quiet; dotnet --version >build/locked-sdk ;;
  *) echo "usage: build/update-locks.sh [--check]" >&2; exit 2 ;;
esac
