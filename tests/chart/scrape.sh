# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by run.sh: the real controller and the real agent, scraped by a real Prometheus (Debian's package prometheus) with the
# relabelings and the alerts that the chart makes. The policy only observes: nothing is written to this machine's kernel.

scrape_needs() {
  if ! command -v prometheus >/dev/null || ! command -v "$promtool" >/dev/null; then
    echo "prometheus is not installed (Debian's package prometheus)"
    return 1
  fi
  command -v python3 >/dev/null || { echo "python3 is not installed"; return 1; }
  [ "$(id -u)" = 0 ] || { echo "the agent needs root"; return 1; }
  [ -n "${AGENT:-}" ] || command -v dotnet >/dev/null || { echo "there is no agent: set AGENT, or install the .NET SDK"; return 1; }
}

# A target as the operator's discovery finds it: job pod container listen
target() {
  jq -n --arg address "$4" --arg pod "$2" --arg container "$3" --arg namespace "$namespace" \
    '{targets: [$address], labels: {namespace: $namespace, pod: $pod, container: $container, endpoint: "metrics", __meta_kubernetes_pod_node_name: "node-1"}}'
}

# The relabelings of a monitor of the release, as Prometheus writes them: kind name endpoints
relabelings() {
  "$kubectl" --namespace "$namespace" get "$1" "$2" -o json | jq --arg endpoints "$3" \
    '.spec[$endpoints][0].relabelings | map(with_entries(.key |= gsub("(?<c>[A-Z])"; "_" + (.c | ascii_downcase))))'
}

answers() { curl -fsS --max-time 5 "$@"; }
prometheus_says() { answers --get "http://127.0.0.1:$prometheus_port/api/v1/$1" "${@:2}" | jq -e '.data'; }
both_up() { [ "$(prometheus_says query --data-urlencode 'query=count(up == 1)' | jq -r '.result[0].value[1]')" = 2 ]; }
no_alert() { [ "$(prometheus_says query --data-urlencode 'query=ALERTS' | jq '.result | length')" = 0 ]; }
has_samples() { [ "$(prometheus_says query --data-urlencode "query=$1" | jq '.result | length')" -gt 0 ]; }

scrape() {
  local agent_port controller_port prometheus_port args ports
  mapfile -t ports < <(free_ports; free_ports)
  agent_port=${ports[0]} controller_port=${ports[1]} prometheus_port=${ports[2]}

  "$helm" install conntrack-operator "$chart" --namespace "$namespace" --create-namespace --set metrics.enabled=true \
    --set metrics.podMonitor.enabled=true --set metrics.serviceMonitor.enabled=true --set prometheusRule.enabled=true --set agent.scanInterval=1s >/dev/null || fail "scrape: install"
  "$kubectl" --namespace "$namespace" get configmap conntrack-operator-agent -o 'jsonpath={.data.agent\.yaml}' >"$work/agent.yaml"
  mapfile -t args < <("$kubectl" --namespace "$namespace" get deployment conntrack-operator-controller -o json |
    jq -r --arg template "$work/agent.yaml" --arg listen "127.0.0.1:$controller_port" \
      '.spec.template.spec.containers[0].args[] | sub("^--agent-template=.*"; "--agent-template=" + $template) | sub("^--listen=.*"; "--listen=" + $listen)')
  "$CONTROLLER" "${args[@]}" "--kubeconfig=$KUBECONFIG" >"$work/controller.log" 2>&1 &
  started+=($!)
  "$kubectl" delete nodes --all >/dev/null # of the tests before
  "$kubectl" apply -f - >/dev/null <<'N'
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {kubernetes.io/os: linux}}
status: {capacity: {cpu: "4", memory: 8Gi}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: watch}
spec:
  mode: Observe
  rollout: {maxUnavailable: 1}
  table: {size: {entries: 524288}}
  timeouts: {tcp: {established: 12h}}
