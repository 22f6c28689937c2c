import { parse, stringify } from 'yaml';

/** Plain values of one YAML document. @throws Error where it is malformed */
export function readYaml(text: string): unknown {
  return parse(text, { merge: true });
}

/** A YAML document of plain values; long strings are not folded. */
export function printYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}
