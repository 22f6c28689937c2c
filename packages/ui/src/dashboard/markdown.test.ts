import { describe, expect, test } from 'vitest';
import { parseMarkdown, safeUrl, stripTags } from './markdown.ts';

describe('parseMarkdown()', () => {
  test('headings, lists, code, tables, links', () => {
    const blocks = parseMarkdown(
      '# Title\n\nText with **bold**, *soft*, `code` and [a link](https://example.org).\n\n- one\n- two\n\n1. first\n\n```\nx < y\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> said\n\n---',
    );
    expect(blocks.map((block) => block.kind)).toEqual([
      'heading',
      'paragraph',
      'list',
      'list',
      'code',
      'table',
      'quote',
      'rule',
    ]);
    expect(blocks[1]).toMatchObject({
      children: [
        { text: 'Text with ' },
        { kind: 'strong' },
        { text: ', ' },
        { kind: 'em' },
        { text: ', ' },
        { kind: 'code' },
        { text: ' and ' },
        { kind: 'link', href: 'https://example.org' },
        { text: '.' },
      ],
    });
  });
  test('scripts and handlers never come through', () => {
    const text = JSON.stringify(
      parseMarkdown(
        '<script>alert(1)</script><img src=x onerror=alert(2)>[x](javascript:alert(3)) <b onclick="y">kept</b>',
      ),
    );
    expect(text).not.toMatch(/script|onerror|onclick|alert\(1|alert\(2/);
    expect(text).toContain('kept');
  });
});

test('safeUrl() lets through addresses that cannot run', () => {
  const cases: [string, string | undefined][] = [
    ['https://a/b', 'https://a/b'],
    ['/d/x?var-a=1', '/d/x?var-a=1'],
    ['?a=b', '?a=b'],
    ['d/abc/name', 'd/abc/name'],
    ['mailto:a@b.c', 'mailto:a@b.c'],
    ['javascript:alert(1)', undefined],
    [' JavaScript:alert(1)', undefined],
    ['data:text/html,x', undefined],
    ['//evil.example/x', undefined],
    ['vbscript:x', undefined],
  ];
  for (const [url, want] of cases) expect(safeUrl(url), url).toBe(want);
});

test('stripTags() keeps text and decodes entities once', () =>
  expect(stripTags('<p>a &lt;b&gt;</p><style>x{}</style><!-- c -->d')).toBe('a <b>\nd'));
