import {
  prometheusFunctions,
  querySample,
  StringMap,
  Template,
  type FuncMap,
  type GoValue,
} from '@prunella/gotemplate';
import { parseDuration, type FloatHistogram, type Labels } from '@prunella/metrics';
import type { QueryResult } from '@prunella/promql';

/** Runs an instant query. `time` is ms. */
export type Query = (expr: string, time: number, signal?: AbortSignal) => Promise<QueryResult>;

/** What a label or annotation template of an alert is expanded with. */
export interface TemplateContext {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: FloatHistogram | undefined;
  readonly externalLabels: Labels;
  readonly externalURL: string;
  /** Evaluation time, ms. */
  readonly time: number;
  readonly query: Query;
}

const VARIABLES =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

/** Go prints the type of a template's data where a field is missing. */
const DATA_TYPE =
  'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }';

/** Labels and annotations of one rule as templates, parsed once. Expanding never fails: the text then holds the error. */
export class RuleTemplates {
  readonly #alertname: string;
  readonly #templates = new Map<string, Template | Error>();
  readonly #onFailure: () => void;

  constructor(alertname: string, onFailure: () => void = () => {}) {
    this.#alertname = alertname;
    this.#onFailure = onFailure;
  }

  async expand(text: string, context: TemplateContext): Promise<string> {
    if (!text.includes('{{')) return text;
    const name = templateName(this.#alertname);
    const template = this.#template(text);
    if (template instanceof Error) {
      this.#onFailure();
      return `<error expanding template: error parsing template ${name}: ${template.message}>`;
    }
    try {
      return await template.executeAsync(templateData(context), (ask) => functions(context, ask));
    } catch (error) {
      this.#onFailure();
      return `<error expanding template: error executing template ${name}: ${(error as Error).message}>`;
    }
  }

  #template(text: string): Template | Error {
    let template = this.#templates.get(text);
    if (template === undefined) {
      template = parseAlertTemplate(this.#alertname, text);
      this.#templates.set(text, template);
    }
    return template;
  }
}

/** What is wrong with a template's syntax; undefined where nothing is. */
export function templateProblem(alertname: string, text: string): string | undefined {
  const template = parseAlertTemplate(alertname, text);
  return template instanceof Error ? template.message : undefined;
}

const templateName = (alertname: string): string => `__alert_${alertname}`;

function parseAlertTemplate(alertname: string, text: string): Template | Error {
  const known = prometheusFunctions({ externalURL: '', now: 0, parseDuration });
  try {
    return new Template(templateName(alertname), { missingKey: 'zero' }).funcs(known).parse(VARIABLES + text);
  } catch (error) {
    return error as Error;
  }
}

function templateData(context: TemplateContext): object {
  const { labels, externalLabels, externalURL, value, histogram } = context;
  return {
    goType: DATA_TYPE,
    Labels: StringMap.fromObject(labels.toObject()),
    ExternalLabels: StringMap.fromObject(externalLabels.toObject()),
    ExternalURL: externalURL,
    Value: histogram ? { Count: histogram.count, Sum: histogram.sum } : value,
  };
}

function functions(
  context: TemplateContext,
  ask: (key: string, start: () => Promise<GoValue>) => GoValue,
): FuncMap {
  return prometheusFunctions({
    externalURL: context.externalURL,
    now: context.time,
    parseDuration,
    query: (expr) => ask(expr, async () => querySamples(await context.query(expr, context.time))),
  });
}

function querySamples(result: QueryResult): GoValue {
  const { value } = result;
  switch (value.type) {
    case 'vector':
      return value.samples.map((sample) => querySample(sample.labels.toObject(), sample.value));
    case 'scalar':
      return [querySample({}, value.value)];
    case 'string':
      return [querySample({ __value__: value.value }, 0)];
    case 'matrix':
      throw new Error('query result is not a vector or scalar');
  }
}
