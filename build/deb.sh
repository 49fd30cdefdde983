#!/usr/bin/env bash
# Makes the Debian package of the CLI: the program, its man page, conntrack-host.service and /etc/conntrack. Needs no root.
#
#   build/deb.sh PROGRAM VERSION amd64|arm64 DIR [NATIVE]     writes DIR/kubectl-conntrack_VERSION_ARCH.deb
#
# PROGRAM is the self-contained CLI (build/release.sh publishes it). NATIVE, by default PROGRAM, is one that runs here: the man page's
# commands are asked of it. SOURCE_DATE_EPOCH dates the files; the same input gives the same package.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,4p' "$0" >&2; exit 2; }
program=$1 version=$2 arch=$3 dir=$4 native=${5:-$1}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(dirname "$here")
command -v dpkg-deb >/dev/null || { echo "dpkg-deb is needed" >&2; exit 2; }
case $arch in amd64 | arm64) ;; *) echo "arch '$arch': must be amd64 or arm64" >&2; exit 2 ;; esac
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$repo" log -1 --format=%ct 2>/dev/null || date +%s)}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
umask 022

install -D -m 755 "$program" "$tree/usr/bin/kubectl-conntrack"
install -D -m 644 "$here/deb/conntrack-host.service" "$tree/usr/lib/systemd/system/conntrack-host.service"
install -D -m 644 "$here/deb/policy.yaml" "$tree/etc/conntrack/policy.yaml"
doc=$tree/usr/share/doc/kubectl-conntrack
mkdir -p "$doc" "$tree/usr/share/man/man1" "$tree/DEBIAN"
{
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: conntrack-operator\n\n'
  printf 'Files: *\nCopyright: The conntrack-operator authors\nLicense: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.\n'
} >"$doc/copyright"
gzip -9 -n -c "$repo/CHANGELOG.md" >"$doc/changelog.gz"

# "  name <ARG>  What it does." of the help, as an entry each; `host` with its own.
commands() {
  "$native" "$@" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\)/\1/p' | while read -r name rest; do
    while [[ $rest == \<* || $rest == \[* ]]; do rest=${rest#* }; done
    printf '.TP\n.B %s\n%s\n' "${*:+$* }$name" "${rest#"${rest%%[![:space:]]*}"}"
    if [ $# = 0 ] && [ "$name" = host ]; then commands host </dev/null; fi
  done | sed 's/-/\\-/g'
}
commands >"$tree/commands"
[ -s "$tree/commands" ] || { echo "$native --help lists no commands" >&2; exit 1; }
sed -e "s/@VERSION@/$version/" -e "s/@DATE@/$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)/" -e "/@COMMANDS@/{
r $tree/commands
d
}" "$here/deb/kubectl-conntrack.1" | gzip -9 -n >"$tree/usr/share/man/man1/kubectl-conntrack.1.gz"
rm "$tree/commands"

# Completions, where this version of the program writes them.
completion() {
  local shell=$1 file=$tree/$2
  mkdir -p "$(dirname "$file")"
  if "$native" completion "$shell" >"$file" 2>/dev/null && [ -s "$file" ]; then return; fi
  rm -f "$file"
  (cd "$tree" && rmdir -p --ignore-fail-on-non-empty "$(dirname "$2")")
}
completion bash usr/share/bash-completion/completions/kubectl-conntrack
completion zsh usr/share/zsh/vendor-completions/_kubectl-conntrack
completion fish usr/share/fish/vendor_completions.d/kubectl-conntrack.fish

cat >"$tree/DEBIAN/control" <<CONTROL
Package: kubectl-conntrack
Version: ${version/-/\~}
Architecture: $arch
Maintainer: The conntrack-operator authors <conntrack-operator@users.noreply.github.com>
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Section: net
Priority: optional
Depends: libc6 (>= 2.34), libgcc-s1, libstdc++6
Recommends: ca-certificates, libssl3t64 | libssl3
Suggests: conntrack
Homepage: https://github.com/conntrack-operator/conntrack-operator
Description: keeps the kernel's connection-tracking table from filling up
 Sets nf_conntrack_max, buckets, time-outs and flags as a policy says, keeps
 them set, puts back what was there before, and says how full the table is,
 what it drops and what fills it. Works on this machine, also as a service,
 and as a plugin of kubectl on a cluster that runs conntrack-operator.
CONTROL
echo /etc/conntrack/policy.yaml >"$tree/DEBIAN/conffiles"
install -m 755 "$here/deb/postinst" "$here/deb/prerm" "$here/deb/postrm" "$tree/DEBIAN/"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$dir"
# A quick compression: the best would take a minute for a tenth.
dpkg-deb --root-owner-group -Zxz -z1 --build "$tree" "$dir/kubectl-conntrack_${version}_$arch.deb"
