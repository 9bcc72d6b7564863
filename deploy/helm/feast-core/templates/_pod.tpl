{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Variables of the old chart's map, then those of the list. */}}
{{- define "feast-core.env" -}}
{{- range $name, $value := .Values.envOverrides }}
- name: {{ $name | upper | replace "." "_" }}
  {{- if kindIs "map" $value }}
  valueFrom:
    {{- toYaml (get $value "valueFrom" | default $value) | nindent 4 }}
  {{- else }}
  value: {{ $value | toString | quote }}
  {{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Of the server and of a restore: credentials of sources, and of where backups are. */}}
{{- define "feast-core.environment" -}}
{{- with include "feast-core.env" . | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- if or .Values.existingSecret .Values.extraEnvFrom }}
envFrom:
  {{- with .Values.existingSecret }}
  - secretRef: {name: {{ . }}}
  {{- end }}
  {{- with .Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The kubelet's own gRPC probes cannot do TLS: with it the HTTP port is asked, which tells the same. */}}
{{- define "feast-core.ask" -}}
{{- if .root.Values.tls.enabled -}}
httpGet: {path: {{ .path }}, port: http}
{{- else -}}
grpc: {port: {{ .root.Values.service.grpc.targetPort }}, service: {{ .service | quote }}}
{{- end -}}
{{- end -}}

{{- define "feast-core.probes" -}}
{{- $kinds := list
    (dict "name" "startupProbe" "path" "/livez" "service" "liveness")
    (dict "name" "livenessProbe" "path" "/livez" "service" "liveness")
    (dict "name" "readinessProbe" "path" "/readyz" "service" "") -}}
{{- range $kind := $kinds }}
{{- $values := get $.Values $kind.name }}
{{- if $values.enabled }}
{{ $kind.name }}:
  {{- include "feast-core.ask" (dict "root" $ "path" $kind.path "service" $kind.service) | nindent 2 }}
  {{- toYaml (omit $values "enabled") | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "feast-core.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- $selector := include "feast-core.selector" . | fromYaml }}
  {{- range .Values.topologySpreadConstraints }}
  - {{- toYaml (merge (deepCopy .) (dict "labelSelector" (dict "matchLabels" $selector))) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A pod that runs feastctl against the server: argument list in .args, name of the container in .name. */}}
{{- define "feast-core.clientPod" -}}
{{- $root := .root -}}
serviceAccountName: {{ include "feast-core.serviceAccountName" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
restartPolicy: Never
securityContext:
  {{- toYaml $root.Values.podSecurityContext | nindent 2 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ include "feast-core.image" $root | quote }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    command: [/usr/bin/feastctl]
    args:
      {{- toYaml .args | nindent 6 }}
      - --server={{ include "feast-core.address" $root }}
      {{- if $root.Values.tls.enabled }}
      - --tls-ca=/etc/feast-core-client/ca.crt
      {{- if $root.Values.tls.mutual }}
      - --tls-cert=/etc/feast-core-client/tls.crt
      - --tls-key=/etc/feast-core-client/tls.key
      {{- end }}
      {{- end }}
    securityContext:
      {{- toYaml $root.Values.securityContext | nindent 6 }}
    resources:
      {{- toYaml $root.Values.backup.resources | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      {{- if $root.Values.tls.enabled }}
      - {name: tls, mountPath: /etc/feast-core-client, readOnly: true}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- if $root.Values.tls.enabled }}
  - name: tls
    secret:
      secretName: {{ $root.Values.tls.clientSecret | default (include "feast-core.tlsSecret" $root) }}
      defaultMode: 0440
      {{- if not $root.Values.tls.mutual }}
      items: [{key: ca.crt, path: ca.crt}]
      {{- end }}
  {{- end }}
{{- include "feast-core.placement" (dict "Values" (omit $root.Values "topologySpreadConstraints")) }}
{{- end -}}
