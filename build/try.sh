#!/usr/bin/env bash
# From a checkout to `kubectl get conntrackpolicies`, in the cluster of the current context:
#
#   build/try.sh            builds the images, loads them into the cluster, installs the chart and a policy that only observes
#   build/try.sh --enforce  the policy sets the kernels of all nodes (config/samples/simple.yaml)
#   build/try.sh --down     puts everything back and takes it away
#
#   --load kind|k3d|minikube|ctr|registry|DIR   how the nodes get the images; left out: by the context's name, or `registry`
#                           where REGISTRY is set, or `ctr` where containerd runs on this machine. A DIR gets archives and nothing more
#   --builder docker|podman|buildah             left out: the first that is there
#   --no-wait               does not wait for pods: for a cluster that runs none
#
# REGISTRY is where images are pushed, such as ghcr.io/me. NAMESPACE (conntrack-system), RELEASE (conntrack-operator), KUBECTL, HELM.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kubectl=${KUBECTL:-kubectl} helm=${HELM:-helm} namespace=${NAMESPACE:-conntrack-system} release=${RELEASE:-conntrack-operator}
load='' builder='' down='' enforce='' wait=true
usage() { sed -n '2,14p' "$0"; }
while [ $# -gt 0 ]; do
  case $1 in
    --down) down=true ;;
    --enforce) enforce=true ;;
    --no-wait) wait= ;;
    --load) load=${2:?--load wants a way}; shift ;;
    --builder) builder=${2:?--builder wants a name}; shift ;;
    -h | --help) usage; exit ;;
    *) echo "unknown: $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
step() { printf '\n== %s\n' "$*"; }

# What is lacking is said all at once, before anything is done.
lacking=()
lacks() { lacking+=("$1"); }
command -v "$kubectl" >/dev/null || lacks "kubectl: https://kubernetes.io/docs/tasks/tools, or KUBECTL=its path"
command -v "$helm" >/dev/null || lacks "helm: https://helm.sh/docs/intro/install, or HELM=its path"
context=$("$kubectl" config current-context 2>/dev/null || true)
if command -v "$kubectl" >/dev/null && ! "$kubectl" get --raw /version >/dev/null 2>&1; then
  lacks "a cluster: the current context '${context:-none}' does not answer (kind create cluster makes one on this machine)"
fi
if [ -z "$down" ]; then
  if [ -z "$builder" ]; then
    if command -v docker >/dev/null && docker info >/dev/null 2>&1; then builder=docker
    elif command -v podman >/dev/null; then builder=podman
    elif command -v buildah >/dev/null; then builder=buildah
    else lacks "something to build images with: docker (with its daemon running), podman or buildah"; fi
  elif ! command -v "$builder" >/dev/null; then lacks "$builder, which --builder names"; fi
  if [ -z "$load" ]; then
    case $context in
      kind-*) load=kind ;;
      k3d-*) load=k3d ;;
      minikube) load=minikube ;;
      *) if [ -n "${REGISTRY:-}" ]; then load=registry
        elif [ -S /run/containerd/containerd.sock ] && command -v ctr >/dev/null; then load=ctr
        elif command -v k3s >/dev/null; then load=ctr
        else lacks "a way to the nodes of '${context:-this cluster}': REGISTRY=a registry that you may push to and the nodes can pull from, or --load"; fi ;;
    esac
  fi
  case $load in
    kind | k3d | minikube) command -v "$load" >/dev/null || lacks "$load, to load images into '$context'" ;;
    ctr) command -v ctr >/dev/null || command -v k3s >/dev/null || lacks "ctr (of containerd) or k3s, which --load ctr needs" ;;
    registry) [ -n "${REGISTRY:-}" ] || lacks "REGISTRY: where --load registry pushes to" ;;
    */* | '') ;;
    *) lacks "--load $load: must be kind, k3d, minikube, ctr, registry or a directory with a / in it" ;;
  esac
fi
if [ ${#lacking[@]} -gt 0 ]; then
  echo "nothing was done; this is lacking:" >&2
  printf '  %s\n' "${lacking[@]}" >&2
  exit 2
fi

# A release that somebody else installed is neither changed nor taken away.
ours=$("$kubectl" get namespace "$namespace" --ignore-not-found -o 'jsonpath={.metadata.labels.conntrack\.dev/try}')
if [ "$ours" != true ] && "$helm" status "$release" --namespace "$namespace" >/dev/null 2>&1; then
  echo "nothing was done: release $release in namespace $namespace of '$context' was not made by this script" >&2
  exit 2
fi

if [ -n "$down" ]; then
  step "taking it away from '$context'"
  # The hook deletes the policies and waits until the nodes have put back what was there. Without pods there is nobody to run it.
  if "$helm" status "$release" --namespace "$namespace" >/dev/null 2>&1; then
    if [ -n "$wait" ]; then "$helm" uninstall "$release" --namespace "$namespace" --wait
    else "$kubectl" delete conntrackpolicies try --ignore-not-found; "$helm" uninstall "$release" --namespace "$namespace" --no-hooks; fi
  fi
  [ "$ours" = true ] || { echo "there is nothing of this script's in namespace $namespace"; exit; }
  "$kubectl" delete crd -l app.kubernetes.io/part-of=conntrack-operator --ignore-not-found
  "$kubectl" delete namespace "$namespace" --ignore-not-found --wait=false
  exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
step "images, with $builder"
options=()
for option in ${TRY_BUILD_OPTIONS:-}; do options+=(--option "$option"); done
"$repo/build/images.sh" --builder "$builder" "${options[@]}" agent controller
tag=$("$repo/build/images.sh" --tag) registry=localhost/conntrack-operator pull=Never
buildah=(buildah)
[ -z "${BUILDAH_ROOT:-}" ] || buildah+=(--storage-driver vfs --root "$BUILDAH_ROOT/root" --runroot "$BUILDAH_ROOT/run")

# save IMAGE FILE: as an archive that containerd, kind, k3d and minikube read.
save() {
  case $builder in
    docker) docker save --output "$2" "$1" ;;
    podman) podman save --quiet --format docker-archive --output "$2" "$1" ;;
    buildah) "${buildah[@]}" push --quiet "$1" "docker-archive:$2:$1" ;;
  esac
}
push() {
  case $builder in
    docker) docker tag "$1" "$2"; docker push --quiet "$2" ;;
    podman) podman push --quiet "$1" "$2" ;;
    buildah) "${buildah[@]}" push --quiet "$1" "docker://$2" ;;
  esac
}

step "to the nodes of '$context', by $load"
for name in agent controller; do
  image=$registry/$name:$tag archive=$work/$name.tar
  if [ "$load" = registry ]; then push "$image" "$REGISTRY/$name:$tag"; continue; fi
  if [[ $load == */* ]]; then mkdir -p "$load"; archive=$load/$name.tar; rm -f "$archive"; fi
  save "$image" "$archive"
  case $load in
    kind) kind load image-archive "$archive" --name "${context#kind-}" ;;
    k3d) k3d image import "$archive" --cluster "${context#k3d-}" ;;
    minikube) minikube image load "$archive" ;;
    ctr) if command -v k3s >/dev/null; then k3s ctr images import "$archive"; else ctr --namespace k8s.io images import "$archive"; fi ;;
    *) echo "$archive" ;;
  esac
