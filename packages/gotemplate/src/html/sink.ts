import type { Sink } from '../execution.ts';
import type { PipeNode } from '../syntax/ast.ts';
import { SafeText, type GoValue } from '../values.ts';
import { escaperOf } from './check.ts';
import { HtmlContext } from './context.ts';
import { escapeFor } from './escape.ts';

/** Output of html/template: text as written, values escaped for the place where they stand. */
export class HtmlSink implements Sink {
  readonly #context = new HtmlContext();
  #out = '';

  text(text: string): void {
    this.#out += this.#context.advance(text);
  }

  value(value: GoValue, pipe: PipeNode): void {
    this.#context.beforeValue();
    // A pipeline that ends in `html` has done the work for plain text itself.
    const escaped = escaperOf(pipe.commands.at(-1)) === 'html' && this.#context.state === 'text';
    this.#out += escapeFor(this.#context, escaped ? new SafeText('HTML', String(value)) : value);
  }

  get length(): number {
    return this.#out.length;
  }

  end(): string {
    return this.#out;
  }
}
