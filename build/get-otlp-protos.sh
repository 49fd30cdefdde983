#!/usr/bin/env bash
# Fetches OpenTelemetry's protocol files for the tests that receive what the programs send:
#
#   build/get-otlp-protos.sh [DIR]       default artifacts/otlp-protos
#
# They come with a package of the OpenTelemetry project on the npm registry. Without them those tests are skipped.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${1:-$repo/artifacts/otlp-protos}
package=@opentelemetry/otlp-grpc-exporter-base version=0.35.0
sum=6f68fc8fdde771409c8841a3dd9b37ab234785b224d77f974cd0f065b12fe1ec

[ -f "$dir/opentelemetry/proto/collector/metrics/v1/metrics_service.proto" ] && { echo "$dir: already here"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if command -v npm >/dev/null; then
  (cd "$tmp" && npm pack --silent "$package@$version" >/dev/null && mv ./*.tgz package.tgz)
else
  curl -fsSL --retry 3 -o "$tmp/package.tgz" "https://registry.npmjs.org/$package/-/${package##*/}-$version.tgz"
fi
echo "$sum  $tmp/package.tgz" | sha256sum --check --quiet
tar -xzf "$tmp/package.tgz" -C "$tmp"
mkdir -p "$dir"
cp -r "$tmp/package/build/protos/." "$dir"
echo "$dir: $package $version"
