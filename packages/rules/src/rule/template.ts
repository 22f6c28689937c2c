import {
  Answers,
  prometheusFunctions,
  querySample,
  StringMap,
  Template,
  type FuncMap,
  type GoValue,
} from '@prunella/gotemplate';
import { parseDuration, type Labels } from '@prunella/metrics';
import type { QueryResult, VectorSample } from '@prunella/promql';

/** Runs an instant query. `time` is ms. */
export type Query = (expr: string, time: number, signal?: AbortSignal) => Promise<QueryResult>;

/** What all alerts of one evaluation share. */
export interface TemplateContext {
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

/** Labels and annotations of one rule as templates, parsed once. */
export class RuleTemplates {
  readonly #alertname: string;
  readonly #parsed = new Map<string, Template | Error>();
  readonly #onFailure: () => void;

  constructor(alertname: string, onFailure: () => void = () => {}) {
    this.#alertname = alertname;
    this.#onFailure = onFailure;
  }

  /** For one evaluation. */
  at(context: TemplateContext): Expander {
    return new Expander(this.#alertname, (text) => this.#template(text), context, this.#onFailure);
  }

  #template(text: string): Template | Error {
    let template = this.#parsed.get(text);
    if (template === undefined) {
      template = parseAlertTemplate(this.#alertname, text);
      this.#parsed.set(text, template);
    }
    return template;
  }
}

/** Expands templates for the samples of one evaluation, which share the answers of `query`. */
export class Expander {
  readonly #alertname: string;
  readonly #parse: (text: string) => Template | Error;
  readonly #context: TemplateContext;
  readonly #onFailure: () => void;
  readonly #answers = new Answers();
  readonly #bound = new Map<string, Template | Error>();
  readonly #externalLabels: StringMap;
  #functions: FuncMap | undefined;

  constructor(
    alertname: string,
    parse: (text: string) => Template | Error,
    context: TemplateContext,
    onFailure: () => void,
  ) {
    this.#alertname = alertname;
    this.#parse = parse;
    this.#context = context;
    this.#onFailure = onFailure;
    this.#externalLabels = new StringMap(context.externalLabels);
  }

  /** Expands all of them for one sample. Never fails: a text then holds the error. */
  async expand(
    texts: Readonly<Record<string, string>>,
    sample: VectorSample,
  ): Promise<Record<string, string>> {
    const expanded: Record<string, string> = {};
    let data: object | undefined;
    for (const [name, text] of Object.entries(texts)) {
      if (!text.includes('{{')) expanded[name] = text;
      else expanded[name] = await this.#expand(text, (data ??= this.#data(sample)));
    }
    return expanded;
  }

  async #expand(text: string, data: object): Promise<string> {
    const name = templateName(this.#alertname);
    const template = this.#template(text);
    if (template instanceof Error) {
      this.#onFailure();
      return `<error expanding template: error parsing template ${name}: ${template.message}>`;
    }
    try {
      return await template.executeAsync(data, this.#answers);
    } catch (error) {
      this.#onFailure();
      return `<error expanding template: error executing template ${name}: ${(error as Error).message}>`;
    }
  }

  /** The template with the functions of this evaluation. */
  #template(text: string): Template | Error {
    let bound = this.#bound.get(text);
    if (bound === undefined) {
      const parsed = this.#parse(text);
      this.#functions ??= this.#createFunctions();
      bound = parsed instanceof Error ? parsed : parsed.clone().funcs(this.#functions);
      this.#bound.set(text, bound);
    }
    return bound;
  }

  #createFunctions(): FuncMap {
    const { externalURL, time, query } = this.#context;
    return prometheusFunctions({
      externalURL,
      now: time,
      parseDuration,
      query: (expr) => this.#answers.ask(expr, async () => querySamples(await query(expr, time))),
    });
  }

  #data({ labels, value, histogram }: VectorSample): object {
    return {
      goType: DATA_TYPE,
      Labels: new StringMap(labels),
      ExternalLabels: this.#externalLabels,
      ExternalURL: this.#context.externalURL,
      Value: histogram ? { Count: histogram.count, Sum: histogram.sum } : value,
    };
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
