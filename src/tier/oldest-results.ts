/** Which results are to go so that a bucket is within limits: the oldest. */
import { xxh64 } from "../store/hash.ts";

/** What there may be, at most. */
export interface BucketLimits {
  readonly limitBytes?: number;
  readonly limitItems?: number;
}

/**
 * What has to be known of all results to choose among them: 24 bytes for each, and as much again while
 * it grows, so that a million takes 24 to 48 MB. Names are not kept but as digests.
 */
export class OldestResults {
  #count = 0;
  #digests = new BigUint64Array(1024);
  #ages = new Float64Array(1024);
  #bytes = new Float64Array(1024);

  add(id: string, ageMs: number, bytes: number): void {
    if (this.#count === this.#ages.length) this.#grow();
    this.#digests[this.#count] = digestOf(id);
    this.#ages[this.#count] = ageMs;
    this.#bytes[this.#count] = bytes;
    this.#count++;
  }

  #grow(): void {
    const length = 2 * this.#count;
    const [digests, ages, bytes] = [this.#digests, this.#ages, this.#bytes];
    this.#digests = new BigUint64Array(length);
    this.#ages = new Float64Array(length);
    this.#bytes = new Float64Array(length);
    this.#digests.set(digests);
    this.#ages.set(ages);
    this.#bytes.set(bytes);
  }

  /** Tells which ones have to go. */
  choose({ limitBytes, limitItems }: BucketLimits): (id: string) => boolean {
    const byAge = new Uint32Array(this.#count).map((_, i) => i);
    byAge.sort((a, b) => (this.#ages[b] ?? 0) - (this.#ages[a] ?? 0));
    let items = this.#count;
    let bytes = this.#bytes.subarray(0, this.#count).reduce((sum, each) => sum + each, 0);
    let chosen = 0;
    while (items > 0 && (items > (limitItems ?? items) || bytes > (limitBytes ?? bytes))) {
      bytes -= this.#bytes[byAge[chosen++] ?? 0] ?? 0;
      items--;
    }
    const digests = BigUint64Array.from(byAge.subarray(0, chosen), (i) => this.#digests[i] ?? 0n);
    digests.sort();
    return (id) => includes(digests, digestOf(id));
  }
}

function digestOf(id: string): bigint {
  return xxh64(Buffer.from(id));
}

/** Of numbers in their order. */
function includes(sorted: BigUint64Array, wanted: bigint): boolean {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] ?? 0n) < wanted) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === wanted;
}
