/** For tests: how each kind of receiver that speaks HTTP is pointed at a sink, with secrets that are easy to spot. */
import { pagerdutyAt } from '../receivers/pagerduty.ts';
import { pushoverAt } from '../receivers/pushover.ts';
import type { ReceiverKind } from '../receivers/receiver.ts';
import { RECEIVER_KINDS } from '../receivers/kinds.ts';
import type { SinkRequest } from './sink.ts';

const aws = {
  region: 'r',
  access_key: 'hush-access',
  secret_key: 'hush-secret',
  session_token: 'hush-session',
};
const authorization = { http_config: { authorization: { credentials: 'hush-credentials' } } };

export const HTTP_CONFIGS: Readonly<Record<string, (url: string) => object>> = {
  webhook: (url) => ({ url: `${url}/hush-path` }),
  slack: (url) => ({ api_url: `${url}/hush-path`, channel: 'c', send_resolved: true }),
  telegram: (url) => ({ api_url: url, bot_token: 'hush-token', chat_id: 1 }),
  pagerduty: (url) => ({ url, routing_key: 'hush-key' }),
  opsgenie: (url) => ({ api_url: url, api_key: 'hush-key' }),
  discord: (url) => ({ webhook_url: `${url}/hush-path` }),
  msteams: (url) => ({ webhook_url: `${url}/hush-path` }),
  msteamsv2: (url) => ({ webhook_url: `${url}/hush-path` }),
  mattermost: (url) => ({ webhook_url: `${url}/hush-path` }),
  sns: (url) => ({ api_url: url, sigv4: aws, topic_arn: 'arn:aws:sns:r:1:t' }),
  victorops: (url) => ({ api_url: url, api_key: 'hush-key', routing_key: 'r' }),
  pushover: () => ({ user_key: 'hush-user', token: 'hush-token' }),
  webex: (url) => ({ api_url: url, room_id: 'r', ...authorization }),
  rocketchat: (url) => ({ api_url: url, token: 'hush-token', token_id: 'hush-id', send_resolved: true }),
  incidentio: (url) => ({ url, alert_source_token: 'hush-token' }),
  wechat: (url) => ({ api_url: url, api_secret: 'hush-secret', corp_id: 'c', send_resolved: true }),
  jira: (url) => ({
    api_url: url,
    project: 'P',
    issue_type: 'Bug',
    resolve_transition: 'Done',
    http_config: { basic_auth: { username: 'u', password: 'hush-password' } },
  }),
  bale: (url) => ({ api_url: url, bot_token: 'hush-token', chat_id: 1 }),
  ses: (url) => ({ api_url: url, ...aws, from: 'p@x', to: 'a@x', send_resolved: true }),
};

/** The kind; those with a fixed address are moved to the sink. */
export function kindAt(name: string, url: string): ReceiverKind {
  if (name === 'pushover') return pushoverAt(url);
  if (name === 'pagerduty-v1') return pagerdutyAt(url);
  const kind = RECEIVER_KINDS.find((each) => each.name === name);
  if (!kind) throw new Error(`no kind ${name}`);
  return kind;
}

/** An answer that every service but Slack takes for a yes. */
export function yes(name: string, { path }: SinkRequest): string {
  if (name === 'slack') return 'ok';
  const issue = { key: 'P-1', fields: { status: { statusCategory: { key: 'new' } } } };
  const jira = {
    key: 'P-1',
    issues: path.endsWith('/search') ? [issue] : [],
    transitions: [{ id: '1', name: 'Done' }],
  };
  return JSON.stringify({
    ok: true,
    success: true,
    errcode: 0,
    ...(name === 'wechat' && { access_token: 'hush-access-token' }),
    ...(name === 'jira' && jira),
  });
}
