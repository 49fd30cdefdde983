#!/usr/bin/env bash
# The release's dry run, on stand-in bases where the real ones can't be pulled, and what it must refuse. One line a check, and at the
# end `N passed, N failed`. Needs what tests/chart/images.sh needs, and helm; images that were kept there are used.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
# shellcheck source=tests/chart/lib.sh
. ../chart/lib.sh
need "$helm" dotnet dpkg-deb jq buildah
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 2; }
export BUILDAH_ROOT=${BUILDAH_ROOT:-/var/tmp/conntrack-images} HELM=$helm
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
export IMAGES_OPTIONS="--isolation=chroot --pull-never --volume=$packages:/root/.nuget/packages"
remove() {
  [ -n "${KEEP_IMAGES:-}" ] || rm -rf "$BUILDAH_ROOT"
  clean_up
}
trap remove EXIT
version=$(sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' "$root/Directory.Build.props")
release() { "$root/build/release.sh" "$@"; }

refused "release: a version that is none" "is no version" release "v$version" --dry-run
refused "release: another version than the sources'" "Directory.Build.props says '$version'" release 99.0.0 --dry-run
if grep -q "^## ${version//./\\.} (unreleased)" "$root/CHANGELOG.md"; then
  refused "release: what the changelog calls unreleased is not published" "unreleased" release "$version"
fi
check "release: the bases are there" "$root/build/standin-bases.sh"
if output=$(release "$version" --dry-run 2>&1); then ok "release: the dry run"; else fail "release: the dry run" "$(tail -n 40 <<<"$output")"; fi
printf '%s\n' "$output" | grep -vE '^(ok|FAIL)' | sed 's/^/# /'
while IFS= read -r line; do
  case $line in ok\ *) ok "${line#ok   }" ;; FAIL\ *) fail "${line#FAIL }" ;; esac
done < <(grep -E '^(ok|FAIL) ' <<<"$output")
if grep -q '^skipped: push and sign ghcr.io/conntrack-operator/agent' <<<"$output"; then ok "release: it says what it did not do"; else fail "release: it says what it did not do"; fi
# A made-up fault in what was made is found.
out=$root/artifacts/release/$version
cp -r "$out" "$work/spoilt" && echo >>"$work/spoilt/conntrack.yaml"
refused "release: a file that was changed afterwards is found" "FAIL every file has its checksum" "$root/build/check-release.sh" "$version" "$work/spoilt"
summary
