#!/usr/bin/env bash
# Makes a release: the CLI for two architectures, as archives and as Debian packages, the chart, the images, the bills of materials,
# krew's manifest, and checksums of all of it; looks at what it made; and publishes it.
#
#   build/release.sh VERSION --dry-run    all of it but pushing, signing and publishing; images for this machine's architecture where
#                                         docker buildx is not here to build both
#   build/release.sh VERSION              as .github/workflows/release.yml does: needs docker buildx, helm, cosign and gh, logged in
#
# Everything is put into artifacts/release/VERSION. VERSION is what Directory.Build.props and the chart say, a tag is v before it.
# IMAGE_REGISTRY (ghcr.io/conntrack-operator), CHART_REGISTRY (ghcr.io/conntrack-operator/charts), REPOSITORY (conntrack-operator/
# conntrack-operator) say where to. HELM; IMAGES_OPTIONS are options of the images' build, in a dry run.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repo"
version=${1:-} dry=
case ${2:-} in --dry-run) dry=true ;; '') ;; *) sed -n '2,12p' "$0" >&2; exit 2 ;; esac
[ -n "$version" ] || { sed -n '2,12p' "$0" >&2; exit 2; }
helm=${HELM:-helm} images=${IMAGE_REGISTRY:-ghcr.io/conntrack-operator} charts=${CHART_REGISTRY:-ghcr.io/conntrack-operator/charts}
repository=${REPOSITORY:-conntrack-operator/conntrack-operator}
out=$repo/artifacts/release/$version
native=$(dpkg --print-architecture)
architectures=(amd64 arm64)
step() { printf '\n== %s\n' "$*"; }
die() { echo "error: $*" >&2; exit 1; }

step "is this version $version"
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || die "'$version' is no version, such as 1.2.3 or 1.2.3-rc.1, without a v"
is() { [ "$2" = "$version" ] || die "$1 says '$2', not '$version'"; echo "$1"; }
is Directory.Build.props "$(sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' Directory.Build.props)"
is "Chart.yaml, version" "$(sed -n 's/^version: //p' charts/conntrack-operator/Chart.yaml | tr -d \")"
is "Chart.yaml, appVersion" "$(sed -n 's/^appVersion: //p' charts/conntrack-operator/Chart.yaml | tr -d \")"
grep -q "^## ${version//./\\.}\( \|$\)" CHANGELOG.md || die "CHANGELOG.md has no section ## $version"
if [ -z "$dry" ]; then
  ! grep -q "^## ${version//./\\.} (unreleased)" CHANGELOG.md || die "CHANGELOG.md calls $version unreleased"
  [ -z "$(git status --porcelain)" ] || die "there are changes that are not committed"
  for program in docker cosign gh; do command -v $program >/dev/null || die "$program is needed"; done
fi
for program in "$helm" dotnet dpkg-deb jq; do command -v "$program" >/dev/null || die "$program is needed"; done
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step "the CLI, for ${architectures[*]}"
for arch in "$native" "${architectures[@]}"; do
  [ ! -d "$work/$arch" ] || continue
  build/publish-cli.sh "$arch" "$work/$arch"
  cp LICENSE "$work/$arch/"
  tar -C "$work/$arch" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - kubectl-conntrack LICENSE |
    gzip -n >"$out/kubectl-conntrack_${version}_linux_$arch.tar.gz"
  cp "$work/$arch/kubectl-conntrack.cdx.json" "$out/kubectl-conntrack_${version}_linux_$arch.cdx.json"
  build/deb.sh "$work/$arch/kubectl-conntrack" "$version" "$arch" "$out" "$work/$native/kubectl-conntrack" >/dev/null
done

step "the chart"
"$helm" lint --strict --quiet charts/conntrack-operator
"$helm" package charts/conntrack-operator --destination "$out"

step "krew's manifest"
url=https://github.com/$repository/releases/download/v$version
sum() { sha256sum "$1" | cut -d' ' -f1; }
{
  cat <<KREW
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: conntrack
spec:
  version: v$version
  homepage: https://github.com/$repository
  shortDescription: See, explain and clear full connection-tracking tables
  description: |
    Shows which nodes' connection-tracking tables fill up, with what and
    why, plans and flushes, on a cluster that runs conntrack-operator; and
    does the same on a single host without Kubernetes.
  platforms:
KREW
  for arch in "${architectures[@]}"; do
    cat <<KREW
  - selector:
      matchLabels:
        os: linux
        arch: $arch
    uri: $url/kubectl-conntrack_${version}_linux_$arch.tar.gz
    sha256: $(sum "$out/kubectl-conntrack_${version}_linux_$arch.tar.gz")
    bin: kubectl-conntrack
KREW
  done
} >"$out/conntrack.yaml"

