import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Answers, prometheusFunctions, StringMap, Template } from '@prunella/gotemplate';
import { parseDuration } from '@prunella/metrics';
import * as fc from 'fast-check';
import { DATA, ours, readCases } from './gotemplate-support.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// What releases of Go word differently.
const plain = (text: string): string =>
  text
    .replace(/unknown unit .* in duration|not a valid duration string:/, 'bad duration')
    .replace(/(incompatible types for comparison): [^>]*/, '$1')
    .replace(/non-function .* of type/, 'non-function of type');

const AMTOOL = process.env['AMTOOL'] ?? 'amtool';
const PROMTOOL = process.env['PROMTOOL'] ?? 'promtool';
/** Older releases print sets of labels as maps. */
const MODERN =
  Number(/version 0\.(\d+)/.exec(spawnSync(AMTOOL, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]) >=
  27;
const isFailure = (output: string): boolean =>
  /^(?:html\/)?template:|^<error expanding template/.test(output);
const isTooNew = (output: string): boolean =>
  /function "\w+" not defined|unexpected <|range can't iterate|can't evaluate field NotificationReason/.test(
    output,
  );

const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'prunella-gotemplate-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const H = '{{ .CommonLabels.html }}';
const text = [
  '{{ 1 }} {{ 1.0 }} {{ 1e6 }} {{ 0x10 }} {{ -5 }} {{ 1_000 }} {{ \'a\' }} {{ true }} {{ "q\\t\\"" }} {{ `raw` }}',
  '{{- 1 -}}   x  {{- /* c */ -}}  y {{/* c */}}|',
  '{{ .CommonLabels.missing }}|{{ .CommonLabels.alertname }}|{{ .Status | printf "%q" }}',
  '{{ if eq .Status "firing" }}F{{ else if eq .Status "x" }}X{{ else }}E{{ end }}',
  '{{ with .CommonLabels.missing }}a{{ else }}b{{ end }}{{ with $x := "v" }}{{ $x }}{{ . }}{{ end }}',
  '{{ range $i, $a := .Alerts }}{{ $i }}{{ $a.Labels.n }}{{ else }}none{{ end }}',
  '{{ range $k, $v := .CommonLabels }}{{ $k }}={{ $v }};{{ end }}',
  '{{ range .CommonLabels }}{{ if eq . "A" }}{{ continue }}{{ end }}{{ . }}{{ break }}{{ end }}',
  '{{ define "t" }}[{{ . }}{{ $ }}]{{ end }}{{ template "t" .Status }}{{ block "u" 3 }}<{{ . }}>{{ end }}',
  '{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}{{ $y := 5 }}{{ with 7 }}{{ $y := . }}{{ end }}{{ $y }}',
  '{{ len .Status }} {{ len .CommonLabels }} {{ len .Alerts }} {{ index .CommonLabels "n" }} {{ (index .Alerts 0).Status }} {{ slice .Status 1 3 }}',
  '{{ and 1 0 2 }} {{ or 0 "" "x" }} {{ not 1 }} {{ and true "a" }} {{ or false 0 }}',
  '{{ eq 1 1 }} {{ eq 1 2 3 1 }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1.5 1.5 }} {{ lt "a" "B" }}',
  '{{ printf "%d|%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c|%U|%q" 42 42 42 42 42 255 255 8 5 65 65 65 }}',
  '{{ printf "%s|%10s|%-10s|%.2s|%q|%x|%v|%+q" "héllo" "a" "b" "xyz" "q\\"\\n" "hi" "v" "é" }}',
  '{{ printf "%f|%.2f|%8.3f|%e|%g|%G|%.3g|%6.1f|%+.1f|%v" 3.14159 3.14159 3.14159 1234.5678 1e-7 1e21 1234567.0 2.25 2.0 1e20 }}',
  '{{ printf "%.0f %.0f %.0f %.1f %.1f %.2f" 0.5 1.5 2.5 0.25 0.35 1.005 }}',
  '{{ printf "%.3e %.0e %g %v %v" 123456.0 15.0 100000.0 1000000.0 123456789.0 }}',
  '{{ printf "%t %v %d" true false "x" }} {{ printf "%d" 1.5 }} {{ printf "%.2f" 3 }} {{ printf "%s" 3 }} {{ printf "%!" }} {{ printf "%d" }} {{ printf "a" 1 "b" }}',
  '{{ printf "%[2]d %[1]d" 1 2 }} {{ printf "%*d|%-*d|" 5 1 5 2 }} {{ printf "%.*f" 2 1.0 }} {{ printf "%z" 1 }} {{ printf "100%%" }}',
  '{{ printf "%T %T %T %T" 1 1.0 "s" true }} {{ printf "%v %s" (stringSlice "a" "b") (stringSlice "c") }}',
  '{{ print 1 2 "a" "b" 3 4.5 nil }}|{{ println 1 "a" }}|{{ print }}',
  '{{ html "<a href=\'x\'>&\\"" }} {{ js "a\'b\\"<>&=\\n" }} {{ urlquery "a b&c/d?ü" }}',
  '{{ "a" | printf "%s-%s" "b" }} {{ (printf "%d" 3) | len }} {{ ("x") }}',
  '{{ toUpper "abc" }} {{ "ABC" | toLower }} {{ title "hello world-of it\'s" }} {{ match "a.c" "xabcx" }} {{ match "^b" "abc" }}',
  '{{ reReplaceAll "a(x*)b" "${1}W$1W" "-ab-axxb-" }} {{ reReplaceAll "x*" "-" "abxc" }} {{ reReplaceAll "(?P<n>b+)" "<$n>" "abbc" }}',
  '{{ stringSlice "a" "b" | join "+" }} {{ join ", " (stringSlice "x" "y") }} {{ stringSlice "a" "b" }}',
  '{{ (index .Alerts 0).StartsAt }} {{ (index .Alerts 0).StartsAt.Format "Mon Jan _2 15:04:05.000 2006 Z07:00 MST pm 3 002" }} {{ (index .Alerts 0).EndsAt.IsZero }}',
  '{{ (index .Alerts 0).StartsAt.Unix }} {{ (index .Alerts 0).StartsAt.Weekday }} {{ (index .Alerts 0).StartsAt.Month }} {{ (index .Alerts 0).StartsAt.Year }} {{ ((index .Alerts 0).StartsAt.Sub (index .Alerts 0).EndsAt).Hours }}',
  '{{ (index .Alerts 0).StartsAt.Format "Jan 2, 2006 at 3:04pm (MST)" }} {{ (index .Alerts 0).StartsAt.Format "2006-01-02T15:04:05.999999999Z07:00" }} {{ (index .Alerts 0).StartsAt.Format "Monday, 02-Jan-06 15:04:05 -0700" }} ',
  '{{ .Foo }}',
  '{{ .Status.Foo }}',
  '{{ .CommonLabels.a.b }}',
  '{{ nope }}',
  '{{ $nope }}',
  '{{ if }}x{{ end }}',
  '{{ if true }}',
  '{{ end }}',
  '{{ else }}',
  '{{ if true }}{{ else }}{{ else }}{{ end }}',
  '{{ range .Alerts }}{{ end }}{{ break }}',
  '{{ "abc }}',
  '{{ `abc }}',
  '{{ 1a }}',
  '{{ .a! }}',
  '{{ ( 1 }}',
  '{{ 1 | 2 }}',
  '{{ | 2 }}',
  '{{ template }}',
  '{{ template foo }}',
  '{{ template "nope" }}',
  '{{ /* x */ }}',
  '{{/* x }}',
  '{{ define "x" }}',
  '{{ define x }}{{ end }}',
  '{{ $x, $y := 1 }}',
  '{{ nil }}',
  '{{ nil.x }}',
  '{{ "a".b }}',
  '{{ 3.x }}',
  '{{ .Status 1 }}',
  '{{ 1 2 }}',
  '{{ len 3 }}',
  '{{ len nil }}',
  '{{ index .Alerts 5 }}',
  '{{ index .Alerts "x" }}',
  '{{ index .CommonLabels 1 }}',
  '{{ slice .Status 5 99 }}',
  '{{ eq 1 "a" }}',
  '{{ eq 1 1.0 }}',
  '{{ eq .CommonLabels 1 }}',
  '{{ lt 1 "a" }}',
  '{{ lt true false }}',
  '{{ eq 1 }}',
  '{{ ne 1 }}',
  '{{ not 1 2 }}',
  '{{ toUpper 1 }}',
  '{{ toUpper .Alerts }}',
  '{{ toUpper nil }}',
  '{{ printf 1 }}',
  '{{ match "(" "a" }}',
  '{{ range true }}{{ end }}',
  '{{ if .CommonLabels }}y{{ end }}{{ if .CommonAnnotations }}n{{ end }}',
  '{{ 99999999999999999999 }}',
  '{{ "\\z" }}',
  '{{ . | len | printf "%d" }}',
  'a\nb {{ .CommonLabels.x\n | toUpper }} {{ .Nope }}',
  '{{\n.Nope\n}}',
  '{{ break }}',
  '{{ .Status | .Foo }}',
  '{{ x := 1 }}',
  '{{ $x = 1 }}',
  '{{ call 1 }}',
  '{{ call nil }}',
  '{{ and }}',
  '{{ index }}',
  '{{ index nil 1 }}',
  '{{ print (index .CommonLabels "zzz") }}|{{ index .CommonLabels "zzz" }}',
];
const html = [
  `<p>${H}</p><a href="${H}" title='${H}' data-x=${H}>${H}</a>`,
  '<a href="{{ .CommonLabels.url }}">x</a><a href="/p/{{ .CommonLabels.path }}">x</a><a href="/p?q={{ .CommonLabels.path }}#{{ .CommonLabels.path }}">y</a>',
  '<a href={{ .ExternalURL }}>x</a><img src="{{ .ExternalURL }}/a.png?x={{ .Status }}">',
  `<script>var a = {{ stringSlice .Status }}, n = {{ 5 }}, t = {{ (index .Alerts 0).StartsAt }}, b = ${H}, c = "${H}", d = '{{ .Status }}'; // ${H}\n</script>`,
  `<style>p { color: {{ .Status }}; background: {{ .CommonLabels.url }}; }</style>`,
  `<div style="color: {{ .Status }}; width: {{ 5 }}px; x: ${H}" onclick="f(${H}, {{ 5 }})">t</div>`,
  `<!-- hidden ${H} --><title>${H}</title><textarea>${H}</textarea>`,
  `{{ safeHtml "<i>ok</i>" }} <b title="{{ safeHtml "<i>a & b</i>" }}">x</b> {{ .CommonLabels.html | html }}`,
  'a < b & c <br/> 1 < 2 <x-y z>{{ .Status }}</x-y>',
  '<input value={{ .Status }} {{ .Status }} {{ "disabled" }}>',
  '{{ range .Alerts }}<li class="{{ .Status }}">{{ .Labels.html }} {{ .StartsAt }} {{ .Annotations.text }}</li>{{ end }}',
  '<!DOCTYPE html><html><head><meta name="x" content="{{ .CommonLabels.html }}"></head>{{ .CommonLabels.path }}</html>',
  '<a href="{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}">x</a>',
  '<td bgcolor="#{{ if eq .Status "firing" }}E6522C{{ else }}eee{{ end }}" style="background-color: #{{ .Status }}">{{ 1.5 }} {{ true }} {{ nil | print }}</td>',
  '<img alt="{{ .CommonLabels.html }}" srcset="{{ .ExternalURL }} 2x">',
];

function randomTemplate(): fc.Arbitrary<string> {
  const atom = fc.constantFrom(
    ...'.Status .CommonLabels.n .CommonLabels.html .CommonLabels.nope .GroupLabels.alertname $x 1 2.5 -3 "s" "%d" `r` true nil'.split(
      ' ',
    ),
  );
  const name = fc.constantFrom(
    ...'len print printf index eq ne lt and or not toUpper title slice html js urlquery match stringSlice reReplaceAll'.split(
      ' ',
    ),
  );
  const call = fc.tuple(name, fc.array(atom, { maxLength: 2 })).map(([f, args]) => [f, ...args].join(' '));
  const nested = fc.oneof(
    atom,
    call.map((text) => `(${text})`),
  );
  const command = fc.oneof(
    atom,
    fc.tuple(name, fc.array(nested, { maxLength: 3 })).map(([f, args]) => [f, ...args].join(' ')),
  );
  const pipe = fc.array(command, { minLength: 1, maxLength: 2 }).map((commands) => commands.join(' | '));
  const { block } = fc.letrec<{ block: string }>((tie) => ({
    block: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('text', ' x ', '<b>', ''),
      pipe.map((p) => `{{ ${p} }}`),
      pipe.map((p) => `{{- ${p} -}}`),
      pipe.map((p) => `{{ $x := ${p} }}`),
      fc
        .tuple(pipe, tie('block'), tie('block'))
        .map(([p, a, b]) => `{{ if ${p} }}${a}{{ else }}${b}{{ end }}`),
      fc.tuple(pipe, tie('block')).map(([p, a]) => `{{ with ${p} }}${a}{{ end }}`),
      fc.tuple(tie('block')).map(([a]) => `{{ range $i, $x := .CommonLabels }}${a}{{ end }}`),
      fc.tuple(tie('block'), tie('block')).map(([a, b]) => a + b),
    ),
  }));
  return block;
}

