import { formatFloat } from '@prunella/metrics';

export type LabelValues = Readonly<Record<string, string>>;
type FamilyType = 'counter' | 'gauge' | 'histogram' | 'untyped';

/** Collects metric families and prints them in the text format 0.0.4, families in the order of their first mention. */
export class Exposition {
  readonly #families = new Map<string, { header: string; lines: string[] }>();

  counter(name: string, help: string, value: number, labels?: LabelValues): void {
    this.#add('counter', name, help, value, labels);
  }

  gauge(name: string, help: string, value: number, labels?: LabelValues): void {
    this.#add('gauge', name, help, value, labels);
  }

  untyped(name: string, help: string, value: number, labels?: LabelValues): void {
    this.#add('untyped', name, help, value, labels);
  }

  /** Takes over another exposition's families. */
  append(other: Exposition): void {
    for (const [name, family] of other.#families) {
      const own = this.#families.get(name);
      if (own) own.lines.push(...family.lines);
      else this.#families.set(name, family);
    }
  }

  #add(type: FamilyType, name: string, help: string, value: number, labels: LabelValues = {}): void {
    // A field that a kernel or server does not know parses to NaN: no sample is better than a wrong one.
    if (Number.isNaN(value)) return;
    let family = this.#families.get(name);
    if (!family) {
      family = { header: `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`, lines: [] };
      this.#families.set(name, family);
    }
    family.lines.push(`${name}${formatLabels(labels)} ${formatFloat(value)}\n`);
  }

  toString(): string {
    let text = '';
    for (const { header, lines } of this.#families.values()) text += header + lines.join('');
    return text;
  }
}

function formatLabels(labels: LabelValues): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
