import { bale } from './bale.ts';
import { email } from './email.ts';
import { file } from './file.ts';
import { inbox } from './inbox.ts';
import type { ReceiverKind } from './receiver.ts';
import { ses } from './ses.ts';
import { slack } from './slack.ts';
import { telegram } from './telegram.ts';
import { webhook } from './webhook.ts';

/** Every kind of receiver; `webhook` is configured by `webhook_configs`. */
export const RECEIVER_KINDS: readonly ReceiverKind[] = [
  webhook,
  slack,
  email,
  telegram,
  bale,
  ses,
  file,
  inbox,
];