describe.skipIf(!has(AMTOOL))('templates as amtool renders them (skipped without amtool)', () => {
  function theirs(source: string, type: 'text' | 'html'): string {
    writeFileSync(join(dir, 'data.json'), JSON.stringify(DATA));
    writeFileSync(join(dir, 'none.tmpl'), '');
    const args = ['template', 'render', `--template.glob=${dir}/*.tmpl`, `--template.type=${type}`];
    const run = spawnSync(
      AMTOOL,
      [...args, `--template.data=${dir}/data.json`, `--template.text=${source}`],
      {
        encoding: 'utf8',
      },
    );
    return run.status === 0
      ? run.stdout.replace(/\n$/, '')
      : run.stderr.trim().replace(/^amtool: error: /, '');
  }

  test.each(text)('text %j', (source) => {
    expect(plain(ours(source, 'text'))).toBe(plain(theirs(source, 'text')));
  });
  test.each(html)('html %j', (source) => {
    expect(ours(source, 'html')).toBe(theirs(source, 'html'));
  });

  // Those that fail need not say the same, and an older release does not have all functions.
  const cases = [...readCases('text'), ...(MODERN ? readCases('text-modern') : [])].flatMap((source) => [
    ['text', source] as const,
    ['html', source] as const,
  ]);
  test.each(cases)('%s %s', (type, source) => {
    const [mine, peer] = [ours(source, type), theirs(source, type)];
    if (isFailure(peer) && (isFailure(mine) || isTooNew(peer))) return;
    expect(plain(mine)).toBe(plain(peer));
  });

  test('templates put together at random give the same text, or fail in both', () => {
    for (const [i, source] of fc.sample(randomTemplate(), { numRuns: 200, seed: 1 }).entries()) {
      const type = i % 4 === 3 ? 'html' : 'text';
      const [mine, peer] = [ours(source, type), theirs(source, type)];
      if (isFailure(mine) && isFailure(peer)) continue;
      expect(mine, source).toBe(peer);
    }
  });
});

