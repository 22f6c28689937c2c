import { render } from 'preact';
import './styles/base.css';
import './styles/shell.css';
import './styles/controls.css';
import './styles/chart.css';
import './styles/dashboard.css';
import './styles/pages.css';
import { App } from './app.tsx';
import { startLive } from './live.ts';
import { startRouter } from './router.ts';
import { startTheme } from './theme.ts';
import { startShortcuts } from './ui/shortcuts.tsx';

startTheme();
startRouter();
startShortcuts();
startLive();

const host = document.getElementById('app');
if (host) render(<App />, host);
