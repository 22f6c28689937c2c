import { Counter, Gauge, type Registry } from 'prom-client';
import { isOpen } from '../incident/incident.ts';
import type { IncidentBook } from './book.ts';

/** prunella_healing_*: what healing says of itself. */
export class HealingMetrics {
  readonly #steps: Counter<'kind' | 'result'> | undefined;

  constructor(book: IncidentBook, registry: Registry | undefined) {
    if (!registry) return;
    const registers = [registry];
    this.#steps = new Counter({
      name: 'prunella_healing_steps_total',
      help: 'Steps of runbooks that came to an end.',
      labelNames: ['kind', 'result'],
      registers,
    });
    const incidents = new Counter({
      name: 'prunella_healing_incidents_total',
      help: 'Incidents that were closed.',
      labelNames: ['outcome'],
      registers,
    });
    const closed = new Set<string>();
    book.onChange((incident) => {
      if (isOpen(incident) || closed.has(incident.id)) return;
      closed.add(incident.id);
      incidents.inc({ outcome: incident.outcome ?? 'unknown' });
    });
    const open: Gauge = new Gauge({
      name: 'prunella_healing_open_incidents',
      help: 'Incidents that are not closed.',
      registers,
      collect: () => open.set(book.all().filter(isOpen).length),
    });
  }

  step(kind: string, result: string): void {
    this.#steps?.inc({ kind, result });
  }
}
