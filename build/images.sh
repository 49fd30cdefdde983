#!/usr/bin/env bash
# Builds the three images, for this machine's architecture, with docker, podman or buildah, whichever is there:
#
#   build/images.sh [--builder docker|podman|buildah] [--option OPTION]… [agent|controller|cli]…
#   build/images.sh --tag        prints the tag and builds nothing
#
# They are called localhost/conntrack-operator/NAME:TAG. The tag follows from what the Dockerfile copies, so nothing is built twice:
# an image that is there already is left. An OPTION goes to the builder's build command. BUILDAH_ROOT is where buildah keeps images.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repo"
builder='' options=() targets=()
tag() { find Dockerfile .dockerignore global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig build/sbom.cs src \
  -type f ! -path '*/bin/*' ! -path '*/obj/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12; }
while [ $# -gt 0 ]; do
  case $1 in
    --tag) tag; exit ;;
    --builder) builder=${2:?--builder wants a name}; shift ;;
    --option) options+=("${2:?--option wants an option}"); shift ;;
    agent | controller | cli) targets+=("$1") ;;
    *) sed -n '2,5p' "$0" >&2; exit 2 ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=(agent controller cli)
if [ -z "$builder" ]; then
  for one in docker podman buildah; do
    command -v $one >/dev/null || continue
    # A client without its daemon builds nothing.
    if [ $one = docker ] && ! docker info >/dev/null 2>&1; then continue; fi
    builder=$one
    break
  done
fi
case $builder in
  docker) there() { docker image inspect "$1" >/dev/null 2>&1; }; build=(env DOCKER_BUILDKIT=1 docker build) ;;
  podman) there() { podman image exists "$1"; }; build=(podman build) ;;
  buildah)
    buildah=(buildah)
    [ -z "${BUILDAH_ROOT:-}" ] || buildah+=(--storage-driver vfs --root "$BUILDAH_ROOT/root" --runroot "$BUILDAH_ROOT/run")
    there() { "${buildah[@]}" inspect --type image "$1" >/dev/null 2>&1; }
    build=("${buildah[@]}" bud) ;;
  *) echo "none of docker (with its daemon running), podman and buildah is here: install one to build images" >&2; exit 2 ;;
esac
for file in "$HOME/.nuget/NuGet/NuGet.Config" "$HOME/.config/NuGet/NuGet.Config"; do
  [ ! -f "$file" ] || { options+=(--secret "id=nuget,src=$file"); break; }
done
version=$(sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' Directory.Build.props)
tag=$(tag)
for target in "${targets[@]}"; do
  name=localhost/conntrack-operator/$target:$tag
  if there "$name"; then echo "$name is there"; continue; fi
  "${build[@]}" --quiet "${options[@]}" --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
    --target "$target" --tag "$name" . >/dev/null
  echo "$name built with $builder"
done
