import { defineConfig } from 'vite';

/** Where `vite` (development only) sends API requests: the fake server of dev/, or a running `prunella`. */
const backend = process.env['PRUNELLA_URL'] ?? 'http://127.0.0.1:9099';
const proxied = ['/api', '/alert', '/hooks', '/-', '/metrics', '/federate'];

export default defineConfig({
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // The server's Content-Security-Policy allows no inline scripts and no data: URLs but images.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: { host: '127.0.0.1', proxy: Object.fromEntries(proxied.map((path) => [path, backend])) },
});
