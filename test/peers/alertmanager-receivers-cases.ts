/** What the receivers of both Alertmanagers are configured to do, and what services answer. */
import type { Delivered } from './alertmanager-receivers-sink.ts';

/** Every name that a receiver's default refers to. */
const DEFAULTS = `discord.default.content discord.default.message discord.default.title email.default.html
email.default.subject jira.default.description jira.default.priority jira.default.summary mattermost.default.color
mattermost.default.fallback mattermost.default.text mattermost.default.title mattermost.default.titlelink
mattermost.default.username msteams.default.summary msteams.default.text msteams.default.title
msteamsv2.default.text msteamsv2.default.title opsgenie.default.description opsgenie.default.message
opsgenie.default.source pagerduty.default.client pagerduty.default.clientURL pagerduty.default.description
pushover.default.message pushover.default.title pushover.default.url
rocketchat.default.emoji rocketchat.default.iconurl rocketchat.default.text rocketchat.default.title
rocketchat.default.titlelink slack.default.callbackid slack.default.color slack.default.fallback
slack.default.footer slack.default.iconemoji slack.default.iconurl slack.default.pretext slack.default.text
slack.default.title slack.default.titlelink slack.default.username sns.default.message sns.default.subject
telegram.default.message victorops.default.entity_display_name victorops.default.monitoring_tool
victorops.default.state_message webex.default.message wechat.default.agent_id wechat.default.message
wechat.default.to_party wechat.default.to_tag wechat.default.to_user __subject`.split(/\s+/);

const S = '{{ .Status }}';
const T = `${S} {{ range .Alerts }}{{ .Labels.instance }}={{ .Annotations.summary }};{{ end }}`;
const LONG = '{{ range .Alerts }}' + 'ä🙂x'.repeat(9000) + '{{ end }}';
/** Services at a fixed address are reached through the sink. */
const PROXY = { proxy_url: 'SINK', tls_config: { insecure_skip_verify: true } };
const AUTH = { authorization: { credentials: 'cred' } };
const ADF = '{"type":"doc","version":1,"content":[{"type":"text","text":"{{ .Status }}"}]}';

