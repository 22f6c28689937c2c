/** What `endpoint` says of a request that no route took: one value, however many URLs a scanner tries. */
export const UNMATCHED = 'unmatched';

/** A framework that hands out URLs instead of templates must not be able to fill the monitoring's memory. */
const MAX_ENDPOINTS = 200;
const OVERFLOW = 'other';

/** `/products/:product_id(\\d+)` of a router is `/products/{product_id}` of a label. */
export function endpointOf(template: string): string {
  return template.replace(/[:*]([A-Za-z_]\w*)(\([^)]*\))?[?+*]?/g, '{$1}');
}

/** Lets through the first {@link MAX_ENDPOINTS} values of the label, and one more for all the rest. */
export class EndpointGuard {
  readonly #known = new Set<string>([UNMATCHED]);

  admit(endpoint: string): string {
    if (this.#known.has(endpoint)) return endpoint;
    if (this.#known.size >= MAX_ENDPOINTS) return OVERFLOW;
    this.#known.add(endpoint);
    return endpoint;
  }
}

/** For servers without a router: the first of `templates` (`/products/{product_id}`) that the URL fits. */
export function templateMatcher(templates: readonly string[]): (url: string) => string | undefined {
  const routes = templates.map((template) => {
    const endpoint = endpointOf(template);
    const source = endpoint
      .split(/\{\w+\}/)
      .map(escapeRegExp)
      .join('[^/]+');
    return { endpoint, pattern: new RegExp(`^${source}$`) };
  });
  return (url) => {
    const path = url.split('?', 1)[0] ?? '/';
    return routes.find((route) => route.pattern.test(path))?.endpoint;
  };
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
