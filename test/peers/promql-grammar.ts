import { BASE } from './promql-data.ts';
import { FAMILIES, GAUGES, type Family } from './promql-families.ts';
import type { Random } from './promql-random.ts';

const RANGE_FUNCTIONS =
  'rate increase irate delta idelta deriv changes resets avg_over_time min_over_time max_over_time sum_over_time count_over_time stddev_over_time stdvar_over_time last_over_time present_over_time'.split(
    ' ',
  );
const MODERN_RANGE_FUNCTIONS = [
  'mad_over_time',
  'ts_of_max_over_time',
  'ts_of_min_over_time',
  'ts_of_last_over_time',
];
const MATH =
  'abs ceil floor exp sqrt ln log2 log10 sgn deg rad sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh'.split(
    ' ',
  );
const DATES = 'minute hour day_of_week day_of_month day_of_year days_in_month month year timestamp'.split(
  ' ',
);
const AGGREGATIONS = 'sum avg min max count group stddev stdvar'.split(' ');
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
const RANGES = ['1m', '2m', '5m', '5m', '10m', '17m', '30m', '1h', '45s', '2h', '20s'];
const PLAIN = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

const quoted = (name: string): string => (PLAIN.test(name) ? name : JSON.stringify(name));
const list = (names: readonly string[]): string => names.map(quoted).join(', ');

/** An expression with the names of the labels by which its series differ. */
interface Vector {
  readonly text: string;
  readonly family: Family;
  readonly labels: readonly string[];
}

/** Writes expressions that have types, answers mostly, and everything in them. */
export class Grammar {
  readonly #random: Random;
  readonly #modern: boolean;
  readonly #families: readonly (readonly [number, Family])[];

  constructor(random: Random, modern: boolean) {
    this.#random = random;
    this.#modern = modern;
    this.#families = FAMILIES.filter(([, family]) => modern || !family.modern);
  }

  /** An expression of at most so many levels. */
  expression(depth: number): string {
    const random = this.#random;
    if (random.chance(0.02)) return this.#wrong();
    if (random.chance(0.04)) return this.#scalar(depth);
    return this.#vector(depth).text;
  }