/** Entries of `<kind>_configs`. `SINK` becomes the address of a sink and a path of the entry's own. */
export const ENTRIES: Readonly<Record<string, readonly object[]>> = {
  webhook: [
    { url: 'SINK' },
    {
      url: 'SINK/{{ .Status }}?n={{ len .Alerts }}',
      max_alerts: 1,
      timeout: '3s',
      http_config: { basic_auth: { username: 'u', password: 'p' } },
    },
    {
      url: 'SINK',
      payload: {
        status: S,
        n: '{{ len .Alerts }}',
        labels: '{{ toJson .CommonLabels }}',
        list: [S, { deep: `x ${S}` }],
        yes: true,
        five: 5,
        [S]: 'key',
        t: T,
      },
    },
  ],
  slack: [
    { api_url: 'SINK', send_resolved: true },
    {
      api_url: 'SINK',
      send_resolved: true,
      channel: `#c-${S}`,
      username: T,
      color: S,
      title: LONG,
      title_link: `http://x/${S}`,
      pretext: T,
      text: T,
      fallback: T,
      callback_id: S,
      footer: S,
      icon_emoji: ':x:',
      icon_url: 'http://x/i',
      image_url: 'http://x/im',
      thumb_url: 'http://x/th',
      link_names: true,
      short_fields: true,
      mrkdwn_in: ['text'],
      fields: [
        { title: S, value: T },
        { title: 'b', value: '{{ "" }}', short: false },
      ],
      actions: [
        { type: 'button', text: S, url: `http://x/${S}`, style: 'danger' },
        {
          type: 'button',
          text: 'T',
          name: 'n',
          value: S,
          confirm: { text: S, title: 't', ok_text: 'o', dismiss_text: 'd' },
        },
        { type: 'button', text: 'c', name: 'n', confirm: { text: 'only' } },
      ],
    },
    { app_token: 'xoxb', app_url: 'SINK/app', channel: 'C', send_resolved: true, message_text: T },
    {
      api_url: 'https://slack.com/api/chat.postMessage',
      channel: 'C',
      username: 'slack-3',
      update_message: true,
      send_resolved: true,
      http_config: PROXY,
    },
  ],
  pagerduty: [
    { url: 'SINK', routing_key: 'rk' },
    { service_key: 'pagerduty-1', http_config: PROXY },
    {
      url: 'SINK',
      routing_key: `rk-${S}`,
      client: S,
      client_url: `http://c/${S}`,
      description: LONG,
      severity: `sev-${S}`,
      source: S,
      class: S,
      component: S,
      group: S,
      details: { deep: { a: S, n: '{{ len .Alerts }}', l: [S] }, firing: 'mine', raw: 5 },
      images: [{ src: `http://i/${S}`, alt: S, href: 'http://h' }, { alt: 'no src' }],
      links: [{ href: `http://l/${S}`, text: S }, { text: 'no href' }],
    },
    { http_config: PROXY, service_key: `pagerduty-3-${S}`, client: S, description: T, details: { x: S } },
    { service_key: 'pagerduty-4', routing_key: 'rk', http_config: PROXY },
    { url: 'SINK', routing_key: 'rk', details: { big: LONG.repeat(16) } },
  ],
  opsgenie: [
    { api_url: 'SINK', api_key: 'ak' },
    {
      api_url: 'SINK/',
      api_key: `ak-${S}`,
      message: LONG,
      description: LONG,
      source: S,
      details: { own: S, severity: 'over' },
      responders: [
        { type: 'team', name: `t-${S}` },
        { type: 'user', username: 'u' },
        { type: 'escalation', id: 'i' },
        { type: 'teams', name: 'a,b' },
      ],
      tags: `a, b-${S},,c`,
      note: S,
      priority: 'P1',
      entity: S,
      actions: 'x, y',
      update_alerts: true,
    },
  ],
  victorops: [
    { api_url: 'SINK/', api_key: 'vk', routing_key: 'r' },
    {
      api_url: 'SINK',
      api_key: 'vk',
      routing_key: `r-${S}`,
      message_type: 'WARNING',
      entity_display_name: S,
      state_message: LONG,
      monitoring_tool: S,
      custom_fields: { f: S },
    },
    { api_url: 'SINK/', api_key: 'vk', routing_key: 'r', message_type: 'acknowledgement' },
    { api_url: 'SINK/', api_key: 'vk', routing_key: 'r', message_type: `odd ${S}` },
    { api_url: 'SINK/', api_key: 'vk', routing_key: 'r', message_type: 'info' },
  ],
  webex: [
    { api_url: 'SINK', room_id: 'r', http_config: AUTH },
    { api_url: 'SINK', room_id: `r-${S}`, message: LONG, http_config: AUTH },
  ],
  discord: [
    { webhook_url: 'SINK' },
    { webhook_url: 'SINK', title: LONG, message: LONG, content: LONG, username: S, avatar_url: 'http://a' },
  ],
  telegram: [
    { api_url: 'SINK', bot_token: 'tok', chat_id: -100 },
    {
      api_url: 'SINK',
      bot_token: 'tok',
      chat_id: 5,
      message: `<b>${T}</b> ü \u{1f642}`,
      disable_notifications: true,
      message_thread_id: 7,
    },
    { api_url: 'SINK', bot_token: 'tok', chat_id: 5, message: T, parse_mode: '' },
    { api_url: 'SINK', bot_token: 'tok', chat_id: 5, message: LONG, parse_mode: 'MarkdownV2' },
    { api_url: 'SINK', bot_token: 'tok', chat_id: 5, message: LONG },
  ],
  sns: [
    {
      api_url: 'SINK',
      sigv4: { region: 'us-east-1', access_key: 'AK', secret_key: 'SK' },
      topic_arn: 'arn:aws:sns:us-east-2:1:t',
    },
    {
      api_url: 'SINK',
      sigv4: { region: 'us-east-1', access_key: 'AK', secret_key: 'SK' },
      topic_arn: 'arn:aws:sns:us-east-2:1:t.fifo',
      subject: S,
      message: T,
      attributes: { a: S },
    },
    {
      api_url: 'SINK',
      sigv4: { region: 'us-east-1', access_key: 'AK', secret_key: 'SK' },
      phone_number: '123',
      message: 'x'.repeat(2000),
    },
    {
      api_url: 'SINK',
      sigv4: { region: 'us-east-1', access_key: 'AK', secret_key: 'SK' },
      target_arn: 'arn:aws:sns:us-east-2:1:e',
      subject: 'a b',
      message: '{{ range .Alerts }}' + 'x'.repeat(200_000) + '{{ end }}',
      attributes: { a: S },
    },
  ],
  wechat: [
    { api_url: 'SINK/', api_secret: 'ws', corp_id: 'wc', send_resolved: true },
    {
      api_url: 'SINK/',
      api_secret: 'ws-{{ .Receiver }}',
      corp_id: 'wc-{{ .Receiver }}',
      send_resolved: true,
      message: T,
      to_user: S,
      to_party: S,
      to_tag: S,
      agent_id: S,
      message_type: 'markdown',
    },
  ],
  pushover: [
    { user_key: 'uk', token: 'pushover-0', http_config: PROXY },
    {
      user_key: 'uk',
      token: 'pushover-1',
      http_config: PROXY,
      title: LONG,
      message: LONG,
      url: LONG,
      url_title: S,
      device: S,
      sound: S,
      priority: '1',
      retry: '90s',
      expire: '10m',
      ttl: '1h',
      html: true,
    },
    {
      user_key: 'uk',
      token: 'pushover-2',
      http_config: PROXY,
      message: '{{ "" }}',
      monospace: true,
      url: 'http://u',
      priority: '{{ if eq .Status "firing" }}2{{ else }}-1{{ end }}',
    },
    { user_key: 'uk', token: 'pushover-3', http_config: PROXY, message: `<b>${T}</b>`, html: true },
  ],
  msteams: [{ webhook_url: 'SINK' }, { webhook_url: 'SINK', title: T, summary: T, text: T }],
  msteamsv2: [{ webhook_url: 'SINK' }, { webhook_url: 'SINK', title: T, text: LONG }],
  rocketchat: [
    { api_url: 'SINK', token: 'rt', token_id: 'ri', send_resolved: true },
    {
      api_url: 'SINK/',
      token: 'rt',
      token_id: 'ri',
      send_resolved: true,
      channel: `#${S}`,
      color: S,
      title: LONG,
      title_link: `http://x/${S}`,
      text: T,
      emoji: S,
      icon_url: 'http://i',
      image_url: 'http://im',
      thumb_url: 'http://th',
      link_names: true,
      short_fields: true,
      fields: [
        { title: S, value: T },
        { title: 'x', value: 'y', short: false },
      ],
      actions: [{ type: 'button', text: S, url: 'http://u', msg: S }],
    },
  ],
  jira: [
    { api_url: 'SINK', project: 'OPS', issue_type: 'Bug' },
    {
      api_url: 'SINK/',
      project: `OPS-${S}`,
      issue_type: `Bug-${S}`,
      summary: LONG,
      description: LONG,
      labels: [`l-${S}`],
      priority: `P-${S}`,
      resolve_transition: 'Done',
      reopen_transition: 'Reopen',
      reopen_duration: '1h',
      wont_fix_resolution: 'WF',
      fields: {
        components: { name: S },
        customfield_1: S,
        customfield_2: [{ value: `x ${S}` }],
        n: 5,
        b: true,
      },
      http_config: { basic_auth: { username: 'u', password: 'p' } },
    },
    {
      api_url: 'SINK/rest/api/3',
      api_type: 'cloud',
      project: 'OPS',
      issue_type: 'Bug',
      description: ADF,
      resolve_transition: 'Done',
      labels: ['AA', 'zz'],
    },
    {
      api_url: 'SINK/rest/api/2',
      api_type: 'datacenter',
      project: 'OPS',
      issue_type: 'Bug',
      description: 'Line1',
      resolve_transition: 'Done',
      reopen_transition: 'Reopen',
    },
    {
      api_url: 'SINK/rest/api/3',
      project: 'OPS',
      issue_type: 'Bug',
      description: { template: ADF, enable_update: true },
      summary: { template: T, enable_update: false },
    },
    {
      api_url: 'SINK/found/rest/api/3',
      project: 'OPS',
      issue_type: 'Bug',
      description: { template: ADF, enable_update: true },
      summary: { template: T, enable_update: true },
      resolve_transition: 'Done',
      reopen_transition: 'Reopen',
    },
    {
      api_url: 'SINK/found',
      project: 'OPS',
      issue_type: 'Bug',
      description: T,
      summary: T,
      resolve_transition: 'Done',
    },
    {
      api_url: 'SINK/done',
      project: 'OPS',
      issue_type: 'Bug',
      description: T,
      summary: T,
      resolve_transition: 'Done',
      reopen_transition: 'Reopen',
    },
    { api_url: 'SINK/done', project: 'OPS', issue_type: 'Bug', description: T, summary: T },
    { api_url: 'SINK/rest/api/3', project: 'O"P', issue_type: 'Bug', description: ADF, priority: '' },
    { api_url: 'SINK', project: 'OPS', issue_type: 'Bug', description: ADF, reopen_duration: '90s' },
    {
      api_url: 'SINK',
      project: 'OPS',
      issue_type: 'Bug',
      reopen_transition: 'R',
      reopen_duration: '90s',
      wont_fix_resolution: 'W"F',
    },
    {
      api_url: 'SINK/found',
      project: 'OPS',
      issue_type: 'Bug',
      description: { template: T, enable_update: false },
      summary: { template: T },
      fields: { summary: 'mine', labels: ['mine'] },
    },
    {
      api_url: 'SINK/two',
      project: 'OPS',
      issue_type: 'Bug',
      description: T,
      summary: T,
      resolve_transition: 'Done',
    },
  ],
  mattermost: [
    { webhook_url: 'SINK' },
    {
      webhook_url: 'SINK',
      channel: S,
      username: S,
      icon_url: 'http://i',
      icon_emoji: S,
      text: LONG,
      fallback: S,
      color: S,
      pretext: S,
      author_name: S,
      author_link: S,
      author_icon: S,
      title: S,
      title_link: S,
      thumb_url: S,
      footer: S,
      footer_icon: S,
      image_url: S,
    },
    { webhook_url: 'SINK', text: LONG, attachments: [{ text: LONG }] },
    {
      webhook_url: 'SINK',
      text: T,
      props: { card: T },
      priority: { priority: 'urgent', requested_ack: true, persistent_notifications: true },
      attachments: [{ title: S, text: T, fields: [{ title: S, value: T, short: true }] }, { fallback: S }],
    },
  ],
  incidentio: [
    { url: 'SINK', alert_source_token: 'at' },
    { url: 'SINK', http_config: AUTH, max_alerts: 1, timeout: '5s' },
  ],
};

