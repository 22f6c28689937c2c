import type { FastifyInstance } from 'fastify';

/** The shop's window. Whatever comes from the database is put in as text by the script, never as markup. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The shop</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
  h1 { margin-bottom: 0 } .muted { opacity: .7; margin-top: 0 }
  table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884 }
  td:nth-child(n+2), th:nth-child(n+2) { text-align: right; font-variant-numeric: tabular-nums }
  nav a { margin-right: 1rem } code { font-size: .9em }
</style>
</head>
<body>
<h1>The shop</h1>
<p class="muted">A small service that is watched and mended by Prunella.</p>
<p id="health">Asking how it feels…</p>
<table><thead><tr><th>Product</th><th>Price</th><th>In stock</th></tr></thead><tbody id="products"></tbody></table>
<h2>Its interface</h2>
<nav><a href="/health">/health</a><a href="/data">/data</a><a href="/products">/products</a>
<a href="/transactions">/transactions</a><a href="/users">/users</a><a href="/metrics">/metrics</a></nav>
<p>Upload users: <code>curl -F file=@users.txt ADDRESS/upload</code>, one <code>username:password</code> per line.</p>
<script>
const row = (product) => {
  const tr = document.createElement('tr');
  for (const text of [product.name, product.price.toFixed(2), product.amount]) tr.insertCell().textContent = text;
  return tr;
};
fetch('/health').then((r) => r.json()).then((h) => { document.getElementById('health').textContent =
  h.status === 'ok' ? 'It is well, and so is its database.' : 'It is unwell: the database is ' + h.database + '.'; });
fetch('/products').then((r) => r.json()).then((list) => document.getElementById('products').append(...list.slice(0, 20).map(row)));
</script>
</body>
</html>
`;

export function pageRoutes(app: FastifyInstance): void {
  app.get('/', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
      .send(PAGE),
  );
}
