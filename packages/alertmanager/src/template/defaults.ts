/**
 * The templates that receivers use where the configuration says nothing. Names are Alertmanager's, so that files which
 * override or call them keep working; the words are ours.
 */
export const DEFAULT_TEMPLATES: string = String.raw`
{{ define "__alertmanager" }}Prunella{{ end }}
{{ define "__alertmanagerURL" }}{{ .ExternalURL }}/alerts?receiver={{ .Receiver | urlquery }}{{ end }}

{{ define "__name" }}{{ with index .CommonLabels "alertname" }}{{ . }}{{ else }}{{ len .Alerts }} alerts{{ end }}{{ end }}
{{ define "__place" }}{{ range .GroupLabels.SortedPairs }}{{ if ne .Name "alertname" }} {{ .Name }}={{ .Value }}{{ end }}{{ end }}{{ end }}
{{ define "__subject" }}{{ if eq .Status "firing" }}[FIRING {{ len .Alerts.Firing }}]{{ else }}[RESOLVED]{{ end }} {{ template "__name" . }}{{ template "__place" . }}{{ end }}
{{ define "__description" }}{{ end }}

{{ define "__what" }}{{ with index .Annotations "description" }}{{ . }}{{ else }}{{ with index .Annotations "summary" }}{{ . }}{{ else }}{{ with index .Annotations "message" }}{{ . }}{{ else }}No description.{{ end }}{{ end }}{{ end }}{{ with index .Annotations "count" }} ({{ . }} times){{ end }}{{ end }}
{{ define "__alert_line" }}{{ with index .Labels "alertname" }}{{ . }}{{ else }}unknown{{ end }} (Severity: {{ with index .Labels "severity" }}{{ . }}{{ else }}unknown{{ end }}){{ end }}
{{ define "__text_alert_list" }}{{ range . }}{{ template "__alert_line" . }}
{{ template "__what" . }}
{{ range .Labels.SortedPairs }}  {{ .Name }} = {{ .Value }}
{{ end }}{{ with .GeneratorURL }}  {{ . }}
{{ end }}{{ with index .Annotations "acknowledged" }}  Acknowledged by {{ . }}
{{ end }}{{ end }}{{ end }}
{{ define "__text_alert_list_markdown" }}{{ range . }}**{{ template "__alert_line" . }}**
{{ template "__what" . }}
{{ range .Labels.SortedPairs }}- {{ .Name }}: {{ .Value }}
{{ end }}{{ with .GeneratorURL }}[Source]({{ . }})
{{ end }}{{ end }}{{ end }}
{{ define "__text_message" }}{{ with .Alerts.Firing }}Firing:
{{ template "__text_alert_list" . }}{{ end }}{{ with .Alerts.Resolved }}Resolved:
{{ template "__text_alert_list" . }}{{ end }}{{ end }}

{{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end }}
{{ define "slack.default.callbackid" }}{{ end }}
{{ define "slack.default.pretext" }}{{ end }}
{{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "slack.default.iconemoji" }}{{ end }}
{{ define "slack.default.iconurl" }}{{ end }}
{{ define "slack.default.footer" }}{{ end }}
{{ define "slack.default.color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end }}
{{ define "__slack_text" }}{{ reReplaceAll ">" "&gt;" (reReplaceAll "<" "&lt;" (reReplaceAll "&" "&amp;" .)) }}{{ end }}
{{ define "slack.default.text" }}{{ range .Alerts }}*{{ template "__slack_text" (or (index .Labels "alertname") "unknown") }} (Severity: {{ template "__slack_text" (or (index .Labels "severity") "unknown") }})*{{ if eq .Status "resolved" }} resolved{{ end }}
{{ template "__slack_text" (or (index .Annotations "description") (index .Annotations "summary") (index .Annotations "message") "No description.") }}{{ with index .Annotations "count" }} ({{ template "__slack_text" . }} times){{ end }}
{{ with index .Annotations "acknowledged" }}Acknowledged by {{ template "__slack_text" . }}
{{ end }}{{ end }}{{ end }}

{{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "email.default.text" }}{{ template "__text_message" . }}
{{ template "__alertmanagerURL" . }}
{{ end }}
{{ define "email.default.html" }}<!doctype html>
<html><head><meta charset="utf-8"><title>{{ template "__subject" . }}</title></head>
<body style="margin:0;padding:16px;font:15px/1.5 system-ui,sans-serif;color:#1d2330;background:#f4f5f8">
<div style="max-width:640px;margin:0 auto">
<p style="margin:0 0 12px;padding:12px 16px;border-radius:6px;color:#fff;background:{{ if eq .Status "firing" }}#b3261e{{ else }}#1f7a3d{{ end }}"><b>{{ template "__subject" . }}</b></p>
{{ range .Alerts }}<div style="margin:0 0 12px;padding:12px 16px;border-radius:6px;background:#fff;border-left:4px solid {{ if eq .Status "firing" }}#b3261e{{ else }}#1f7a3d{{ end }}">
<p style="margin:0 0 4px"><b>{{ template "__alert_line" . }}</b>{{ if eq .Status "resolved" }} resolved{{ end }}</p>
<p style="margin:0 0 8px">{{ template "__what" . }}</p>
{{ with index .Annotations "acknowledged" }}<p style="margin:0 0 8px">Acknowledged by {{ . }}</p>{{ end }}
<table style="border-collapse:collapse;font-size:13px">{{ range .Labels.SortedPairs }}<tr><td style="padding:1px 12px 1px 0;color:#667">{{ .Name }}</td><td>{{ .Value }}</td></tr>{{ end }}</table>
<p style="margin:8px 0 0;font-size:13px;color:#667">since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}{{ with .GeneratorURL }} &middot; <a href="{{ . }}">source</a>{{ end }}</p>
</div>
{{ end }}<p style="font-size:13px"><a href="{{ template "__alertmanagerURL" . }}">Open in Prunella</a></p>
</div></body></html>
{{ end }}

{{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}

{{ define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end }}
{{ define "opsgenie.default.description" }}{{ template "__text_message" . }}{{ end }}
{{ define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end }}

{{ define "telegram.default.message" }}{{ range $i, $alert := .Alerts }}{{ if $i }}

{{ end }}{{ if eq .Status "firing" }}🚨{{ else }}✅{{ end }} {{ with index .Labels "alertname" }}{{ . }}{{ else }}unknown{{ end }}{{ if eq .Status "resolved" }} resolved{{ end }} (Severity: {{ with index .Labels "severity" }}{{ . }}{{ else }}unknown{{ end }})
Instance: {{ with index .Labels "instance" }}{{ . }}{{ else }}unknown{{ end }}
{{ template "__what" . }}{{ with index .Annotations "acknowledged" }}
Acknowledged by {{ . }}{{ end }}{{ end }}{{ end }}

{{ define "discord.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "discord.default.message" }}{{ template "__text_alert_list_markdown" .Alerts }}{{ end }}
{{ define "discord.default.content" }}{{ end }}
{{ define "msteams.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.text" }}{{ template "__text_alert_list_markdown" .Alerts }}{{ end }}
{{ define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteamsv2.default.text" }}{{ template "__text_alert_list_markdown" .Alerts }}{{ end }}
{{ define "mattermost.default.text" }}{{ template "__text_alert_list_markdown" .Alerts }}{{ end }}
{{ define "mattermost.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "mattermost.default.fallback" }}{{ template "__subject" . }}{{ end }}
{{ define "mattermost.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "mattermost.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "mattermost.default.color" }}{{ if eq .Status "firing" }}#b3261e{{ else }}#1f7a3d{{ end }}{{ end }}
{{ define "sns.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "sns.default.message" }}{{ template "__text_message" . }}{{ end }}
{{ define "webex.default.message" }}{{ template "__text_alert_list_markdown" .Alerts }}{{ end }}
{{ define "pushover.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "pushover.default.message" }}{{ template "__text_message" . }}{{ end }}
{{ define "pushover.default.url" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "victorops.default.state_message" }}{{ template "__text_message" . }}{{ end }}
{{ define "victorops.default.entity_display_name" }}{{ template "__subject" . }}{{ end }}
{{ define "victorops.default.monitoring_tool" }}{{ template "__alertmanager" . }}{{ end }}

{{ define "rocketchat.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "rocketchat.default.alias" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "rocketchat.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "rocketchat.default.emoji" }}{{ end }}
{{ define "rocketchat.default.iconurl" }}{{ end }}
{{ define "rocketchat.default.text" }}{{ template "__text_alert_list_markdown" .Alerts }}{{ end }}

{{ define "wechat.default.message" }}{{ template "__text_message" . }}
{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "wechat.default.to_user" }}{{ end }}
{{ define "wechat.default.to_party" }}{{ end }}
{{ define "wechat.default.to_tag" }}{{ end }}
{{ define "wechat.default.agent_id" }}{{ end }}

{{ define "jira.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "jira.default.description" }}{{ template "__text_message" . }}
{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "jira.default.priority" }}{{ $most := "" }}{{ range .Alerts.Firing }}{{ $severity := index .Labels "severity" }}{{ if eq $severity "critical" }}{{ $most = "High" }}{{ else if and (eq $severity "warning") (ne $most "High") }}{{ $most = "Medium" }}{{ else if and (eq $severity "info") (eq $most "") }}{{ $most = "Low" }}{{ end }}{{ end }}{{ $most }}{{ end }}
`;
