/**
 * Where in an HTML document the output stands. The literal text of a template moves this state machine on; what is
 * printed at that place is then escaped for it (see escape.ts). Escaped values cannot change the state, so following
 * the text at run time gives the contexts that html/template computes ahead.
 */

export type State =
  | 'text'
  | 'rcdata'
  | 'comment'
  | 'tag'
  | 'attrName'
  | 'afterName'
  | 'beforeValue'
  | 'attr'
  | 'url'
  | 'srcset'
  | 'js'
  | 'css';

/** Inside a script or style: what kind of string or comment we are in. */
export type Quoted = '' | '"' | "'" | '`' | '/' | '//' | '/*' | 'url' | 'url"' | "url'";

export class HtmlContext {
  state: State = 'text';
  /** How the attribute value ends; ' ' = at a blank or `>`; '' = not in an attribute. */
  delimiter: '' | '"' | "'" | ' ' = '';
  quoted: Quoted = '';
  /** 'unknown': one branch before had a question mark, the other had not. */
  urlPart: 'none' | 'path' | 'query' | 'unknown' = 'none';
  #attribute: 'attr' | 'url' | 'srcset' | 'js' | 'css' = 'attr';
  #element = '';

  /** Moves on over literal text. @returns what of it is to be written: comments are left out */
  advance(text: string): string {
    let out = '';
    for (let pos = 0; pos < text.length;) {
      const step = this.#step(text, pos);
      out += step.out;
      pos = step.end;
    }
    return out;
  }

  /** Called before a value is printed: an attribute value may start without a quote. */
  beforeValue(): void {
    if (this.state === 'beforeValue') this.#startValue(' ');
    else if (this.state === 'tag' || this.state === 'afterName') this.state = 'attrName';
  }

  clone(): HtmlContext {
    const copy = new HtmlContext();
    copy.state = this.state;
    copy.delimiter = this.delimiter;
    copy.quoted = this.quoted;
    copy.urlPart = this.urlPart;
    copy.#attribute = this.#attribute;
    copy.#element = this.#element;
    return copy;
  }

  /** The context after two branches that may have ended here or there, undefined where they differ too much. */
  join(other: HtmlContext): HtmlContext | undefined {
    if (this.toString() === other.toString()) return this;
    const [a, b] = [this.clone(), other.clone()];
    // `<a {{if .X}}b{{end}}>`: both may be followed by the rest of a name, or by a value.
    for (const each of [a, b]) each.beforeValue();
    if (a.toString() === b.toString()) return a;
    a.urlPart = b.urlPart = 'unknown';
    return a.toString() === b.toString() ? a : undefined;
  }

  /** All that matters here. */
  toString(): string {
    const inTag = !['text', 'comment'].includes(this.state);
    const attribute = ['attrName', 'afterName', 'beforeValue'].includes(this.state) ? this.#attribute : '';
    const parts = [this.state, this.delimiter.trim(), this.quoted, this.urlPart, attribute];
    return `{${[...parts, inTag ? this.#element : ''].filter((part) => part !== '' && part !== 'none').join(' ')}}`;
  }

