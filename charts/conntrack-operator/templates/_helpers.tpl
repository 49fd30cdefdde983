{{- define "conntrack.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: the longest suffix leaves the result within the 63 of a label. */}}
{{- define "conntrack.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "conntrack.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "conntrack.agentName" -}}{{ include "conntrack.fullname" . }}-agent{{- end -}}

{{/* dict root, component */}}
{{- define "conntrack.selector" -}}
app.kubernetes.io/name: {{ include "conntrack.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* dict root, component. Without the chart's version: a new chart with the same images is no reason to start a pod anew. */}}
{{- define "conntrack.podLabels" -}}
{{ include "conntrack.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: conntrack-operator
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* dict root, component */}}
{{- define "conntrack.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{ include "conntrack.podLabels" . }}
{{- end -}}

{{/* dict root, component and, where an object has more, labels and annotations */}}
{{- define "conntrack.metadata" -}}
labels:
  {{- if .labels }}
  {{- merge (dict) .labels (include "conntrack.labels" . | fromYaml) | toYaml | nindent 2 }}
  {{- else }}
  {{- include "conntrack.labels" . | nindent 2 }}
  {{- end }}
{{- $annotations := merge (dict) (default dict .annotations) .root.Values.commonAnnotations }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* dict root, image: of the component */}}
{{- define "conntrack.image" -}}
{{- $tag := coalesce .image.tag .root.Values.image.tag .root.Chart.AppVersion -}}
{{- $name := .image.repository -}}
{{- if .root.Values.image.registry }}{{ $name = printf "%s/%s" (trimSuffix "/" .root.Values.image.registry) $name }}{{ end -}}
{{- if .image.digest -}}{{ $name }}@{{ .image.digest }}{{- else -}}{{ $name }}:{{ $tag }}{{- end -}}
{{- end -}}

{{/* dict root, component: its values are those of .Values.<component> */}}
{{- define "conntrack.serviceAccount" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- if $account.name -}}{{ $account.name }}
{{- else if $account.create -}}{{ include "conntrack.fullname" .root }}-{{ .component }}
{{- else -}}default{{- end -}}
{{- end -}}

{{- define "conntrack.priorityClass" -}}
{{- $own := (index .root.Values .component).priorityClassName -}}
{{- if $own -}}{{ $own }}
{{- else if .root.Values.priorityClasses.create -}}{{ include "conntrack.fullname" .root }}-{{ .component }}
{{- end -}}
{{- end -}}

{{/* What no program here needs more than: for everything that runs without root. */}}
{{- define "conntrack.restrictedContainer" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What the schema can't say, since it is about two values. */}}
{{- define "conntrack.check" -}}
{{- if and .Values.crds.install (not .Values.crds.keep) (not .Values.uninstall.restoreNodes) -}}
{{- fail "crds.keep=false needs uninstall.restoreNodes=true: without the hook, uninstalling removes the controller while policies still wait for it, and the CRDs stay in deletion for ever" -}}
{{- end -}}
{{- range $component := list "controller" "agent" -}}
{{- $account := (index $.Values $component).serviceAccount -}}
{{- if and (not $account.create) (not $account.name) -}}
{{- fail (printf "%s.serviceAccount.name must be given when %s.serviceAccount.create is false: the account \"default\" must not have these rights" $component $component) -}}
{{- end -}}
{{- end -}}
{{- if eq (include "conntrack.serviceAccount" (dict "root" . "component" "controller")) (include "conntrack.serviceAccount" (dict "root" . "component" "agent")) -}}
{{- fail "controller.serviceAccount.name and agent.serviceAccount.name must differ: an agent must not have the controller's rights" -}}
{{- end -}}
{{- $metrics := .Values.metrics -}}
{{- range $part := list "serviceMonitor" "podMonitor" "proxy" -}}
{{- if and (get $metrics $part).enabled (not $metrics.enabled) -}}
{{- fail (printf "metrics.%s.enabled needs metrics.enabled=true: without it agents listen on their node's 127.0.0.1 alone" $part) -}}
{{- end -}}
{{- end -}}
{{- range $part := list "serviceMonitor" "podMonitor" -}}
{{- $monitor := get $metrics $part -}}
{{- if gt (include "conntrack.seconds" $monitor.scrapeTimeout | int64) (include "conntrack.seconds" $monitor.interval | int64) -}}
{{- fail (printf "metrics.%s.scrapeTimeout (%s) must not be longer than its interval (%s)" $part $monitor.scrapeTimeout $monitor.interval) -}}
{{- end -}}
{{- end -}}
{{- if $metrics.proxy.enabled -}}
{{- if and (not $metrics.proxy.token.create) (not $metrics.proxy.token.secretName) (or $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled) -}}
{{- fail "metrics.proxy.token.secretName must be given when metrics.proxy.token.create is false: the monitors have to show a token to the proxy" -}}
{{- end -}}
{{- range $component := list "controller" "agent" -}}
{{- if eq (get $metrics.proxy (printf "%sPort" $component) | int) (int (index $.Values $component).healthPort) -}}
{{- fail (printf "metrics.proxy.%sPort and %s.healthPort must differ: the proxy is in the same pod" $component $component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if lt (int .Values.prometheusRule.criticalPercent) (int .Values.prometheusRule.warningPercent) -}}
{{- fail "prometheusRule.criticalPercent must not be below prometheusRule.warningPercent" -}}
{{- end -}}
{{- range $key, $value := .Values.commonLabels -}}
{{- if or (hasPrefix "app.kubernetes.io/" $key) (hasPrefix "helm.sh/" $key) -}}
{{- fail (printf "commonLabels: %s is set by the chart and can't be set here" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