const annotations = readCases('annotations');

const prometheus = [
  '{{ $labels.instance }} {{ $value }} {{ .Value }} {{ $externalURL }} {{ $labels.nope }} {{ $externalLabels }} {{ $labels }}',
  ...[
    '0',
    '1',
    '1.5',
    '12',
    '999',
    '1000',
    '1234567.0',
    // Beyond int64 Go's duration overflows into nonsense.
    '1e18',
    '0.1',
    '0.001',
    '1.5e-7',
    '1e-30',
    '-1234.5',
    '61',
    '3600',
    '90061',
    '-0.5',
    '59.99',
    '1536',
    '1048576',
    '1435065584.128',
  ].map(
    (n) =>
      `{{ humanize ${n} }} {{ humanize1024 ${n} }} {{ humanizeDuration ${n} }} {{ humanizePercentage ${n} }} {{ "${n}" | humanize }}`,
  ),
  '{{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp 0 }} {{ humanizeTimestamp -1.5 }} {{ (toTime 1e9).Format "2006" }}',
  '{{ stripPort "a.b:80" }} {{ stripPort "a" }} {{ stripPort "[::1]:80" }} {{ stripDomain "a.b.c:80" }} {{ stripDomain "1.2.3.4:80" }} {{ stripDomain "h" }} {{ stripDomain "[::1]:80" }}',
  '{{ graphLink "up{a=\\"b\\"} > 0" }} {{ tableLink "x" }}',
  '{{ parseDuration "1h30m" }} {{ parseDuration "1x" }}',
  '{{ with query "up" | sortByLabel "instance" }}{{ . | first | value | humanize }} {{ . | first | label "instance" }}{{ end }}',
  '{{ range query "up" | sortByLabel "instance" }}{{ .Labels.instance }}={{ .Value }};{{ end }}',
  '{{ query "nope" | first }}',
  '{{ query "1 +" }}',
  '{{ args 1 2 }} {{ (args "a").arg0 }}',
  '{{ title "foo bar" }} {{ reReplaceAll "(.*):.*" "$1" $labels.instance }} {{ match "a" "b" }} {{ $value | humanizePercentage | toUpper }}',
  '{{ humanize "x" }}',
  '{{ humanize $labels }}',
  '{{ safeHtml "<b>" }} {{ "<b>" }} {{ printf "%.2f" $value }} {{ printf "%d" $value }} {{ if gt $value 1.0 }}big{{ end }}',
  '{{ if gt $value 1 }}x{{ end }}',
  '{{ $value | printf "%s" }} {{ .Nope }}',
  '{{ .Labels.job.x }}',
];

