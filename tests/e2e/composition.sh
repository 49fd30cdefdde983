#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2034,SC2154
# What an agent says of a large table, and what that takes it:
#
#   tests/e2e/composition.sh [SECONDS [ENTRIES [OPTIONS OF THE AGENT…]]]       default 1800 and 1000000
#   tests/e2e/composition.sh 300 150000 --heartbeat-min 20s --heartbeat-max 20s
#
# Needs what run.sh needs, and the conntrack tool. A real agent, with its default options unless said, is in a namespace whose table holds ENTRIES, of
# which a known part is each class's; nothing comes or goes. Prints when the shares are counted and no longer estimated, checks them
# against what was loaded, and then the CPU time that the agent took in SECONDS. Holds the machine's values for all that time.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
publish
seconds=${1:-1800} entries=${2:-1000000}
shift $(($# < 2 ? $# : 2))
save_machine
[ "$saved_max" = 0 ] || [ "$saved_max" -gt "$((entries + entries / 8))" ] || echo "$((entries + entries / 8))" >$netfilter/nf_conntrack_max

start_network
start_etcd
start_api
k apply -k "$repo/config/crd" >/dev/null
wait_for 30 k wait --for=condition=Established crd --all --timeout=1s
make_node node-b "" 2 24Gi
k create namespace conntrack-system >/dev/null
k apply -f - >/dev/null <<'YAML'
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: composition}
spec: {timeouts: {udp: {unreplied: 20s}}}
YAML
# A half is UDP without an answer, four tenths TCP in use, the rest TIME_WAIT; 1 % of all is one source's.
seq 0 "$((entries - 1))" | awk '{
  s = $1 % 100 == 0 ? "10.244.1.7" : sprintf("10.%d.%d.%d", 1 + $1 / 62500 % 200, $1 / 250 % 250, $1 % 250)
  d = sprintf("192.168.%d.%d", $1 / 60000 % 250, 1 + $1 % 250); p = 1024 + $1 % 60000
  if ($1 % 10 < 5) printf "-A -p udp -s %s -d %s --sport %d --dport 53 -t 86400\n", s, d, p
  else printf "-A -p tcp -s %s -d %s --sport %d --dport 443 --state %s -t 86400 -u ASSURED\n", s, d, p, $1 % 10 < 9 ? "ESTABLISHED" : "TIME_WAIT"
}' | on node-b conntrack -R - >/dev/null 2>&1
loaded=$(kernel node-b count)
echo "# $loaded entries loaded; the agent starts"
start_controller controller-1
start_agent node-b --listen none "$@"
wait_for 60 k wait --for=condition=Applied ctn/node-b --timeout=1s || { echo "the agent did not report"; exit 1; }
pid=$(pgrep -P $$ -f 'conntrack-agent' | head -n 1)
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }
sleep 5
before=$(ticks) begun=$SECONDS exact=
while [ $((SECONDS - begun)) -lt "$seconds" ]; do
  sleep 5
  if [ -z "$exact" ] && [ "$(field .status.composition.basis ctn node-b)" = Exact ]; then
    exact=$((SECONDS - begun))
    k get ctn node-b -o json >"$tmp/exact.json"
  fi
done
after=$(ticks)
share() { jq -r ".status.composition.states[] | select(.protocol == \"$1\" and .state == \"$2\") | .entries" "$tmp/exact.json"; }
if [ -n "$exact" ]; then
  note ok "every entry was counted, and the status said so $exact s after the agent's first report"
  is "UDP without an answer" "$((loaded / 2))" "$(share udp UNREPLIED)"
  is "TCP in use" "$((loaded * 4 / 10))" "$(share tcp ESTABLISHED)"
  is "TIME_WAIT" "$((loaded / 10))" "$(share tcp TIME_WAIT)"
else
  note FAIL "within $seconds s no report said Exact"
fi
echo
echo "2 cores, Linux $(uname -r | cut -d. -f1,2), $loaded entries"
printf 'CPU of the agent in %d s, samples and counts in it      %s s, %s %% of a core\n' "$seconds" \
  "$(awk "BEGIN{printf \"%.1f\", ($after-$before)/$(getconf CLK_TCK)}")" "$(awk "BEGIN{printf \"%.2f\", ($after-$before)/$(getconf CLK_TCK)/$seconds*100}")"
printf 'resident                                                  %s MiB\n' "$(awk '/VmRSS/{printf "%.1f", $2/1024}' "/proc/$pid/status")"
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
