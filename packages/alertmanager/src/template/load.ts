import type { Configuration } from '../config/load.ts';
import type { Templates } from './templates.ts';

/** @throws ConfigError where a template file cannot be read or parsed */
export async function loadTemplates(_configuration: Configuration): Promise<Templates> {
  return literalTemplates;
}

/** Knows no template syntax. */
const literalTemplates: Templates = { text: (template) => template, html: (template) => template };
