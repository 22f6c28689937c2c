import { Component, type ComponentChildren, type ComponentType, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { connected } from './live.ts';
import { location, match } from './router.ts';
import { theme, toggleTheme } from './theme.ts';
import { Empty, IconButton, Note } from './ui/basics.tsx';
import { ConfirmHost } from './ui/dialog.tsx';
import { Icon } from './ui/icon.tsx';
import { PaletteHost } from './ui/palette.tsx';
import { HelpHost, helpOpen, pages, paletteOpen } from './ui/shortcuts.tsx';
import { Toasts } from './ui/toast.tsx';

/** A page takes the parameters of its route. Each is its own file in the build, loaded when first opened. */
export interface PageProps {
  params: Record<string, string>;
}

type Page = ComponentType<PageProps>;

const routes: [string, () => Promise<Page>][] = [
  ['/', async () => (await import('./pages/overview.tsx')).OverviewPage],
  ['/dashboards', async () => (await import('./pages/dashboards.tsx')).DashboardsPage],
  ['/d/:uid', async () => (await import('./pages/dashboard.tsx')).DashboardPage],
  ['/d/:uid/:slug', async () => (await import('./pages/dashboard.tsx')).DashboardPage],
  ['/explore', async () => (await import('./pages/explore.tsx')).ExplorePage],
  ['/alerts', async () => (await import('./pages/alerts.tsx')).AlertsPage],
  ['/silences', async () => (await import('./pages/silences.tsx')).SilencesPage],
  ['/notifications', async () => (await import('./pages/notifications.tsx')).NotificationsPage],
  ['/receivers', async () => (await import('./pages/receivers.tsx')).ReceiversPage],
  ['/incidents', async () => (await import('./pages/incidents.tsx')).IncidentsPage],
  ['/incidents/:id', async () => (await import('./pages/incident.tsx')).IncidentPage],
  ['/services', async () => (await import('./pages/services.tsx')).ServicesPage],
  ['/targets', async () => (await import('./pages/targets.tsx')).TargetsPage],
  ['/status', async () => (await import('./pages/status.tsx')).StatusPage],
  // Addresses that Prometheus's own links use.
  ['/graph', async () => (await import('./pages/explore.tsx')).ExplorePage],
  ['/query', async () => (await import('./pages/explore.tsx')).ExplorePage],
];

/** A page that throws says so and leaves the rest of the application standing. */
class Boundary extends Component<{ children: ComponentChildren }, { message: string }> {
  override state = { message: '' };
  static override getDerivedStateFromError(error: unknown): { message: string } {
    console.error(error);
    return { message: error instanceof Error ? error.message : String(error) };
  }
  override render(): ComponentChildren {
    if (this.state.message === '') return this.props.children;
    return <Note tone="bad">This page has failed: {this.state.message}. Reload to try again.</Note>;
  }
}

function Routed(): JSX.Element {
  const { path } = location.value;
  const found = routes.flatMap(([pattern, load]) => {
    const params = match(pattern, path);
    return params ? [{ pattern, load, params }] : [];
  })[0];
  const [loaded, setLoaded] = useState<{ pattern: string; page: Page } | undefined>(undefined);
  const [failed, setFailed] = useState('');
  useEffect(() => {
    let current = true;
    setFailed('');
    found?.load().then(
      (page) => current && setLoaded({ pattern: found.pattern, page }),
      () =>
        current && setFailed('The page could not be loaded: Prunella has stopped, or was updated meanwhile.'),
    );
    return () => void (current = false);
  }, [found?.pattern]);
  if (!found) return <Empty title="There is no such page">{path}</Empty>;
  if (failed !== '') {
    return (
      <Note tone="bad">
        {failed}{' '}
        <button type="button" onClick={() => window.location.reload()}>
          Reload
        </button>
      </Note>
    );
  }
  if (loaded?.pattern !== found.pattern) return <div class="loading">Loading…</div>;
  const Page = loaded.page;
  return (
    <Boundary key={path}>
      <Page params={found.params} />
    </Boundary>
  );
}

function isCurrent(path: string, here: string): boolean {
  if (path === '/') return here === '/';
  return here === path || here.startsWith(`${path}/`) || (path === '/dashboards' && here.startsWith('/d/'));
}

function Navigation({ open, onLeave }: { open: boolean; onLeave: () => void }): JSX.Element {
  const here = location.value.path;
  return (
    <nav
      class={open ? 'nav open' : 'nav'}
      aria-label="Pages"
      onClick={(event) => (event.target as Element).closest('a') && onLeave()}
    >
      <a class="brand" href="/">
        <img src="/favicon.svg" alt="" width="26" height="26" />
        <span>Prunella</span>
      </a>
      <ul>
        {pages.map((page) => (
          <li key={page.path}>
            <a
              href={page.path}
              aria-current={isCurrent(page.path, here) ? 'page' : undefined}
              title={`${page.title} (g ${page.key})`}
            >
              <Icon name={page.icon} size={18} />
              <span>{page.title}</span>
            </a>
          </li>
        ))}
      </ul>
      <div class="nav-foot">
        <IconButton
          icon={theme.value === 'dark' ? 'sun' : 'moon'}
          label={theme.value === 'dark' ? 'Light theme' : 'Dark theme'}
          onClick={toggleTheme}
        />
        <IconButton icon="question" label="Keyboard help (?)" onClick={() => (helpOpen.value = true)} />
        <span
          class={`live ${connected.value === false ? 'off' : 'on'}`}
          title={connected.value === false ? 'Not connected: trying again' : 'Live'}
        >
          {connected.value === false ? 'Offline' : 'Live'}
        </span>
      </div>
    </nav>
  );
}

export function App(): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <div class="app">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="topbar">
        <IconButton icon="menu" label="Menu" pressed={open} onClick={() => setOpen(!open)} />
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="22" height="22" />
          <span>Prunella</span>
        </a>
        <IconButton icon="explore" label="Search (/)" onClick={() => (paletteOpen.value = true)} />
      </header>
      {open && <div class="nav-veil" onClick={() => setOpen(false)} />}
      <Navigation open={open} onLeave={() => setOpen(false)} />
      <main id="main" tabIndex={-1}>
        <Routed />
      </main>
      <Toasts />
      <ConfirmHost />
      <HelpHost />
      <PaletteHost />
    </div>
  );
}
