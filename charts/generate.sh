#!/usr/bin/env bash
# Makes what follows from something else: the chart's copy of the CRDs (from config/crd), the chart's README (from its values
# and their schema), and the kustomize manifests in config/{rbac,agent,default} (from the chart, with its defaults).
#
#   charts/generate.sh           writes them
#   charts/generate.sh --check   writes nothing, shows what differs, and fails if anything does
#
# Needs helm (HELM) and jq.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
helm=${HELM:-helm}
for program in "$helm" jq; do
  command -v "$program" >/dev/null || { echo "$program is needed: set HELM, or install it" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Everything is made in a copy, from which it is compared or taken over.
mkdir -p "$work/charts" "$work/config"
cp -r "$root/charts/conntrack-operator" "$work/charts/"
cp -r "$root/config/crd" "$work/config/"
chart=$work/charts/conntrack-operator

crds() {
  rm -rf "$chart/files/crds"
  mkdir -p "$chart/files/crds"
  local file
  for file in "$work"/config/crd/*.yaml; do
    [ "$(basename "$file")" = kustomization.yaml ] || cp "$file" "$chart/files/crds/"
  done
}

# The values as JSON: helm reads its own YAML best.
values() {
  mkdir -p "$work/values/templates"
  printf 'apiVersion: v2\nname: values\nversion: 0.0.0\n' >"$work/values/Chart.yaml"
  cp "$chart/values.yaml" "$work/values/"
  echo '{{ omit .Values "global" | toJson }}' >"$work/values/templates/values.yaml"
  "$helm" template values "$work/values" | grep -v -e '^---' -e '^#'
}

# A row for every value that is not just a group of others. A value without a description is an error.
rows() {
  jq -r --slurpfile values <(values) '
    def resolve($schema): if has("$ref") then (.["$ref"] | ltrimstr("#/definitions/")) as $name | $schema.definitions[$name] + (. | del(.["$ref"])) else . end;
    def cell: tojson | gsub("\\|"; "\\|");
    def walk_values($schema; $path; $value):
      ($schema | if ($value | type) == "object" and has("$ref") then del(.["$ref"]) else . end) as $s
      | if ($value | type) == "object" and ($s.properties // null) != null and ($value | length) > 0 then
          $value | keys_unsorted[] as $k
          | ($s.properties[$k] // error("\($path)\($k) is not in values.schema.json")) as $child
          | walk_values($child; "\($path)\($k)."; $value[$k])
        else
          ($schema.description // error("\($path) has no description in values.schema.json")) as $text
          | "| `\($path | rtrimstr("."))` | `\($value | cell)` | \($text | gsub("\\|"; "\\|")) |"
        end;
    . as $schema | $values[0] | keys_unsorted[] as $k
    | ($schema.properties[$k] // error("\($k) is not in values.schema.json")) as $child
    | walk_values($child; "\($k)."; $values[0][$k])
  ' "$chart/values.schema.json"
}

readme() {
  local table
  table=$(rows)
  while IFS= read -r line; do
    if [ "$line" = '@VALUES@' ]; then
      printf '| value | default | what it is for |\n|---|---|---|\n%s\n' "$table"
    else
      printf '%s\n' "$line"
    fi
  done <"$chart/README.md.tpl" >"$chart/README.md"
}

# One template of the chart as plain manifests.
plain() {
  "$helm" template conntrack-operator "$chart" --namespace conntrack-system --show-only "templates/$1" |
    sed -e '/^ *helm\.sh\/chart:/d' -e '/^ *app\.kubernetes\.io\/managed-by: Helm$/d' -e '/^# Source: /d'
}

manifest() {
  local file=$1
  shift
  {
    echo "# Made by charts/generate.sh from charts/conntrack-operator. Do not edit."
    local template
    for template in "$@"; do plain "$template"; done
  } >"$work/config/$file"
}

kustomization() {
  mkdir -p "$work/config/$1"
  {
    echo "# Made by charts/generate.sh. Do not edit."
    echo "apiVersion: kustomize.config.k8s.io/v1beta1"
    echo "kind: Kustomization"
    cat
  } >"$work/config/$1/kustomization.yaml"
}

kustomize() {
  kustomization rbac <<'K'
resources:
- controller.yaml
- agent.yaml
- users.yaml
- admission.yaml
K
  manifest rbac/controller.yaml rbac-controller.yaml
  manifest rbac/agent.yaml rbac-agent.yaml
  manifest rbac/users.yaml rbac-users.yaml
  manifest rbac/admission.yaml admission.yaml

  kustomization agent <<'K'
# The agents' DaemonSet is no resource here: it is handed to the controller, which runs agents where policies select nodes.
namespace: conntrack-system
configMapGenerator:
- name: conntrack-operator-agent
  files:
  - agent.yaml
generatorOptions:
  disableNameSuffixHash: true
  labels:
    app.kubernetes.io/name: conntrack-operator
    app.kubernetes.io/instance: conntrack-operator
    app.kubernetes.io/component: agent
    app.kubernetes.io/part-of: conntrack-operator
K
  sed -n 's/^appVersion: \(.*\)/    app.kubernetes.io\/version: "\1"/p' "$chart/Chart.yaml" >>"$work/config/agent/kustomization.yaml"
  {
    echo "# Made by charts/generate.sh from charts/conntrack-operator. Do not edit."
    plain agent-template.yaml | sed -e '1,/^  agent\.yaml: |$/d' -e 's/^    //'
  } >"$work/config/agent/agent.yaml"

  kustomization default <<'K'
# The whole operator:   kubectl apply -k config/default
# To take it away, first let the nodes put their settings back, then delete it:
#   kubectl delete conntrackpolicies --all && kubectl delete --ignore-not-found -k config/default
resources:
- namespace.yaml
- ../crd
- ../rbac
- ../agent
- serviceaccounts.yaml
- priorityclasses.yaml
- networkpolicy.yaml
- controller.yaml
K
  cat >"$work/config/default/namespace.yaml" <<'K'
# Made by charts/generate.sh. Do not edit.
apiVersion: v1
kind: Namespace
metadata:
  name: conntrack-system
  labels:
    app.kubernetes.io/part-of: conntrack-operator
    # The agents need the host's network, NET_ADMIN and host paths; the controller runs as restricted asks for.
    pod-security.kubernetes.io/enforce: privileged
    pod-security.kubernetes.io/warn: privileged
    pod-security.kubernetes.io/audit: privileged
K
  manifest default/serviceaccounts.yaml serviceaccounts.yaml
  manifest default/priorityclasses.yaml priorityclasses.yaml
  manifest default/networkpolicy.yaml networkpolicy.yaml
  manifest default/controller.yaml controller.yaml
}

crds
readme
kustomize

made=(charts/conntrack-operator/files charts/conntrack-operator/README.md config/rbac config/agent config/default)
if [ "${1:-}" = --check ]; then
  status=0
  for path in "${made[@]}"; do
    diff -ru "$root/$path" "$work/$path" || status=1
  done
  [ $status = 0 ] || echo "these differ from what charts/generate.sh makes: run it" >&2
  exit $status
fi
for path in "${made[@]}"; do
  rm -rf "${root:?}/$path"
  mkdir -p "$(dirname "$root/$path")"
  cp -r "$work/$path" "$root/$path"
  echo "$path"
done
