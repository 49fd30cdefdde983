#!/usr/bin/env bash
# The README, followed to the letter on a bare Debian: the essential packages, the .NET SDK with the libraries that it asks for, and
# a copy of this checkout with nothing beside it. The two commands are read from README.md.
#
#   tests/bare/run.sh            the main job, and the tests' command as it stands (some ten minutes)
#   tests/bare/run.sh --short    the main job, and the tests' command for three projects that are quick: what CI runs
#
# Needs root, debootstrap and a .NET SDK, which is shown to it read-only. Sets this machine's nf_conntrack_max for real and puts it back.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
# shellcheck source=tests/chart/lib.sh
. ../chart/lib.sh
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 2; }
need unshare chroot dotnet flock tar
short=
[ "${1:-}" != --short ] || short=1
bare=$work/bare
netfilter=/proc/sys/net/netfilter
# One file system for all of it, so that nothing is left mounted whatever happens.
dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
nuget_config=
for file in "$HOME/.nuget/NuGet/NuGet.Config" "$HOME/.config/NuGet/NuGet.Config"; do [ ! -f "$file" ] || { nuget_config=$file; break; }; done

check "a bare Debian" "$root/build/minbase.sh" "$bare" ca-certificates 'libssl*' 'libicu*'
mkdir -p "$bare/root/checkout" "$bare/usr/share/dotnet" "$bare/root/.nuget/packages" "$bare/root/.nuget/NuGet" "$packages"
cp /etc/ssl/certs/ca-certificates.crt "$bare/etc/ssl/certs/"
[ -z "$nuget_config" ] || cp "$nuget_config" "$bare/root/.nuget/NuGet/NuGet.Config"
ln -s ../share/dotnet/dotnet "$bare/usr/bin/dotnet"
copy() {
  {
    # Files that git knows but are deleted are none.
    if git -C "$root" rev-parse --git-dir >/dev/null 2>&1; then comm -z -23 <(git -C "$root" ls-files -z --cached --others --exclude-standard | sort -z) <(git -C "$root" ls-files -z --deleted | sort -z)
    else (cd "$root" && find . -type f ! -path '*/bin/*' ! -path '*/obj/*' ! -path './artifacts/*' -print0); fi
  } |
    tar -C "$root" --null --files-from=- -cf - | tar -C "$bare/root/checkout" --no-same-owner -xf -
}
check "the checkout, with nothing beside it" copy
lock=${TMPDIR:-/tmp}/conntrack-operator-machine.lock
touch "$lock" "$bare/tmp/conntrack-operator-machine.lock"

# in_bare COMMAND: as a person types it in the checkout, with an environment of their own. What it leaves running, such as build servers,
# goes with it, and holds no lock meanwhile.
in_bare() {
  local set=() name
  for name in ${!NUGET_CERT*} CI RestoreLockedMode; do [ -z "${!name:-}" ] || set+=("$name=${!name}"); done
  # shellcheck disable=SC2016
  unshare --mount --propagation private --pid --fork --kill-child -- bash -euc '
    bare=$1 dotnet=$2 packages=$3 lock=$4 command=$5
    shift 5
    # As on a machine of its own, "/" is a mount point: programs that make theirs private ask for it.
    mount --bind "$bare" "$bare"
    mount -t proc proc "$bare/proc"
    mount --rbind /sys "$bare/sys"
    mount --rbind /dev "$bare/dev"
    mount --bind "$dotnet" "$bare/usr/share/dotnet"
    mount -o remount,bind,ro "$bare/usr/share/dotnet"
    mount --bind "$packages" "$bare/root/.nuget/packages"
    mount --bind "$lock" "$bare/tmp/conntrack-operator-machine.lock"
    exec chroot "$bare" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 "$@" \
      bash -c "cd /root/checkout && $command"' bash "$bare" "$dotnet_root" "$packages" "$lock" "$1" "${set[@]}" 9>&-
}

# The indented line of the README's section $1 that begins with `dotnet`.
readme() { sed -n "/^## $1/,/^## /s/^    \(dotnet .*\)/\1/p" "$root/README.md"; }

main=$(readme 'On one machine')
equals "the README's main job is one command" 1 "$(grep -c . <<<"$main")"
echo "# $main"
keys=(nf_conntrack_max nf_conntrack_buckets nf_conntrack_tcp_timeout_established nf_conntrack_tcp_timeout_time_wait)
values() { for key in "${keys[@]}"; do cat "$netfilter/$key"; done | xargs; }
# From nothing to the first answer; what follows is built then, and the machine's values are held for seconds.
first=${main/apply*/status}
started_at=$SECONDS
if output=$(in_bare "$first" 2>&1); then ok "README: from a bare checkout to an answer ($((SECONDS - started_at)) s)"; else fail "README: $first" "$output"; fi
tail -n 6 <<<"$output"
exec 9>"$lock"
flock -w 600 9 || { fail "another test holds the machine's values"; summary; exit 1; }
[ -e "$netfilter/nf_conntrack_max" ] || modprobe nf_conntrack
before=$(values)
put_back() {
  local value i=0
  for value in $before; do
    [ "$(cat "$netfilter/${keys[i]}")" = "$value" ] || echo "$value" >"$netfilter/${keys[i]}"
    i=$((i + 1))
  done
}
trap 'put_back; clean_up' EXIT
# Something else than the sample asks for, so that it has something to do.
echo 424242 >$netfilter/nf_conntrack_tcp_timeout_established
changed=$(values)
started_at=$SECONDS
if output=$(in_bare "$main" 2>&1); then ok "README: the main job works in one command ($((SECONDS - started_at)) s)"; else fail "README: the main job" "$output"; fi
tail -n 8 <<<"$output"
equals "README: and the kernel is set" "262144 86400 60" "$(cat $netfilter/nf_conntrack_max $netfilter/nf_conntrack_tcp_timeout_established $netfilter/nf_conntrack_tcp_timeout_time_wait | xargs)"
if [[ $output == *nf_conntrack_tcp_timeout_established*424242*86400*InSync* ]]; then ok "README: it says what was there and what is"; else fail "README: it says what was there and what is" "$output"; fi
restore=${main/apply*/restore}
check "README: host restore" in_bare "$restore"
equals "README: puts everything back" "$changed" "$(values)"
put_back
flock -u 9

tests=$(readme Tests)
equals "the README's tests are one command" "dotnet test" "$tests"
# A project is added to the command only in the short form; what the tests lack here they skip and say so.
run_tests() {
  # "failed" is the count that fail() adds to.
  local output total broken
  output=$(in_bare "$1" 2>&1) || { fail "README: $1" "$(grep -vE '^\s*$' <<<"$output" | grep -E -A12 '^failed ' | head -n 200; tail -n 12 <<<"$output")"; return; }
  total=$(sed -nE 's/^ *total: *([0-9]+).*/\1/p' <<<"$output" | tail -n 1) broken=$(sed -nE 's/^ *failed: *([0-9]+).*/\1/p' <<<"$output" | tail -n 1)
  if [ "${total:-0}" -gt 0 ] && [ "${broken:-1}" = 0 ]; then ok "README: $1: $(sed -nE 's/^ *(total|succeeded|skipped): *([0-9]+).*/\1 \2/p' <<<"$output" | xargs)"
  else fail "README: $1 counts tests" "$(tail -n 20 <<<"$output")"; fi
}
if [ -n "$short" ]; then
  for project in Api Planning Telemetry; do run_tests "$tests --project tests/ConntrackOperator.$project.Tests"; done
  echo "# left out of the short form: the other projects' tests, which the stage 'tests' runs outside the bare system"
else
  run_tests "$tests"
fi
summary
