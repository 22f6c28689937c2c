import {
  fieldsOf,
  intOf,
  isStringer,
  kindOf,
  printValue,
  SafeText,
  sortedEntries,
  stringOf,
  type GoValue,
} from '../values.ts';
import type { HtmlContext } from './context.ts';

/** What html/template puts where a value would be dangerous. */
const FAILSAFE = 'ZgotmplZ';

/** Renders a value so that it cannot leave the place where it stands. */
export function escapeFor(context: HtmlContext, value: GoValue): string {
  const escaped = escapeInner(context, value);
  if (context.delimiter === '') return escaped;
  const safe = context.state === 'attr' && value instanceof SafeText && value.type === 'HTML';
  if (context.delimiter !== ' ') return safe ? normalize(stripTags(value.text)) : escapeText(escaped);
  if (escaped === '') return FAILSAFE;
  return safe ? normalizeUnquoted(stripTags(value.text)) : escapeUnquoted(escaped);
}

function escapeInner(context: HtmlContext, value: GoValue): string {
  const text = plain(value);
  switch (context.state) {
    case 'text':
      return value instanceof SafeText && value.type === 'HTML' ? value.text : escapeText(text);
    case 'rcdata':
      return value instanceof SafeText && value.type === 'HTML' ? normalize(value.text) : escapeText(text);
    case 'comment':
      return '';
    case 'tag':
    case 'attrName':
    case 'afterName':
    case 'beforeValue':
      return /^[a-zA-Z0-9]+$/.test(text) && !/^(?:on|style|href|src)/i.test(text) ? text : FAILSAFE;
    case 'attr':
      return text;
    case 'url':
      return escapeUrl(context, value, text);
    case 'srcset':
      return escapeSrcset(value, text);
    case 'js':
      return escapeScript(context, value, text);
    case 'css':
      return escapeStyle(context, value, text);
  }
}

function plain(value: GoValue): string {
  if (kindOf(value) === 'invalid') return '';
  return kindOf(value) === 'string' ? stringOf(value) : printValue(value);
}

function escapeUrl(context: HtmlContext, value: GoValue, text: string): string {
  if (context.urlPart === 'query') return percentEncode(value, text);
  const trusted = value instanceof SafeText && value.type === 'URL';
  return normalizeUrl(context.urlPart === 'none' && !trusted ? filterUrl(text) : text);
}

/** A scheme other than these may run code. */
function filterUrl(text: string): string {
  const scheme = /^([^/:]*):/.exec(text)?.[1];
  return scheme === undefined || /^(?:https?|mailto)$/i.test(scheme) ? text : `#${FAILSAFE}`;
}

/** A list of URLs, each with a size behind it: `a.png 1x, b.png 2x`. */
function escapeSrcset(value: GoValue, text: string): string {
  if (value instanceof SafeText && value.type === 'Srcset') return text;
  if (value instanceof SafeText && value.type === 'URL') return normalizeUrl(text).replaceAll(',', '%2c');
  return text
    .split(',')
    .map((part) => {
      const [, before = '', url = '', size = ''] = /^([\t\n\f\r ]*)([^\t\n\f\r ]*)([^]*)$/.exec(part) ?? [];
      const safe = filterUrl(url) === url && /^[\t\n\f\r a-zA-Z0-9]*$/.test(size);
      return safe ? before + normalizeUrl(url) + size : `#${FAILSAFE}`;
    })
    .join(',');
}

function percentEncode(value: GoValue, text: string): string {
  if (value instanceof SafeText && value.type === 'URL') return normalizeUrl(text);
  return text.replace(/[^-._~a-zA-Z0-9]+/g, percentBytes);
}

