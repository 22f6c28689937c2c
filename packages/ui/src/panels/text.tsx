import type { JSX } from 'preact';
import { parseMarkdown, stripTags, type Block, type Inline } from '../dashboard/markdown.ts';
import { str } from '../json.ts';
import type { PanelProps } from './props.ts';

function Spans({ parts }: { parts: Inline[] }): JSX.Element {
  return (
    <>
      {parts.map((part, index) => {
        switch (part.kind) {
          case 'text':
            return part.text;
          case 'code':
            return <code key={index}>{part.text}</code>;
          case 'strong':
            return (
              <strong key={index}>
                <Spans parts={part.children} />
              </strong>
            );
          case 'em':
            return (
              <em key={index}>
                <Spans parts={part.children} />
              </em>
            );
          case 'link':
            return (
              <a
                key={index}
                href={part.href}
                {...(part.href.startsWith('http') ? { target: '_blank', rel: 'noreferrer noopener' } : {})}
              >
                <Spans parts={part.children} />
              </a>
            );
        }
      })}
    </>
  );
}

function BlockView({ block }: { block: Block }): JSX.Element {
  switch (block.kind) {
    case 'heading': {
      const Tag = `h${Math.min(6, block.level + 2)}` as 'h3';
      return (
        <Tag>
          <Spans parts={block.children} />
        </Tag>
      );
    }
    case 'paragraph':
      return (
        <p>
          <Spans parts={block.children} />
        </p>
      );
    case 'quote':
      return (
        <blockquote>
          <Spans parts={block.children} />
        </blockquote>
      );
    case 'code':
      return <pre>{block.text}</pre>;
    case 'rule':
      return <hr />;
    case 'list': {
      const items = block.items.map((item, index) => (
        <li key={index}>
          <Spans parts={item} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return (
        <table class="data">
          <thead>
            <tr>
              {block.head.map((cell, index) => (
                <th key={index} scope="col">
                  <Spans parts={cell} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row, at) => (
              <tr key={at}>
                {row.map((cell, index) => (
                  <td key={index}>
                    <Spans parts={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
  }
}

/** Markdown as a reader sees it; never HTML. */
export function Markdown({ source }: { source: string }): JSX.Element {
  return (
    <div class="markdown">
      {parseMarkdown(source).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

export function TextPanel({ panel, fill }: PanelProps): JSX.Element {
  const content = fill(str(panel.options['content']));
  const mode = str(panel.options['mode'], 'markdown');
  if (mode === 'code' || mode === 'text') return <pre class="text-panel">{content}</pre>;
  return (
    <div class="text-panel">
      {mode === 'html' ? <Markdown source={stripTags(content)} /> : <Markdown source={content} />}
    </div>
  );
}
