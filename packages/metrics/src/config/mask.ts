import { isMap, isScalar, parseDocument, visit } from 'yaml';

const SECRET_KEY = /(password|passwd|secret|token|credentials|api_key|apikey|routing_key|service_key|user_key|webhook_url|private_key|dsn)s?$/i;
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
  visit(document, {
    Node: (_key, node) => {
      node.comment = null;
      node.commentBefore = null;
    },
    Pair: (_key, pair) => {
      const name = isScalar(pair.key) ? String(pair.key.value) : '';
      if (isHeaderSecrets(name) && pair.value) pair.value = document.createNode(['<secret>']);
      else if (SECRET_KEY.test(name) && !NO_SECRET_KEY.test(name) && isScalar(pair.value) && pair.value.value) {
        pair.value = document.createNode('<secret>');
      }
    },
    Scalar: (_key, node) => {
      if (typeof node.value === 'string') node.value = maskUrlPassword(node.value);
    },
  });
  return isMap(document.contents) ? document.toString({ lineWidth: 0 }) : '';
}

/** `http_headers: {X: {secrets: [...]}}` is a list. */
function isHeaderSecrets(name: string): boolean {
  return name === 'secrets';
}

/** `https://user:password@host/` → `https://user:<secret>@host/`, anywhere in a text. */
export function maskUrlPassword(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, '$1:<secret>@');
}