/** Encodes what no URL may hold, keeps what has a meaning in one. */
function normalizeUrl(text: string): string {
  return text.replace(/%(?![0-9a-fA-F]{2})|[^!#$&*+,/:;=?@[\]\-._~%a-zA-Z0-9]+/g, percentBytes);
}

function percentBytes(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};

function escapeText(text: string): string {
  return text.replace(/[\0"&'+<>]/g, (c) => TEXT_ESCAPES[c] ?? c);
}

/** As escapeText, for text that is HTML already: entities stay. */
function normalize(text: string): string {
  return text.replace(/[\0"'+<>]/g, (c) => TEXT_ESCAPES[c] ?? c);
}

function escapeUnquoted(text: string): string {
  return text.replace(/[\0\t\n\v\f\r "&'+<=>`]/g, unquotedEntity);
}

function normalizeUnquoted(text: string): string {
  return text.replace(/[\0\t\n\v\f\r "'+<=>`]/g, unquotedEntity);
}

function unquotedEntity(c: string): string {
  return TEXT_ESCAPES[c] ?? `&#${c.charCodeAt(0)};`;
}

function stripTags(html: string): string {
  return html.replace(/<!--[^]*?-->|<\/?[a-zA-Z][^>]*>/g, '');
}

function escapeScript(context: HtmlContext, value: GoValue, text: string): string {
  switch (context.quoted) {
    case '':
      return scriptValue(value);
    case '//':
    case '/*':
      return '';
    case '/':
      return text === ''
        ? '(?:)'
        : escapeScriptString(text, SCRIPT_REGEX).replace(/[$()*.?[\]^{|}-]/g, '\\$&');
    case '"':
    case "'":
    case '`':
    case 'url':
    case 'url"':
    case "url'":
      return value instanceof SafeText && value.type === 'JSStr' ? text : escapeScriptString(text);
  }
}

function scriptValue(value: GoValue): string {
  if (value instanceof SafeText && value.type === 'JS') return value.text;
  const json = toJson(isStringer(value) && !('toJSON' in value) ? value.String() : value);
  return /^["[{]/.test(json) ? json : ` ${json} `;
}

/** Go's json.Marshal: maps with sorted keys, structs by their visible fields, and safe inside HTML. */
export function toJson(value: GoValue): string {
  return marshal(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function marshal(value: GoValue): string {
  if (typeof value === 'object' && value !== null && 'toJSON' in value) return JSON.stringify(value);
  switch (kindOf(value)) {
    case 'invalid':
    case 'func':
      return 'null';
    case 'string':
      return JSON.stringify(stringOf(value));
    case 'int':
      return intOf(value).toString();
    case 'slice':
      return `[${(value as readonly unknown[]).map(marshal).join(',')}]`;
    case 'map': {
      const entries = sortedEntries(value as ReadonlyMap<unknown, unknown>);
      return `{${entries.map(([k, v]) => `${JSON.stringify(printValue(k))}:${marshal(v)}`).join(',')}}`;
    }
    case 'struct':
      return `{${fieldsOf(value as object)
        .map(([name, v]) => `${JSON.stringify(name)}:${marshal(v)}`)
        .join(',')}}`;
    case 'bool':
      return String(value);
    case 'float':
      if (!Number.isFinite(value)) throw new Error(`json: unsupported value: ${printValue(value)}`);
      return JSON.stringify(value);
  }
}

const SCRIPT_ESCAPES: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '/': '\\/',
  '\\': '\\\\',
};

const SCRIPT_STRING = /[\0\t\n\v\f\r"`&'+/<>\\\u2028\u2029]/g;
const SCRIPT_REGEX = /[\0\t\n\v\f\r"&'+/<>\\\u2028\u2029]/g;

function escapeScriptString(text: string, characters: RegExp = SCRIPT_STRING): string {
  return text.replace(characters, (c) => {
    return SCRIPT_ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function escapeStyle(context: HtmlContext, value: GoValue, text: string): string {
  if (context.quoted === '/*' || context.quoted === '//') return '';
  if (context.quoted.startsWith('url')) {
    return escapeUrl(context, value, text).replace(/[()'"]/g, percentBytes);
  }
  if (context.quoted !== '') return escapeStyleText(context, value, text);
  if (value instanceof SafeText && value.type === 'CSS') return text;
  const id = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const dangerous = /[\0"'()/;@[\\\]`{}<>]|--/.test(text) || /expression|mozbinding/.test(id);
  return dangerous ? FAILSAFE : text;
}

/** Inside a string of a style, which may be a URL. */
function escapeStyleText(context: HtmlContext, value: GoValue, text: string): string {
  if (context.urlPart === 'query') return percentEncode(value, text);
  const trusted = value instanceof SafeText && value.type === 'URL';
  return escapeStyleString(context.urlPart === 'none' && !trusted ? filterUrl(text) : text);
}

/** A blank ends the escape where the next character would be read as part of it. */
function escapeStyleString(text: string): string {
  return text.replace(/[\0\t\n\f\r"&'()+/:;<>\\{}]/g, (c, at: number) => {
    if (c === '\\') return '\\\\';
    const next = text[at + 1] ?? ' ';
    return `\\${c.charCodeAt(0).toString(16)}${/[\da-fA-F\t\n\f\r ]/.test(next) ? ' ' : ''}`;
  });
}
