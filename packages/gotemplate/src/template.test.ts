import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alertmanagerFunctions,
  Answers,
  fn,
  GoTime,
  prometheusFunctions,
  SafeText,
  sprintf,
  StringMap,
  Template,
} from './index.ts';

const render = (text: string, data: unknown = null): string =>
  new Template('t', { missingKey: 'zero' })
    .funcs(alertmanagerFunctions(() => 0))
    .parse(text)
    .execute(data);

const html = (text: string, data: unknown = null): string =>
  new Template('t')
    .funcs(alertmanagerFunctions(() => 0))
    .parse(text)
    .executeHtml(data);

// What older releases of the peers do not know; the rest is compared with them in test/peers/gotemplate.test.ts.
describe('newer Go', () => {
  test.each([
    ['{{ range 3 }}{{ . }}{{ end }}', '012'],
    ['{{ range $i, $e := list "a" "b" }}{{ $i }}{{ $e }}{{ end }}', '0a1b'],
    ['{{ with "" }}a{{ else with "x" }}{{ . }}{{ else }}c{{ end }}', 'x'],
    ['{{ dict "a" 1 "b" (list 1 2) | toJson }}', '{"a":1,"b":[1,2]}'],
    ['{{ append (list 1) 2 "x" }}', '[1 2 x]'],
    ['{{ (dict "a" (dict "b" 5)).a.b }}', '5'],
    [
      '{{ date "2006-01-02" now }} {{ (tz "Europe/Paris" now).Format "15:04 MST -0700" }}',
      '1970-01-01 01:00 CET +0100',
    ],
    [
      '{{ trimSpace "  x " }}|{{ since now }}|{{ humanizeDuration 90 }}|{{ "YQ==" | base64decode }}',
      'x|0s|1m 30s|a',
    ],
    ['{{ urlUnescape "a%20b+c" }}', 'a b c'],
  ])('%s', (text, expected) => {
    expect(render(text)).toBe(expected);
  });
});

