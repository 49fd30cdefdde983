#!/usr/bin/env bash
# Tests of the Helm chart and of the kustomize manifests. One line a check, and at the end `N passed, N failed`.
#
#   tests/chart/run.sh            everything; starts an etcd and an API server of its own on free ports
#   tests/chart/run.sh --update   writes golden/*.yaml anew, from values/*.yaml
#
# HELM, KUBECTL, TEST_APISERVER, ETCD and PROMTOOL say where these programs are, unless they are on PATH. What needs promtool or
# prometheus is skipped without them. CONTROLLER and AGENT may name built programs; without them, these are built.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
# shellcheck source=tests/chart/lib.sh
. ./lib.sh
need "$helm" jq

# What a value set makes, without the body of the CRDs, which is config/crd's, and that of the dashboards.
render() {
  "$helm" template release "$chart" --namespace "$namespace" --values "$1" |
    awk '/^---/ { left = 0 } /^# Source: .*\/(crds|dashboards)\.yaml/ { left = 1 } left && /^(spec|data):/ { left = 2 } left < 2'
}

if [ "${1:-}" = --update ]; then
  for values in values/*.yaml; do
    render "$values" >"golden/$(basename "$values")"
  done
  exit
fi

need "$kubectl" "$apiserver" "$etcd"
# shellcheck source=tests/chart/offline.sh
. ./offline.sh
# shellcheck source=tests/chart/monitoring.sh
. ./monitoring.sh
start_server
# shellcheck source=tests/chart/acceptance.sh
. ./acceptance.sh
# shellcheck source=tests/chart/lifecycle.sh
. ./lifecycle.sh
# shellcheck source=tests/chart/admission.sh
. ./admission.sh
# shellcheck source=tests/chart/uninstall.sh
. ./uninstall.sh
# shellcheck source=tests/chart/scrape.sh
. ./scrape.sh
summary
