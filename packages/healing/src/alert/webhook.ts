/** Alertmanager's webhook body, or as little of it as `{"alerts":[{"labels":{"alertname":"X"}}]}`. */
import { Labels } from '@prunella/metrics';
import * as v from 'valibot';
import type { HealingAlert } from './alert.ts';
import { fingerprintOf } from './fingerprint.ts';

export class WebhookError extends Error {
  override name = 'WebhookError';
}

const text = v.record(v.string(), v.string());

const instant = v.pipe(
  v.string(),
  v.check((value) => !Number.isNaN(Date.parse(value)), 'not a time'),
  v.transform((value) => Date.parse(value)),
);

const status = v.picklist(['firing', 'resolved']);

const alertSchema = v.object({
  status: v.optional(status),
  labels: v.pipe(
    text,
    v.check((labels) => Object.keys(labels).length > 0, 'an alert needs at least one label'),
  ),
  annotations: v.nullish(text, {}),
  startsAt: v.nullish(instant),
  endsAt: v.nullish(instant),
  generatorURL: v.nullish(v.string()),
  fingerprint: v.nullish(v.pipe(v.string(), v.regex(/^[0-9a-f]{1,16}$/, 'not a fingerprint'))),
});

const bodySchema = v.object({
  status: v.optional(status),
  alerts: v.pipe(v.array(alertSchema), v.maxLength(10_000, 'too many alerts')),
});

/** @throws WebhookError that says what is wrong with the body */
export function parseWebhook(body: unknown, now: number): HealingAlert[] {
  const result = v.safeParse(bodySchema, body);
  if (!result.success) {
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw new WebhookError(
      `not an Alertmanager webhook body: ${path === null ? '' : `${path}: `}${issue.message}`,
    );
  }
  return result.output.alerts.map((alert) => toAlert(alert, result.output.status, now));
}

function toAlert(
  alert: v.InferOutput<typeof alertSchema>,
  group: HealingAlert['status'] | undefined,
  now: number,
): HealingAlert {
  const labels = Labels.from(alert.labels);
  // Alertmanager writes the year 1 for "has not ended".
  const endsAt = alert.endsAt != null && alert.endsAt > 0 ? alert.endsAt : undefined;
  const ended = endsAt !== undefined && endsAt <= now;
  return {
    labels,
    annotations: Labels.from(alert.annotations ?? {}),
    // A group counts as firing while one of its alerts does, so that only its end says something of each.
    status: alert.status ?? (ended || group === 'resolved' ? 'resolved' : 'firing'),
    fingerprint: alert.fingerprint?.padStart(16, '0') ?? fingerprintOf(labels),
    startsAt: alert.startsAt ?? now,
    ...(endsAt !== undefined && { endsAt }),
    ...(alert.generatorURL != null && { generatorURL: alert.generatorURL }),
    ...(alert.startsAt == null && { simulated: true }),
  };
}