step "the images"
declare -A digest
if command -v docker >/dev/null && docker buildx version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then
  for target in agent controller cli; do
    to=(--output "type=oci,dest=$out/image-$target.oci.tar")
    [ -n "$dry" ] || to=(--push)
    docker buildx build --platform linux/amd64,linux/arm64 --target "$target" --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD)" \
      --provenance=mode=max --tag "$images/$target:$version" --metadata-file "$work/$target.json" "${to[@]}" .
    digest[$target]=$(jq -r '."containerimage.digest"' "$work/$target.json")
    docker buildx build --target "$target" --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD)" --output "type=local,dest=$work/image-$target" .
  done
elif [ -n "$dry" ]; then
  echo "skipped: docker buildx is not here, so only $native is built"
  options=()
  for option in ${IMAGES_OPTIONS:-}; do options+=(--option "$option"); done
  build/images.sh --builder buildah "${options[@]}"
  buildah=(buildah)
  [ -z "${BUILDAH_ROOT:-}" ] || buildah+=(--storage-driver vfs --root "$BUILDAH_ROOT/root" --runroot "$BUILDAH_ROOT/run")
  for target in agent controller cli; do
    "${buildah[@]}" push --quiet "localhost/conntrack-operator/$target:$(build/images.sh --tag)" "oci-archive:$out/image-$target.oci.tar:$version"
    digest[$target]=$(tar -xOf "$out/image-$target.oci.tar" index.json | jq -r '.manifests[0].digest')
    container=$("${buildah[@]}" from --pull-never "localhost/conntrack-operator/$target:$(build/images.sh --tag)")
    mkdir -p "$work/image-$target/usr/share"
    cp -r "$("${buildah[@]}" mount "$container")/usr/share/sbom" "$work/image-$target/usr/share/"
    "${buildah[@]}" rm "$container" >/dev/null
  done
else
  die "docker buildx is needed"
fi
for target in agent controller cli; do cp "$work/image-$target"/usr/share/sbom/*.cdx.json "$out/image-$target.cdx.json"; done

step "checksums"
(cd "$out" && sha256sum ./*.tar.gz ./*.deb ./*.tgz ./*.cdx.json conntrack.yaml | sed 's|  \./|  |' >SHA256SUMS && cat SHA256SUMS)

step "what was made"
build/check-release.sh "$version" "$out"

if [ -n "$dry" ]; then
  step "what a release would do now"
  for target in agent controller cli; do echo "skipped: push and sign $images/$target:$version (here ${digest[$target]}), attest its bill of materials"; done
  echo "skipped: push and sign oci://$charts/conntrack-operator:$version, sign SHA256SUMS, and the release v$version of $repository"
  exit
fi

step "sign and publish"
for target in agent controller cli; do
  cosign sign --yes "$images/$target@${digest[$target]}"
  cosign attest --yes --type cyclonedx --predicate "$out/image-$target.cdx.json" "$images/$target@${digest[$target]}"
done
"$helm" push "$out/conntrack-operator-$version.tgz" "oci://$charts" 2>&1 | tee "$work/push"
chart_digest=$(sed -n 's/^Digest: //p' "$work/push")
[ -n "$chart_digest" ] || die "helm push named no digest"
cosign sign --yes "$charts/conntrack-operator@$chart_digest"
cosign sign-blob --yes --bundle "$out/SHA256SUMS.sigstore.json" "$out/SHA256SUMS"
awk -v version="$version" '/^## /{ on = $2 == version; next } on' CHANGELOG.md >"$work/notes"
pre=()
[[ $version != *-* ]] || pre=(--prerelease)
gh release create "v$version" --repo "$repository" --verify-tag --title "v$version" --notes-file "$work/notes" "${pre[@]}" \
  "$out"/*.tar.gz "$out"/*.deb "$out"/*.tgz "$out"/*.cdx.json "$out/conntrack.yaml" "$out/SHA256SUMS" "$out/SHA256SUMS.sigstore.json"