const MAIL = {
  from: 'p@x.test',
  smarthost: 'MAIL',
  send_resolved: true,
  auth_username: 'ada',
  auth_password: 'hush',
  tls_config: { insecure_skip_verify: true },
};
/** Entries of `email_configs`; `MAIL` becomes the address of a mail server. */
export const MAILS: readonly object[] = [
  { ...MAIL, to: 'm0@x.test, b@x.test', text: T },
  {
    ...MAIL,
    to: 'm1@x.test',
    text: `${T}\n.dot\n..two\n`,
    html: `<b title="${T}">${T}</b>`,
    headers: {
      subject: `ä ${T} ${'long '.repeat(30)}`,
      'reply-to': 'r@x.test',
      'X-Own': T,
      From: 'Ada Ä <p@x.test>',
      To: 'Bob <m1@x.test>, c@x.test',
    },
  },
  { ...MAIL, to: 'Ünal <m2@x.test>', html: '', text: 'plain', auth_secret: 'hush', auth_identity: 'i' },
  { ...MAIL, to: 'm3@x.test', text: '', threading: { enabled: true, thread_by_date: 'daily' } },
  {
    ...MAIL,
    to: 'm4@x.test',
    text: 'ä'.repeat(2000),
    html: '',
    threading: { enabled: true, thread_by_date: 'none' },
  },
];

