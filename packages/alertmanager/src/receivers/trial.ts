import { Labels, type Clock } from '@prunella/metrics';
import { receiveAlert } from '../alert.ts';
import type { Integration, Receiver } from '../notify/integration.ts';
import type { Notification } from './receiver.ts';

export interface TrialResult {
  /** `webhook[0]` */
  readonly integration: string;
  readonly ok: boolean;
  /** What the remote side said, or why it could not be asked. */
  readonly answer: string;
  readonly durationMs: number;
}

const TIMEOUT_MS = 15_000;

/** Sends a message that says it is a test through every integration of a receiver, once, and reports the answers. */
export function tryReceiver(receiver: Receiver, clock: Clock): Promise<TrialResult[]> {
  const notification = trialNotification(receiver.name, clock.now());
  return Promise.all(
    receiver.integrations.map((integration) => tryIntegration(integration, notification, clock)),
  );
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
  const result = (ok: boolean, answer: string): TrialResult => {
    timeout.cancel();
    return { integration: name, ok, answer, durationMs: clock.now() - started };
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

function trialNotification(receiver: string, time: number): Notification {
  const labels = Labels.from({ alertname: 'PrunellaTest', severity: 'info', receiver, test: 'true' });
  const annotations = Labels.from({
    summary: 'This is a test of the receiver; nothing is wrong.',
    description: `Test message for the receiver ${receiver}. Nothing is wrong.`,
  });
  const alert = receiveAlert({ labels, annotations, startsAt: time }, time, TIMEOUT_MS);
  return {
    groupKey: `prunella-test/${receiver}/${time}`,
    groupLabels: Labels.from({ alertname: 'PrunellaTest' }),
    receiver,
    alerts: [{ ...alert, status: 'firing' }],
    time,
    reason: 'receiver test',
    routeLabels: Labels.empty,
  };
}
