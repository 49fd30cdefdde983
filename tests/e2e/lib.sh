# shellcheck shell=bash disable=SC2034,SC2154
# What the end-to-end scripts share: a real etcd, a real API server, three nodes as network namespaces.
# Sourced, not run. Needs root. Everything it makes is named ct-e2e* or lies in $tmp, and is taken away at the end.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
netfilter=/proc/sys/net/netfilter
passed=0 failed=0

note() { if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi; printf '%-4s %s\n' "$1" "$2"; }
step() { printf '\n# %s\n' "$1"; }

# DESCRIPTION EXPECTED ACTUAL
is() { if [ "$2" = "$3" ]; then note ok "$1"; else note FAIL "$1: expected '$2', got '$3'"; fi; }

# DESCRIPTION PATTERN TEXT
has() { if grep -qE -- "$2" <<<"$3"; then note ok "$1"; else note FAIL "$1: no '$2' in: $(head -c 1500 <<<"$3")"; fi; }

# SECONDS COMMAND...: until it succeeds
wait_for() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

# DESCRIPTION SECONDS EXPECTED COMMAND...: until it prints that
becomes() {
  local what=$1 seconds=$2 expected=$3 actual end; shift 3
  end=$((SECONDS + seconds))
  while actual=$("$@" 2>&1); [ "$actual" != "$expected" ]; do
    if [ $SECONDS -ge $end ]; then note FAIL "$what: expected '$expected', got '$actual'"; return 1; fi
    sleep 0.05
  done
  note ok "$what"
}

find_tool() { # NAME ENVIRONMENT_VALUE PATHS...
  local name=$1 given=$2 path; shift 2
  if [ -n "$given" ]; then echo "$given"; return; fi
  for path in "$@" "$(command -v "$name" 2>/dev/null)"; do
    if [ -n "$path" ] && [ -x "$path" ]; then echo "$path"; return; fi
  done
  echo "$name was not found: set $(tr 'a-z-' 'A-Z_' <<<"$name")" >&2
  exit 2
}

TEST_APISERVER=$(find_tool test-apiserver "${TEST_APISERVER:-}" "$repo/../shared/bin/test-apiserver") || exit 2
ETCD=$(find_tool etcd "${ETCD:-}") || exit 2
KUBECTL=$(find_tool kubectl "${KUBECTL:-}" "$repo/artifacts/tools/kubectl") || exit 2
[ "$(id -u)" = 0 ] || { echo "the end-to-end test sets kernel values and makes network namespaces: it needs root" >&2; exit 2; }

tmp=$(mktemp -d)
export KUBECONFIG=$tmp/kubeconfig KUBECACHEDIR=$tmp/kube
subnet=${E2E_SUBNET:-10.213.77} net=${E2E_NAME:-ct-e2e}
declare -A pids=()

# Before the machine's own values are changed: one script or test at a time does, and all of them are put back at the end.
save_machine() {
  exec 9>"${TMPDIR:-/tmp}/conntrack-operator-machine.lock"
  flock -w 600 9 || { echo "another test holds the machine's conntrack values" >&2; exit 2; }
  saved_max=$(cat $netfilter/nf_conntrack_max) saved_buckets=$(cat $netfilter/nf_conntrack_buckets)
  local key
  for key in $netfilter/nf_conntrack_*; do
    case $key in *_count | *_buckets) continue ;; esac
    echo "$key $(cat "$key")"
  done >"$tmp/saved"
}

k() { "$KUBECTL" "$@"; }
field() { k get "${@:2}" -o "jsonpath={$1}" 2>&1; } # JSONPATH OBJECT...
condition() { field ".status.conditions[?(@.type==\"$1\")].$2" "${@:3}"; } # TYPE KEY OBJECT...

# NODE COMMAND...: in the node's network namespace; node-a is the machine itself
on() {
  local node=$1; shift
  if [ "$node" = node-a ]; then "$@"; else ip netns exec "$net-$node" "$@"; fi
}
kernel() { on "$1" cat "$netfilter/nf_conntrack_$2"; } # NODE KEY

free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

start_network() {
  ip link add "$net" type bridge
  ip addr add "$subnet.1/24" dev "$net"
  ip link set "$net" up
  local node last=2
  for node in node-b node-c; do
    ip netns add "$net-$node"
    ip link add "$net-$last" type veth peer name eth0 netns "$net-$node"
    ip link set "$net-$last" master "$net" up
    ip -n "$net-$node" addr add "$subnet.$last/24" dev eth0
    ip -n "$net-$node" link set eth0 up
    ip -n "$net-$node" link set lo up
    last=$((last + 1))
  done
}

start_etcd() {
  etcd_url=http://127.0.0.1:$(free_port) peer_url=http://127.0.0.1:$(free_port)
  "$ETCD" --data-dir "$tmp/etcd" --listen-client-urls "$etcd_url" --advertise-client-urls "$etcd_url" --listen-peer-urls "$peer_url" \
    --initial-advertise-peer-urls "$peer_url" --initial-cluster "default=$peer_url" >"$tmp/etcd.log" 2>&1 &
  pids[etcd]=$!
  wait_for 30 curl -fs "$etcd_url/health" || { echo "etcd did not start:"; tail "$tmp/etcd.log"; exit 1; }
  api_port=$(free_port)
}

