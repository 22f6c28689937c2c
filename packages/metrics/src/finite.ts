/** More texts than this are not written out: looking at each costs more than matching. */
const MOST_PRODUCTS = 1024;
/** RE2 has the last word on what is nested deeper. */
const DEEPEST = 50;
const SPECIAL: ReadonlySet<string> = new Set('\\.+*?()|[]{}^$');
/** What an escape makes stand for itself. */
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/**
 * The texts that an RE2 expression matches as a whole, where it is made of characters, escaped punctuation, classes
 * such as `[a-c7]`, groups, alternatives and `?` only, and they are not too many; undefined for all others, right or wrong.
 */
export function textsOf(expression: string): readonly string[] | undefined {
  if (!expression.isWellFormed()) return undefined;
  const reader = new Reader(Array.from(expression));
  const texts = reader.alternatives(0);
  return texts && reader.ended ? [...new Set(texts)] : undefined;
}

class Reader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(characters: readonly string[]) {
    this.#characters = characters;
  }

  get ended(): boolean {
    return this.#at === this.#characters.length;
  }

  /** `a|b` */
  alternatives(depth: number): string[] | undefined {
    const texts: string[] = [];
    do {
      const branch = this.#sequence(depth);
      if (!branch) return undefined;
      for (const text of branch) texts.push(text);
    } while (this.#take('|'));
    return texts;
  }

  #sequence(depth: number): string[] | undefined {
    let texts = [''];
    while (!this.ended && this.#peek() !== '|' && this.#peek() !== ')') {
      const atom = this.#atom(depth);
      if (!atom) return undefined;
      const parts = this.#take('?') ? [...atom, ''] : atom;
      if (texts.length * parts.length > MOST_PRODUCTS) return undefined;
      texts =
        parts.length === 1
          ? texts.map((text) => text + (parts[0] as string))
          : texts.flatMap((text) => parts.map((part) => text + part));
    }
    return texts;
  }

  #atom(depth: number): string[] | undefined {
    if (this.#take('(')) return depth < DEEPEST ? this.#group(depth + 1) : undefined;
    if (this.#take('[')) return this.#class();
    const character = this.#character();
    return character === undefined ? undefined : [character];
  }

  #group(depth: number): string[] | undefined {
    if (this.#take('?') && !this.#take(':')) return undefined;
    const texts = this.alternatives(depth);
    return this.#take(')') ? texts : undefined;
  }

  /** `[a-c7]`: not negated, and without the names of classes. */
  #class(): string[] | undefined {
    const texts: string[] = [];
    while (!this.#take(']')) {
      const from = this.#character();
      if (from === undefined || from === '-') return undefined;
      const to = this.#take('-') ? this.#character() : from;
      if (to === undefined) return undefined;
      const first = from.codePointAt(0) as number;
      const last = to.codePointAt(0) as number;
      if (last < first || last - first > MOST_PRODUCTS) return undefined;
      for (let code = first; code <= last; code++) texts.push(String.fromCodePoint(code));
    }
    return texts.length > 0 ? texts : undefined;
  }

  /** One that stands for itself. */
  #character(): string | undefined {
    const character = this.#characters[this.#at];
    if (character === '\\') {
      const escaped = this.#characters[this.#at + 1];
      if (escaped === undefined || !PUNCTUATION.test(escaped)) return undefined;
      this.#at += 2;
      return escaped;
    }
    if (character === undefined || SPECIAL.has(character)) return undefined;
    this.#at++;
    return character;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }
}
