{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* A line for each value of the old chart that was given and has no meaning here, with what takes its place. */}}
{{- define "feast-core.oldValues" -}}
{{- $rows := list
    (list "application.yaml" "the configuration is the value config")
    (list "application-generated.yaml" "the configuration is the value config")
    (list "application-secret.yaml" "credentials are the value existingSecret")
    (list "application-override.yaml" "the configuration is the value config")
    (list "postgresql" "the registry is a file on the volume of persistence; `feastctl import` copies the old one")
    (list "javaOpts" "there is no JVM; see resources")
    (list "strategy" "a StatefulSet with one writer replaces its pod") -}}
{{- range $rows }}
{{- if index $.Values (first .) }}
  {{ first . }}: {{ last . }}
{{- end }}
{{- end }}
{{- if (.Values.ingress.http | default dict).enabled }}
  ingress.http: the HTTP port has metrics only, which are no business of the world
{{- end }}
{{- if (.Values.ingress.grpc.auth | default dict).enabled }}
  ingress.grpc.auth: clients are told apart by their certificates, see tls.mutual
{{- end }}
{{- range $name, $value := .Values.envOverrides }}
{{- if or (hasPrefix "SPRING" (upper $name)) (hasPrefix "DB_" (upper $name)) }}
  envOverrides.{{ $name }}: no program reads it
{{- end }}
{{- end }}
{{- end -}}
