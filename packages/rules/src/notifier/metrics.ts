import { Counter, Gauge, Summary, type Registry } from 'prom-client';

/** The metrics of sending alerts, under Prometheus's names. */
export interface NotifierMetrics {
  readonly latency: Summary<'alertmanager'>;
  readonly sent: Counter<'alertmanager'>;
  readonly errors: Counter<'alertmanager'>;
  readonly dropped: Counter;
}

/** @param state is asked when the metrics are read */
export function createNotifierMetrics(
  registry: Registry,
  capacity: number,
  state: () => { readonly queued: number; readonly alertmanagers: number },
): NotifierMetrics {
  const registers = [registry];
  const labelNames = ['alertmanager'] as const;
  const name = (suffix: string): string => `prometheus_notifications_${suffix}`;
  new Gauge({
    name: name('queue_capacity'),
    help: 'The capacity of the alert notifications queue.',
    registers,
  }).set(capacity);
  new Gauge({
    name: name('queue_length'),
    help: 'The number of alert notifications in the queue.',
    registers,
    collect() {
      this.set(state().queued);
    },
  });
  new Gauge({
    name: name('alertmanagers_discovered'),
    help: 'The number of Alertmanagers discovered and active.',
    registers,
    collect() {
      this.set(state().alertmanagers);
    },
  });
  return {
    latency: new Summary({
      name: name('latency_seconds'),
      help: 'How long sending alerts took.',
      labelNames,
      percentiles: [0.5, 0.9, 0.99],
      maxAgeSeconds: 600,
      ageBuckets: 5,
      registers,
    }),
    sent: new Counter({ name: name('sent_total'), help: 'Alerts sent.', labelNames, registers }),
    errors: new Counter({
      name: name('errors_total'),
      help: 'Alerts whose sending failed.',
      labelNames,
      registers,
    }),
    dropped: new Counter({ name: name('dropped_total'), help: 'Alerts dropped instead of sent.', registers }),
  };
}
