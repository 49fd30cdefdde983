#!/usr/bin/env bash
# Mutation tests. Both print, folder by folder, what was killed. Not a gate of CI.
#
#   run.sh --fast PROJECT [--again] [FOLDER…]  minutes: Runner, such as run.sh --fast Netfilter Deleting Idle; with --again only what the
#                                              last report says was not killed, after tests were added
#   run.sh [PROJECT…] [-- OPTIONS OF STRYKER]  hours: Stryker.NET, such as run.sh Netfilter -- -m '**/Deleting/**'; needs jq
#
# Runner compiles the project once with all mutants in it, each behind a switch, and runs the tests again and again in one process: of each
# mutant only those tests that meet it, the quickest first. It leaves out tests that take longer than SLOWEST_TEST seconds (0.5), and texts.
# As root the tests get a network namespace of their own: a mutant may do to the kernel's table what it likes.
#
# Only what needs no kernel is run (WITHOUT_KERNEL): those tests take seconds each, and a mutant is met by many. What only they reach
# counts as 'not reached'. A mutant in a static initializer can't be switched on by the runner once its class is in use, so that it says
# nothing: those are left out of the score and counted apart.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "${1:-}" = --fast ]; then
  shift
  [ -f "tests/mutation/${1:-}.json" ] || { echo "usage: run.sh --fast PROJECT [--again] [FOLDER…] ($(cd tests/mutation && echo *.json | sed 's/\.json//g'))" >&2; exit 2; }
  for built in "tests/ConntrackOperator.$1.Tests" tests/mutation/Runner; do dotnet build -c Release --nologo -v quiet "$built"; done
  alone=()
  [ "$(id -u)" != 0 ] || alone=(unshare --net sh -c 'ip link set lo up; exec "$@"' sh)
  WITHOUT_KERNEL=1 exec "${alone[@]}" tests/mutation/Runner/bin/Release/net10.0/ConntrackOperator.Mutation "$@"
fi

projects=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do projects+=("$1"); shift; done
[ "${1:-}" = -- ] && shift
[ ${#projects[@]} -gt 0 ] || projects=(Planning Engine Netfilter)
for project in "${projects[@]}"; do
  [ -f "tests/mutation/$project.json" ] || { echo "no such project: $project (there are: $(cd tests/mutation && echo *.json | sed 's/\.json//g'))" >&2; exit 2; }
done

dotnet tool restore >/dev/null
for project in "${projects[@]}"; do
  output=$PWD/artifacts/mutation/$project
  rm -rf "$output"
  mkdir -p "$output"
  (cd "tests/ConntrackOperator.$project.Tests" && WITHOUT_KERNEL=1 dotnet stryker -f "../mutation/$project.json" --skip-version-check -O "$output" "$@" \
    >"$output/log" 2>&1) || { tail -n 40 "$output/log" >&2; exit 1; }
  jq -r --arg project "$project" '
    def percent: if .tried == 0 then "-" else "\(.killed * 1000 / .tried | floor / 10) %" end;
    def row($name): [$name, .killed, .survived, .unreached, .static, percent];
    def count: {
      killed: map(select(.static | not) | select(.status == "Killed" or .status == "Timeout")) | length,
      survived: map(select((.static | not) and .status == "Survived")) | length,
      unreached: map(select((.static | not) and .status == "NoCoverage")) | length,
      static: map(select(.static)) | length,
    } | .tried = .killed + .survived + .unreached;
    [.files | to_entries[] | (.key | split("/src/")[-1] | split("/")[1:-1] | join("/") | if . == "" then "." else . end) as $folder
      | .value.mutants[] | select(.status | IN("Killed", "Timeout", "Survived", "NoCoverage")) | . + {folder: $folder}]
    | (["", "killed", "survived", "not reached", "static", "score"],
       (group_by(.folder)[] | . as $all | count | row("\($project)/\($all[0].folder)")),
       (count | row($project))) | @tsv' "$output"/reports/mutation-report.json | column -t -s "$(printf '\t')"
done
