#!/usr/bin/env bash
# Makes stand-ins for the base images of the Dockerfile, under the same names, for machines that can't pull them: from Debian
# packages and this machine's .NET SDK. For building and testing only: what is released is built on the real ones.
#
#   build/standin-bases.sh             makes those that are not there yet
#   build/standin-bases.sh --remove    takes them away
#
# Needs root, buildah, debootstrap and dotnet. BUILDAH_ROOT says where images are kept; DEBIAN_MIRROR and DEBIAN_SUITE name
# the packages.
set -euo pipefail
registry=mcr.microsoft.com/dotnet
tag() { sed -n "s/^ARG $1=//p" "$(dirname "${BASH_SOURCE[0]}")/../Dockerfile"; }
sdk=$registry/sdk:$(tag SDK_TAG)
runtime_deps=$registry/runtime-deps:$(tag RUNTIME_TAG)
runtime=$registry/runtime:$(tag RUNTIME_TAG)
store=${BUILDAH_ROOT:-/var/tmp/conntrack-images}
buildah=(buildah --storage-driver vfs --root "$store/root" --runroot "$store/run")

if [ "${1:-}" = --remove ]; then
  "${buildah[@]}" rmi --force "$sdk" "$runtime_deps" "$runtime" || true
  exit
fi
for program in buildah debootstrap dotnet; do
  command -v "$program" >/dev/null || { echo "$program is needed" >&2; exit 2; }
done
dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
version=$(dotnet --list-runtimes | sed -n 's/^Microsoft\.NETCore\.App \([^ ]*\) .*/\1/p' | tail -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

there() { "${buildah[@]}" images --quiet "$1" >/dev/null 2>&1; }

# image NAME DIRECTORY [CONFIG...]
image() {
  local name=$1 directory=$2 container
  shift 2
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" copy --quiet "$container" "$directory" / >/dev/null
  "${buildah[@]}" config --label org.opencontainers.image.title="stand-in for $name" "$@" "$container"
  "${buildah[@]}" commit --quiet --rm "$container" "$name" >/dev/null
  echo "$name"
}

dotnet_into() {
  mkdir -p "$1/usr/share/dotnet" "$1/usr/bin"
  cp -r "$dotnet_root/dotnet" "$dotnet_root/host" "$1/usr/share/dotnet/"
  mkdir -p "$1/usr/share/dotnet/shared/Microsoft.NETCore.App"
  cp -r "$dotnet_root/shared/Microsoft.NETCore.App/$version" "$1/usr/share/dotnet/shared/Microsoft.NETCore.App/"
  ln -s ../share/dotnet/dotnet "$1/usr/bin/dotnet"
}

# No shell, no package manager: the libraries that .NET needs, certificates, and two users.
bare_into() {
  local package
  mkdir -p "$1" "$work/debs"
  # apt fetches as a user of its own.
  chmod 755 "$work"
  chmod 777 "$work/debs"
  (cd "$work/debs" && apt-get download --quiet=2 libc6 libgcc-s1 libstdc++6 libssl3 zlib1g)
  for package in "$work"/debs/*.deb; do dpkg-deb --extract "$package" "$1"; done
  rm -rf "${1:?}/usr/share" "${1:?}/usr/lib/x86_64-linux-gnu/gconv"
  mkdir -p "$1/etc/ssl/certs" "$1/tmp" "$1/home/app" "$1/proc" "$1/sys" "$1/dev"
  chmod 1777 "$1/tmp"
  cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
  printf 'root:x:0:0:root:/root:/sbin/nologin\napp:x:1654:1654::/home/app:/sbin/nologin\n' >"$1/etc/passwd"
  printf 'root:x:0:\napp:x:1654:\n' >"$1/etc/group"
}

if ! there "$runtime_deps" || ! there "$runtime"; then
  bare_into "$work/bare"
  image "$runtime_deps" "$work/bare" --user 1654 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true
  dotnet_into "$work/bare"
  image "$runtime" "$work/bare" --user 1654 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true
  rm -rf "$work/bare"
fi
if ! there "$sdk"; then
  "$(dirname "${BASH_SOURCE[0]}")/minbase.sh" "$work/sdk" ca-certificates gcc libc6-dev 'libssl*'
  rm -rf "$work/sdk/var/cache/apt/archives" "$work/sdk/var/lib/apt/lists" "$work/sdk/usr/share/doc" "$work/sdk/usr/share/locale" "$work/sdk/usr/share/man"
  mkdir -p "$work/sdk/usr/share"
  cp -r "$dotnet_root" "$work/sdk/usr/share/dotnet"
  ln -s ../share/dotnet/dotnet "$work/sdk/usr/bin/dotnet"
  # The certificates that this machine trusts, in the place where each program looks.
  cp /etc/ssl/certs/ca-certificates.crt "$work/sdk/etc/ssl/certs/"
  image "$sdk" "$work/sdk" --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true
fi
