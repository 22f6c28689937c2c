import { Labels, type Clock } from '@prunella/metrics';
import { receiveAlert } from '../alert.ts';
import type { Integration, Receiver } from '../notify/integration.ts';
import type { Notification } from './receiver.ts';

export interface TrialOptions {
  /** Whether a second message says that the alert has resolved, as incidents at a service must be closed again. */
  readonly resolve?: boolean;
}

export interface TrialResult {
  /** `webhook[0]` */
  readonly integration: string;
  /** Which of the two messages. */
  readonly status: 'firing' | 'resolved';
  readonly ok: boolean;
  /** What the remote side said, or why it could not be asked. */
  readonly answer: string;
  readonly durationMs: number;
}

const TIMEOUT_MS = 15_000;

/**
 * Sends a message that says it is a test through every integration of a receiver, once, and reports the answers. With
 * `resolve` an integration that took it and tells of resolved alerts gets the second one.
 */
export async function tryReceiver(
  receiver: Receiver,
  clock: Clock,
  { resolve = false }: TrialOptions = {},
): Promise<TrialResult[]> {
  const started = clock.now();
  const results = receiver.integrations.map(async (integration) => {
    const firing = await tryIntegration(integration, trialNotification(receiver.name, started), clock);
    if (!resolve || !firing.ok || !integration.sendResolved) return [firing];
    return [
      firing,
      await tryIntegration(integration, trialNotification(receiver.name, started, clock.now()), clock),
    ];
  });
  return (await Promise.all(results)).flat();
}

async function tryIntegration(
  integration: Integration,
  notification: Notification,
  clock: Clock,
): Promise<TrialResult> {
  const name = `${integration.name}[${integration.index}]`;
  const started = clock.now();
  const abort = new AbortController();
  const timeout = clock.setTimeout(() => abort.abort(), TIMEOUT_MS);
  const status = notification.alerts[0]?.status ?? 'firing';
  const result = (ok: boolean, answer: string): TrialResult => {
    timeout.cancel();
    return { integration: name, status, ok, answer, durationMs: clock.now() - started };
  };
  const silence = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () =>
      reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
    );
  });
  try {
    return result(true, await Promise.race([integration.deliver(notification, abort.signal), silence]));
  } catch (error) {
    return result(false, (error as Error).message);
  }
}

/** Both messages of a trial are of one group: that of its start. Times are ms. */
function trialNotification(receiver: string, started: number, ended?: number): Notification {
  const labels = Labels.from({ alertname: 'PrunellaTest', severity: 'info', receiver, test: 'true' });
  const annotations = Labels.from({
    summary: 'This is a test of the receiver; nothing is wrong.',
    description: `Test message for the receiver ${receiver}. Nothing is wrong.`,
  });
  const posted = { labels, annotations, startsAt: started, ...(ended !== undefined && { endsAt: ended }) };
  const alert = receiveAlert(posted, ended ?? started, TIMEOUT_MS);
  return {
    groupKey: `prunella-test/${receiver}/${started}`,
    groupLabels: Labels.from({ alertname: 'PrunellaTest' }),
    receiver,
    alerts: [{ ...alert, status: ended === undefined ? 'firing' : 'resolved' }],
    time: ended ?? started,
    reason: 'receiver test',
    routeLabels: Labels.empty,
  };
}
