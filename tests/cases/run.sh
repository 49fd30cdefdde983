#!/usr/bin/env bash
# The reproductions of what people met, which lie beside this checkout (CASES, ../shared/cases), and what each must print. One line a
# check, and at the end `N passed, N failed`. Needs root, conntrack and what the cases need; KC is the command, else it is built.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
# shellcheck source=tests/chart/lib.sh
. ../chart/lib.sh
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 2; }
cases=${CASES:-$root/../shared/cases}
[ -d "$cases" ] || { echo "no cases: $cases is not there; CASES names where they are" >&2; exit 2; }
need ip conntrack iptables python3 gcc
trap clean_up EXIT
if [ -z "${KC:-}" ]; then
  dotnet build -c Release --nologo -v quiet "$root/src/ConntrackOperator.Cli" || exit 2
  KC=$root/src/ConntrackOperator.Cli/bin/Release/net10.0/kubectl-conntrack
fi
export KC

# case_of NUMBER: runs it; its output is in $output then.
case_of() { output=$(timeout 180 bash "$cases/$1"* 2>&1); }
# says NAME PATTERN [TIMES]: so many lines of the output match, or at least one.
says() {
  local found
  found=$(grep -cE -- "$2" <<<"$output")
  if [ "$found" = "${3:-$found}" ] && { [ -n "${3:-}" ] || [ "$found" -gt 0 ]; }; then ok "$1"; else fail "$1: $found lines match '$2'" "$output"; fi
}
# part FROM TO: the output between two of its lines.
part() { sed -n "/$1/,/$2/p" <<<"$output" | sed '1d;$d'; }

case_of 01-
equals "01: a download with a slow reader is in no look idle for hours" "" "$(part '^--- flows' '^--- top')"
says "01: nor is it flushed, in ten tries" '^0 of 0 matching entries deleted, of [1-9]' 10
case_of 18-
says "18: after a raised time-out what has just spoken is not idle for hours" '^(idle for 6h|after its next packet).*: 0 of 1 entries match' 3
case_of 05-
says "05: races are told apart from a full table" '0 packets dropped for want of an entry, [1-9][0-9]* lost in races'
says "05: with what helps" '^races: no size of the table helps; for DNS a node-local cache'
says "05: they are no pressure" 'pressure Normal'
says "05: and no reason for a larger table" 'table\.size|TableTooSmall,' 0
case_of 04-
says "04: no limit is called so" 'entries, no limit'
says "04: there are no shares of it" 'of 0\b|NaN|Infinity|\([0-9]+%\)' 0
says "04: a limit is set from it and put back" '^exit 0' 3
case_of 06-
says "06: a limit below what is in the table is held, from no limit as from a higher one" 'nf_conntrack_max .*131072 +Held' 2
case_of 13b-
says "13b: a comment after a value, and hexadecimal, are in effect" '^(17|18)$' 2
case_of 15-
says "15: entries of a zone, of protocols by name and number, of both families are deleted" '^1 of 1 matching entries deleted' 6
says "15: what began in another zone or went to another address stays" '^(0 of 0 matching entries deleted, of 10|0 of 9 entries match)' 2
says "15: what is no network is refused with the option and what is allowed" '^error: --destination: Invalid value: ".*": must be an address or a network' 3

# What case 15 is about: the stale entry of a pod that is gone, by the address that its Service's was translated to.
stale() {
  ip netns add "case-$$" || return 1
  local pod
  for pod in 7 8; do
    ip netns exec "case-$$" conntrack -I -s 10.0.0.5 -d 10.96.0.10 -r "10.244.1.$pod" -q 10.0.0.5 -p udp --sport "3333$pod" --dport 53 \
      --reply-port-src 53 --reply-port-dst "3333$pod" -t 100
  done
  ip netns exec "case-$$" "$KC" host flush -p udp --reply-src 10.244.1.7 --yes
  ip netns del "case-$$"
}
output=$(stale 2>&1)
says "15: an entry of a pod that is gone, by its translated address" '^1 of 1 matching entries deleted, of 2 in the table'

# What the file of case 13b means to a policy.
overwritten() {
  ip netns add "case-$$" || return 1
  printf 'net.netfilter.nf_conntrack_tcp_timeout_close = 17   # for the gateway\nnet.netfilter.nf_conntrack_tcp_timeout_established = 0x10000\n' >"$work/99-gateway.conf"
  printf 'apiVersion: conntrack.dev/v1alpha1\nkind: ConntrackPolicy\nmetadata: {name: p}\nspec: {timeouts: {tcp: {established: 24h, close: 10s}}}\n' >"$work/p.yaml"
  # shellcheck disable=SC2016
  ip netns exec "case-$$" bash -c 'mount --bind "$1" /etc/sysctl.d && "$KC" host apply -f "$1/p.yaml" --state-dir "$1/state" && "$KC" host doctor --state-dir "$1/state"' bash "$work"
  ip netns del "case-$$"
}
output=$(overwritten 2>&1)
says "13b: the file is named as the one that overwrites, with what it sets" '99-gateway\.conf sets nf_conntrack_tcp_timeout_(close to 17s|established to 18h12m16s)' 2
summary
