import { hostname } from 'node:os';
import type { Clock } from '@prunella/metrics';
import type { Workload } from '@prunella/workloads';
import { describeStep, type CaptureStep, type Step } from '../config/steps.ts';
import type { Evidence, Incident } from '../incident/incident.ts';
import type { HttpPort, QueryPort, WorkloadsPort } from './ports.ts';

/** An action with everything decided: what is written down before it is what is done. */
export type ActionPlan = { readonly text: string; readonly timeout: number } & (
  | { readonly kind: 'restart'; readonly service: string }
  | { readonly kind: 'scale'; readonly service: string; readonly replicas: number }
  | {
      readonly kind: 'http';
      readonly method: string;
      readonly url: string;
      readonly body?: string;
      readonly expect?: number;
    }
);

/** @throws Error where the action would hit nothing, or ourselves */
export async function planAction(
  step: Step,
  incident: Incident,
  workloads: WorkloadsPort,
): Promise<ActionPlan> {
  if (step.kind === 'http') return { ...step, text: describeStep(step) };
  if (step.kind !== 'restart' && step.kind !== 'scale') throw new Error(`${step.kind} is not an action`);
  const service = incident.target;
  if (service === undefined) throw new Error('no target is known');
  const replicas = (await workloads.list()).filter((each) => isOf(each, service));
  if (replicas.length === 0) throw new Error(`there is no service ${JSON.stringify(service)}`);
  if (replicas.some(isOurselves)) throw new Error('Prunella does not act on itself');
  if (step.kind === 'restart')
    return { kind: 'restart', service, timeout: step.timeout, text: `restart ${service}` };
  const wanted = step.replicas ?? Math.max(0, replicas.length + (step.by ?? 0));
  // Never fewer than there are because of `max`: whoever scaled by hand beyond it knew why.
  const count = wanted > replicas.length ? Math.max(replicas.length, Math.min(wanted, step.max)) : wanted;
  return {
    kind: 'scale',
    service,
    replicas: count,
    timeout: step.timeout,
    text: `scale ${service} to ${count}`,
  };
}

export async function act(plan: ActionPlan, workloads: WorkloadsPort, http: HttpPort): Promise<void> {
  switch (plan.kind) {
    case 'restart':
      return workloads.restart(plan.service);
    case 'scale':
      return workloads.scale(plan.service, plan.replicas);
    case 'http': {
      const status = await http(plan);
      const good = plan.expect === undefined ? status >= 200 && status < 300 : status === plan.expect;
      if (!good) throw new Error(`answered ${status}`);
    }
  }
}

/** A target is a service, or one workload by its name: Docker's `flask_api` is a container of the service `api`. */
export function isOf(workload: Workload, target: string): boolean {
  return workload.service === target || workload.name === target;
}

function isOurselves(workload: Workload): boolean {
  // Docker gives a container its short id as host name.
  return workload.pid === process.pid || (workload.id?.startsWith(hostname()) ?? false);
}

const MOST_SAMPLES = 100;

/** What things looked like before anything was changed. What cannot be had says why. */
export async function capture(
  step: CaptureStep,
  incident: Incident,
  parts: { clock: Clock; workloads: WorkloadsPort; query?: QueryPort },
): Promise<Evidence[]> {
  const evidence: Evidence[] = [];
  if (step.logs !== undefined && incident.target !== undefined) {
    evidence.push(await captureLogs(incident.target, step.logs, parts));
  }
  for (const expr of step.query) evidence.push(await captureQuery(expr, parts));
  return evidence;
}

export async function captureLogs(
  name: string,
  tail: number,
  { clock, workloads }: { clock: Clock; workloads: WorkloadsPort },
): Promise<Evidence> {
  const title = `The last ${tail} lines of ${name}`;
  const base = { time: clock.now(), kind: 'log', title } as const;
  try {
    const lines = await workloads.logs(name, tail);
    return {
      ...base,
      text: lines.map((line) => `${new Date(line.time).toISOString()} ${line.text}`).join('\n'),
    };
  } catch (error) {
    return { ...base, text: `not available: ${(error as Error).message}` };
  }
}

async function captureQuery(
  expr: string,
  { clock, query }: { clock: Clock; query?: QueryPort },
): Promise<Evidence> {
  const time = clock.now();
  const base = { time, kind: 'query', title: expr, expr } as const;
  try {
    if (!query) throw new Error('nobody can evaluate an expression');
    const { value } = await query(expr, time);
    if (value.type === 'vector') {
      const samples = value.samples.slice(0, MOST_SAMPLES);
      return {
        ...base,
        samples: samples.map(({ labels, value: number }) => ({
          labels: labels.toObject(),
          value: shown(number),
        })),
      };
    }
    if (value.type === 'matrix') return { ...base, text: 'not shown: a range of samples' };
    return { ...base, text: String(value.value) };
  } catch (error) {
    return { ...base, text: `not available: ${(error as Error).message}` };
  }
}

/** JSON has neither NaN nor infinities. */
function shown(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
