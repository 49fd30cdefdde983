{{/* The DaemonSet that the controller applies. */}}
{{- define "conntrack.agentDaemonSet" -}}
{{- $agent := .Values.agent -}}
{{- $proxied := include "conntrack.proxied" . | not | not -}}
{{- /* On the node's address only when Prometheus is to come, and not even then behind the proxy. */}}
{{- $exposed := and .Values.metrics.enabled (not $proxied) -}}
{{- $host := $exposed | ternary "" "host: 127.0.0.1, " -}}
{{- $sysctls := $agent.privileged | ternary "/proc/sys/net/netfilter" "/host/sysctl/netfilter" -}}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {{ include "conntrack.agentName" . }}
  labels:
    {{- include "conntrack.podLabels" (dict "root" . "component" "agent") | nindent 4 }}
    app.kubernetes.io/managed-by: conntrack-controller
  {{- with .Values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "conntrack.selector" (dict "root" . "component" "agent") | nindent 6 }}
  # Never two agents on a node: the second would wait for the first one's state directory.
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: {{ $agent.maxUnavailable }}
      maxSurge: 0
  template:
    metadata:
      labels:
        {{- include "conntrack.podLabels" (dict "root" . "component" "agent") | nindent 8 }}
        {{- with $agent.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: agent
        {{- with merge (dict) $agent.podAnnotations .Values.commonAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "conntrack.serviceAccount" (dict "root" . "component" "agent") | quote }}
      automountServiceAccountToken: true
      enableServiceLinks: false
      # /proc/sys/net shows the network namespace of the caller: it has to be the node's.
      hostNetwork: true
      {{- if .Values.telemetry.otlp.endpoint }}
      # On the host's network, and able to resolve the collector's Service.
      dnsPolicy: ClusterFirstWithHostNet
      {{- else }}
      dnsPolicy: Default
      {{- end }}
      {{- with include "conntrack.priorityClass" (dict "root" . "component" "agent") }}
      priorityClassName: {{ . | quote }}
      {{- end }}
      terminationGracePeriodSeconds: 10
      {{- with $agent.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        # Kubernetes gives a capability only to root: for any other user it does not survive the start of the program.
        runAsUser: 0
        runAsGroup: 0
        seccompProfile:
          type: RuntimeDefault
        {{- with $agent.seLinuxOptions }}
        seLinuxOptions:
          {{- toYaml . | nindent 10 }}
        {{- end }}
      {{- if $agent.loadModule }}
      initContainers:
        - name: load-module
          image: {{ $agent.moduleLoader.image | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          command: [modprobe, nf_conntrack]
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
              add: [SYS_MODULE]
          resources:
            {{- toYaml $agent.resources | nindent 12 }}
          volumeMounts:
            - {name: modules, mountPath: /lib/modules, readOnly: true}
      {{- end }}
      containers:
        - name: agent
          image: {{ include "conntrack.image" (dict "root" . "image" $agent.image) | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          args:
            - --sysctl-dir={{ $sysctls }}
            - --state-dir=/var/lib/conntrack-operator
            - --host-root=/host
            - --listen={{ $exposed | ternary "$(POD_IP)" "127.0.0.1" }}:{{ int $agent.healthPort }}
            - --interval={{ $agent.interval }}
            - --heartbeat-min={{ $agent.heartbeatMin }}
            - --heartbeat-max={{ $agent.heartbeatMax }}
            - --usage-report-gap={{ $agent.usageReportGap }}
            - --scan-interval={{ $agent.scanInterval }}
            - --start-jitter={{ $agent.startJitter }}
            - --log-level={{ $agent.logLevel }}
            {{- range $agent.extraArgs }}
            - {{ . | quote }}
            {{- end }}
          env:
            - name: NODE_NAME
              valueFrom:
                fieldRef: {fieldPath: spec.nodeName}
            {{- if $exposed }}
            - name: POD_IP
              valueFrom:
                fieldRef: {fieldPath: status.podIP}
            {{- end }}
            {{- with include "conntrack.otlpEnv" (dict "root" . "component" "agent") }}
            - name: POD_NAME
              valueFrom:
                fieldRef: {fieldPath: metadata.name}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with $agent.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          securityContext:
            readOnlyRootFilesystem: true
            {{- if $agent.privileged }}
            privileged: true
            {{- else }}
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
              # To write the network's settings, and to read the table.
              add: [NET_ADMIN]
            {{- end }}
          {{- if $exposed }}
          ports:
            - {name: metrics, containerPort: {{ int $agent.healthPort }}, protocol: TCP}
          {{- end }}
          livenessProbe:
            httpGet: { {{- $host }}port: {{ int $agent.healthPort }}, path: /healthz}
            initialDelaySeconds: 15
            periodSeconds: 20
            timeoutSeconds: 3
            # A full table drops the probe's own connection, and that is no time to stop the agent.
            failureThreshold: 15
          readinessProbe:
            httpGet: { {{- $host }}port: {{ int $agent.healthPort }}, path: /readyz}
            periodSeconds: 10
            timeoutSeconds: 3
          resources:
            {{- toYaml $agent.resources | nindent 12 }}
          volumeMounts:
            - {name: state, mountPath: /var/lib/conntrack-operator}
            {{- if not $agent.privileged }}
            - {name: sysctls, mountPath: {{ $sysctls }}}
            {{- end }}
            {{- range $i, $directory := $agent.hostSysctlDirectories }}
            - {name: host-{{ $i }}, mountPath: {{ printf "/host%s" $directory | quote }}, readOnly: true}
            {{- end }}
            {{- with include "conntrack.otlpMount" . }}
            {{- . | nindent 12 }}
            {{- end }}
        {{- if $proxied }}
        {{- include "conntrack.proxyContainer" (dict "root" . "listen" "[$(POD_IP)]" "port" (int .Values.metrics.proxy.agentPort)
              "upstream" (int $agent.healthPort)) | nindent 8 }}
        {{- end }}
      volumes:
        # What was there before, and the last plan: they must outlive the pod.
        - name: state
          hostPath: {path: {{ $agent.stateDirectory | quote }}, type: DirectoryOrCreate}
        {{- if not $agent.privileged }}
        # A container's own /proc/sys is read-only.
        - name: sysctls
          hostPath: {path: /proc/sys/net/netfilter, type: Directory}
        {{- end }}
        {{- range $i, $directory := $agent.hostSysctlDirectories }}
        - name: host-{{ $i }}
          hostPath: {path: {{ $directory | quote }}, type: Directory}
        {{- end }}
        {{- if $agent.loadModule }}
        - name: modules
          hostPath: {path: /lib/modules, type: Directory}
        {{- end }}
        {{- with include "conntrack.otlpVolume" . }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with include "conntrack.proxyVolume" . }}
        {{- . | nindent 8 }}
        {{- end }}
{{- end -}}
