#!/usr/bin/env bash
# build/try.sh against an API server over etcd, as far as that goes: the images built and saved, the chart and the policy applied,
# what is lacking named, and all of it taken away. Pods, and so the loading into nodes, need a real cluster.
#
# Needs what tests/chart/images.sh needs, kubectl, helm, TEST_APISERVER and ETCD. Images that images.sh built are used if it kept them.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
# shellcheck source=tests/chart/lib.sh
. ./lib.sh
need "$kubectl" "$helm" "$apiserver" "$etcd" buildah jq tar
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 2; }
export BUILDAH_ROOT=${BUILDAH_ROOT:-/var/tmp/conntrack-images} KUBECTL=$kubectl HELM=$helm
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
export TRY_BUILD_OPTIONS="--isolation=chroot --pull-never --volume=$packages:/root/.nuget/packages"
remove() {
  [ -n "${KEEP_IMAGES:-}" ] || rm -rf "$BUILDAH_ROOT"
  clean_up
}
trap remove EXIT
try() { "$root/build/try.sh" "$@"; }

refused "try: without a cluster it says so" "does not answer" env KUBECONFIG="$work/none" "$root/build/try.sh" --builder buildah --load "$work/store"
start_server
# Nothing that could reach a node of its own accord.
mkdir "$work/few"
for program in bash env sed grep dirname mktemp rm buildah "$kubectl" "$helm"; do ln -s "$(command -v "$program")" "$work/few/$(basename "$program")"; done
refused "try: without a way to the nodes it says what to set" "REGISTRY=" env -u REGISTRY PATH="$work/few" "$root/build/try.sh" --builder buildah
refused "try: a builder that is not there is named" "no-such-builder, which --builder names" try --builder no-such-builder --load "$work/store"
refused "try: a way that there is not is refused" "must be kind, k3d" try --builder buildah --load everywhere
equals "try: and nothing was done" "" "$("$helm" list --all-namespaces --short)$(ls "$work/store" 2>/dev/null)"

"$helm" install conntrack-operator "$chart" --namespace $namespace --create-namespace >/dev/null
refused "try: somebody else's release is not changed" "was not made by this script" try --builder buildah --load "$work/store" --no-wait
refused "try: nor taken away" "was not made by this script" try --down --no-wait
"$helm" uninstall conntrack-operator --namespace $namespace --no-hooks >/dev/null
delete_crds

check "try: the bases are there" "$root/build/standin-bases.sh"
"$kubectl" apply -f - >/dev/null <<'N'
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {kubernetes.io/os: linux}}
N
if output=$(try --builder buildah --load "$work/store" --no-wait 2>&1); then ok "try: one command"; else fail "try: one command" "$output"; fi
printf '%s\n' "$output" | sed 's/^/# /'
tag=$("$root/build/images.sh" --tag)
for name in agent controller; do
  image=localhost/conntrack-operator/$name:$tag
  equals "try: the archive of $name is of that image" "$image" "$(tar -xOf "$work/store/$name.tar" manifest.json | jq -r '.[0].RepoTags[0]')"
  config=$(tar -xOf "$work/store/$name.tar" "$(tar -xOf "$work/store/$name.tar" manifest.json | jq -r '.[0].Config')")
  equals "try: $name has an entry point and this machine's architecture" "$(dpkg --print-architecture) 1" "$(jq -r '"\(.architecture) \(.config.Entrypoint | length | if . > 0 then 1 else 0 end)"' <<<"$config")"
done
equals "try: the release is deployed" deployed "$("$helm" status conntrack-operator --namespace $namespace -o json | jq -r .info.status)"
equals "try: the controller has the image that was saved" "localhost/conntrack-operator/controller:$tag Never" \
  "$("$kubectl" -n $namespace get deployment conntrack-operator-controller -o json | jq -r '.spec.template.spec.containers[0] | "\(.image) \(.imagePullPolicy)"')"
equals "try: so have the agents" "localhost/conntrack-operator/agent:$tag" \
  "$("$kubectl" -n $namespace get configmap conntrack-operator-agent -o 'jsonpath={.data.agent\.yaml}' | sed -n 's/^ *image: "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' | head -n 1)"
equals "try: the policy only observes" Observe "$("$kubectl" get conntrackpolicies try -o 'jsonpath={.spec.mode}')"
if grep -qE '^NAME +NODES +READY' <<<"$output"; then ok "try: it ends with kubectl get conntrackpolicies"; else fail "try: it ends with kubectl get conntrackpolicies" "$output"; fi
equals "try: it names what it skipped" "skipped: no node gets these archives
skipped: pods are not waited for (--no-wait), so no node reports" "$(grep '^skipped' <<<"$output")"
if again=$(try --builder buildah --load "$work/store" --no-wait --enforce 2>&1); then ok "try: once more, to enforce"; else fail "try: once more, to enforce" "$again"; fi
equals "try: nothing is built twice" 2 "$(grep -c ' is there$' <<<"$again")"
equals "try: the policy enforces" Enforce "$("$kubectl" get conntrackpolicies try -o 'jsonpath={.spec.mode}')"
check "try: --down" try --down --no-wait
equals "try: --down leaves no release, no kind, no policy" "" "$("$helm" list --all-namespaces --short)$("$kubectl" get crd -o name | grep conntrack)"
check "try: --down when nothing is there" try --down --no-wait
summary