done
if [ "$load" = registry ]; then registry=$REGISTRY pull=IfNotPresent; fi
[[ $load != */* ]] || echo "skipped: no node gets these archives"
[ "$load" != ctr ] || echo "this machine's containerd has them; other nodes have not"

step "the chart"
# One that is still going away, after --down, can't be used.
if [ -n "$("$kubectl" get namespace "$namespace" --ignore-not-found -o 'jsonpath={.metadata.deletionTimestamp}')" ]; then
  "$kubectl" wait --for=delete --timeout=2m "namespace/$namespace"
fi
"$kubectl" get namespace "$namespace" >/dev/null 2>&1 || "$kubectl" create namespace "$namespace" >/dev/null
"$kubectl" label --overwrite namespace "$namespace" pod-security.kubernetes.io/enforce=privileged conntrack.dev/try=true >/dev/null
set=(--set "image.registry=$registry" --set "image.tag=$tag" --set "image.pullPolicy=$pull" --set controller.replicas=1)
[ -z "$wait" ] || set+=(--wait --timeout 3m)
"$helm" upgrade --install "$release" "$repo/charts/conntrack-operator" --namespace "$namespace" "${set[@]}" | sed -n 's/^STATUS: /helm: /p'

step "a policy"
# The sample as it is, or the same as one that writes nothing.
sed -e 's/^  name: default$/  name: try/' -e "s/^spec:\$/spec:\n  mode: $(if [ -n "$enforce" ]; then echo Enforce; else echo Observe; fi)/" "$repo/config/samples/simple.yaml" >"$work/try.yaml"
# CRDs are served a moment after they are accepted.
"$kubectl" wait --for=condition=Established --timeout=1m crd -l app.kubernetes.io/part-of=conntrack-operator >/dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  if "$kubectl" apply -f "$work/try.yaml"; then break; fi
  [ "$attempt" != 10 ] || exit 1
  sleep 2
done
if [ -n "$wait" ]; then
  "$kubectl" wait --for=condition=Ready --timeout=2m conntrackpolicies/try ||
    echo "not ready after two minutes: the tables below say why, and docs/guide.md (Troubleshooting by symptom) what to do"
else
  echo "skipped: pods are not waited for (--no-wait), so no node reports"
fi

step "kubectl get conntrackpolicies"
"$kubectl" get conntrackpolicies
step "kubectl get conntracknodes"
"$kubectl" get conntracknodes
printf '\n'
[ -n "$enforce" ] || echo "The policy only observes: kubectl describe ctn NODE says what it would set; build/try.sh --enforce sets it."
echo "build/try.sh --down takes it all away."
