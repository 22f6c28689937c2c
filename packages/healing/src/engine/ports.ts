/** What healing needs of the rest of the process. The command wires it; tests hand in their own. */
import type { Labels } from '@prunella/metrics';
import type { LogLine, Workload, WorkloadListener } from '@prunella/workloads';
import type { AlertExpression } from '../alert/alert.ts';
import type { Incident } from '../incident/incident.ts';

/** What can be acted on: `Workloads` fits. */
export interface WorkloadsPort {
  list(): Promise<Workload[]>;
  logs(name: string, tail: number): Promise<LogLine[]>;
  restart(service: string): Promise<void>;
  scale(service: string, replicas: number): Promise<void>;
  onEvent(listener: WorkloadListener): () => void;
}

/** The answer to an instant query: `QueryResult` of `@prunella/promql` fits. */
export interface QueryAnswer {
  readonly value:
    | {
        readonly type: 'vector';
        readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
      }
    | { readonly type: 'scalar'; readonly value: number }
    | { readonly type: 'string'; readonly value: string }
    | { readonly type: 'matrix'; readonly series: unknown };
}

/** Evaluates `expr` at `time` (ms). Rejects when it cannot be told, for whatever reason. */
export type QueryPort = (expr: string, time: number) => Promise<QueryAnswer>;

/** The rule behind an alert's labels; undefined where none is known. `generatorURL` is the alert's own hint. */
export type ExpressionPort = (
  labels: Labels,
  generatorURL?: string,
) => AlertExpression | undefined | Promise<AlertExpression | undefined>;

/** For a person. Plain text. */
export interface HealingMessage {
  readonly title: string;
  readonly text: string;
  readonly incident: Incident;
}

/** Resolves when the receiver has taken it. */
export type NotifyPort = (receiver: string, message: HealingMessage) => Promise<void>;

/** @returns the status of the answer */
export type HttpPort = (request: {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  /** ms */
  readonly timeout: number;
}) => Promise<number>;

export const fetchPort: HttpPort = async ({ method, url, body, timeout }) => {
  const json = body !== undefined && /^\s*[[{]/.test(body);
  const response = await fetch(url, {
    method,
    // A redirect would carry the request to where nobody sent it.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
    ...(body !== undefined && { body }),
    ...(json && { headers: { 'Content-Type': 'application/json' } }),
  });
  await response.arrayBuffer();
  return response.status;
};
