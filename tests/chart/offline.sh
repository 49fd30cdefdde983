# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by run.sh: what needs no API server.

lint() { "$helm" lint --strict --quiet "$@"; }
check "lint: the defaults" lint "$chart"
for values in values/*.yaml; do
  check "lint: $(basename "$values" .yaml)" lint "$chart" --values "$values"
done

check "generated files are what charts/generate.sh makes" env HELM="$helm" "$root/charts/generate.sh" --check

same_crds() {
  local name
  for name in $(cd "$root/config/crd" && ls ./*.yaml); do
    [ "$name" = ./kustomization.yaml ] || cmp "$root/config/crd/$name" "$chart/files/crds/$name" || return 1
  done
  [ "$(find "$chart/files/crds" -type f | wc -l)" = "$(find "$root/config/crd" -name '*.yaml' ! -name kustomization.yaml | wc -l)" ]
}
check "the chart's CRDs are config/crd's" same_crds

golden() { diff -u "golden/$1" <(render "values/$1"); }
for values in values/*.yaml; do
  check "golden: $(basename "$values" .yaml)" golden "$(basename "$values")"
done

count=0
while IFS= read -r line; do
  case $line in '' | '#'*) continue ;; esac
  values=${line%% => *}
  text=${line#* => }
  printf '%s\n' "$values" >"$work/bad.yaml"
  refused "refused: $values" "$text" "$helm" template release "$chart" --namespace "$namespace" --values "$work/bad.yaml"
  count=$((count + 1))
done <bad-values.txt
if [ $count -ge 25 ]; then ok "$count bad values are tried"; else fail "only $count bad values are tried"; fi
