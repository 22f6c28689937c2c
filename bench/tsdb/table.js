// Rows as they are found, and the table at the end.
const COLUMNS = ['inside', 'ours', 'theirs'];

export class Table {
  #rows = [];

  /** @param figures `inside` our library in a process of its own, `ours` and `theirs` whole servers through HTTP */
  row(what, figures) {
    this.#rows.push([what, ...COLUMNS.map((column) => figures[column] ?? '')]);
    const found = COLUMNS.filter((column) => figures[column] !== undefined);
    console.log(`${what}: ${found.map((column) => `${column} ${figures[column]}`).join(', ')}`);
  }

  /** @param version of the peer */
  markdown(version) {
    const peer = version === undefined ? 'Prometheus (not on the PATH)' : `Prometheus ${version}`;
    const header = ['', 'the library', 'the server, by HTTP', `${peer}, by HTTP`];
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [line(header), '|---|---|---|---|', ...this.#rows.map(line)].join('\n');
  }
}

export const number = (value, digits = 0) => value.toFixed(digits);
