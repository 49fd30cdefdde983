{{/* What a program is told about OTLP by its environment. dict root, component. Wants POD_NAME, and NODE_NAME of an agent, before it. */}}
{{- define "conntrack.otlpEnv" -}}
{{- $otlp := .root.Values.telemetry.otlp -}}
{{- if $otlp.endpoint -}}
{{- $attributes := list (printf "k8s.namespace.name=%s" .root.Release.Namespace) "k8s.pod.name=$(POD_NAME)" }}
{{- if eq .component "agent" }}{{ $attributes = append $attributes "k8s.node.name=$(NODE_NAME)" }}{{ end }}
{{- range $key, $value := $otlp.resourceAttributes }}{{ $attributes = append $attributes (printf "%s=%s" $key $value) }}{{ end -}}
- {name: OTEL_SERVICE_NAME, value: conntrack-{{ .component }}}
- {name: OTEL_RESOURCE_ATTRIBUTES, value: {{ join "," $attributes | quote }}}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ $otlp.endpoint | quote }}}
- {name: OTEL_EXPORTER_OTLP_PROTOCOL, value: {{ $otlp.protocol }}}
{{- with $otlp.headersSecret.name }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom:
    secretKeyRef: {name: {{ . | quote }}, key: {{ $otlp.headersSecret.key | quote }}}
{{- end }}
{{- if $otlp.caSecret.name }}
- {name: OTEL_EXPORTER_OTLP_CERTIFICATE, value: /etc/conntrack-otlp/ca.crt}
{{- end }}
- {name: OTEL_METRIC_EXPORT_INTERVAL, value: {{ mul (int $otlp.metricsIntervalSeconds) 1000 | quote }}}
- {name: OTEL_TRACES_SAMPLER, value: {{ $otlp.sampler }}}
- {name: OTEL_TRACES_SAMPLER_ARG, value: {{ $otlp.samplerRatio | quote }}}
{{- end }}
{{- end -}}

{{- define "conntrack.otlpMount" -}}
{{- if and .Values.telemetry.otlp.endpoint .Values.telemetry.otlp.caSecret.name -}}
- {name: otlp-ca, mountPath: /etc/conntrack-otlp, readOnly: true}
{{- end }}
{{- end -}}

{{- define "conntrack.otlpVolume" -}}
{{- $ca := .Values.telemetry.otlp.caSecret -}}
{{- if and .Values.telemetry.otlp.endpoint $ca.name -}}
- name: otlp-ca
  secret:
    secretName: {{ $ca.name | quote }}
    items:
      - {key: {{ $ca.key | quote }}, path: ca.crt}
{{- end }}
{{- end -}}

{{/* The collector's port: that of the endpoint, else that of its scheme. */}}
{{- define "conntrack.otlpPort" -}}
{{- $url := urlParse .Values.telemetry.otlp.endpoint -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- if $port }}{{ $port }}{{ else if eq $url.scheme "https" }}443{{ else }}80{{ end -}}
{{- end -}}

{{- define "conntrack.proxied" -}}
{{- if and .Values.metrics.enabled .Values.metrics.proxy.enabled }}true{{ end -}}
{{- end -}}

{{/* TLS and authorization before /metrics. dict root, upstream (port), listen, port, ignore (paths that need no rights). */}}
{{- define "conntrack.proxyContainer" -}}
{{- $proxy := .root.Values.metrics.proxy -}}
- name: metrics-proxy
  image: {{ $proxy.image | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args:
    - --secure-listen-address={{ .listen }}:{{ .port }}
    - --upstream=http://127.0.0.1:{{ .upstream }}/
    {{- with .ignore }}
    - --ignore-paths={{ . }}
    {{- end }}
    {{- if $proxy.tls.secretName }}
    - --tls-cert-file=/etc/metrics-tls/tls.crt
    - --tls-private-key-file=/etc/metrics-tls/tls.key
    {{- end }}
  {{- if contains "POD_IP" .listen }}
  env:
    - name: POD_IP
      valueFrom:
        fieldRef: {fieldPath: status.podIP}
  {{- end }}
  securityContext:
    runAsUser: 65532
    runAsGroup: 65532
    {{- include "conntrack.restrictedContainer" .root | nindent 4 }}
  ports:
    - {name: metrics, containerPort: {{ .port }}, protocol: TCP}
  livenessProbe:
    tcpSocket: {port: metrics}
    initialDelaySeconds: 10
    periodSeconds: 20
    timeoutSeconds: 3
  resources:
    {{- toYaml $proxy.resources | nindent 4 }}
  {{- if $proxy.tls.secretName }}
  volumeMounts:
    - {name: metrics-tls, mountPath: /etc/metrics-tls, readOnly: true}
  {{- end }}
{{- end -}}

{{- define "conntrack.proxyVolume" -}}
{{- if and (include "conntrack.proxied" .) .Values.metrics.proxy.tls.secretName -}}
- name: metrics-tls
  secret:
    secretName: {{ .Values.metrics.proxy.tls.secretName | quote }}
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- end }}
{{- end -}}

{{/* The secret with the token that the monitors show to the proxy. */}}
{{- define "conntrack.metricsToken" -}}
{{- $token := .Values.metrics.proxy.token -}}
{{- if $token.create }}{{ include "conntrack.fullname" . }}-metrics{{ else }}{{ $token.secretName }}{{ end -}}
{{- end -}}

{{/* An endpoint of a monitor. dict root, monitor, relabelings (the chart's own). */}}
{{- define "conntrack.endpoint" -}}
{{- $proxy := .root.Values.metrics.proxy -}}
- port: metrics
  path: /metrics
  interval: {{ .monitor.interval }}
  scrapeTimeout: {{ .monitor.scrapeTimeout }}
  {{- if include "conntrack.proxied" .root }}
  scheme: https
  authorization:
    type: Bearer
    credentials:
      name: {{ include "conntrack.metricsToken" .root | quote }}
      key: {{ if $proxy.token.create }}token{{ else }}{{ $proxy.token.key | quote }}{{ end }}
  tlsConfig:
    {{- if $proxy.tls.secretName }}
    ca:
      secret: {name: {{ $proxy.tls.secretName | quote }}, key: ca.crt}
    serverName: {{ default (printf "%s-metrics.%s.svc" (include "conntrack.fullname" .root) .root.Release.Namespace) $proxy.tls.serverName | quote }}
    {{- else }}
    # Each proxy has signed its own certificate.
    insecureSkipVerify: true
    {{- end }}
  {{- else }}
  scheme: http
  {{- end }}
  relabelings:
    {{- .relabelings | nindent 4 }}
    {{- with .monitor.relabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .monitor.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Seconds of a duration such as 4h. */}}
{{- define "conntrack.seconds" -}}
{{- $unit := dict "s" 1 "m" 60 "h" 3600 -}}
{{- mul (regexFind "^[0-9]+" . | int64) (get $unit (regexFind "[smh]$" .)) -}}
{{- end -}}
