# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by run.sh: everything that is rendered is accepted by the API server, in strict mode.
# batch/v1 is not among what the test server serves: of the hook's Job, its pod is checked, and its own few fields by name.

"$kubectl" create namespace "$namespace" >/dev/null
"$kubectl" create namespace grafana >/dev/null # of values/alerts.yaml
check "the Prometheus operator's kinds are served" monitoring_crds
strict() { "$kubectl" apply --dry-run=server --validate=strict "${@:2}" -f "$1"; }

# Documents of a stream by kind: those that are KIND, or with `not KIND` all others.
of_kind() {
  awk -v kind="$2" -v not="$([ "$1" = not ] && echo 1 || echo 0)" '
    function flush() { if (text != "" && ((is && !not) || (!is && not))) printf "---\n%s", text; text = ""; is = 0 }
    /^---/ { flush(); next }
    $0 == "kind: " kind { is = 1 }
    { text = text $0 "\n" }
    END { flush() }'
}

daemon_set() { sed -n '/^  agent\.yaml: |$/,/^---/p' | sed -e 1d -e '/^---/d' -e 's/^    //'; }

# The Job's pod template as a Pod.
job_pod() {
  printf 'apiVersion: v1\nkind: Pod\n'
  of_kind only Job | sed -n '/^  template:$/,$p' | sed -e 1d -e 's/^    //' -e '0,/^metadata:$/s//metadata:\n  name: uninstall/'
}

for values in values/*.yaml; do
  name=$(basename "$values" .yaml)
  "$helm" template release "$chart" --namespace "$namespace" --values "$values" >"$work/rendered.yaml"
  of_kind not Job <"$work/rendered.yaml" >"$work/plain.yaml"
  check "accepted: $name" strict "$work/plain.yaml"
  daemon_set <"$work/rendered.yaml" >"$work/daemonset.yaml"
  check "accepted: $name, the agents' DaemonSet" strict "$work/daemonset.yaml" --namespace "$namespace"
  if grep -q '^kind: Job$' "$work/rendered.yaml"; then
    job_pod <"$work/rendered.yaml" >"$work/pod.yaml"
    check "accepted: $name, the pod of the uninstall hook" strict "$work/pod.yaml" --namespace "$namespace"
    equals "the hook's Job has only fields that a Job has: $name" "activeDeadlineSeconds backoffLimit template" \
      "$(of_kind only Job <"$work/rendered.yaml" | sed -n '/^spec:$/,$p' | sed -n 's/^  \([a-zA-Z]*\):.*/\1/p' | sort | xargs)"
  fi
done

# The other way to say it: the server does refuse what is wrong.
"$helm" template release "$chart" --namespace "$namespace" --show-only templates/controller.yaml | sed 's/terminationGracePeriodSeconds/terminationGraceSeconds/' >"$work/wrong.yaml"
refused "a field that does not exist is refused" 'unknown field "spec.template.spec.terminationGraceSeconds"' strict "$work/wrong.yaml"

"$helm" template release "$chart" --namespace "$namespace" --values values/metrics.yaml --show-only templates/monitors.yaml | sed 's/podMetricsEndpoints/endpoints/' >"$work/wrong.yaml"
refused "a field that a PodMonitor does not have is refused" 'unknown field "spec.endpoints"' strict "$work/wrong.yaml"

"$kubectl" delete namespace "$namespace" >/dev/null
