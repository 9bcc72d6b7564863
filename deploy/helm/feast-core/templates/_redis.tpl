{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Nothing is evicted: a feature that is gone would be read as one that was never written. */}}
{{- define "feast-core.redisConf" -}}
bind * -::*
port 6379
dir /data
maxmemory {{ .Values.redis.maxMemory }}
maxmemory-policy noeviction
{{- if .Values.redis.persistence.enabled }}
appendonly yes
appendfsync everysec
{{- else }}
save ""
{{- end }}
{{- end -}}