  #vector(depth: number, family = this.#random.weighted(this.#families)): Vector {
    if (depth <= 1) return this.#selector(family);
    const choices: readonly (readonly [number, () => Vector])[] = [
      [2, () => this.#selector(family)],
      [8, () => this.#rangeCall(depth, family)],
      [6, () => this.#aggregation(depth, family)],
      [4, () => this.#withScalar(depth, family)],
      [5, () => this.#withVector(depth, family)],
      [2, () => this.#setOperation(depth, family)],
      [3, () => this.#mathCall(depth, family)],
      [1, () => this.#labelCall(depth, family)],
      [
        family.kind === 'bucket' || family.kind === 'native' ? 9 : 0,
        () => this.#histogramCall(depth, family),
      ],
      [1, () => this.#wrapped(depth, family)],
      [1, () => this.#lone(depth, family)],
      [this.#modern ? 1 : 0, () => this.#limited(depth, family)],
    ];
    return this.#random.weighted(choices)();
  }

  #selector(family: Family): Vector {
    return {
      text: `${this.#series(family)}${this.#modifiers()}`,
      family,
      labels: Object.keys(family.labels),
    };
  }

  /** A metric with matchers, without modifiers. */
  #series(family: Family): string {
    const random = this.#random;
    const metric = random.of(family.metrics);
    const matchers: string[] = [];
    const names = Object.keys(family.labels);
    const large = names.length > 3;
    for (const name of names)
      if (random.chance(large ? 0.35 : 0.2)) matchers.push(this.#matcher(name, family));
    if (random.chance(0.02))
      matchers.push(random.of(['nope=""', 'nope!="x"', 'nope="x"', 'job=~".*"', 'job!~".+"']));
    if (!PLAIN.test(metric)) return `{${[JSON.stringify(metric), ...matchers].join(', ')}}`;
    if (random.chance(0.05)) return `{${[...matchers, `__name__="${metric}"`].join(', ')}}`;
    if (family.metrics.length > 1 && random.chance(0.03))
      return `{${[`__name__=~"${family.metrics.slice(0, 2).join('|')}"`, ...matchers].join(', ')}}`;
    return matchers.length > 0 ? `${metric}{${matchers.join(', ')}}` : metric;
  }

  #matcher(name: string, { labels }: Family): string {
    const random = this.#random;
    const values = labels[name] as readonly string[];
    const value = JSON.stringify(random.of(values));
    const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const several = JSON.stringify([random.of(values), random.of(values)].map(escaped).join('|'));
    const prefix = JSON.stringify(`${escaped(random.of(values).slice(0, 1))}.*`);
    const op = random.weighted([
      [3, `=${value}`],
      [2, `!=${value}`],
      [2, `=~${several}`],
      [1, `!~${several}`],
      [1, `=~${prefix}`],
      [1, '=~".+"'],
    ]);
    return `${quoted(name)}${op}`;
  }

  #modifiers(): string {
    const random = this.#random;
    let text = '';
    if (random.chance(0.06)) {
      const instant = String(BASE / 1000 + 60 * random.below(350));
      text += ` @ ${random.weighted([
        [4, instant],
        [1, 'start()'],
        [1, 'end()'],
      ])}`;
    }
    if (random.chance(0.1)) {
      const offset = ` offset ${random.of(['30s', '1m', '5m', '13m', '1h', '-2m', '-10m'])}`;
      text = random.chance(0.3) ? offset + text : text + offset;
    }
    return text;
  }

  /** A range vector. */
  #matrix(depth: number, family: Family): Vector {
    const random = this.#random;
    if (depth > 2 && random.chance(0.3)) {
      const inner = this.#vector(depth - 1, family);
      const text =
        /^[\w.]+(\{[^{}]*\})?$/.test(inner.text) || random.chance(0.1) ? inner.text : `(${inner.text})`;
      const [range, step] = random.of([
        ['5m', '1m'],
        ['10m', ''],
        ['30m', '3m'],
        ['1h', '7m'],
        ['4m', '45s'],
        ['20m', '5m'],
      ]) as [string, string];
      return { ...inner, text: `${text}[${range}:${step}]${this.#modifiers()}` };
    }
    const text = `${this.#series(family)}[${random.of(RANGES)}]${this.#modifiers()}`;
    return { text, family, labels: Object.keys(family.labels) };
  }

  #rangeCall(depth: number, family: Family): Vector {
    const random = this.#random;
    const matrix = this.#matrix(depth, family);
    const usual =
      family.kind === 'gauge' ? RANGE_FUNCTIONS : ['rate', 'increase', ...RANGE_FUNCTIONS.slice(0, 8)];
    const func = random.weighted<() => string>([
      [16, () => `${random.of(usual)}(${matrix.text})`],
      [3, () => `${random.of(RANGE_FUNCTIONS)}(${matrix.text})`],
      [1, () => `quantile_over_time(${this.#quantile()}, ${matrix.text})`],
      [1, () => `predict_linear(${matrix.text}, ${random.of(['60', '3600', '-300', '0.5'])})`],
      [0.3, () => `absent_over_time(${matrix.text})`],
      [this.#modern ? 1 : 0, () => `${random.of(MODERN_RANGE_FUNCTIONS)}(${matrix.text})`],
      [
        this.#modern ? 0.5 : 0,
        () =>
          `double_exponential_smoothing(${matrix.text}, 0.${random.below(9) + 1}, 0.${random.below(9) + 1})`,
      ],
    ])();
    return { ...matrix, text: func };
  }

  #quantile(): string {
    return this.#random.of(['0', '0.1', '0.5', '0.9', '0.95', '0.999', '1', '1.5', '-1', 'NaN']);
  }

  #aggregation(depth: number, family: Family, labels?: readonly string[]): Vector {
    const random = this.#random;
    const inner = this.#vector(depth - 1, family);
    const kept = (labels ?? inner.labels).filter(() => labels !== undefined || random.chance(0.4));
    const dropped = inner.labels.filter((name) => !kept.includes(name));
    const grouping = random.weighted([
      [6, `by (${list(kept)}) `],
      [2, `without (${list(dropped)}) `],
      [labels === undefined ? 2 : 0, ''],
    ]);
    const [op, param] = random.weighted<readonly [string, string]>([
      [10, ['sum', '']],
      [8, [random.of(AGGREGATIONS), '']],
      [1, ['quantile', `${this.#quantile()}, `]],
      [1, ['count_values', `${random.of(['"v"', '"value"', '"cluster"'])}, `]],
    ]);
    const [text, result] = [`(${param}${inner.text})`, grouping === '' ? [] : kept];
    const behind = random.chance(0.3) && grouping !== '';
    return {
      family,
      labels: result,
      text: behind ? `${op}${text} ${grouping.trim()}` : `${op} ${grouping}${text}`,
    };
  }

  /** Aggregations that choose among series. */
  #limited(depth: number, family: Family): Vector {
    const inner = this.#vector(depth - 1, family);
    const random = this.#random;
    const op = random.of([
      'topk(2, ',
      'bottomk(3, ',
      `topk by (${list(inner.labels.slice(0, 1))}) (1, `,
      'limitk(3, ',
      'limit_ratio(0.4, ',
      'limit_ratio(-0.5, ',
    ]);
    return { ...inner, text: `${op}${inner.text})` };
  }

  #withScalar(depth: number, family: Family): Vector {
    const random = this.#random;
    const inner = this.#operand(this.#vector(depth - 1, family));
    const scalar = this.#operandText(this.#scalar(Math.min(depth - 1, 2)));
    const comparison = random.chance(0.35);
    const bool = comparison && random.chance(0.3) ? 'bool ' : '';
    const op = `${comparison ? random.of(COMPARISONS) : random.of(ARITHMETIC)} ${bool}`.trim();
    return {
      ...inner,
      text: random.chance(0.75) ? `${inner.text} ${op} ${scalar}` : `${scalar} ${op} ${inner.text}`,
    };
  }

  #operand(vector: Vector): Vector {
    return { ...vector, text: this.#operandText(vector.text) };
  }

  /** In parentheses where an operator could reach into it, and now and then not. */
  #operandText(text: string): string {
    const simple = /^[\w.]+(\{[^{}]*\})?$/.test(text) || /^\w+\([^()]*\)$/.test(text);
    return simple || this.#random.chance(0.08) ? text : `(${text})`;
  }

  #withVector(depth: number, family: Family): Vector {
    const random = this.#random;
    const [left, right] = [
      this.#operand(this.#vector(depth - 1, family)),
      this.#operand(this.#vector(depth - 1, family)),
    ];
    const comparison = random.chance(0.35);
    const op = comparison ? random.of(COMPARISONS) : random.of(ARITHMETIC);
    const bool = comparison && random.chance(0.3) ? ' bool' : '';
    if (random.chance(0.06)) {
      const matching = random.of([
        '',
        ' on()',
        ` on(${list(left.labels.slice(0, 1))})`,
        ' ignoring(nope) group_left()',
        ' on(instance) group_right',
      ]);
      return { ...left, text: `${left.text} ${op}${bool}${matching} ${right.text}` };
    }
    const shared = left.labels.filter((name) => right.labels.includes(name));
    const extra = [left, right].map(({ labels }) => labels.filter((name) => !shared.includes(name)));
    const matching = (grouping: string): string => {
      const ignored = [...(extra[0] as string[]), ...(extra[1] as string[])];
      const on = random.chance(0.6) ? `on(${list(shared)})` : `ignoring(${list(ignored)})`;
      return ` ${on}${grouping}`;
    };
    if (extra[0]?.length === 0 && extra[1]?.length === 0) {
      const text = random.chance(0.5) ? '' : matching(random.chance(0.2) ? ' group_left()' : '');
      return { ...left, text: `${left.text} ${op}${bool}${text} ${right.text}` };
    }
    if (extra[1]?.length === 0)
      return { ...left, text: `${left.text} ${op}${bool}${matching(' group_left')} ${right.text}` };
    if (extra[0]?.length === 0)
      return { ...right, text: `${left.text} ${op}${bool}${matching(' group_right()')} ${right.text}` };
    const summed = (text: string): string =>
      `${random.of(['sum', 'max', 'avg'])} by (${list(shared)}) (${text})`;
    return { family, labels: shared, text: `${summed(left.text)} ${op}${bool} ${summed(right.text)}` };
  }

