// Serves /metrics of many targets in a process of its own: half of the values change from scrape to scrape.
import { createServer } from 'node:http';

const [series, port] = process.argv.slice(2).map(Number);
const families = Math.max(1, Math.floor(series / 20));
let round = 0;

function page() {
  round += 1;
  let text = '';
  for (let f = 0; f < families; f++) {
    text += `# HELP app_metric_${f}_total What number ${f} counts.\n# TYPE app_metric_${f}_total counter\n`;
    for (let i = 0; i < 20; i++)
      text += `app_metric_${f}_total{method="GET",path="/api/v1/things/${i}",status="200"} ${i % 2 ? i * 1000 : round * (i + 1) + 0.5}\n`;
  }
  return text;
}

createServer((_, response) =>
  response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(page()),
).listen(port, '127.0.0.1', () => process.send?.('ready'));
