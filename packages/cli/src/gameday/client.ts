/** Game days see Prunella from outside, through its HTTP API, as anybody would. */
import type { Fault, GamedayPorts, ObservedIncident } from '@prunella/healing';
import type { Clock } from '@prunella/metrics';
import type { HttpClient } from '@prunella/metrics/http';
import * as v from 'valibot';
import { RemotePrometheus } from '../bot/prometheus.ts';

const TIMEOUT_MS = 15_000;
const ACTING: ReadonlySet<string> = new Set(['restart', 'scale', 'http']);

const instant = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
);

const incidentSchema = v.object({
  id: v.string(),
  alertname: v.string(),
  target: v.optional(v.string()),
  state: v.string(),
  outcome: v.optional(v.string()),
  detectedAt: instant,
  toldAt: v.optional(instant),
  actedAt: v.optional(instant),
  healedAt: v.optional(instant),
  timeline: v.array(v.object({ step: v.optional(v.object({ kind: v.string(), state: v.string() })) })),
});

const incidentsSchema = v.object({ incidents: v.array(incidentSchema) });

const workloadsSchema = v.array(
  v.object({ name: v.string(), service: v.string(), kind: v.string(), pid: v.optional(v.number()) }),
);

/** @param url where Prunella is, e.g. `http://127.0.0.1:9090` */
export function gamedayPorts(
  url: string,
  client: HttpClient,
  clock: Clock,
  say: (line: string) => void,
): GamedayPorts {
  const base = url.replace(/\/+$/, '');
  const prometheus = new RemotePrometheus(base, client, clock);
  return {
    clock,
    say,
    inject: (fault) => inject(fault, base, client),
    incidents: async () => {
      const { incidents } = await get(client, `${base}/api/prunella/incidents?limit=100`, incidentsSchema);
      return incidents.map(toObserved);
    },
    holds: async (expr) => {
      const { value } = await prometheus.query(expr, clock.now());
      if (value.type !== 'vector') throw new Error(`${expr} gives a ${value.type}, not a vector`);
      return value.samples.length > 0;
    },
  };
}

function toObserved(incident: v.InferOutput<typeof incidentSchema>): ObservedIncident {
  const { state, timeline, target, outcome, toldAt, actedAt, healedAt, ...rest } = incident;
  const steps = timeline.filter(
    ({ step }) => step && ACTING.has(step.kind) && step.state !== 'skipped',
  ).length;
  return {
    ...rest,
    closed: state === 'closed',
    // What its supervisor restarted has an action without a step.
    actions: steps === 0 && actedAt !== undefined ? 1 : steps,
    ...(target !== undefined && { target }),
    ...(outcome !== undefined && { outcome }),
    ...(toldAt !== undefined && { toldAt }),
    ...(actedAt !== undefined && { actedAt }),
    ...(healedAt !== undefined && { healedAt }),
  };
}

async function inject(fault: Fault, base: string, client: HttpClient): Promise<void> {
  if ('http' in fault) {
    const { method, url, body } = fault.http;
    const { status } = await client.request({
      method,
      url,
      timeoutMs: TIMEOUT_MS,
      ...(body !== undefined && { body, headers: { 'Content-Type': 'application/json' } }),
    });
    if (status >= 300) throw new Error(`${method} ${url} answered ${status}`);
    return;
  }
  const { workload: name, signal } = fault.signal;
  const { hostname } = new URL(base);
  // A process id of another machine would hit a stranger on this one.
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new Error(
      `signals can only be sent on the machine that Prunella runs on, not from afar (${hostname})`,
    );
  }
  const workloads = await get(client, `${base}/api/prunella/workloads`, workloadsSchema);
  const found =
    workloads.find((each) => each.name === name) ?? workloads.find((each) => each.service === name);
  if (found?.pid === undefined) throw new Error(`nothing of ${JSON.stringify(name)} runs`);
  process.kill(found.pid, signal);
}

async function get<T>(client: HttpClient, url: string, schema: v.GenericSchema<unknown, T>): Promise<T> {
  const { status, body } = await client.request({ url, timeoutMs: TIMEOUT_MS });
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return v.parse(schema, JSON.parse(Buffer.from(body).toString('utf8')));
}
