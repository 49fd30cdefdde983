#!/usr/bin/env bash
# The Debian package of the CLI in a bare Debian: apt install, the service file, the conffile, upgrade, purge.
#
#   tests/bare/package.sh [FILE.deb]      left out: published and packed first
#
# Needs root and debootstrap, and a .NET SDK where there is no FILE. Touches no setting: the service only observes, the rest is files.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
[ -z "${1:-}" ] || deb=$(realpath "$1")
# shellcheck source=tests/chart/lib.sh
. ../chart/lib.sh
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 2; }
need dpkg-deb chroot unshare setpriv
bare=$work/bare
version=$(sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' "$root/Directory.Build.props")
arch=$(dpkg --print-architecture)
if [ -z "${deb:-}" ]; then
  check "published" "$root/build/publish-cli.sh" "$arch" "$work/cli"
  check "packed" "$root/build/deb.sh" "$work/cli/kubectl-conntrack" "$version" "$arch" "$work"
  deb=$work/kubectl-conntrack_${version}_$arch.deb
fi
# Somebody who is nobody packs the same program, with the same date.
mkdir -p "$work/again/checkout"
cp -r "$root/build" "$root/CHANGELOG.md" "$work/again/checkout/"
dpkg-deb --extract "$deb" "$work/again/files"
chmod 755 "$work"
chmod -R a+rX "$work/again"
chmod 777 "$work/again"
check "packed again without root" env SOURCE_DATE_EPOCH="$(stat -c %Y "$work/again/files/usr/bin/kubectl-conntrack")" setpriv --reuid=65534 --regid=65534 --clear-groups \
  "$work/again/checkout/build/deb.sh" "$work/again/files/usr/bin/kubectl-conntrack" "$version" "$arch" "$work/again"
equals "which gives the same package, byte for byte" "$(sha256sum <"$deb")" "$(sha256sum <"$work/again/kubectl-conntrack_${version}_$arch.deb")"
check "a bare Debian" "$root/build/minbase.sh" "$bare"
cp "$deb" "$bare/root/x.deb"
in_bare() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private --pid --fork --kill-child -- bash -euc '
    bare=$1 command=$2
    mount -t proc proc "$bare/proc"
    mount --rbind /sys "$bare/sys"
    mount --rbind /dev "$bare/dev"
    exec chroot "$bare" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive bash -c "cd /root && $command"' bash "$bare" "$1"
}
files() { (cd "$bare" && find . -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -print | grep -E 'conntrack' | sort); }

equals "nothing of it is there before" "" "$(files)"
check "the lists of packages" in_bare "apt-get update -qq"
check "apt install ./x.deb" in_bare "apt install -y -qq ./x.deb"
equals "it says its version" "$version" "$(in_bare "kubectl-conntrack --version")"
equals "dpkg --verify finds every file as packed" "" "$(in_bare "dpkg --verify kubectl-conntrack")"
equals "all belongs to root" "" "$(in_bare "dpkg -L kubectl-conntrack" | sed "s|^|$bare|" | xargs -d '\n' stat -c '%U:%G %n' 2>/dev/null | grep -v '^root:root ')"
if in_bare "kubectl-conntrack host apply -f /etc/conntrack/policy.yaml --dry-run" >"$work/observed" 2>&1; then
  ok "the policy that comes with it is one"
else
  fail "the policy that comes with it is one" "$(cat "$work/observed")"
fi
check "and only observes" grep -q 'Observed' "$work/observed"
page=$bare/usr/share/man/man1/kubectl-conntrack.1.gz
if [ -s "$page" ]; then text=$(gunzip -c "$page"); else text=$(dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/share/man/man1/kubectl-conntrack.1.gz | gunzip); fi
missing=
for command in $(in_bare "kubectl-conntrack --help" | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\).*/\1/p'); do
  grep -qxF ".B ${command//-/\\-}" <<<"$text" || missing+=" $command"
done
equals "the man page has every command" "" "$missing"
if command -v man >/dev/null; then equals "the man page has no fault" "" "$(man --warnings -l <(printf '%s\n' "$text") 2>&1 >/dev/null)"; fi

check "systemd, to ask it" in_bare "apt-get install -y -qq --no-install-recommends systemd"
# The warning of an unknown key has no exit code of its own.
equals "systemd-analyze verify finds nothing in conntrack-host.service" "" "$(in_bare "systemd-analyze verify --man=no --recursive-errors=no /usr/lib/systemd/system/conntrack-host.service 2>&1 || echo failed" | grep -v '^$')"
sed 's/^Restart=.*/Restart=sometimes/' "$bare/usr/lib/systemd/system/conntrack-host.service" >"$bare/root/wrong.service"
refused "… and would find a value that can't be" 'sometimes' in_bare "systemd-analyze verify --man=no --recursive-errors=no ./wrong.service 2>&1 | tee /dev/stderr | grep -q sometimes && exit 1"
check "the service can be enabled" in_bare "systemctl enable conntrack-host.service"
# What the unit starts, until it says so, and then what systemd does to stop it.
start=$(sed -n 's/^ExecStart=//p' "$bare/usr/lib/systemd/system/conntrack-host.service")
in_bare "$start & pid=\$!; for i in \$(seq 300); do grep -q watching watch && break; sleep 0.2; done; kill -TERM \$pid; wait \$pid" >"$bare/root/watch" 2>&1
ended=$?
cp "$bare/root/watch" "$work/watch"
check "what the unit starts watches" grep -q ' watching [0-9]* settings' "$work/watch"
# On a machine too busy to end within two seconds it ends by the signal. systemd takes both for a clean stop.
if [ "$ended" = 0 ] || [ "$ended" = 143 ]; then ok "and ends when told to"; else fail "and ends when told to" "exit code $ended: $(cat "$work/watch")"; fi

printf '# mine\n' >>"$bare/etc/conntrack/policy.yaml"
check "installed once more" in_bare "apt install -y -qq --reinstall ./x.deb"
check "an edited policy stays" grep -qx '# mine' "$bare/etc/conntrack/policy.yaml"
cp "$bare/etc/conntrack/policy.yaml" "$bare/etc/conntrack/second.yaml"
check "removed" in_bare "apt remove -y -qq kubectl-conntrack"
check "the policy outlives the removal" test -s "$bare/etc/conntrack/policy.yaml"
check "purged" in_bare "apt purge -y -qq kubectl-conntrack"
equals "a purge leaves nothing" "" "$(files | grep -v -e '^\./var/log/' -e '^\./var/lib/apt/' -e '^\./var/cache/apt/')"
summary
