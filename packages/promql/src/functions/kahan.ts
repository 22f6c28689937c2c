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

  /** The mean of values whose sum overflows though none is infinite: a running mean from where it does. */
  static runningMean(values: ArrayLike<number>, from = 0, to: number = values.length): number {
    const sum = new KahanSum();
    let n = 0;
    let overflowed = false;
    for (let i = from; i < to; i++) {
      const value = values[i] as number;
      n++;
      if (!overflowed && Number.isFinite(sum.#sum + value)) {
        sum.add(value);
        continue;
      }
      const weight = overflowed ? (n - 1) / n : 1 / n;
      overflowed = true;
      sum.#sum *= weight;
      sum.#compensation *= weight;
      sum.add(value / n);
    }
    return sum.value;
  }

  /** Sum and compensation apart, for means. */
  dividedBy(count: number): number {
    return this.#sum / count + this.#compensation / count;
  }
}
