import { formatFloat } from '@prunella/metrics';

export type LabelValues = Readonly<Record<string, string>>;
interface Family {
  readonly header: string;
  /** Series as printed → value. */
  readonly samples: Map<string, number>;
}

type FamilyType = 'counter' | 'gauge' | 'histogram' | 'untyped';

/**
 * Collects metric families and prints them in the text format 0.0.4, families in the order of their first mention. A
 * series that is given twice has the value given last.
 */
export class Exposition {
  readonly #families = new Map<string, Family>();

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
      if (!own) this.#families.set(name, family);
      else for (const [series, value] of family.samples) own.samples.set(series, value);
    }
  }

  #add(type: FamilyType, name: string, help: string, value: number, labels: LabelValues = {}): void {
    // A field that a kernel or server does not know parses to NaN: no sample is better than a wrong one.
    if (Number.isNaN(value)) return;
    let family = this.#families.get(name);
    if (!family) {
      family = { header: `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`, samples: new Map() };
      this.#families.set(name, family);
    }
    family.samples.set(name + formatLabels(labels), value);
  }

  toString(): string {
    let text = '';
    for (const { header, samples } of this.#families.values()) {
      text += header;
      for (const [series, value] of samples) text += `${series} ${formatFloat(value)}\n`;
    }
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
