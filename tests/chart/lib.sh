# shellcheck shell=bash disable=SC2034,SC2154
# What the scripts here share. Sourced; defines: root, helm, kubectl, work, ok, fail, skip, check, refused, start_server, summary.
# Programs come from HELM, KUBECTL, TEST_APISERVER and ETCD, else from PATH.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
chart=$root/charts/conntrack-operator
helm=${HELM:-helm}
kubectl=${KUBECTL:-kubectl}
apiserver=${TEST_APISERVER:-test-apiserver}
etcd=${ETCD:-etcd}
namespace=conntrack-system
work=$(mktemp -d)
passed=0
failed=0
skipped=0
started=()

# Nothing of whoever runs this may decide what is tested, nor may anything be left in their home.
export HELM_CACHE_HOME=$work/helm/cache HELM_CONFIG_HOME=$work/helm/config HELM_DATA_HOME=$work/helm/data
unset KUBECONFIG HELM_NAMESPACE

need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || {
      echo "$program is needed: install it, or set HELM, KUBECTL, TEST_APISERVER or ETCD to where it is" >&2
      exit 2
    }
  done
}

ok() {
  passed=$((passed + 1))
  echo "ok   $1"
}

fail() {
  failed=$((failed + 1))
  echo "FAIL $1"
  [ -z "${2:-}" ] || printf '%s\n' "$2" | head -n 40 | sed 's/^/       /'
}

# skip NAME REASON
skip() {
  skipped=$((skipped + 1))
  echo "skip $1: $2"
}

# check NAME COMMAND...: the command must succeed.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then ok "$name"; else fail "$name" "$output"; fi
}

# refused NAME TEXT COMMAND...: the command must fail and say TEXT.
refused() {
  local name=$1 text=$2 output
  shift 2
  if output=$("$@" 2>&1); then
    fail "$name" "it was accepted: $output"
  elif [[ "$(printf '%s' "$output" | tr '\n' ' ' | tr -s ' ')" == *"$text"* ]]; then
    ok "$name"
  else
    fail "$name" "it was refused, but not with '$text': $output"
  fi
}

# equals NAME WANTED GOT
equals() {
  if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "wanted '$2', got '$3'"; fi
}

# until_true SECONDS COMMAND...
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

# Two ports that nobody uses now. etcd can't be asked to take any.
free_ports() {
  local port count=0
  while [ $count -lt 2 ]; do
    port=$((20000 + RANDOM % 30000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || {
      echo "$port"
      count=$((count + 1))
    }
  done
}

start_server() {
  local ports try
  for try in 1 2 3; do
    mapfile -t ports < <(free_ports)
    "$etcd" --data-dir "$work/etcd$try" --listen-client-urls "http://127.0.0.1:${ports[0]}" --advertise-client-urls "http://127.0.0.1:${ports[0]}" \
      --listen-peer-urls "http://127.0.0.1:${ports[1]}" --unsafe-no-fsync >"$work/etcd.log" 2>&1 &
    started+=($!)
    "$apiserver" --etcd-servers "http://127.0.0.1:${ports[0]}" --secure-port 0 --kubeconfig-out "$work/kubeconfig" >"$work/apiserver.log" 2>&1 &
    started+=($!)
    if until_true 30 test -s "$work/kubeconfig"; then
      export KUBECONFIG=$work/kubeconfig
      return 0
    fi
    stop_started
  done
  tail -n 20 "$work/etcd.log" "$work/apiserver.log" >&2
  echo "the API server does not start" >&2
  exit 2
}

# The Prometheus operator's kinds, as far as the chart uses them. Served a moment after they are accepted.
monitoring_crds() {
  "$kubectl" apply -f "$root/tests/chart/monitoring-crds.yaml" >/dev/null
  "$kubectl" wait --for=condition=Established --timeout=30s -f "$root/tests/chart/monitoring-crds.yaml" >/dev/null
  until_true 30 "$kubectl" get servicemonitors,podmonitors,prometheusrules --all-namespaces
}

# Takes away the CRDs that the chart has left.
delete_crds() { "$kubectl" delete crd -l app.kubernetes.io/part-of=conntrack-operator >/dev/null; }

stop_started() {
  local i
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    kill "${started[i]}" 2>/dev/null
    wait "${started[i]}" 2>/dev/null
  done
  started=()
}

clean_up() {
  stop_started
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

summary() {
  if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
  [ "$failed" = 0 ]
}
