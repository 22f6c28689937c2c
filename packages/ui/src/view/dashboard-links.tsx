import type { JSX } from 'preact';
import { dashboards } from '../api/prunella.ts';
import { interpolateText } from '../dashboard/interpolate.ts';
import { safeUrl } from '../dashboard/markdown.ts';
import type { Link, Scope } from '../dashboard/types.ts';
import { useResource } from '../live.ts';
import { location } from '../router.ts';

/** Adds the time range and the variables of the present address, as far as the link wants them. */
function carried(url: string, link: Link): string {
  const keep = [...location.value.search].filter(
    ([name]) =>
      (link.keepTime && (name === 'from' || name === 'to')) ||
      (link.keepVariables && name.startsWith('var-')),
  );
  if (keep.length === 0) return url;
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(keep).toString()}`;
}

function TagLinks({ link }: { link: Link }): JSX.Element {
  const found = useResource('dashboards', (signal) => dashboards(signal));
  const wanted = link.tags ?? [];
  const here = location.value.path;
  return (
    <>
      {(found.data ?? [])
        .filter((entry) => wanted.every((tag) => entry.tags.includes(tag)))
        .map((entry) => ({ entry, href: `/d/${encodeURIComponent(entry.uid)}` }))
        .filter(({ href }) => href !== here)
        .slice(0, 8)
        .map(({ entry, href }) => (
          <a key={entry.uid} class="button" href={carried(href, link)}>
            {entry.title}
          </a>
        ))}
    </>
  );
}

/** The links beside a dashboard's title: addresses, or all dashboards with some tags. */
export function DashboardLinks({ links, scope }: { links: readonly Link[]; scope: Scope }): JSX.Element {
  return (
    <>
      {links.map((link, index) => {
        if (link.tags) return <TagLinks key={index} link={link} />;
        const href = safeUrl(interpolateText(link.url, { scope }));
        return (
          href && (
            <a
              key={index}
              class="button"
              href={carried(href, link)}
              target={link.newTab ? '_blank' : undefined}
              rel="noreferrer noopener"
            >
              {link.title}
            </a>
          )
        );
      })}
    </>
  );
}
