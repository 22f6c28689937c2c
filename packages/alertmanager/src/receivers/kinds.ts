import { bale } from './bale.ts';
import { discord } from './discord.ts';
import { email } from './email.ts';
import { file } from './file.ts';
import { incidentio } from './incidentio.ts';
import { inbox } from './inbox.ts';
import { jira } from './jira.ts';
import { mattermost } from './mattermost.ts';
import { msteams, msteamsv2 } from './msteams.ts';
import { opsgenie } from './opsgenie.ts';
import { pagerduty } from './pagerduty.ts';
import { pushover } from './pushover.ts';
import type { ReceiverKind } from './receiver.ts';
import { rocketchat } from './rocketchat.ts';
import { ses } from './ses.ts';
import { slack } from './slack.ts';
import { sns } from './sns.ts';
import { telegram } from './telegram.ts';
import { victorops } from './victorops.ts';
import { webex } from './webex.ts';
import { webhook } from './webhook.ts';
import { wechat } from './wechat.ts';

/** Every kind of receiver; `webhook` is configured by `webhook_configs`. */
export const RECEIVER_KINDS: readonly ReceiverKind[] = [
  webhook,
  slack,
  email,
  telegram,
  pagerduty,
  opsgenie,
  discord,
  msteams,
  msteamsv2,
  mattermost,
  sns,
  victorops,
  pushover,
  webex,
  rocketchat,
  incidentio,
  wechat,
  jira,
  bale,
  ses,
  file,
  inbox,
];
