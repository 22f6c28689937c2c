import { dirname } from 'node:path';

/** The root of the checkout. */
export const root = dirname(import.meta.dirname);
