import type { Sink } from '../exec.ts';
import type { CommandNode, PipeNode } from '../syntax/ast.ts';
import { SafeText, type GoValue } from '../values.ts';
import { HtmlContext } from './context.ts';
import { escapeFor } from './escape.ts';

/** Output of html/template: text as written, values escaped for the place where they stand. */
export class HtmlSink implements Sink {
  readonly #context = new HtmlContext();
  #out = '';

  text(text: string): void {
    this.#out += this.#context.advance(text);
  }

  value(value: GoValue, pipe: PipeNode): string | undefined {
    const early = pipe.commands
      .slice(0, -1)
      .map(escaperOf)
      .find((name) => name !== undefined);
    if (early !== undefined) return `predefined escaper "${early}" disallowed in template`;
    this.#context.beforeValue();
    // A pipeline that ends in `html` has done the work for plain text itself.
    const escaped = escaperOf(pipe.commands.at(-1)) === 'html' && this.#context.state === 'text';
    this.#out += escapeFor(this.#context, escaped ? new SafeText('HTML', String(value)) : value);
    return undefined;
  }

  get length(): number {
    return this.#out.length;
  }

  end(): string {
    return this.#out;
  }
}

/** The escaper among text/template's own functions that a command is. */
function escaperOf(command: CommandNode | undefined): 'html' | 'urlquery' | undefined {
  const first = command?.args[0];
  if (first?.kind !== 'identifier') return undefined;
  return first.name === 'html' || first.name === 'urlquery' ? first.name : undefined;
}