N

  # What the pod would be given, but for where it is.
  sed -n 's/.*certificate-authority-data: //p' "$KUBECONFIG" | base64 -d >"$work/ca.crt"
  sed -n 's/^ *token: //p' "$KUBECONFIG" >"$work/token"
  mapfile -t args < <(sed -n '/^ *args:$/,/^ *env:$/s/^ *- //p' "$work/agent.yaml" |
    sed -e "s|^--state-dir=.*|--state-dir=$work/state|" -e 's|^--sysctl-dir=.*|--sysctl-dir=/proc/sys/net/netfilter|' -e 's|^--host-root=.*|--host-root=/|' \
      -e "s|^--listen=\$(POD_IP):.*|--listen=127.0.0.1:$agent_port|" -e 's|^--start-jitter=.*|--start-jitter=0s|')
  "$AGENT" "${args[@]}" --node-name=node-1 "--server=$(sed -n 's/^ *server: //p' "$KUBECONFIG")" "--token-file=$work/token" "--ca-file=$work/ca.crt" --scan-interval=1s >"$work/agent.log" 2>&1 &
  started+=($!)

  jq -n --argjson agent "$(target agent agent-x2x agent "127.0.0.1:$agent_port")" --argjson controller "$(target controller controller-7c controller "127.0.0.1:$controller_port")" \
    --argjson agentRelabelings "$(relabelings podmonitor conntrack-operator-agent podMetricsEndpoints)" \
    --argjson controllerRelabelings "$(relabelings servicemonitor conntrack-operator-controller endpoints)" \
    '{global: {scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s"}, rule_files: ["alerts/rules.yaml"], scrape_configs: [
       {job_name: "podMonitor", static_configs: [$agent], relabel_configs: $agentRelabelings},
       {job_name: "serviceMonitor", static_configs: [$controller], relabel_configs: $controllerRelabelings}]}' >"$work/prometheus.yml"
  prometheus "--config.file=$work/prometheus.yml" "--storage.tsdb.path=$work/prometheus" "--web.listen-address=127.0.0.1:$prometheus_port" --log.level=warn >"$work/prometheus.log" 2>&1 &
  started+=($!)

  if until_true 60 both_up; then ok "scrape: Prometheus reaches the controller and the agent"; else
    fail "scrape: Prometheus reaches the controller and the agent" "$(tail -n 5 "$work/prometheus.log" "$work/agent.log" "$work/controller.log")"
    return
  fi
  equals "scrape: an agent's series name the job and the node, and nothing that changes with its pod" \
    '{"instance":"127.0.0.1:'"$agent_port"'","job":"conntrack-agent","namespace":"'"$namespace"'","node":"node-1"}' \
    "$(prometheus_says query --data-urlencode 'query=up{job="conntrack-agent"}' | jq -cS '.result[0].metric | del(.__name__)')"
  equals "scrape: the controller's series name the job and the pod" conntrack-controller/controller-7c \
    "$(prometheus_says query --data-urlencode 'query=up{pod="controller-7c"}' | jq -r '.result[0].metric | "\(.job)/\(.pod)"')"
  # What has happened before the first scrape is in no rate.
  "$kubectl" patch conntrackpolicies watch --type=merge -p '{"spec": {"timeouts": {"tcp": {"established": "11h"}}}}' >/dev/null
  local metric
  for metric in 'conntrack_entries_limit{node="node-1"} > 0' 'conntrack_policy_nodes{policy="watch", state="selected"} == 1' 'conntrack_settings{state="Observed"} > 0' \
    'conntrack_policy_rollout_paused{policy="watch"} == 0' 'conntrack_last_report_timestamp_seconds' 'rate(conntrack_scan_duration_seconds_count[1m]) > 0' 'leader_election_master_status{name="conntrack-operator-controller"} == 1' \
    'rate(rest_client_requests_total{job="conntrack-controller"}[2m]) > 0' 'histogram_quantile(0.99, sum by (le, controller) (rate(controller_runtime_reconcile_time_seconds_bucket[2m])))'; do
    if until_true 60 has_samples "$metric"; then ok "scrape: $metric"; else fail "scrape: $metric"; fi
  done
  equals "scrape: Prometheus takes every alert, and evaluates it" "$(grep -c 'alert:' "$work/alerts/rules.yaml") ok" \
    "$(prometheus_says rules | jq -r '[.groups[].rules[]] | "\(length) \(map(.health) | unique | join(" "))"')"
  # A node counts as unreachable until its first report.
  if until_true 20 no_alert; then ok "scrape: no alert is on, nor about to be"; else
    fail "scrape: no alert is on, nor about to be" "$(prometheus_says query --data-urlencode 'query=ALERTS' | jq -c '.result[].metric')"
  fi
  check "scrape: what is there is in docs/metrics.md, with type, labels and origin" python3 monitoring.py scraped "http://127.0.0.1:$prometheus_port" "$root/docs/metrics.md"
  check "scrape: promtool finds nothing amiss in the agent's metrics" lint_metrics "http://127.0.0.1:$agent_port/metrics"
  check "scrape: promtool finds nothing amiss in the controller's metrics" lint_metrics "http://127.0.0.1:$controller_port/metrics"
  check "scrape: every panel shows something, but where nothing has happened" panels_show
}

lint_metrics() { answers "$1" | "$promtool" check metrics; }

# Silent may be, on one node whose table is perhaps empty: what grows, is lost, is overwritten, or is in the table.
panels_show() {
  python3 monitoring.py ask "http://127.0.0.1:$prometheus_port" node-1 "$chart"/files/dashboards/*.json >"$work/silent" || return 1
  ! grep -vxF -e 'Full in' -e 'Fastest growth' -e 'Packets lost a minute, by node' -e 'Rewrites a minute' -e 'Composition' -e 'Entries by namespace' \
    -e 'Watches opened anew a minute' "$work/silent"
}

if reason=$(scrape_needs); then
  if [ -z "${AGENT:-}" ]; then
    if dotnet build "$root/src/ConntrackOperator.Agent" -c Release >"$work/build.log" 2>&1; then
      AGENT=$root/src/ConntrackOperator.Agent/bin/Release/net10.0/conntrack-agent
    else
      fail "the agent builds" "$(tail -n 20 "$work/build.log")"
      AGENT=false
    fi
  fi
  scrape
else
  skip "scrape: a real Prometheus and the real programs" "$reason"
fi
