import { formatDuration } from '@prunella/metrics';
import { printYaml, Secret } from '@prunella/metrics/config';

import { ROOT_DEFAULTS } from '../route.ts';

type Json = Record<string, unknown>;

/**
 * The configuration as `/api/v2/status` shows it: the file's own values, the global and route defaults, and
 * `<secret>` for what the schemas took as a secret. amtool parses it again.
 */
export function originalConfig(raw: unknown, validated: unknown): string {
  const file = hideSecrets(raw, validated) as Json;
  const global = {
    resolve_timeout: '5m',
    smtp_hello: 'localhost',
    smtp_require_tls: true,
    ...asObject(file['global']),
  };
  const route = {
    ...asObject(file['route']),
    group_wait: asObject(file['route'])['group_wait'] ?? formatDuration(ROOT_DEFAULTS.groupWait),
    group_interval: asObject(file['route'])['group_interval'] ?? formatDuration(ROOT_DEFAULTS.groupInterval),
    repeat_interval:
      asObject(file['route'])['repeat_interval'] ?? formatDuration(ROOT_DEFAULTS.repeatInterval),
  };
  return printYaml({ ...file, global, route });
}

function asObject(value: unknown): Json {
  return value !== null && typeof value === 'object' ? (value as Json) : {};
}

/** Walks the file and what became of it side by side. */
function hideSecrets(raw: unknown, validated: unknown): unknown {
  if (validated instanceof Secret) return validated.toString();
  if (Array.isArray(raw)) {
    return Array.isArray(validated) ? raw.map((item, i) => hideSecrets(item, validated[i])) : raw;
  }
  if (raw === null || typeof raw !== 'object') return raw;
  const known = asObject(validated);
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, hideSecrets(value, known[key])]));
}