  #step(text: string, pos: number): { out: string; end: number } {
    switch (this.state) {
      case 'text':
        return this.#text(text, pos);
      case 'comment': {
        const end = text.indexOf('-->', pos);
        if (end >= 0) this.state = 'text';
        return { out: '', end: end < 0 ? text.length : end + 3 };
      }
      case 'rcdata':
        return this.#untilEndTag(text, pos);
      case 'tag':
        return this.#tag(text, pos);
      case 'attrName':
        return this.#attrName(text, pos);
      case 'afterName':
        return this.#afterName(text, pos);
      case 'beforeValue':
        return this.#valueStart(text, pos);
      case 'attr':
      case 'url':
      case 'srcset':
      case 'js':
      case 'css':
        return this.delimiter === '' ? this.#untilEndTag(text, pos) : this.#value(text, pos);
    }
  }

  #text(text: string, pos: number): { out: string; end: number } {
    const at = text.indexOf('<', pos);
    if (at < 0) return { out: text.slice(pos), end: text.length };
    const before = text.slice(pos, at);
    if (text.startsWith('<!--', at)) {
      this.state = 'comment';
      return { out: before, end: at + 4 };
    }
    const tag = /^<(\/?)([a-zA-Z][-a-zA-Z0-9:]*)/.exec(text.slice(at, at + 64));
    if (tag) {
      const name = (tag[2] ?? '').toLowerCase();
      this.#element = tag[1] === '' && /^(?:script|style|textarea|title)$/.test(name) ? name : '';
      this.state = 'tag';
      return { out: before + tag[0], end: at + tag[0].length };
    }
    const doctype = /^<!doctype/i.test(text.slice(at, at + 9));
    return { out: before + (doctype ? '<' : '&lt;'), end: at + 1 };
  }

  /** In script, style, textarea or title: only its own end tag ends it. */
  #untilEndTag(text: string, pos: number): { out: string; end: number } {
    const close = new RegExp(`</${this.#element}(?=[\\s/>]|$)`, 'i').exec(text.slice(pos));
    const end = close ? pos + close.index : text.length;
    const out = this.#inside(text.slice(pos, end));
    if (close) this.#leave('text');
    return { out, end };
  }

  #tag(text: string, pos: number): { out: string; end: number } {
    const start = pos + (/^[\s/]*/.exec(text.slice(pos))?.[0].length ?? 0);
    if (start < text.length && text[start] === '>') {
      this.#leave('text');
      if (this.#element === 'script') this.state = 'js';
      else if (this.#element === 'style') this.state = 'css';
      else if (this.#element !== '') this.state = 'rcdata';
      return { out: text.slice(pos, start + 1), end: start + 1 };
    }
    if (start === text.length) return { out: text.slice(pos), end: start };
    const name = /^[^\s=>/]*/.exec(text.slice(start))?.[0] ?? '';
    const end = start + Math.max(1, name.length);
    this.#attribute = attributeKind(name.toLowerCase());
    this.state = end === text.length ? 'attrName' : 'afterName';
    return { out: text.slice(pos, end), end };
  }

  #attrName(text: string, pos: number): { out: string; end: number } {
    const rest = /^[^\s=>/]*/.exec(text.slice(pos))?.[0] ?? '';
    this.state = 'afterName';
    return { out: rest, end: pos + rest.length };
  }

  #afterName(text: string, pos: number): { out: string; end: number } {
    const blank = /^\s*/.exec(text.slice(pos))?.[0] ?? '';
    const end = pos + blank.length;
    if (text[end] === '=') {
      this.state = 'beforeValue';
      return { out: `${blank}=`, end: end + 1 };
    }
    if (end < text.length) this.state = 'tag';
    return { out: blank, end };
  }

  #valueStart(text: string, pos: number): { out: string; end: number } {
    const blank = /^\s*/.exec(text.slice(pos))?.[0] ?? '';
    const end = pos + blank.length;
    const c = text[end];
    if (c === undefined) return { out: blank, end };
    if (c === '>') {
      this.#leave('tag');
      return { out: blank, end };
    }
    if (c === '"' || c === "'") {
      this.#startValue(c);
      return { out: blank + c, end: end + 1 };
    }
    this.#startValue(' ');
    return { out: blank, end };
  }

  #startValue(delimiter: '"' | "'" | ' '): void {
    this.delimiter = delimiter;
    this.state = this.#attribute;
    this.quoted = '';
    this.urlPart = 'none';
  }

  #value(text: string, pos: number): { out: string; end: number } {
    const stop =
      this.delimiter === ' ' ? text.slice(pos).search(/[\s>]/) : text.slice(pos).indexOf(this.delimiter);
    const end = stop < 0 ? text.length : pos + stop;
    const inside = text.slice(pos, end);
    this.#inside(inside);
    if (stop < 0) return { out: inside, end };
    const closing = this.delimiter === ' ' ? '' : this.delimiter;
    this.#leave('tag');
    return { out: inside + closing, end: end + closing.length };
  }

  #leave(state: State): void {
    this.state = state;
    this.delimiter = '';
    this.quoted = '';
    this.urlPart = 'none';
  }

  /** Follows text inside a URL, script or style. @returns it without the comments of scripts and styles */
  #inside(text: string): string {
    if (this.state === 'url') this.#url(text);
    if (this.state !== 'js' && this.state !== 'css') return text;
    const comments: Comments = { out: '', from: 0, open: isComment(this.quoted) ? 0 : -1 };
    if (this.state === 'js') this.#script(text, comments);
    else this.#style(text, comments);
    return comments.open < 0 ? comments.out + text.slice(comments.from) : comments.out;
  }

  #openComment(kind: '//' | '/*', text: string, at: number, comments: Comments): void {
    this.quoted = kind;
    comments.out += text.slice(comments.from, at);
    comments.open = at;
  }

  /** A comment counts as a blank, or as a line break where it holds one. */
  #closeComment(text: string, end: number, comments: Comments): void {
    const comment = text.slice(comments.open, end);
    if (this.quoted === '/*') comments.out += this.state === 'js' && /[\n\r]/.test(comment) ? '\n' : ' ';
    this.quoted = '';
    comments.open = -1;
    comments.from = end;
  }

  #url(text: string): void {
    if (/[?#]/.test(text)) this.urlPart = 'query';
    else if (text.trim() !== '' && this.urlPart === 'none') this.urlPart = 'path';
  }

  #script(text: string, comments: Comments): void {
    for (let i = 0; i < text.length; i++) {
      const c = text[i] as string;
      const two = text.slice(i, i + 2);
      if (this.quoted === '') {
        if (two === '//' || two === '/*') this.#openComment(two, text, i, comments);
        else if (c === '"' || c === "'" || c === '`') this.quoted = c;
        else if (c === '/' && regexMayStart(text.slice(0, i))) this.quoted = '/';
      } else if (this.quoted === '//') {
        if (c === '\n') this.#closeComment(text, i, comments);
      } else if (this.quoted === '/*') {
        if (two === '*/') this.#closeComment(text, ++i + 1, comments);
      } else if (c === '\\') i++;
      else if (c === this.quoted) this.quoted = '';
    }
  }

  #style(text: string, comments: Comments): void {
    for (let i = 0; i < text.length; i++) {
      const c = text[i] as string;
      const two = text.slice(i, i + 2);
      if (this.quoted === '//') {
        if (c === '\n') this.#closeComment(text, i, comments);
      } else if (this.quoted === '/*') {
        if (two === '*/') this.#closeComment(text, ++i + 1, comments);
      } else if (this.quoted === '') {
        const url = c === 'u' || c === 'U' ? /^url\(\s*(["']?)/i.exec(text.slice(i)) : null;
        if (two === '/*' || two === '//') this.#openComment(two, text, i, comments);
        else if (c === '"' || c === "'") this.#openStyleString(c);
        else if (url) {
          this.#openStyleString(`url${(url[1] ?? '') as '' | '"' | "'"}`);
          i += url[0].length - 1;
        }
      } else if (c === '\\') i++;
      else if (this.quoted === 'url' ? /[\s)]/.test(c) : c === this.quoted.at(-1)) this.quoted = '';
      else this.#url(c);
    }
  }

  /** Any string in a style may be a URL, as in `@import "x"`. */
  #openStyleString(quoted: Quoted): void {
    this.quoted = quoted;
    this.urlPart = 'none';
  }
}

