{{/*
The handler of a probe; `service` is the health service's name. The kubelet's own gRPC probe speaks plain text. Where the executor
serves TLS, the command in the image asks; where clients need a certificate, which a probe has not, the port is all that can be
looked at.
*/}}
{{- define "codemode.probe" -}}
{{- $tls := .root.Values.tls -}}
{{- if not $tls.enabled -}}
grpc:
  port: {{ .root.Values.port }}
  {{- with .service }}
  service: {{ . }}
  {{- end }}
{{- else if $tls.requireClientAuth -}}
tcpSocket:
  port: grpc
{{- else -}}
exec:
  command:
    - codemode
    - health
    - https://{{ $tls.probeHost }}:{{ .root.Values.port }}
    - --tls-ca-file
    - /etc/codemode/tls/{{ $tls.caKey }}
    {{- if not .service }}
    - --live
    {{- end }}
{{- end -}}
{{- end -}}
