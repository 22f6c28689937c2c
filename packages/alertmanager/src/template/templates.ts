import { alertmanagerFunctions, fn, Template } from '@prunella/gotemplate';
import { DEFAULT_TEMPLATES } from './defaults.ts';
import type { TemplateData } from './data.ts';
import { templateValue, type DataValue } from './values.ts';

/** Expands the templates of receivers. */
export interface Templates {
  /** Go's text/template. @throws Error with the place of the fault */
  text(template: string, data: TemplateData): string;
  /** Go's html/template: what comes from data is escaped for where it stands. */
  html(template: string, data: TemplateData): string;
}

/** Templates written inline are few; a URL read from a file may change without end. */
const CACHED = 1000;

/** Our default templates, and over them those of the user's files. */
export class TemplateSet implements Templates {
  readonly #base: Template;
  readonly #inline = new Map<string, Template>();
  /** Receivers expand many templates against one message. */
  readonly #values = new WeakMap<TemplateData, DataValue>();
  /** The message that is being written: templates inside templates see only their own dot. */
  #current: DataValue | undefined;

  /** @param now ms */
  constructor(now: () => number) {
    this.#base = new Template('', { missingKey: 'zero' }).funcs({
      ...alertmanagerFunctions(now),
      routeLabels: fn('', () => this.#current?.RouteLabels),
    });
    this.#base.parse(DEFAULT_TEMPLATES, 'default.tmpl');
  }

  /** Adds a file's definitions. @throws TemplateError */
  add(name: string, text: string): void {
    this.#base.parse(text, name);
  }

  text(template: string, data: TemplateData): string {
    if (!template.includes('{{')) return template;
    return this.#parsed(template).execute(this.#begin(data));
  }

  html(template: string, data: TemplateData): string {
    if (!template.includes('{{')) return template;
    return this.#parsed(template).executeHtml(this.#begin(data));
  }

  #parsed(text: string): Template {
    const known = this.#inline.get(text);
    if (known) return known;
    if (this.#inline.size >= CACHED) this.#inline.clear();
    const template = this.#base.clone().parse(text);
    this.#inline.set(text, template);
    return template;
  }

  #begin(data: TemplateData): DataValue {
    let value = this.#values.get(data);
    if (!value) this.#values.set(data, (value = templateValue(data)));
    this.#current = value;
    return value;
  }
}
