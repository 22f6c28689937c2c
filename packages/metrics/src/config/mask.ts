import { isMap, isNode, isPair, isScalar, parseDocument, visit, type Document, type Pair } from 'yaml';

const SECRET_KEY =
  /(password|passwd|secret|token|credentials|api_key|apikey|routing_key|service_key|user_key|webhook_url|private_key|dsn)s?$/i;
const NO_SECRET_KEY = /_(file|env|ref)$|^token_url$/i;

/**
 * A configuration file fit to be shown: values of keys that hold secrets become `<secret>`, and so do passwords inside URLs.
 * Comments go, for people write passwords there too.
 */
export function maskSecrets(text: string): string {
  const document = parseDocument(text, { merge: true });
  if (document.errors.length > 0) return '# the file is not valid YAML\n';
  document.commentBefore = null;
  document.comment = null;
  visit(document, (_key, node) => {
    if (isNode(node)) {
      node.comment = null;
      node.commentBefore = null;
    }
    if (isScalar(node) && typeof node.value === 'string') node.value = maskUrlPassword(node.value);
    if (isPair(node)) maskPair(document, node);
  });
  return isMap(document.contents) ? document.toString({ lineWidth: 0 }) : '';
}

function maskPair(document: Document, pair: Pair): void {
  const name = isScalar(pair.key) ? String(pair.key.value) : '';
  // `http_headers: {X: {secrets: [...]}}` is a list.
  if (name === 'secrets' && pair.value) pair.value = document.createNode(['<secret>']);
  else if (SECRET_KEY.test(name) && !NO_SECRET_KEY.test(name) && isScalar(pair.value) && pair.value.value) {
    pair.value = document.createNode('<secret>');
  }
}

/** `https://user:password@host/` → `https://user:<secret>@host/`, anywhere in a text. */
export function maskUrlPassword(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, '$1:<secret>@');
}
