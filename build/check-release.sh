#!/usr/bin/env bash
# Looks at what build/release.sh made, a line a check, and fails when one does:
#
#   build/check-release.sh VERSION DIR
#
# krew's rules are those of its validation (sigs.k8s.io/krew, internal/index/validation).
set -uo pipefail
[ $# = 2 ] || { sed -n '2,4p' "$0" >&2; exit 2; }
version=$1
cd "$2" || exit 2
helm=${HELM:-helm}
native=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
equals() {
  if [ "$2" = "$3" ]; then echo "ok   $1"; else echo "FAIL $1: wanted '$2', got '$3'"; status=1; fi
}

equals "all files are there" "SHA256SUMS conntrack-operator-$version.tgz conntrack.yaml image-agent.cdx.json image-cli.cdx.json image-controller.cdx.json kubectl-conntrack_${version}_amd64.deb kubectl-conntrack_${version}_arm64.deb kubectl-conntrack_${version}_linux_amd64.cdx.json kubectl-conntrack_${version}_linux_amd64.tar.gz kubectl-conntrack_${version}_linux_arm64.cdx.json kubectl-conntrack_${version}_linux_arm64.tar.gz" \
  "$(find . -type f ! -name '*.oci.tar' -printf '%P\n' | LC_ALL=C sort | xargs)"
equals "every file has its checksum" "" "$(sha256sum --check --quiet SHA256SUMS 2>&1; comm -3 <(cut -c67- SHA256SUMS | sort) <(find . -type f ! -name '*.oci.tar' ! -name SHA256SUMS -printf '%P\n' | sort))"

# The machine of an ELF file, 62 x86-64 and 183 AArch64.
machine() { od -An -tu2 -j18 -N2 "$1" | tr -d ' '; }
for arch in amd64 arm64; do
  wanted=62
  [ $arch = amd64 ] || wanted=183
  mkdir -p "$work/tar-$arch" "$work/deb-$arch"
  tar -C "$work/tar-$arch" -xzf "kubectl-conntrack_${version}_linux_$arch.tar.gz"
  dpkg-deb --extract "kubectl-conntrack_${version}_$arch.deb" "$work/deb-$arch"
  equals "$arch: the archive has the program and the licence" "LICENSE kubectl-conntrack" "$(cd "$work/tar-$arch" && find . -type f -printf '%P\n' | sort | xargs)"
  equals "$arch: the program is for it" $wanted "$(machine "$work/tar-$arch/kubectl-conntrack")"
  equals "$arch: archive and package have the same program" "$(sha256sum <"$work/tar-$arch/kubectl-conntrack")" "$(sha256sum <"$work/deb-$arch/usr/bin/kubectl-conntrack")"
  equals "$arch: the package says so" "$arch ${version/-/\~}" "$(dpkg-deb --field "kubectl-conntrack_${version}_$arch.deb" Architecture Version | sed 's/.*: //' | xargs)"
  equals "$arch: the bill of materials is of this version" "CycloneDX kubectl-conntrack $version" "$(jq -r '"\(.bomFormat) \(.metadata.component.name) \(.metadata.component.version)"' "kubectl-conntrack_${version}_linux_$arch.cdx.json")"
  equals "$arch: it names the runtime that comes along" 1 "$(jq '[.components[].name | select(startswith("Microsoft.NETCore.App.Runtime.linux-"))] | length' "kubectl-conntrack_${version}_linux_$arch.cdx.json")"
done
equals "the program says its version" "$version" "$("$work/tar-$native/kubectl-conntrack" --version | cut -d+ -f1)"
for one in agent:conntrack-agent controller:conntrack-controller cli:kubectl-conntrack; do
  equals "image ${one%:*}: its bill of materials is of this version" "CycloneDX ${one#*:} $version" "$(jq -r '"\(.bomFormat) \(.metadata.component.name) \(.metadata.component.version)"' "image-${one%:*}.cdx.json")"
done

equals "the chart's package is of this version" "$version $version" "$("$helm" show chart "conntrack-operator-$version.tgz" | sed -n 's/^\(version\|appVersion\): //p' | tr -d \" | xargs)"
equals "the chart's package installs images of this version" "agent:$version controller:$version" \
  "$("$helm" template x "conntrack-operator-$version.tgz" | sed -nE 's|.*image: "?[^ ]*/((agent\|controller):[^"@ ]*)"?$|\1|p' | sort -u | xargs)"

# As JSON, by helm, which reads YAML.
mkdir -p "$work/krew/templates"
printf 'apiVersion: v2\nname: krew\nversion: 0.0.0\n' >"$work/krew/Chart.yaml"
cp conntrack.yaml "$work/krew/manifest.yaml"
echo '{{ .Files.Get "manifest.yaml" | fromYaml | toJson }}' >"$work/krew/templates/x.yaml"
"$helm" template krew "$work/krew" | grep -v -e '^---' -e '^#' >"$work/krew.json"
krew() {
  jq -r '
    def rule(ok; text): if ok then empty else text end;
    def only(names; where): (keys - names)[] | "\(where) has an unknown field \(.)";
    only(["apiVersion", "kind", "metadata", "spec"]; "the manifest"),
    (.spec | only(["version", "shortDescription", "description", "caveats", "homepage", "platforms"]; "spec")),
    rule(.apiVersion == "krew.googlecontainertools.github.com/v1alpha2"; "apiVersion"),
    rule(.kind == "Plugin"; "kind"),
    rule(.metadata.name | test("^[A-Za-z0-9_-]+$"); "metadata.name"),
    rule(.spec.version | test("^v[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$"); "spec.version is no semantic version with a v"),
    rule((.spec.shortDescription | length) > 0 and (.spec.shortDescription | test("[\r\n]") | not); "spec.shortDescription"),
    rule((.spec.platforms | length) > 0; "spec.platforms"),
    (.spec.platforms[] | only(["selector", "uri", "sha256", "files", "bin"]; "a platform"),
      rule(.uri | test("^https://.*\\.(tar\\.gz|zip)$"); "uri"),
      rule(.sha256 | test("^[a-f0-9]{64}$"); "sha256"),
      rule((.bin | length) > 0 and (.bin | test("^/|\\.\\.") | not); "bin"),
      rule((has("files") | not) or ((.files | length) > 0 and all(.files[]; (.from | length) > 0 and (.to | length) > 0)); "files"),
      rule((.selector.matchLabels | keys - ["os", "arch"]) == []; "selector")),
    rule([.spec.platforms[].selector.matchLabels | "\(.os)/\(.arch)"] == ["linux/amd64", "linux/arm64"]; "platforms are not linux/amd64 and linux/arm64")' "$1" 2>&1
}
equals "krew's manifest keeps krew's rules" "" "$(krew "$work/krew.json")"
for change in '.spec.version = "1.0"' '.spec.platforms[0].sha256 = "x"' '.spec.platforms = []' '.spec.extra = 1' 'del(.spec.platforms[1].bin)' '.spec.platforms[0].selector.matchLabels.libc = "musl"'; do
  jq "$change" "$work/krew.json" >"$work/wrong.json"
  if [ -n "$(krew "$work/wrong.json")" ]; then echo "ok   … and $change would be found"; else echo "FAIL … and $change would be found"; status=1; fi
done
for arch in amd64 arm64; do
  file=kubectl-conntrack_${version}_linux_$arch.tar.gz
  equals "krew: $arch is fetched from the release, with the archive's checksum" "v$version/$file $(sha256sum "$file" | cut -d' ' -f1)" \
    "$(jq -r --arg arch $arch '.spec.platforms[] | select(.selector.matchLabels.arch == $arch) | "\(.uri | split("/")[-2:] | join("/")) \(.sha256)"' "$work/krew.json")"
done
exit $status
