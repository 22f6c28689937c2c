import { builtins } from './builtins.ts';
import { run } from './exec.ts';
import { defaultLimits, Pending, type Execution, type Limits, type Sink } from './execution.ts';
import { checkBranches } from './html/branches.ts';
import { checkEscapers } from './html/check.ts';
import { HtmlSink } from './html/sink.ts';
import { isEmpty, parseTemplate, TemplateError, type Tree } from './syntax/parse.ts';
import { quote } from './syntax/quote.ts';
import { kindOf, printValue, type FuncMap, type GoValue } from './values.ts';

export interface TemplateOptions {
  /** What a map lookup of a missing key gives: Prometheus and Alertmanager use `zero`. Default `default`. */
  readonly missingKey?: 'default' | 'zero' | 'error';
  readonly limits?: Partial<Limits>;
}

/** At most so many answers are awaited by one executeAsync. */
const MAX_WAITS = 1000;

/** What functions that wait have been told. Executions that may share answers share one of these; a key is asked once. */
export class Answers {
  readonly #known = new Map<string, { readonly value: GoValue } | { readonly error: unknown }>();

  /** For functions: the answer, once it is known. */
  ask(key: string, start: () => Promise<GoValue>): GoValue {
    const answer = this.#known.get(key);
    if (!answer) throw new Pending(key, start);
    if ('error' in answer) throw answer.error;
    return answer.value;
  }

  /** Awaits what stopped an execution. */
  async settle(pending: Pending): Promise<void> {
    try {
      this.#known.set(pending.key, { value: await pending.start() });
    } catch (error) {
      this.#known.set(pending.key, { error });
    }
  }
}

/**
 * A template and the templates it knows by name, as Go's text/template:
 * `new Template('a').funcs(f).parse('{{.Name}}').execute(data)`.
 */
export class Template {
  readonly name: string;
  readonly #options: TemplateOptions;
  readonly #trees: Map<string, Tree>;
  readonly #limits: Limits;
  /** Trees fit for HTML, together with what they call. */
  #checked = new WeakSet<Tree>();
  #funcs: FuncMap;

  constructor(name: string, options: TemplateOptions = {}) {
    this.name = name;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#trees = new Map();
    this.#funcs = builtins;
  }

  /** Adds functions; later ones replace earlier ones of the same name. */
  funcs(funcs: FuncMap): this {
    this.#funcs = { ...this.#funcs, ...funcs };
    return this;
  }

  /**
   * Adds the text and what it defines; a later definition replaces an earlier one unless it is empty.
   * @param name of the text, for errors and for `{{template}}`; default: this template's
   * @throws TemplateError
   */
  parse(text: string, name: string = this.name): this {
    const trees = parseTemplate(name, text, (func) => Object.hasOwn(this.#funcs, func));
    this.#checked = new WeakSet();
    for (const [key, tree] of trees) {
      if (isEmpty(tree.root) && this.#trees.has(key)) continue;
      this.#trees.set(key, tree);
    }
    return this;
  }

  /** A copy that can be given more templates and functions without changing this one. */
  clone(): Template {
    const copy = new Template(this.name, this.#options).funcs(this.#funcs);
    for (const [name, tree] of this.#trees) copy.#trees.set(name, tree);
    return copy;
  }

  has(name: string): boolean {
    return this.#trees.has(name);
  }

  /** Names of all templates known. */
  get names(): string[] {
    return [...this.#trees.keys()];
  }

  /** @throws TemplateError in Go's words, also when the limits are exceeded */
  execute(data: GoValue, name: string = this.name): string {
    return this.#run(new TextSink(), data, name);
  }

  /** As `execute`, with html/template's contextual escaping of everything the actions print. @throws TemplateError */
  executeHtml(data: GoValue, name: string = this.name): string {
    const tree = this.#trees.get(name);
    if (tree && !this.#checked.has(tree)) {
      checkEscapers(this.#trees, tree);
      checkBranches(this.#trees, tree);
      this.#checked.add(tree);
    }
    return this.#run(new HtmlSink(), data, name);
  }

  /**
   * As `execute`, for functions that ask the outside world through `answers.ask`. What is not known yet stops the run;
   * its answer is awaited and the template run again, so that the evaluator itself stays synchronous.
   */
  async executeAsync(
    data: GoValue,
    answers: Answers,
    options: { readonly name?: string; readonly html?: boolean } = {},
  ): Promise<string> {
    for (let waits = 0; waits <= MAX_WAITS; waits++) {
      try {
        return options.html ? this.executeHtml(data, options.name) : this.execute(data, options.name);
      } catch (error) {
        if (!(error instanceof Pending)) throw error;
        await answers.settle(error);
      }
    }
    throw new TemplateError(`template: ${this.name}: more than ${MAX_WAITS} queries`);
  }

  #run(sink: Sink, data: GoValue, name: string): string {
    const tree = this.#trees.get(name);
    if (!tree) {
      throw new TemplateError(
        this.#trees.size === 0 || name === this.name
          ? `template: ${name}: ${quote(name)} is an incomplete or empty template`
          : `template: no template ${quote(name)} associated with template ${quote(this.name)}`,
      );
    }
    const execution: Execution = {
      trees: this.#trees,
      funcs: this.#funcs,
      missingKey: this.#options.missingKey ?? 'default',
      limits: this.#limits,
      sink,
    };
    return run(execution, tree, data);
  }
}

class TextSink implements Sink {
  #out = '';

  text(text: string): void {
    this.#out += text;
  }

  value(value: GoValue): void {
    this.#out += kindOf(value) === 'invalid' ? '<no value>' : printValue(value);
  }

  get length(): number {
    return this.#out.length;
  }

  end(): string {
    return this.#out;
  }
}
