/** A Prometheus elsewhere, as far as healing needs it: it evaluates expressions and knows its alerting rules. */
import type { AlertExpression, QueryAnswer } from '@prunella/healing';
import { Labels, parseFloatGo, systemClock, type Clock } from '@prunella/metrics';
import type { HttpClient } from '@prunella/metrics/http';
import * as v from 'valibot';

const TIMEOUT_MS = 30_000;
const MOST_BYTES = 32 * 1024 * 1024;
const RULES_AGE_MS = 30_000;

const value = v.pipe(
  v.tuple([v.number(), v.string()]),
  v.transform(([, text]) => parseFloatGo(text) ?? NaN),
);

const labels = v.pipe(
  v.record(v.string(), v.string()),
  v.transform((object) => Labels.from(object)),
);

const vector = v.pipe(
  v.object({ resultType: v.literal('vector'), result: v.array(v.object({ metric: labels, value })) }),
  v.transform(({ result }) => ({
    type: 'vector' as const,
    samples: result.map((sample) => ({ labels: sample.metric, value: sample.value })),
  })),
);

const scalar = v.pipe(
  v.object({ resultType: v.literal('scalar'), result: value }),
  v.transform(({ result }) => ({ type: 'scalar' as const, value: result })),
);

const matrix = v.pipe(
  v.object({ resultType: v.literal('matrix'), result: v.array(v.unknown()) }),
  v.transform(({ result }) => ({ type: 'matrix' as const, series: result })),
);

const queryData = v.union([vector, scalar, matrix]);

const ruleSchema = v.object({
  type: v.string(),
  name: v.string(),
  query: v.string(),
  labels: v.optional(v.record(v.string(), v.string()), {}),
});

const rulesData = v.object({ groups: v.array(v.object({ rules: v.array(ruleSchema) })) });

type Rule = v.InferOutput<typeof ruleSchema>;

/** Speaks Prometheus's HTTP API at a base address. */
export class RemotePrometheus {
  readonly #url: string;
  readonly #client: HttpClient;
  readonly #clock: Clock;
  #rules: { time: number; answer: Promise<Rule[]> } | undefined;

  /** @param url e.g. `http://127.0.0.1:9090`, without `/api/v1` */
  constructor(url: string, client: HttpClient, clock: Clock = systemClock) {
    this.#url = url.replace(/\/+$/, '');
    this.#client = client;
    this.#clock = clock;
  }

  /** An instant query. Rejects with Prometheus's own message. */
  async query(expr: string, time: number): Promise<QueryAnswer> {
    const parameters = new URLSearchParams({ query: expr, time: String(time / 1000) });
    return { value: await this.#get(`query?${parameters.toString()}`, queryData) };
  }

  /** The rule that an alert comes from, by name and fixed labels; else what the alert's own link says. */
  async expressionOf(alert: Labels, generatorURL?: string): Promise<AlertExpression | undefined> {
    const rules = (await this.#alertingRules()).filter((rule) => rule.name === alert.get('alertname'));
    const rule = rules.find((each) => agrees(each, alert)) ?? rules[0];
    if (rule) return { expr: rule.query, ruleLabels: Object.keys(rule.labels) };
    const expr =
      generatorURL && URL.canParse(generatorURL) && new URL(generatorURL).searchParams.get('g0.expr');
    return expr ? { expr } : undefined;
  }

  #alertingRules(): Promise<Rule[]> {
    const now = this.#clock.now();
    if (!this.#rules || now - this.#rules.time > RULES_AGE_MS) {
      const answer = this.#get('rules?type=alert', rulesData).then(({ groups }) =>
        groups.flatMap((group) => group.rules),
      );
      // What failed is asked again the next time.
      answer.catch(() => (this.#rules = undefined));
      this.#rules = { time: now, answer };
    }
    return this.#rules.answer;
  }

  async #get<T>(path: string, schema: v.GenericSchema<unknown, T>): Promise<T> {
    const url = `${this.#url}/api/v1/${path}`;
    const { status, body } = await this.#client.request({ url, timeoutMs: TIMEOUT_MS, maxBytes: MOST_BYTES });
    let answer: { status?: string; error?: string; data?: unknown };
    try {
      answer = JSON.parse(Buffer.from(body).toString('utf8')) as typeof answer;
    } catch {
      throw new Error(`${this.#url} answered ${status}, and not in JSON`);
    }
    if (answer.status !== 'success') throw new Error(answer.error ?? `${this.#url} answered ${status}`);
    return v.parse(schema, answer.data);
  }
}

/** A label with a template in it may have become anything. */
function agrees(rule: Rule, alert: Labels): boolean {
  return Object.entries(rule.labels).every(([name, text]) => text.includes('{{') || alert.get(name) === text);
}
