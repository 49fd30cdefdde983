# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by run.sh: alerts, dashboards, runbooks and docs/metrics.md. Needs python3, and promtool (Debian's package prometheus)
# for the rules themselves.

# What a value set makes of the alerts, as a rules file.
alerts() {
  "$helm" template release "$chart" --namespace "$namespace" --set prometheusRule.enabled=true "$@" --show-only templates/prometheusrule.yaml |
    sed -e '1,/^spec:$/d' -e 's/^  //'
}

# YAML as JSON; helm reads it as Kubernetes does.
as_json_text() {
  mkdir -p "$work/json/templates" "$work/json/files"
  printf 'apiVersion: v2\nname: json\nversion: 0.0.0\n' >"$work/json/Chart.yaml"
  cp "$1" "$work/json/files/it.yaml"
  echo '{{ .Files.Get "files/it.yaml" | fromYaml | toJson }}' >"$work/json/templates/it.yaml"
  "$helm" template json "$work/json" | grep -v -e '^---' -e '^#'
}

rules=$work/alerts
mkdir -p "$rules"
cp alerts/*.yaml "$rules/"
alerts >"$rules/rules.yaml"
alerts --values values/alerts.yaml >"$work/other-rules.yaml"
dashboards=("$chart"/files/dashboards/*.json)

same_names() { diff <(sed -n 's/^ *- alert: //p' "$rules/rules.yaml" | sort -u) <(basename -s .yaml alerts/*.yaml | sort); }
check "alerts: each has its tests, and each of these its alert" same_names
check "alerts: the schema knows them all" diff <(sed -n 's/^ *- alert: //p' "$rules/rules.yaml" | sort -u) \
  <(jq -r '.definitions.alert.enum[]' "$chart/values.schema.json" | sort)
equals "alerts: values change them" "ConntrackPacketsDropped 30s ConntrackTableNearlyFull 1h ConntrackTableFullSoon 10m" \
  "$(as_json_text "$work/other-rules.yaml" | jq -r '[.groups[].rules[] | {(.alert): .for}] | add | "ConntrackPacketsDropped \(.ConntrackPacketsDropped) ConntrackTableNearlyFull \(.ConntrackTableNearlyFull) ConntrackTableFullSoon \(.ConntrackTableFullSoon)"')"
equals "alerts: disabled ones are left out" "" "$(grep -E 'alert: Conntrack(RolloutPaused|RacesLost)$' "$work/other-rules.yaml")"
equals "alerts: without controllers nobody misses them" "" "$(alerts --set controller.replicas=0 | grep 'alert: ConntrackController')"

if command -v python3 >/dev/null; then
  as_json_text "$rules/rules.yaml" >"$work/alerts.json"
  while IFS= read -r line; do
    case $line in
      'ok   '*) ok "monitoring: ${line#ok   }" ;;
      *) fail "monitoring: ${line#FAIL }" ;;
    esac
  done < <(python3 monitoring.py check "$work/alerts.json" "$root/docs/metrics.md" "$root/docs/runbooks" "${dashboards[@]}" 2>&1)
  # The other way to say it: what nobody emits is noticed, and a metric that is in no panel.
  mkdir -p "$work/wrong"
  sed 's/conntrack_buckets/conntrack_bucket/g' "${dashboards[1]}" >"$work/wrong/node.json"
  refused "monitoring: a metric that nobody emits is noticed" "conntrack_bucket is emitted by nobody" \
    python3 monitoring.py check "$work/alerts.json" "$root/docs/metrics.md" "$root/docs/runbooks" "${dashboards[0]}" "$work/wrong/node.json"
  refused "monitoring: a metric that nobody looks at is noticed" "in a dashboard or an alert: conntrack_buckets" \
    python3 monitoring.py check "$work/alerts.json" "$root/docs/metrics.md" "$root/docs/runbooks" "${dashboards[0]}" "$work/wrong/node.json"
  sed 's/state=~\\"ReadOnly/state=~\\"Readonly/' "${dashboards[1]}" >"$work/wrong/node.json"
  refused "monitoring: a label's value that does not exist is noticed" "state is never Readonly" \
    python3 monitoring.py check "$work/alerts.json" "$root/docs/metrics.md" "$root/docs/runbooks" "${dashboards[0]}" "$work/wrong/node.json"
  cp -r "$root/docs" "$work/wrong/"
  sed -i 's/#scan)/#scans)/; s/#othernamespacefull)/#)/' "$work"/wrong/docs/runbooks/*.md
  sed -i '/host advise/d' "$work/wrong/docs/runbooks/ConntrackRacesLost.md"
  wrong_runbooks() {
    refused "monitoring: $1 is noticed" "$2" python3 monitoring.py check "$work/alerts.json" "$root/docs/metrics.md" "$work/wrong/docs/runbooks" "${dashboards[@]}"
  }
  wrong_runbooks "a link to a cause that does not exist" "no such cause: scans"
  wrong_runbooks "a cause that no runbook leads to" "is reached from a runbook: othernamespacefull; scan"
  wrong_runbooks "a runbook about the table without the advice" "ConntrackRacesLost: does not begin with the advice"
else
  skip "monitoring: dashboards and alerts against docs/metrics.md" "python3 is not installed"
fi

# What the guide shows can be used as it stands.
mkdir -p "$work/guide"
awk -v to="$work/guide" '/^```yaml$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside { print >(to "/" n ".yaml") }' "$root/docs/guide.md"
count=0
for file in "$work"/guide/*.yaml; do
  grep -qE '^(metrics|prometheusRule|telemetry):' "$file" || continue
  check "guide: the values of $(grep -oE '^[a-zA-Z]+' "$file" | xargs)" "$helm" template release "$chart" --namespace "$namespace" --values "$file"
  count=$((count + 1))
done
equals "guide: its values are found" 3 $count

promtool=${PROMTOOL:-promtool}
if command -v "$promtool" >/dev/null; then
  check "promtool: the alerts parse" "$promtool" check rules --lint=all --lint-fatal "$rules/rules.yaml"
  check "promtool: the alerts with other values parse" "$promtool" check rules --lint=all --lint-fatal "$work/other-rules.yaml"
  for file in "$rules"/Conntrack*.yaml; do
    check "promtool: tests of $(basename "$file" .yaml)" "$promtool" test rules "$file"
  done
  # Debian builds Prometheus without the discovery of Kubernetes.
  sed 's/kubernetes_sd_configs: .*/static_configs: [{targets: [a]}]/' "$(grep -l '^scrape_configs:' "$work"/guide/*.yaml)" >"$work/scrape.yaml"
  check "promtool: the guide's scrape configuration parses" "$promtool" check config "$work/scrape.yaml"
  # The other way to say it: these tests can fail.
  sed 's/> 75 \/ 100/> 85 \/ 100/' "$rules/rules.yaml" >"$work/changed.yaml"
  mkdir -p "$work/changed" && cp alerts/ConntrackTableNearlyFull.yaml "$work/changed/" && mv "$work/changed.yaml" "$work/changed/rules.yaml"
  refused "promtool: a changed threshold is noticed" "FAILED" "$promtool" test rules "$work/changed/ConntrackTableNearlyFull.yaml"
  if command -v python3 >/dev/null; then
    python3 monitoring.py rules "${dashboards[@]}" >"$work/panels.yaml"
    check "promtool: every panel's expression parses" "$promtool" check rules --lint=none "$work/panels.yaml"
  fi
else
  skip "promtool: the alerts, their tests and the panels' expressions" "promtool is not installed (Debian's package prometheus has it)"
fi
