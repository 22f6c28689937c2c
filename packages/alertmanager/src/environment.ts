import { formatDuration } from '@prunella/metrics';
import { printYaml } from '@prunella/metrics/config';

/** The environment's variables as the configuration that they stand for. */
export interface EnvironmentForm {
  /** alertmanager.yml */
  readonly alertmanager: string;
  /** A rule file. */
  readonly rules: string;
  /** What could not be read as it was meant, or is missing; a sentence each. */
  readonly warnings: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

const NAMES = [
  'CHECK_INTERVAL',
  'ALERT_COOLDOWN',
  'BUFFER_TIMEOUT',
  'CPU_THRESHOLD',
  'MEMORY_THRESHOLD',
  'RESPONSE_TIME_THRESHOLD',
  'SENDER_EMAIL',
  'RECIPIENT_EMAILS',
] as const;

/** Relative to the configuration's folder. */
const ALERT_LOG = 'logs/container_alerts.log';

/**
 * Rules and routes from `CPU_THRESHOLD`, `BUFFER_TIMEOUT` and so on: thresholds become rules, `BUFFER_TIMEOUT` the wait
 * before a group's first message, `ALERT_COOLDOWN` the time between its messages, `CHECK_INTERVAL` how often the alert log
 * is read. What is critical waits for nothing.
 * @returns undefined where none of the variables is set
 */
export function environmentForm(env: Env): EnvironmentForm | undefined {
  if (NAMES.every((name) => read(env, name) === '')) return undefined;
  const warnings: string[] = [];
  const number = (name: (typeof NAMES)[number], fallback: number): number => {
    const text = read(env, name);
    const value = Number(text);
    if (text !== '' && Number.isFinite(value) && value >= 0) return value;
    if (text !== '') warnings.push(`${name}: not a number: ${JSON.stringify(text)}; ${fallback} is used`);
    return fallback;
  };
  const mail = mailReceiver(env, warnings);
  return {
    alertmanager: printYaml(
      routes({
        wait: number('BUFFER_TIMEOUT', 60),
        cooldown: number('ALERT_COOLDOWN', 300),
        check: number('CHECK_INTERVAL', 30),
        receiver: { name: 'alerts', inbox_configs: [{}], ...mail },
      }),
    ),
    rules: printYaml(
      rules({
        cpu: number('CPU_THRESHOLD', 40),
        memory: number('MEMORY_THRESHOLD', 50),
        responseTime: number('RESPONSE_TIME_THRESHOLD', 1000),
      }),
    ),
    warnings,
  };
}

/** Compose's list form `- CPU_THRESHOLD="40"` keeps the quotes: one pair of matching ones is taken off. */
function read(env: Env, name: string): string {
  const value = (env[name] ?? '').trim();
  return /^(["'])(.*)\1$/s.exec(value)?.[2]?.trim() ?? value;
}

function mailReceiver(env: Env, warnings: string[]): object {
  const sender = read(env, 'SENDER_EMAIL');
  const recipients = read(env, 'RECIPIENT_EMAILS');
  const missing = [
    ...(sender === '' ? ['SENDER_EMAIL'] : []),
    ...(recipients === '' ? ['RECIPIENT_EMAILS'] : []),
    ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].filter(
      (name) => read(env, name) === '' && read(env, `${name}_FILE`) === '',
    ),
  ];
  if (missing.length > 0) {
    warnings.push(
      `mail through SES is off, because ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not set`,
    );
    return {};
  }
  const secret = (key: string, name: string): object => {
    const file = read(env, `${name}_FILE`);
    return file === '' ? { [`${key}_env`]: name } : { [`${key}_file`]: file };
  };
  return {
    ses_configs: [
      {
        region: read(env, 'AWS_REGION') || 'us-east-1',
        ...secret('access_key', 'AWS_ACCESS_KEY_ID'),
        ...secret('secret_key', 'AWS_SECRET_ACCESS_KEY'),
        from: sender,
        to: recipients,
        ...(read(env, 'SES_API_URL') !== '' && { api_url: read(env, 'SES_API_URL') }),
      },
    ],
  };
}

interface RouteValues {
  /** seconds */
  readonly wait: number;
  readonly cooldown: number;
  readonly check: number;
  readonly receiver: { readonly name: string; readonly [configs: `${string}_configs`]: readonly object[] };
}

function routes({ wait, cooldown, check, receiver }: RouteValues): object {
  const seconds = (value: number): string => formatDuration(Math.round(value * 1000));
  const pause = seconds(Math.max(cooldown, 0.001));
  return {
    route: {
      receiver: receiver.name,
      // Similar alerts, of whatever container, are one message.
      group_by: ['alertname'],
      group_wait: seconds(wait),
      group_interval: pause,
      repeat_interval: pause,
      routes: [{ matchers: ['severity="critical"'], group_by: ['...'], group_wait: '0s' }],
    },
    receivers: [receiver],
    alert_logs: [{ path: ALERT_LOG, interval: seconds(Math.max(check, 0.001)), hold: pause }],
  };
}

interface Thresholds {
  readonly cpu: number;
  readonly memory: number;
  /** ms */
  readonly responseTime: number;
}

const CPU = 'round(100 * sum without (cpu) (rate(container_cpu_usage_seconds_total{name!=""}[1m])), 0.01)';
const LIMIT = '(container_spec_memory_limit_bytes{name!=""} > 0)';
const USED = 'container_memory_working_set_bytes{name!=""}';
const MEMORY = `round(100 * (${USED} / ${LIMIT} or (${USED} unless ${LIMIT}) / on (host) group_left () max by (host) (node_memory_MemTotal_bytes)), 0.01)`;

function rules({ cpu, memory, responseTime }: Thresholds): object {
  const warning = (alert: string, expr: string, threshold: number, metric: string, unit: string): object => ({
    alert,
    expr: `${expr} > ${threshold}`,
    labels: { severity: 'warning' },
    annotations: {
      summary: `{{ or $labels.name $labels.instance }}: ${metric} is above ${threshold} ${unit}`,
      description: `{{ or $labels.name $labels.instance }}: ${metric} is {{ $value | printf "%.1f" }} ${unit}; ${threshold} ${unit} are allowed.`,
      metric,
      value: '{{ $value | printf "%.1f" }}',
      threshold: String(threshold),
    },
  });
  const critical = (alert: string, expr: string, what: string): object => ({
    alert,
    expr,
    labels: { severity: 'critical' },
    annotations: {
      summary: `{{ or $labels.name $labels.instance }} ${what}`,
      metric: 'health',
      value: '0',
      threshold: '1',
    },
  });
  return {
    groups: [
      {
        name: 'environment',
        rules: [
          warning('HighCPU', CPU, cpu, 'cpu', '%'),
          warning('HighMemory', MEMORY, memory, 'memory', '%'),
          warning('SlowResponse', '1000 * probe_duration_seconds', responseTime, 'response_time', 'ms'),
          critical('HealthCheckFailed', 'probe_success == 0', 'fails its health check'),
          critical('ContainerDown', 'prunella_workload_up == 0', 'is down'),
        ],
      },
    ],
  };
}