/** What is left of a text whose comments are being taken out. */
interface Comments {
  out: string;
  /** Where the part not yet copied starts. */
  from: number;
  /** Where the open comment starts, or -1. */
  open: number;
}

function isComment(quoted: Quoted): boolean {
  return quoted === '//' || quoted === '/*';
}

/** A slash starts a regular expression unless an operand stands before it. */
function regexMayStart(before: string): boolean {
  const last = before.trimEnd().at(-1);
  return last === undefined || /[=(,:[!&|?{};+\-*%~^<>]/.test(last);
}

const URL_ATTRIBUTES = new Set(
  'action archive background cite classid codebase data formaction href icon longdesc manifest poster profile src usemap xmlns'.split(
    ' ',
  ),
);

function attributeKind(name: string): 'attr' | 'url' | 'srcset' | 'js' | 'css' {
  const bare = name.startsWith('data-') ? name.slice(5) : name.slice(name.indexOf(':') + 1);
  if (name.startsWith('xmlns:')) return 'url';
  if (bare === 'style') return 'css';
  if (bare === 'srcset' || bare === 'imagesrcset') return 'srcset';
  if (URL_ATTRIBUTES.has(bare)) return 'url';
  if (bare.startsWith('on')) return 'js';
  return bare === 'srcdoc' || !/src|uri|url/.test(bare) ? 'attr' : 'url';
}
