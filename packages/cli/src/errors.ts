/** Something about the machine is in the way (a port in use, a folder that cannot be written): one line says what, no stack. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
}
