import type { TemplateData } from './data.ts';

/** Expands the templates of receivers. */
export interface Templates {
  /** Go's text/template. @throws Error with the place of the fault */
  text(template: string, data: TemplateData): string;
  /** Go's html/template: what comes from data is escaped for where it stands. */
  html(template: string, data: TemplateData): string;
}
