{{/* Names, labels, and the checks of values that a schema cannot make. */}}

{{- define "codemode.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "codemode.headlessName" -}}
{{- printf "%s-headless" (include "codemode.fullname" . | trunc 54 | trimSuffix "-") -}}
{{- end -}}

{{- define "codemode.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "codemode.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "codemode.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: executor
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "codemode.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "codemode.keysSecret" -}}
{{- default (printf "%s-api-keys" (include "codemode.fullname" . | trunc 54 | trimSuffix "-")) .Values.apiKeys.existingSecret -}}
{{- end -}}

{{/* What would start and not work, or work and not be meant. */}}
{{- define "codemode.check" -}}
{{- if and (not .Values.apiKeys.existingSecret) (not .Values.apiKeys.inline) -}}
{{- fail "apiKeys.existingSecret names no Secret: make one with `kubectl create secret generic codemode-api-keys --from-file=api-keys=FILE`, one key a line (openssl rand -hex 32)" -}}
{{- end -}}
{{- if and .Values.apiKeys.existingSecret .Values.apiKeys.inline -}}
{{- fail "apiKeys.existingSecret and apiKeys.inline are both given: one of them would not be used" -}}
{{- end -}}
{{- if and .Values.tls.enabled (not .Values.tls.existingSecret) -}}
{{- fail "tls.enabled needs tls.existingSecret: a Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if and .Values.tls.requireClientAuth (not .Values.tls.enabled) -}}
{{- fail "tls.requireClientAuth needs tls.enabled" -}}
{{- end -}}
{{- if and (eq .Values.jail.profile "standard") (eq .Values.seccompProfile.type "RuntimeDefault") -}}
{{- fail "jail.profile standard needs seccompProfile.type Unconfined, or Localhost with a profile that allows unshare, mount, pivot_root and setns: RuntimeDefault refuses them to a container without CAP_SYS_ADMIN" -}}
{{- end -}}
{{- if and (eq .Values.seccompProfile.type "Localhost") (not .Values.seccompProfile.localhostProfile) -}}
{{- fail "seccompProfile.type Localhost needs seccompProfile.localhostProfile" -}}
{{- end -}}
{{- if and (eq .Values.jail.profile "container") (eq (int .Values.runAsUser) 0) -}}
{{- fail "runAsUser 0 with jail.profile container: workers would own root's files" -}}
{{- end -}}
{{- range $key := list "listen" "host" "port" "api_key" "api_key_file" "profile" "grace" "drain_delay" "tls" -}}
{{- if hasKey $.Values.config $key -}}
{{- fail (printf "config.%s is set by the chart from its own values: see values.yaml" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