describe.skipIf(!has(PROMTOOL))(
  'rule annotations as promtool expands them (skipped without promtool)',
  () => {
    const all = [...prometheus, ...annotations];
    let theirs: Map<string, string>;
    beforeAll(() => {
      const annotations = Object.fromEntries(all.map((source, i) => [`a${i}`, source]));
      const rules = { groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'x', annotations }] }] };
      const tests = {
        rule_files: [join(dir, 'rules.yml')],
        tests: [
          {
            input_series: [
              { series: 'x{instance="i:1"}', values: '1234567.5' },
              { series: 'up{instance="b"}', values: '3' },
              { series: 'up{instance="a"}', values: '2' },
            ],
            alert_rule_test: [{ eval_time: '0m', alertname: 'A', exp_alerts: [] }],
          },
        ],
      };
      writeFileSync(join(dir, 'rules.yml'), JSON.stringify(rules));
      writeFileSync(join(dir, 'tests.yml'), JSON.stringify(tests));
      const run = spawnSync(PROMTOOL, ['test', 'rules', join(dir, 'tests.yml')], { encoding: 'utf8' });
      const line = (run.stdout + run.stderr).split('\n').find((each) => each.includes('Annotations:{')) ?? '';
      theirs = new Map(
        [...line.matchAll(/(a\d+)=("(?:[^"\\]|\\.)*")/g)].map((m) => [m[1] ?? '', unquote(m[2] ?? '')]),
      );
    });

    test.each(annotations.map((source, i) => [i + prometheus.length, source] as const))(
      '%d %s',
      async (i, source) => {
        const [mine, peer] = [await expanded(source), theirs.get(`a${i}`) ?? ''];
        if (isFailure(peer) && isFailure(mine)) return;
        expect(plain(mine)).toBe(plain(peer));
      },
    );

    test.each(prometheus.map((source, i) => [i, source] as const))('%d %j', async (i, source) => {
      expect(plain(await expanded(source))).toBe(plain(theirs.get(`a${i}`) ?? ''));
    });
  },
);