describe('values', () => {
  class KV extends StringMap {
    Names(): string[] {
      return [...this.keys()].sort();
    }
    Remove(names: string[]): KV {
      return new KV([...this].filter(([name]) => !names.includes(name)));
    }
  }

  test.each([
    ['{{ .kv.Names }} {{ .kv.a }} {{ (.kv.Remove (stringSlice "a")).Names }}', '[a b] 1 [b]'],
    ['{{ .Time.Format "15:04:05" }} {{ .Deep.Name }}', '00:00:01 n'],
    ['{{ .constructor }}', /can't evaluate field constructor in type Object/],
    ['{{ .Deep.__proto__ }}', /can't evaluate field __proto__/],
    ['{{ .Name.Length }}', /can't evaluate field Length in type string/],
  ])('%s', (text, expected) => {
    const data = { Name: 'x', Time: new GoTime(1000), Deep: { Name: 'n' } };
    const source = text.replaceAll('.kv', '(kv)');
    const run = (): string =>
      new Template('t')
        .funcs({
          ...alertmanagerFunctions(() => 0),
          kv: fn(
            '',
            () =>
              new KV([
                ['b', '2'],
                ['a', '1'],
              ]),
          ),
        })
        .parse(source)
        .execute(data);
    if (typeof expected === 'string') expect(run()).toBe(expected);
    else expect(run).toThrow(expected);
  });

  test('arguments that a function does not take are errors in Go’s words', () => {
    const template = new Template('t').funcs({
      f: fn('string, int', (s: string, n: bigint) => s + String(n)),
    });
    expect(template.clone().parse('{{ f "a" 1 }}').execute(null)).toBe('a1');
    expect(() => template.clone().parse('{{ f 1 1 }}').execute(null)).toThrow('expected string; found 1');
    expect(() => template.clone().parse('{{ f "a" 1.5 }}').execute(null)).toThrow(
      'expected integer; found 1.5',
    );
    expect(() => template.clone().parse('{{ f "a" }}').execute(null)).toThrow(
      'wrong number of args for f: want 2 got 1',
    );
  });
});

describe('definitions', () => {
  test('a later text replaces a definition, an empty one does not', () => {
    const base = new Template('t').parse('{{ define "a" }}1{{ end }}{{ template "a" }}');
    expect(base.execute(null)).toBe('1');
    expect(base.clone().parse('{{ define "a" }}2{{ end }}', 'user').execute(null)).toBe('2');
    expect(base.clone().parse('{{ define "a" }} {{ end }}', 'user').execute(null)).toBe('1');
    expect(base.execute(null)).toBe('1');
  });

  test('an error names the text in which the definition stands', () => {
    const template = new Template('t')
      .parse('{{ template "a" }}')
      .parse('\n{{ define "a" }}{{ .X }}{{ end }}', 'file.tmpl');
    expect(() => template.execute(null)).not.toThrow();
    expect(() => template.clone().parse('{{ template "a" 1 }}').execute(null)).toThrow(
      'template: file.tmpl:2:19: executing "a" at <.X>: can\'t evaluate field X in type int',
    );
  });
});

describe('executeAsync()', () => {
  const asking = (text: string, answers: Answers, start: (expr: string) => Promise<unknown>): Template =>
    new Template('t')
      .funcs({ query: fn('string', (expr: string) => answers.ask(expr, () => start(expr))) })
      .parse(text);

  test('asks each query once and runs on with the answers', async () => {
    const asked: string[] = [];
    const answers = new Answers();
    const template = asking(
      '{{ range query "a" }}{{ . }}{{ query "b" }}{{ end }}{{ query "a" | len }}',
      answers,
      async (expr) => {
        asked.push(expr);
        return expr === 'a' ? [1n, 2n] : 'B';
      },
    );
    expect(await template.executeAsync(null, answers)).toBe('1B2B2');
    expect(asked).toEqual(['a', 'b']);
  });

  test('a failing query is the template’s error', async () => {
    const answers = new Answers();
    const template = asking('{{ query "a" }}', answers, () => Promise.reject(new Error('down')));
    await expect(template.executeAsync(null, answers)).rejects.toThrow(
      'executing "t" at <query "a">: error calling query: down',
    );
  });

  test('stops asking at some point', async () => {
    const answers = new Answers();
    const template = asking(
      '{{ range $i := 5000 }}{{ query (print $i) }}{{ end }}',
      answers,
      async () => 'x',
    );
    await expect(template.executeAsync(null, answers)).rejects.toThrow('more than 1000 queries');
  });
});

describe('limits', () => {
  test.each([
    [
      'endless recursion',
      '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
      /maximum template depth/,
    ],
    [
      'a long loop',
      '{{ range 1000000000 }}{{ range 1000000000 }}{{ end }}{{ end }}',
      /exceeded 2000000 steps/,
    ],
    ['much output', '{{ range 1000 }}{{ printf "%100000d" 1 }}{{ end }}', /characters of output|steps/],
    ['doubling', '{{ $x := "xxxxxxxxxx" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}', /too long/],
    ['growth by regex', '{{ $x := printf "%100000d" 1 }}{{ reReplaceAll "." $x $x }}', /too long/],
    ['deep parentheses', `{{ ${'('.repeat(100_000)} }}`, /nested more than/],
    ['deep blocks', '{{ if 1 }}'.repeat(100_000), /nested more than/],
  ])('%s ends in an error', (_, text, error) => {
    expect(() => render(text)).toThrow(error);
  });

  test('any text either parses and runs or gives a TemplateError', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{{-',
      '-}}',
      ' ',
      'if',
      'end',
      'range',
      '.',
      '.A',
      '$',
      '$x',
      ':=',
      '|',
      '(',
      ')',
      '"s"',
      '1',
      '1.5',
      'len',
      'eq',
      'printf',
      'nil',
      'define',
      'template',
      'else',
      '\n',
      '/*',
      '*/',
      'ü',
      "'",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          render(pieces.join(''), new Map());
        } catch (error) {
          expect((error as Error).name).toBe('TemplateError');
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('HTML', () => {
  const hostile = fc.string({
    unit: fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      '`',
      '=',
      ' ',
      '/',
      '\\',
      'a',
      '\n',
      '{',
      '}',
      '-',
      '!',
      ':',
    ),
  });
  test('no value ends the place where it stands', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const data = new Map([['v', value]]);
        expect(html('<p>{{ .v }}</p>', data).slice(3, -4)).not.toMatch(/[<>"']/);
        expect(html('<p title="{{ .v }}">', data).slice(10, -2)).not.toMatch(/[<>"]/);
        expect(html('<p title={{ .v }}>', data).slice(9, -1)).not.toMatch(/[<>"'=\s`]/);
        expect(html('<a href="/{{ .v }}">', data).slice(9, -2)).not.toMatch(/[<>"]/);
        expect(html('<script>x({{ .v }})</script>', data).slice(10, -10)).not.toMatch(/[<>]/);
        expect(JSON.parse(html('<script>{{ .v }}</script>', data).slice(8, -9))).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  test('what the author declares safe stays as it is', () => {
    expect(html('<p>{{ . }}</p>', new SafeText('HTML', '<b>x</b>'))).toBe('<p><b>x</b></p>');
    expect(html('{{ safeHtml "<b>" }}{{ "<b>" }}')).toBe('<b>&lt;b&gt;');
  });
});

describe('prometheusFunctions()', () => {
  test('pathPrefix and externalURL come from the address', () => {
    const functions = prometheusFunctions({ externalURL: 'http://h/p/', now: 1500, parseDuration: Number });
    const text = new Template('t')
      .funcs(functions)
      .parse('{{ externalURL }} {{ pathPrefix }} {{ now }}')
      .execute(null);
    expect(text).toBe('http://h/p/ /p 1.5');
  });
});

test('sprintf() pads and rounds as Go', () => {
  expect(sprintf('%08.3f|%+d|%-6s|%x', [3.14159, 5n, 'ab', 'hi'])).toBe('0003.142|+5|ab    |6869');
});

// Which templates are refused is compared with html/template's own verdict in test/peers/gotemplate.test.ts.
describe('html: branches that leave the document in different places', () => {
  test.each([
    ['{{ if . }}<a title="{{ end }}x', '{{if}} branches end in different contexts'],
    ['<script>{{ range . }}"{{ end }}</script>', '{{range}} branches end in different contexts'],
    ['<a href="x', 'ends in a non-text context: {url " path}'],
    ['<a href="{{ if . }}a?b{{ end }}{{ . }}">', 'ambiguous context within a URL'],
    ['{{ define "t" }}{{ if . }}<p>{{ else }}<p a="{{ end }}{{ end }}{{ template "t" . }}', 't:1:'],
  ])('%s', (text, fault) => {
    expect(() => html(text, ['x'])).toThrow(fault);
  });

  test.each([
    ['<a {{ if . }}x{{ end }}>', '<a x>'],
    ['<a href="{{ if . }}a?b{{ else }}c{{ end }}">', '<a href="a?b">'],
    ['{{ range . }}<b>{{ continue }}{{ end }}', '<b>'],
  ])('%s is fine', (text, expected) => {
    expect(html(text, ['x'])).toBe(expected);
  });
});
