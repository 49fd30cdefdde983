#!/usr/bin/env bash
# The incidents: real packets fill a real table, the program is asked what is wrong, what it advises is done as printed, and what
# legitimate traffic lost is counted. As root; packages conntrack iptables nftables iproute2 gcc.
#
#   tests/incidents/run.sh                            all incidents, the ordinary loads and 200 mixes: about 75 minutes
#   tests/incidents/run.sh --short                    some of each, about four minutes
#   tests/incidents/run.sh --only young-leak,scan --keep /somewhere
#   tests/incidents/run.sh --mixes 0 --table docs/diagnosis.md
#
# A run counts where the generators kept nine tenths of their rate and the machine lost no packet between its own devices: else the
# incident is staged again, twice at most, and said not to count. Stopped (SIGTERM), it writes the table of what it has.
#
# CLI=…/kubectl-conntrack tests another build than this checkout's. The machine's nf_conntrack_max is lowered to 20,000 meanwhile, an
# incident at a time, and put back. Ends with "N passed, N failed".
set -uo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ "$(id -u)" != 0 ]; then echo "skipped: needs root: makes network namespaces"; echo "0 passed, 0 failed, 1 skipped"; exit 0; fi
if [ ! -e /proc/sys/net/netfilter/nf_conntrack_max ]; then modprobe nf_conntrack 2>/dev/null || { echo "skipped: the nf_conntrack module is not loaded"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }; fi
for program in cc ip conntrack iptables-restore nft sysctl; do
  command -v "$program" >/dev/null || { echo "skipped: the program $program is not installed"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
done
if [ -z "${CLI:-}" ]; then
  # As users get it: compiled ahead.
  CLI=$repo/artifacts/incidents/cli/kubectl-conntrack
  case $(uname -m) in aarch64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac
  dotnet publish "$repo/src/ConntrackOperator.Cli" -c Release -r "$rid" --no-self-contained -o "${CLI%/*}" -v quiet --nologo || { echo "the build failed"; exit 1; }
fi
dotnet build "$repo/tests/ConntrackOperator.Incidents" -c Release -v quiet --nologo || { echo "the build failed"; exit 1; }
exec "$repo/tests/ConntrackOperator.Incidents/bin/Release/net10.0/incidents" --cli "$CLI" "$@"
