/** Kahan-Neumaier summation: what Prometheus sums with. */
export class KahanSum {
  #sum = 0;
  #compensation = 0;

  add(value: number): void {
    const total = this.#sum + value;
    if (!Number.isFinite(total)) this.#compensation = 0;
    else if (Math.abs(this.#sum) >= Math.abs(value)) this.#compensation += this.#sum - total + value;
    else this.#compensation += value - total + this.#sum;
    this.#sum = total;
  }

  get value(): number {
    return this.#sum + this.#compensation;
  }

  /** Sum and compensation apart, for means. */
  dividedBy(count: number): number {
    return this.#sum / count + this.#compensation / count;
  }
}
