declare module 'snappyjs' {
  export function compress(data: Uint8Array): Uint8Array;
  /** @throws Error for damaged input and for more than `maxLength` bytes */
  export function uncompress(data: Uint8Array, maxLength?: number): Uint8Array;
}
