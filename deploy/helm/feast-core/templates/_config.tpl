{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* A dotted key counts as the nested one: {"log.level": x} is {log: {level: x}}. */}}
{{- define "feast-core.nest" -}}
{{- $out := dict -}}
{{- range $key, $value := . -}}
{{- $nested := $value -}}
{{- range $part := reverse (splitList "." $key) -}}
{{- $nested = dict $part $nested -}}
{{- end -}}
{{- $out = mergeOverwrite $out $nested -}}
{{- end -}}
{{- toYaml $out -}}
{{- end -}}

{{- define "feast-core.logLevel" -}}
{{- $word := lower (default "info" .Values.logLevel) -}}
{{- get (dict "trace" "debug" "all" "debug" "warning" "warn" "fatal" "error" "off" "error") $word | default $word -}}
{{- end -}}

{{- define "feast-core.config" -}}
{{- $chart := dict
    "data_dir" "/var/lib/feast-core"
    "listen" (list (printf "0.0.0.0:%d" (int .Values.service.grpc.targetPort)))
    "http" (dict "listen" (printf "0.0.0.0:%d" (int .Values.service.http.targetPort)))
    "allow_plaintext" (not .Values.tls.enabled)
    "shutdown" (dict "lame_duck" (printf "%ds" (int .Values.shutdown.lameDuckSeconds))
                     "drain" (printf "%ds" (int .Values.shutdown.drainSeconds)))
    "log" (dict "format" (get (dict "console" "logfmt" "logfmt" "logfmt") (lower .Values.logType) | default "json")
                "level" (include "feast-core.logLevel" .)) -}}
{{- if .Values.tls.enabled -}}
{{- $tls := dict "certificate" "/etc/feast-core-tls/tls.crt" "key" "/etc/feast-core-tls/tls.key" -}}
{{- if .Values.tls.mutual -}}
{{- $_ := set $tls "client_ca" "/etc/feast-core-tls/ca.crt" -}}
{{- end -}}
{{- $_ := set $chart "tls" $tls -}}
{{- end -}}
{{- if .Values.backup.enabled -}}
{{- with .Values.backup.s3 -}}
{{- if .url -}}
{{- $_ := set $chart "backup" (dict "url" .url "s3" (dict "endpoint" .endpoint "region" .region "path_style" .pathStyle)) -}}
{{- else -}}
{{- $_ := set $chart "backup" (dict "dir" "/var/lib/feast-core-backups") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $url := include "feast-core.redisUrl" . -}}
{{- with .Values.redis -}}
{{- if $url -}}
{{- $redis := dict "default" $url "layout" .layout -}}
{{- if and (or .enabled .existingSecret) .passwordKey -}}
{{- $_ := set $redis "password_file" "/etc/feast-core-redis/password" -}}
{{- end -}}
{{- if and .existingSecret .caKey -}}
{{- $_ := set $redis "ca_file" "/etc/feast-core-redis/ca.crt" -}}
{{- end -}}
{{- $_ := set $chart "online_store" $redis -}}
{{- end -}}
{{- end -}}
{{- $own := include "feast-core.nest" .Values.config | fromYaml -}}
{{- toYaml (mergeOverwrite $chart $own) -}}
{{- end -}}
