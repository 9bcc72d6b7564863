{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{- define "feast-core.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Not over 52 characters: a CronJob's name and the suffixes of others must fit into 63. */}}
{{- define "feast-core.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else if contains (include "feast-core.name" .) .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "feast-core.name" .) | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "feast-core.selector" -}}
app.kubernetes.io/name: {{ include "feast-core.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "feast-core.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "feast-core.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "feast-core.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "feast-core.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "feast-core.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "feast-core.tlsSecret" -}}
{{ .Values.tls.existingSecret | default (printf "%s-tls" (include "feast-core.fullname" .)) }}
{{- end -}}

{{- define "feast-core.backupClaim" -}}
{{ .Values.backup.persistence.existingClaim | default (printf "%s-backups" (include "feast-core.fullname" .)) }}
{{- end -}}

{{/* Backups lie on a volume. */}}
{{- define "feast-core.backupVolume" -}}
{{- if and .Values.backup.enabled (not .Values.backup.s3.url) }}true{{ end -}}
{{- end -}}

{{- define "feast-core.redisUrl" -}}
{{- if .Values.redis.enabled -}}
redis://{{ include "feast-core.fullname" . }}-redis.{{ .Release.Namespace }}.svc:6379/0
{{- else -}}
{{ .Values.redis.url }}
{{- end -}}
{{- end -}}

{{- define "feast-core.redisSecret" -}}
{{- if .Values.redis.enabled -}}
{{ .Values.redis.existingSecret | default (printf "%s-redis" (include "feast-core.fullname" .)) }}
{{- else -}}
{{ .Values.redis.existingSecret }}
{{- end -}}
{{- end -}}

{{- define "feast-core.storageClass" -}}
{{- if eq . "-" }}
storageClassName: ""
{{- else if . }}
storageClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* The address at which pods of this release reach the server. */}}
{{- define "feast-core.address" -}}
{{ include "feast-core.fullname" . }}.{{ .Release.Namespace }}.svc:{{ .Values.service.grpc.port }}
{{- end -}}

{{/* What schemas cannot say well. Each text names the value, what it is and what it should be. */}}
{{- define "feast-core.check" -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- fail (printf "replicaCount is %d, expected 0 or 1: the registry has one writer; more pods would not serve more" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if and .Values.tls.enabled (not .Values.tls.existingSecret) (not .Values.tls.certManager.enabled) -}}
{{- fail "tls.enabled is true, but there is no certificate: set tls.existingSecret or tls.certManager.enabled" -}}
{{- end -}}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.issuerRef.name) -}}
{{- fail "tls.certManager.enabled is true, but tls.certManager.issuerRef.name is empty" -}}
{{- end -}}
{{- if and .Values.tls.mutual (not .Values.tls.enabled) -}}
{{- fail "tls.mutual is true, but tls.enabled is false: clients can present certificates over TLS only" -}}
{{- end -}}
{{- if and .Values.tls.mutual .Values.backup.enabled (not .Values.tls.clientSecret) -}}
{{- fail "backup.enabled and tls.mutual are true: the backup job needs a certificate, set tls.clientSecret" -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.enabled is true, but gateway.parentRefs is empty: a route needs a gateway" -}}
{{- end -}}
{{- if and .Values.ingress.grpc.enabled (not .Values.ingress.grpc.hosts) -}}
{{- fail "ingress.grpc.enabled is true, but ingress.grpc.hosts is empty" -}}
{{- end -}}
{{- if and .Values.restore.from (not .Values.backup.enabled) -}}
{{- fail "restore.from is set, but backup.enabled is false: backups are read from where they are kept" -}}
{{- end -}}
{{- if and .Values.redis.enabled .Values.redis.url -}}
{{- fail "redis.enabled is true and redis.url is set: the online store is in one Redis, that of the release or yours" -}}
{{- end -}}
{{- if and .Values.redis.enabled (not .Values.redis.passwordKey) -}}
{{- fail "redis.enabled is true, but redis.passwordKey is empty: the Redis of the release has a password" -}}
{{- end -}}
{{- end -}}
