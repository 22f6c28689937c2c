import { Gauge, type Registry } from 'prom-client';

const KINDS = ['latency', 'errors', 'crash', 'leak'] as const;
export type FaultKind = (typeof KINDS)[number];

export interface ActiveFault {
  readonly kind: FaultKind;
  readonly endsAt: string;
  readonly ms?: number;
  readonly rate?: number;
  readonly mb?: number;
}

/** An error that was asked for; answered with 500 like one that nobody foresaw. */
export class InjectedError extends Error {
  override name = 'InjectedError';
}

const LEAK_STEP_MS = 250;

/**
 * Trouble on demand, for demonstrations: this is what alerts are tried with. It lives in memory only, so a restart
 * mends it, as it does most real trouble of this kind.
 */
export class Faults {
  readonly #active = new Map<FaultKind, { readonly fault: ActiveFault; readonly end: () => void }>();
  readonly #crash: () => void;
  readonly #gauge: Gauge<'kind'>;

  /** @param crash ends the process as a bug would */
  constructor(options: { registry: Registry; crash: () => void }) {
    this.#crash = options.crash;
    this.#gauge = new Gauge({
      name: 'shop_fault_active',
      help: 'Whether a fault of this kind is injected at the moment.',
      labelNames: ['kind'],
      registers: [options.registry],
    });
    for (const kind of KINDS) this.#gauge.set({ kind }, 0);
  }

  /** Every answer takes `ms` longer. */
  latency(ms: number, seconds: number): ActiveFault {
    return this.#begin('latency', seconds, { ms });
  }

  /** @param rate of requests that fail, 0 to 1 */
  errors(rate: number, seconds: number): ActiveFault {
    return this.#begin('errors', seconds, { rate });
  }

  /** Memory that nobody needs grows to `mb` in the time given and stays. */
  leak(mb: number, seconds: number): ActiveFault {
    const steps = Math.max(1, Math.floor((seconds * 1000) / LEAK_STEP_MS / 2));
    const kept: Buffer[] = [];
    const timer = setInterval(() => {
      if (kept.length < steps) kept.push(Buffer.alloc(Math.ceil((mb * 1_048_576) / steps), 1));
    }, LEAK_STEP_MS);
    return this.#begin('leak', seconds, { mb }, () => {
      clearInterval(timer);
      kept.length = 0;
    });
  }

  crash(afterMs: number): ActiveFault {
    const timer = setTimeout(this.#crash, afterMs);
    return this.#begin('crash', 60, {}, () => clearTimeout(timer));
  }

  list(): ActiveFault[] {
    return [...this.#active.values()].map(({ fault }) => fault);
  }

  clear(): void {
    for (const kind of KINDS) this.#end(kind);
  }

  /** What a request waits for. */
  async delay(): Promise<void> {
    const latency = this.#active.get('latency')?.fault.ms;
    if (latency !== undefined) await new Promise((resolve) => setTimeout(resolve, latency));
  }

  /** @throws InjectedError */
  fail(): void {
    const rate = this.#active.get('errors')?.fault.rate;
    if (rate !== undefined && Math.random() < rate) throw new InjectedError('Injected error');
  }

  #begin(
    kind: FaultKind,
    seconds: number,
    details: Partial<ActiveFault>,
    undo = (): void => {},
  ): ActiveFault {
    this.#end(kind);
    const endsAt = new Date(performance.timeOrigin + performance.now() + seconds * 1000).toISOString();
    const fault: ActiveFault = { kind, endsAt, ...details };
    const timer = setTimeout(() => this.#end(kind), seconds * 1000);
    timer.unref();
    this.#active.set(kind, {
      fault,
      end: () => {
        clearTimeout(timer);
        undo();
      },
    });
    this.#gauge.set({ kind }, 1);
    return fault;
  }

  #end(kind: FaultKind): void {
    this.#active.get(kind)?.end();
    this.#active.delete(kind);
    this.#gauge.set({ kind }, 0);
  }
}