/** Wording of our own for every default. */
export const OWN_TEMPLATES: string = [
  ...DEFAULTS.map((name) => `{{ define "${name}" }}${name} ${T}{{ end }}`),
  '{{ define "pagerduty.default.instances" }}{{ len . }} {{ range . }}{{ .Labels.instance }}{{ end }}{{ end }}',
].join('\n');

/** Kinds that Alertmanager 0.25 does not know. */
export const NEW_KINDS: readonly string[] = [
  'msteams',
  'msteamsv2',
  'rocketchat',
  'jira',
  'incidentio',
  'mattermost',
];

/** What 0.25 says otherwise than its successors, whom we follow: truncation, the default details, new fields. */
export const CHANGED: readonly string[] = [
  'webhook 0',
  'slack 0',
  'webex 1',
  'telegram 3',
  'sns 0',
  'pushover 0',
  'pushover 1',
  'pagerduty 0',
  'pagerduty 1',
  'pagerduty 2',
  'pagerduty 3',
  'pagerduty 4',
];

/** What a service says. */
export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

/** What services say when all is well. */
export function accept({ path, method }: Delivered): Answer {
  const json = (value: unknown): Answer => ({ body: JSON.stringify(value) });
  if (path.includes('gettoken')) return json({ errcode: 0, access_token: 'wtok', expires_in: 7200 });
  if (path.includes('message/send')) return json({ errcode: 0, errmsg: 'ok' });
  if (path.includes('sendMessage'))
    return json({ ok: true, result: { message_id: 1, chat: { id: 1 }, date: 1 } });
  if (path.startsWith('/api/chat.') || path.endsWith('/app'))
    return json({ ok: true, channel: 'C1', ts: '12.34' });
  if (path.includes('rocketchat')) return json({ success: true });
  if (path.includes('/jira-')) return json(jira(path, method));
  return { type: 'text/plain', body: path.includes('/sns-') ? PUBLISHED : 'ok' };
}

