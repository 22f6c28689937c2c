import { dirname, resolve } from 'node:path';

/** The root of the checkout that this program was built in: where the pages, the shop and config/ are. */
export function checkoutRoot(): string {
  return resolve(dirname(import.meta.filename), '../../../..');
}