/** A Go string literal: JSON knows neither `\x00` nor `\a`. */
const unquote = (text: string): string =>
  JSON.parse(
    text.replace(/\\(x..|.)/g, (escape, kind: string) => {
      if (kind.startsWith('x')) return `\\u00${kind.slice(1)}`;
      return '"\\/bfnrtu'.includes(kind) ? escape : kind;
    }),
  ) as string;

const queryResults: Readonly<Record<string, readonly unknown[]>> = {
  up: ['a', 'b'].map((instance, i) => ({
    Labels: StringMap.fromObject({ __name__: 'up', instance }),
    Value: 2 + i,
  })),
  nope: [],
};

async function expanded(source: string): Promise<string> {
  const header =
    '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';
  try {
    const answers = new Answers();
    const ask = (expr: string): unknown =>
      answers.ask(expr, async () => {
        const found = queryResults[expr];
        if (!found) throw new Error('1:4: parse error: unexpected end of input');
        return found;
      });
    const functions = prometheusFunctions({ externalURL: '', now: 0, parseDuration, query: ask });
    const template = new Template('__alert_A', { missingKey: 'zero' })
      .funcs(functions)
      .parse(header + source);
    return await template.executeAsync(
      {
        goType:
          'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value float64 }',
        Labels: StringMap.fromObject({ __name__: 'x', instance: 'i:1' }),
        ExternalLabels: new StringMap(),
        ExternalURL: '',
        Value: 1234567.5,
      },
      answers,
    );
  } catch (error) {
    const phase = (error as Error).message.includes('executing') ? 'executing' : 'parsing';
    return `<error expanding template: error ${phase} template __alert_A: ${(error as Error).message}>`;
  }
}