const PUBLISHED =
  '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';

/** A Jira that has the issues that the path asks for. */
function jira(path: string, method: string): object {
  const issue = (key: string, category: string): object => ({
    id: '1',
    key,
    fields: { status: { name: 'X', statusCategory: { key: category } } },
  });
  if (path.includes('/search')) {
    if (path.includes('/two')) return { total: 2, issues: [issue('OPS-7', 'new'), issue('OPS-8', 'new')] };
    if (path.includes('/found')) return { total: 1, issues: [issue('OPS-7', 'new')] };
    if (path.includes('/done')) return { total: 1, issues: [issue('OPS-7', 'done')] };
    return { total: 0, issues: [] };
  }
  const transitions = [
    { id: '31', name: 'Done' },
    { id: '41', name: 'Reopen' },
  ];
  return path.includes('/transitions') && method === 'GET' ? { transitions } : { id: '1', key: 'OPS-1' };
}

/** Stands for a 200 whose body says no. */
const REFUSED = 299;
const NO = { ok: false, success: false, errcode: 45_009, errmsg: 'no', error: 'no' };

/** What services say when something is wrong; 200 comes with a body that is no answer at all. */
export function refuse(delivered: Delivered, status: number): Answer {
  if (delivered.path.includes('gettoken')) return accept(delivered);
  if (status === REFUSED) return { body: JSON.stringify(NO) };
  return { status, type: 'text/plain', body: 'odd' };
}

