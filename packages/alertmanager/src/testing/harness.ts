/** For tests: an Alertmanager on a clock that stands still, whose receivers write down what they are told. */
import { Labels } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { Alertmanager, type AlertmanagerOptions, type NotifiedEvent } from '../alertmanager.ts';
import { loadConfig } from '../config/load.ts';
import type { Message } from '../receivers/inbox.ts';

export const START: number = Date.parse('2026-01-05T12:00:00Z');

export interface Harness {
  readonly clock: VirtualClock;
  readonly am: Alertmanager;
  /** Every message of every inbox receiver, as `seconds receiver status names`. */
  readonly told: string[];
  readonly messages: Message[];
  readonly notified: NotifiedEvent[];
  /** Posts alerts as they are at this moment; `ends` in ms from now. */
  readonly fire: (labels: Record<string, string>, options?: Firing) => Promise<void>;
  readonly resolve: (labels: Record<string, string>) => Promise<void>;
  /** Moves on to this many seconds after the start. */
  readonly at: (seconds: number) => Promise<void>;
}

export interface Firing {
  readonly annotations?: Record<string, string>;
  readonly startsAt?: number;
  /** Given but undefined: no end is posted. */
  readonly endsAt?: number | undefined;
}

export async function harness(config: string, options: Partial<AlertmanagerOptions> = {}): Promise<Harness> {
  const clock = (options.clock as VirtualClock | undefined) ?? new VirtualClock(START);
  const am = await Alertmanager.open({
    externalUrl: 'http://prunella.test',
    random: () => 0.5,
    ...options,
    clock,
  });
  await am.apply(loadConfig(config, 'alertmanager.yml'));
  const told: string[] = [];
  const messages: Message[] = [];
  const notified: NotifiedEvent[] = [];
  am.onNotified((event) => notified.push(event));
  am.onMessage((message) => {
    messages.push(message);
    const names = message.alerts.map(
      (a) => (a.status === 'firing' ? '' : '-') + (a.labels['alertname'] ?? ''),
    );
    told.push(`${(clock.now() - START) / 1000} ${message.receiver} ${message.status} ${names.join(',')}`);
  });
  am.start();
  const fire = async (labels: Record<string, string>, firing: Firing = {}): Promise<void> => {
    const { annotations = {}, startsAt = clock.now(), endsAt } = firing;
    const faults = await am.post([
      {
        labels: Labels.from(labels),
        annotations: Labels.from(annotations),
        startsAt,
        ...(endsAt !== undefined && { endsAt }),
      },
    ]);
    if (faults.length > 0) throw new Error(faults.join());
  };
  return {
    clock,
    am,
    told,
    messages,
    notified,
    fire: (labels, firing) => fire(labels, { endsAt: clock.now() + 86_400_000, ...firing }),
    resolve: (labels) => {
      const known = [...am.alerts()].find((alert) => alert.labels.equals(Labels.from(labels)));
      return fire(labels, { startsAt: known?.startsAt ?? clock.now(), endsAt: clock.now() });
    },
    at: (seconds) => clock.advance(START + seconds * 1000 - clock.now()),
  };
}
