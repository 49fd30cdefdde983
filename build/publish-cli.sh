#!/usr/bin/env bash
# Publishes the CLI as one file that needs no .NET, and its bill of materials:
#
#   build/publish-cli.sh amd64|arm64 DIR      DIR/kubectl-conntrack, DIR/kubectl-conntrack.cdx.json
#
# Needs the .NET SDK; compiles for the other architecture as well. RESTORE_LOCKED=false does without the lock files.
set -euo pipefail
case ${1:-} in amd64) system=linux-x64 ;; arm64) system=linux-arm64 ;; *) sed -n '2,4p' "$0" >&2; exit 2 ;; esac
[ -n "${2:-}" ] || { sed -n '2,4p' "$0" >&2; exit 2; }
dir=$(mkdir -p "$2" && cd "$2" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The analyzer of single files would put a package into the lock files; the whole runtime compiled as one would be 35 MB more.
dotnet publish src/ConntrackOperator.Cli --configuration Release --runtime "$system" --self-contained --nologo --verbosity quiet \
  -p:RestoreLockedMode="${RESTORE_LOCKED:-${RestoreLockedMode:-true}}" -p:PublishSingleFile=true -p:EnableSingleFileAnalyzer=false \
  -p:PublishReadyToRunComposite=false -p:DebugType=none --output "$work"
dotnet run build/sbom.cs -- src/ConntrackOperator.Cli "net10.0/$system" "$dir/kubectl-conntrack.cdx.json" self-contained >/dev/null
install -m 755 "$work/kubectl-conntrack" "$dir/kubectl-conntrack"
