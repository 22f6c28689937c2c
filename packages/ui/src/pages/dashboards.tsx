import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { dashboards, type DashboardEntry } from '../api/prunella.ts';
import { useResource } from '../live.ts';
import { Card, Empty, Loaded, PageHead } from '../ui/basics.tsx';

function byFolder(entries: readonly DashboardEntry[]): [string, DashboardEntry[]][] {
  const folders = new Map<string, DashboardEntry[]>();
  for (const entry of [...entries].sort((a, b) => a.title.localeCompare(b.title))) {
    folders.set(entry.folder, [...(folders.get(entry.folder) ?? []), entry]);
  }
  return [...folders].sort(([a], [b]) => a.localeCompare(b));
}

export function DashboardsPage(): JSX.Element {
  const resource = useResource('dashboards', (signal) => dashboards(signal), { events: ['reload'] });
  const [filter, setFilter] = useState('');
  const words = filter.toLowerCase().split(/\s+/);
  const matches = (entry: DashboardEntry): boolean =>
    words.every((word) => `${entry.title} ${entry.tags.join(' ')}`.toLowerCase().includes(word));
  return (
    <>
      <PageHead title="Dashboards" note="Grafana's JSON files, as they are">
        <input
          type="search"
          aria-label="Filter dashboards"
          placeholder="Filter by name or tag"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </PageHead>
      <Loaded resource={resource}>
        {(entries) => {
          const shown = entries.filter(matches);
          if (shown.length === 0) {
            return (
              <Empty title={entries.length === 0 ? 'No dashboards' : 'Nothing fits'}>
                {entries.length === 0
                  ? 'Name files or folders of Grafana JSON under “dashboards” in prunella.yml.'
                  : 'No dashboard has this name or tag.'}
              </Empty>
            );
          }
          return byFolder(shown).map(([folder, members]) => (
            <Card key={folder} title={folder || 'General'}>
              <ul class="board-list">
                {members.map((entry) => (
                  <li key={entry.uid}>
                    <a href={`/d/${encodeURIComponent(entry.uid)}`}>
                      <strong>{entry.title}</strong>
                      <small class="dim">{entry.file}</small>
                      <span class="chips">
                        {entry.tags.map((tag) => (
                          <span class="chip" key={tag}>
                            {tag}
                          </span>
                        ))}
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
            </Card>
          ));
        }}
      </Loaded>
    </>
  );
}