export const STATUSES: readonly number[] = [200, REFUSED, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503];

/** Entries, good and bad: `check-config` must say the same of all. `S` stands for a good `http` address. */
export const REFUSALS: readonly string[] = `
wechat_configs: [{}]
wechat_configs: [{api_secret: s}]
wechat_configs: [{api_secret: s, corp_id: c}]
wechat_configs: [{api_secret: s, corp_id: c, message_type: x}]
wechat_configs: [{api_secret: s, api_secret_file: s, corp_id: c}]
jira_configs: [{}]
jira_configs: [{project: P}]
jira_configs: [{project: P, issue_type: B}]
jira_configs: [{project: P, issue_type: B, api_url: S}]
jira_configs: [{project: P, issue_type: B, api_url: S, api_type: x}]
jira_configs: [{project: P, issue_type: B, api_url: S, api_type: auto, reopen_duration: 1h}]
jira_configs: [{project: P, issue_type: B, api_url: S, reopen_duration: x}]
jira_configs: [{project: P, issue_type: B, api_url: S, fields: {a: {b: [1]}}}]
jira_configs: [{project: P, issue_type: B, api_url: S, other: 1}]
jira_configs: [{project: P, issue_type: B, api_url: S, labels: x}]
jira_configs: [{project: P, issue_type: B, api_url: S, summary: {template: x, enable_update: true}}]
jira_configs: [{project: P, issue_type: B, api_url: S, summary: {template: x, other: true}}]
slack_configs: [{api_url: S}]
slack_configs: [{api_url: S, fields: [{title: x}]}]
slack_configs: [{api_url: S, fields: [{title: '', value: x}]}]
slack_configs: [{api_url: S, actions: [{type: x}]}]
slack_configs: [{api_url: S, actions: [{type: x, text: x}]}]
slack_configs: [{api_url: S, actions: [{type: x, text: x, url: u}]}]
slack_configs: [{api_url: S, actions: [{type: x, text: x, name: u, confirm: {}}]}]
slack_configs: [{api_url: S, app_token: x}]
slack_configs: [{api_url: S, update_message: true}]
slack_configs: [{app_token: x}]
slack_configs: [{app_token: x, http_config: {authorization: {credentials: x}}}]
pagerduty_configs: [{}]
pagerduty_configs: [{service_key: x}]
pagerduty_configs: [{service_key: x, routing_key: y}]
pagerduty_configs: [{routing_key: x, details: {a: {b: [1, 2]}}}]
pagerduty_configs: [{routing_key: x, images: [{other: 1}]}]
opsgenie_configs: [{}]
opsgenie_configs: [{api_key: x, responders: [{type: x, name: y}]}]
opsgenie_configs: [{api_key: x, responders: [{type: Team, name: y}]}]
opsgenie_configs: [{api_key: x, responders: [{type: '{{ .x }}', name: y}]}]
opsgenie_configs: [{api_key: x, responders: [{type: team}]}]
opsgenie_configs: [{api_key: x, responders: [{name: y}]}]
victorops_configs: [{api_key: x}]
victorops_configs: [{api_key: x, routing_key: y}]
victorops_configs: [{api_key: x, routing_key: y, custom_fields: {entity_state: x}}]
rocketchat_configs: [{}]
rocketchat_configs: [{token: x, token_id: y}]
rocketchat_configs: [{token: x}]
telegram_configs: [{chat_id: 1}]
telegram_configs: [{bot_token: x}]
telegram_configs: [{bot_token: x, chat_id: 1}]
telegram_configs: [{bot_token: x, chat_id: 1, parse_mode: X}]
discord_configs: [{}]
discord_configs: [{webhook_url: S, webhook_url_file: x}]
pushover_configs: [{token: x}]
pushover_configs: [{token: x, user_key: y}]
pushover_configs: [{token: x, user_key: y, html: true, monospace: true}]
pushover_configs: [{token: x, user_key: y, retry: 1d}]
mattermost_configs: [{}]
mattermost_configs: [{webhook_url: S}]
incidentio_configs: [{alert_source_token: x}]
incidentio_configs: [{url: S}]
incidentio_configs: [{url: S, alert_source_token: x}]
incidentio_configs: [{url: S, alert_source_token: x, http_config: {authorization: {credentials: x}}}]
email_configs: [{smarthost: 'x:25', from: y}]
email_configs: [{to: x, smarthost: 'x:25', from: y}]
email_configs: [{to: x, from: y}]
email_configs: [{to: x, smarthost: x, from: y}]
email_configs: [{to: x, smarthost: 'x:25', from: y, headers: {a: 1, A: 2}}]
email_configs: [{to: x, smarthost: 'x:25', from: y, threading: {enabled: true, thread_by_date: weekly}}]
sns_configs: [{}]
sns_configs: [{topic_arn: x}]
sns_configs: [{topic_arn: x, phone_number: y}]
sns_configs: [{topic_arn: x, sigv4: {access_key: x}}]
webex_configs: [{room_id: x}]
webex_configs: [{http_config: {authorization: {credentials: x}}}]
webex_configs: [{room_id: x, http_config: {authorization: {credentials: x}}}]
msteams_configs: [{}]
msteams_configs: [{webhook_url: S}]
msteamsv2_configs: [{webhook_url: S, webhook_url_file: x}]
msteamsv2_configs: [{webhook_url: S, summary: x}]
webhook_configs: [{}]
webhook_configs: [{url: S, url_file: y}]
webhook_configs: [{url: x}]
webhook_configs: [{url: S, timeout: 1d}]
webhook_configs: [{url: S, max_alerts: -1}]
webhook_configs: [{url: S, payload: {a: [1, '{{ .x }}']}}]
webhook_configs: [{url: S, http_config: {basic_auth: {username: x, password: y}, authorization: {credentials: z}}}]
webhook_configs: [{url: S, http_config: {oauth2: {client_id: x, token_url: S, client_secret: y}}}]
webhook_configs: [{url: S, http_config: {oauth2: {client_id: x}}}]
webhook_configs: [{url: S, http_config: {proxy_url: S, proxy_from_environment: true}}]
webhook_configs: [{url: S, http_config: {no_proxy: x}}]
webhook_configs: [{url: S, http_config: {proxy_url: S, no_proxy: x, proxy_connect_header: {a: [b]}}}]
webhook_configs: [{url: S, http_config: {http_headers: {X-A: {values: [a], secrets: [b], files: [c]}}}}]
webhook_configs: [{url: S, http_config: {http_headers: {Authorization: {values: [a]}}}}]
webhook_configs: [{url: S, http_config: {tls_config: {min_version: TLS12, max_version: TLS13, insecure_skip_verify: true}}}]
webhook_configs: [{url: S, http_config: {tls_config: {min_version: TLS9}}}]
webhook_configs: [{url: S, http_config: {follow_redirects: false, enable_http2: false}}]
webhook_configs: [{url: S, http_config: {authorization: {type: Basic, credentials: x}}}]
webhook_configs: [{url: S, http_config: {authorization: {credentials: x, credentials_file: y}}}]`
  .trim()
  .split('\n');
