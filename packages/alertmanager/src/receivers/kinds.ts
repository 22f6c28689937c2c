import { file } from './file.ts';
import { inbox } from './inbox.ts';
import type { ReceiverKind } from './receiver.ts';
import { webhook } from './webhook.ts';

/** Every kind of receiver; `webhook` is configured by `webhook_configs`. */
export const RECEIVER_KINDS: readonly ReceiverKind[] = [webhook, file, inbox];