  #setOperation(depth: number, family: Family): Vector {
    const random = this.#random;
    const left = this.#operand(this.#vector(depth - 1, family));
    const right = this.#operand(this.#vector(depth - 1, random.chance(0.8) ? family : undefined));
    const shared = left.labels.filter((name) => right.labels.includes(name));
    const matching = random.weighted([
      [5, ''],
      [2, ` on(${list(shared.slice(0, 2))})`],
      [1, ` ignoring(${list(shared.slice(0, 1))})`],
    ]);
    return { ...left, text: `${left.text} ${random.of(['and', 'or', 'unless'])}${matching} ${right.text}` };
  }

  #mathCall(depth: number, family: Family): Vector {
    const random = this.#random;
    const inner = this.#vector(depth - 1, family);
    const bound = (): string => random.of(['0', '1', '10', '-5', '0.5', '1e6', 'NaN', 'Inf', '-Inf']);
    const text = random.weighted<() => string>([
      [8, () => `${random.of(MATH)}(${inner.text})`],
      [3, () => `${random.of(DATES)}(${inner.text})`],
      [1, () => `clamp(${inner.text}, ${bound()}, ${bound()})`],
      [1, () => `${random.of(['clamp_min', 'clamp_max'])}(${inner.text}, ${bound()})`],
      [1, () => `round(${inner.text}${random.of(['', ', 0.1', ', 5', ', 1e3', ', -2', ', 0'])})`],
      [1, () => `${random.of(['sort', 'sort_desc'])}(${inner.text})`],
      [0.3, () => `vector(scalar(${inner.text}))`],
    ])();
    return { ...inner, text };
  }

  #labelCall(depth: number, family: Family): Vector {
    const random = this.#random;
    const inner = this.#vector(depth - 1, family);
    const source = JSON.stringify(random.of([...inner.labels, 'nope', '__name__']));
    const name = JSON.stringify(random.of(['new', 'new', ...inner.labels, '__name__']));
    const call = random.weighted<() => string>([
      [
        3,
        () =>
          `label_replace(${inner.text}, ${name}, "${random.of(['$1', '${1}x', 'fixed', '$0-$2', '', '$x', '$$'])}", ${source}, "${random.of(['(.*)', '(.)(.*)', '(?P<x>.+)', 'i[0-3]', '', 'nothing'])}")`,
      ],
      [2, () => `label_join(${inner.text}, ${name}, "${random.of(['', '-', ' '])}", ${source}, "instance")`],
    ])();
    return { ...inner, text: call };
  }

  #histogramCall(depth: number, family: Family): Vector {
    const random = this.#random;
    const matrix = this.#matrix(2, family);
    const rated = `${random.of(['rate', 'increase', 'sum_over_time', 'delta', 'last_over_time'])}(${matrix.text})`;
    const inner = random.chance(0.3)
      ? this.#series(family)
      : random.chance(0.9)
        ? rated
        : this.#vector(depth - 1, family).text;
    const kept = matrix.labels.filter((name) => name !== 'le' && random.chance(0.5));
    const grouping = family.kind === 'bucket' ? [...kept, 'le'] : kept;
    const argument = random.chance(0.6)
      ? `${random.of(['sum', 'sum', 'avg'])} by (${list(grouping)}) (${inner})`
      : inner;
    const calls: [number, string][] = [[5, `histogram_quantile(${this.#quantile()}, ${argument})`]];
    if (this.#modern) {
      calls.push([
        2,
        `histogram_fraction(${random.of(['0', '-Inf', '0.2', '-1'])}, ${random.of(['1', '+Inf', '3', '0.2'])}, ${argument})`,
      ]);
      const part = random.of(['count', 'sum', 'avg', 'stddev', 'stdvar']);
      if (family.kind === 'native') calls.push([5, `histogram_${part}(${argument})`]);
    }
    return { family, labels: kept, text: random.weighted(calls) };
  }

  #wrapped(depth: number, family: Family): Vector {
    const inner = this.#vector(depth - 1, family);
    const text = this.#random.of([
      `-${this.#operandText(inner.text)}`,
      `+${this.#operandText(inner.text)}`,
      `(${inner.text})`,
    ]);
    return { ...inner, text };
  }

  /** Vectors of one series. */
  #lone(depth: number, family: Family): Vector {
    const random = this.#random;
    const text = random.weighted<() => string>([
      [2, () => `vector(${this.#scalar(depth - 1)})`],
      [1, () => `absent(${this.#vector(depth - 1, family).text})`],
      [1, () => `absent(${this.#series(family).replace(/^\w+/, 'nothing')})`],
      [1, () => `${random.of(DATES.slice(0, -1))}()`],
    ])();
    return { family, labels: [], text };
  }

  #scalar(depth: number): string {
    const random = this.#random;
    if (depth <= 1 || random.chance(0.6)) {
      const numbers = [
        '0',
        '1',
        '2',
        '3.5',
        '-1',
        '10',
        '100',
        '0.1',
        '1e3',
        '1e-3',
        '0x1F',
        'Inf',
        'NaN',
        '1e308',
        '7',
      ];
      return random.of([...numbers, 'time()', 'pi()']);
    }
    const [a, b] = [this.#operandText(this.#scalar(depth - 1)), this.#operandText(this.#scalar(depth - 1))];
    return random.weighted<() => string>([
      [3, () => `${a} ${random.of(ARITHMETIC)} ${b}`],
      [2, () => `${a} ${random.of(COMPARISONS)} bool ${b}`],
      [3, () => `scalar(${this.#aggregation(2, GAUGES, []).text})`],
      [1, () => `-${a}`],
    ])();
  }

  /** What no release takes. */
  #wrong(): string {
    const random = this.#random;
    const family = random.weighted(this.#families);
    const series = this.#series(family);
    return random.of([
      `rate(${series})`,
      `sum(${series}[5m])`,
      `${series}[5m] + 1`,
      `abs(${series}, 1)`,
      `${series} and 1`,
      `1 == 1`,
      `sum(${series}`,
      `topk(${series})`,
      `"text" + ${series}`,
      `label_replace(${series}, "a", "b")`,
      `nofunction(${series})`,
      `${series} offset`,
      `{x=~".*"}`,
      `${series} on(a) 1`,
      `quantile(1, 2)`,
      `${series}[5m:1m:1m]`,
      `label_replace(${series}, "a", "$1", "instance", "(")`,
      `count_values("", ${series})`,
      `histogram_quantile(${series}, 0.5)`,
      `${series} + on(instance) group_left(instance) ${series}`,
    ]);
  }
}
