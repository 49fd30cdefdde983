#!/usr/bin/env bash
# Lays out a Debian of only its essential packages (debootstrap --variant=minbase), for stand-in bases and tests:
#
#   build/minbase.sh DIR [PACKAGE…]      DIR is made; a PACKAGE that ends in * is the one whose name goes on with a version (libssl*)
#
# The first call makes it and keeps it as an archive in MINBASE_CACHE (default artifacts/minbase), later ones unpack that.
# Needs root and debootstrap. DEBIAN_MIRROR and DEBIAN_SUITE name the packages.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,4p' "$0" >&2; exit 2; }
dir=$1
shift
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
suite=${DEBIAN_SUITE:-bookworm}
cache=${MINBASE_CACHE:-$repo/artifacts/minbase}
archive=$cache/$suite-$(dpkg --print-architecture).tar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache"
if [ ! -s "$archive" ]; then
  command -v debootstrap >/dev/null || { echo "debootstrap is needed" >&2; exit 2; }
  debootstrap --variant=minbase "$suite" "$work/root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/log" || { tail -n 20 "$work/log" >&2; exit 1; }
  rm -rf "$work"/root/var/cache/apt/archives/*.deb
  tar -C "$work/root" -cf "$archive.new" .
  mv "$archive.new" "$archive"
fi
mkdir -p "$dir"
tar -C "$dir" -xpf "$archive"
cp /etc/resolv.conf "$dir/etc/resolv.conf"
[ $# -gt 0 ] || exit 0

# shellcheck disable=SC2016
chroot "$dir" bash -euc '
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  packages=()
  for package in "$@"; do
    case $package in
      *\*) packages+=("$(apt-cache pkgnames "${package%\*}" | grep -xE "${package%\*}[0-9]+(t64)?" | head -n 1)") ;;
      *) packages+=("$package") ;;
    esac
  done
  apt-get install -y -qq --no-install-recommends "${packages[@]}"
  apt-get clean' bash "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