start_api() {
  rm -f "$KUBECONFIG"
  "$TEST_APISERVER" --etcd-servers "$etcd_url" --bind-address "$subnet.1" --secure-port "$api_port" --cert-dir "$tmp/certs" \
    --token e2e-token --kubeconfig-out "$KUBECONFIG" >>"$tmp/apiserver.log" 2>&1 &
  pids[api]=$!
  wait_for 60 test -s "$KUBECONFIG" || { echo "the API server did not start:"; tail "$tmp/apiserver.log"; exit 1; }
  sed -n 's/.*certificate-authority-data: //p' "$KUBECONFIG" | base64 -d >"$tmp/ca.crt"
  echo e2e-token >"$tmp/token"
}

# NAME ARGUMENTS...
start_controller() {
  local name=$1; shift
  "$CONTROLLER" --kubeconfig "$KUBECONFIG" --namespace conntrack-system --identity "$name" --listen none --log-level debug "$@" >>"$tmp/$name.log" 2>&1 &
  pids[$name]=$!
}

# NODE ARGUMENTS...
start_agent() {
  local node=$1; shift
  if [ "$node" = node-a ]; then
    "$AGENT" --node-name "$node" --server "https://$subnet.1:$api_port" --token-file "$tmp/token" --ca-file "$tmp/ca.crt" \
      --state-dir "$tmp/state-$node" --start-jitter 0s "$@" >>"$tmp/agent-$node.log" 2>&1 &
  else
    nsenter --net="/run/netns/$net-$node" "$AGENT" --node-name "$node" --server "https://$subnet.1:$api_port" --token-file "$tmp/token" --ca-file "$tmp/ca.crt" \
      --state-dir "$tmp/state-$node" --start-jitter 0s "$@" >>"$tmp/agent-$node.log" 2>&1 &
  fi
  pids[agent-$node]=$!
}

# NAME [SIGNAL]: ends it and waits
stop() {
  local pid=${pids[$1]:-}
  unset "pids[$1]"
  [ -n "$pid" ] || return 0
  kill "-${2:-TERM}" "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
}

# NAME LABELS CPU MEMORY
make_node() {
  k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Node
metadata: {name: $1, labels: {kubernetes.io/os: linux, kubernetes.io/hostname: $1$2}}
YAML
  k patch node "$1" --subresource=status --type=merge -p "{\"status\":{\"capacity\":{\"cpu\":\"$3\",\"memory\":\"$4\"},\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastHeartbeatTime\":null,\"lastTransitionTime\":null,\"reason\":\"E2e\",\"message\":\"\"}]}}" >/dev/null
}

publish() {
  AGENT=${AGENT:-$repo/artifacts/e2e/agent/conntrack-agent} CONTROLLER=${CONTROLLER:-$repo/artifacts/e2e/controller/conntrack-controller}
  CLI=${CLI:-$repo/artifacts/e2e/cli/kubectl-conntrack}
  if [ ! -x "$AGENT" ] || [ "${REBUILD:-true}" = true ]; then
    echo "# building the agent (Native AOT), the controller and the CLI"
    dotnet publish "$repo/src/ConntrackOperator.Agent" -c Release -o "$(dirname "$AGENT")" -v quiet --nologo \
      && dotnet publish "$repo/src/ConntrackOperator.Controller" -c Release -o "$(dirname "$CONTROLLER")" -v quiet --nologo \
      && dotnet publish "$repo/src/ConntrackOperator.Cli" -c Release -o "$(dirname "$CLI")" -v quiet --nologo \
      || { echo "the build failed"; exit 1; }
  fi
}

finish() {
  local status=$? name node key value
  trap - EXIT INT TERM
  for name in "${!pids[@]}"; do kill -KILL "${pids[$name]}" 2>/dev/null; done
  wait 2>/dev/null
  for node in node-b node-c; do ip netns del "$net-$node" 2>/dev/null; done
  ip link del "$net" 2>/dev/null
  # The machine's own values, whatever happened.
  if [ -s "$tmp/saved" ]; then
    [ "$(cat $netfilter/nf_conntrack_buckets)" = "$saved_buckets" ] || echo "$saved_buckets" >$netfilter/nf_conntrack_buckets
    while read -r key value; do
      [ "$(cat "$key")" = "$value" ] || echo "$value" >"$key"
    done <"$tmp/saved"
  fi
  if [ "$failed" -gt 0 ] && [ "${KEEP_LOGS:-true}" = true ]; then
    for name in "$tmp"/*.log; do
      case $name in */etcd.log | */apiserver.log) continue ;; esac
      echo "--- the end of ${name##*/}"; tail -n 15 "$name"
    done
  fi
  rm -rf "$tmp"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
