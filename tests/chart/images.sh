#!/usr/bin/env bash
# Builds the images from the Dockerfile, on stand-in bases where the real ones can't be pulled, prints their sizes, and starts
# what is in them: the agent's file system, read-only and alone in a network namespace, has to do the agent's main job.
#
# Needs root, buildah, debootstrap and a .NET SDK (build/standin-bases.sh). BUILDAH_ROOT says where images are kept (removed
# afterwards unless KEEP_IMAGES is set); NUGET_PACKAGES and the NuGet configuration of the user are handed to the build.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
# shellcheck source=tests/chart/lib.sh
. ./lib.sh
need buildah unshare chroot ip jq
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 2; }
export BUILDAH_ROOT=${BUILDAH_ROOT:-/var/tmp/conntrack-images}
buildah=(buildah --storage-driver vfs --root "$BUILDAH_ROOT/root" --runroot "$BUILDAH_ROOT/run")
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
mkdir -p "$packages"
netns=conntrack-image-$$
mounted=()
declare -A files_of

remove() {
  local mount
  [ -z "${agent_pid:-}" ] || kill "$agent_pid" 2>/dev/null
  ip netns delete "$netns" 2>/dev/null
  for mount in "${mounted[@]}"; do "${buildah[@]}" rm "$mount" >/dev/null 2>&1; done
  [ -n "${KEEP_IMAGES:-}" ] || rm -rf "$BUILDAH_ROOT"
  clean_up
}
trap remove EXIT

check "the bases are there" "$root/build/standin-bases.sh"

tag=$("$root/build/images.sh" --tag)
options=()
for option in --isolation=chroot --pull-never "--volume=$packages:/root/.nuget/packages"; do options+=(--option "$option"); done
for target in agent controller cli; do
  check "built: $target" "$root/build/images.sh" --builder buildah "${options[@]}" "$target"
done

# unpack TARGET: sets container and files.
unpack() {
  container=$("${buildah[@]}" from --pull-never "localhost/conntrack-operator/$1:$tag") || return 1
  mounted+=("$container")
  files=$("${buildah[@]}" mount "$container")
}

megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }
config_of() { "${buildah[@]}" inspect --type image --format "$2" "localhost/conntrack-operator/$1:$tag"; }

for target in agent controller cli; do
  unpack "$target" || { fail "unpacked: $target"; continue; }
  files_of[$target]=$files
  echo "size $target: $(megabytes "$(du -sb "$files" | cut -f1)") in all"
  equals "no shell: $target" "" "$(cd "$files" && find . -name sh -o -name bash -o -name busybox -o -name apt | head)"
  equals "labelled: $target" "$(sed -n 's/^appVersion: //p' "$chart/Chart.yaml")" "$(config_of "$target" '{{index .OCIv1.Config.Labels "org.opencontainers.image.version"}}')"
done

# The bills of materials: in each image, of the right program, and with every package that the program's own list of assemblies
# names (which native code has not).
sbom() { jq -r "$2" "${files_of[$1]}"/usr/share/sbom/*.cdx.json 2>&1; }
# shellcheck disable=SC2016
for one in agent:conntrack-agent controller:conntrack-controller cli:kubectl-conntrack; do
  target=${one%%:*}
  equals "sbom: $target" "CycloneDX ${one#*:}" "$(sbom "$target" '"\(.bomFormat) \(.metadata.component.name)"')"
  equals "sbom: every package of $target has a hash" 0 "$(sbom "$target" '[.components[] | select(.purl and (.hashes[0].content | length) != 128)] | length')"
done
for one in controller:conntrack-controller cli:kubectl-conntrack; do
  target=${one%%:*}
  equals "sbom: every assembly of $target is accounted for" "" "$(comm -13 <(sbom "$target" '.components[].name' | sort) \
    <(jq -r '.libraries | keys[] | split("/")[0]' "${files_of[$target]}/usr/local/lib/${one#*:}/${one#*:}.deps.json" | grep -vx "${one#*:}" | grep -vx 'ConntrackOperator\.\(Controller\|Cli\)' | sort))"
done
check "sbom: the agent's names the runtime that is compiled in" test "$(sbom agent '[.components[].name | select(startswith("Microsoft.NETCore.App.Runtime.NativeAOT."))] | length')" = 1

if [ -n "${files_of[agent]:-}" ]; then echo "size agent program: $(megabytes "$(stat -c %s "${files_of[agent]}/usr/local/bin/conntrack-agent")")"; fi
equals "user: agent" 0:0 "$(config_of agent '{{.OCIv1.Config.User}}')"
equals "user: controller" 1654:1654 "$(config_of controller '{{.OCIv1.Config.User}}')"
equals "user: cli" 1654:1654 "$(config_of cli '{{.OCIv1.Config.User}}')"

# in_image FILES USER COMMAND...: does not return. In a mount namespace of its own, the image read-only but for /state, with a
# /proc and the devices that every container has.
in_image() {
  local files=$1 user=$2
  shift 2
  mkdir -p "$work/state"
  # shellcheck disable=SC2016
  exec unshare --mount -- bash -c '
    set -e
    files=$1 user=$2 state=$3
    shift 3
    mount --bind "$files" "$files"
    mount -t proc proc "$files/proc"
    mkdir -p "$files/dev"
    mount -t tmpfs -o mode=755 tmpfs "$files/dev"
    for device in null zero random urandom; do
      touch "$files/dev/$device"
      mount --bind "/dev/$device" "$files/dev/$device"
    done
    mount -t tmpfs -o mode=755 tmpfs "$files/home"
    mkdir "$files/home/state"
    mount --bind "$state" "$files/home/state"
    mount -o remount,bind,ro "$files"
    exec chroot --userspec="$user" "$files" "$@"
  ' bash "$files" "$user" "$work/state" "$@"
}

version=$(in_image "${files_of[agent]}" 0:0 /usr/local/bin/conntrack-agent --version 2>&1)
if [[ $version == [0-9]* ]]; then ok "agent: says its version, $version"; else fail "agent: says its version" "$version"; fi
check "controller: starts as 1654 on a read-only root" in_image "${files_of[controller]}" 1654:1654 /usr/bin/dotnet /usr/local/lib/conntrack-controller/conntrack-controller.dll --help
check "controller: has prepare-uninstall" in_image "${files_of[controller]}" 1654:1654 /usr/bin/dotnet /usr/local/lib/conntrack-controller/conntrack-controller.dll prepare-uninstall --help
check "cli: starts as 1654 on a read-only root" in_image "${files_of[cli]}" 1654:1654 /usr/bin/dotnet /usr/local/lib/kubectl-conntrack/kubectl-conntrack.dll crd

# The main job: with the plan that it has kept and no API server, the agent sets the kernel of its network namespace.
sysctl=nf_conntrack_tcp_timeout_established
in_netns() { ip netns exec "$netns" "$@"; }
ip netns add "$netns"
if ! in_netns test -e "/proc/sys/net/netfilter/$sysctl"; then
  fail "agent: applies its kept plan" "no nf_conntrack on this machine: modprobe nf_conntrack"
else
  mkdir -p "$work/state"
  cp plan.json "$work/state/plan.json"
  # As after a reboot: without the file the agent would wait for the node's status, which may know what was there before.
  echo '{"format":1,"bootId":"00000000-0000-0000-0000-000000000000","originals":{}}' >"$work/state/originals.json"
  before=$(in_netns cat "/proc/sys/net/netfilter/$sysctl")
  limit=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
  export -f in_image
  export work
  ip netns exec "$netns" bash -c 'in_image "$@"' bash "${files_of[agent]}" 0:0 /usr/local/bin/conntrack-agent \
    --node-name=node-1 --server=http://127.0.0.1:1 --listen=none --state-dir=/home/state --interval=1s >"$work/agent.log" 2>&1 &
  agent_pid=$!
  is_set() { [ "$(in_netns cat "/proc/sys/net/netfilter/$sysctl")" = 4321 ]; }
  if until_true 15 is_set; then ok "agent: set $sysctl from $before to 4321"; else fail "agent: set $sysctl to 4321" "$(cat "$work/agent.log")"; fi
  check "agent: keeps what was there before" grep -q "$before" "$work/state/originals.json"
  in_netns bash -c "echo 999 > /proc/sys/net/netfilter/$sysctl"
  if until_true 15 is_set; then ok "agent: puts it back when somebody overwrites it"; else fail "agent: puts it back when somebody overwrites it" "$(cat "$work/agent.log")"; fi
  equals "agent: leaves the machine alone" "$limit" "$(cat /proc/sys/net/netfilter/nf_conntrack_max)"
  kill "$agent_pid"
  wait "$agent_pid"
  equals "agent: ends well when told to" 0 $?
  agent_pid=
fi
summary
