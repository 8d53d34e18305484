/** What a generator has yielded, as a series keeps it: the arrays one behind another, and a note of where each ends. */
import { ValueError } from "../errors.ts";
import { dtypeNameOf, type TypedArray, typedArrayName } from "../format/dtype.ts";
import type { SeriesNote } from "../store/series-row.ts";
import type { Increment } from "../store/series-writer.ts";
import { noteOf, noteValue } from "./series-note.ts";

type ArrayConstructor = new (buffer: ArrayBuffer, offset?: number, length?: number) => TypedArray;

/** So much is committed at once, plain bytes. */
const COMMIT_BYTES = 4 * 1024 * 1024;
/** What is lost with a process is computed again. */
const COMMIT_MS = 100;

interface Noted {
  /** Class of the arrays; empty before the first. */
  readonly name: string;
  /** Lengths of the arrays, each with how often it comes in a row: [length, times, length, times, …]. */
  readonly runs: Float64Array;
  readonly done: boolean;
  readonly returned: unknown;
}

export class Yields {
  #name: string;
  /** As of {@link Noted}. */
  readonly #runs: number[];
  #count = 0;
  #length = 0;
  readonly isDone: boolean;
  readonly returned: unknown;

  private constructor({ name, runs, done, returned }: Noted) {
    this.#name = name;
    this.#runs = [...runs];
    for (let i = 0; i < runs.length; i += 2) {
      this.#count += runs[i + 1] as number;
      this.#length += (runs[i] as number) * (runs[i + 1] as number);
    }
    this.isDone = done;
    this.returned = returned;
  }

  /** Of no stored series: none. */
  static of(note: SeriesNote | undefined): Yields {
    const noted = note === undefined ? undefined : (noteValue(note) as Noted | undefined);
    return new Yields(
      noted ?? { name: "", runs: new Float64Array(), done: false, returned: undefined },
    );
  }

  /** How many arrays. */
  get count(): number {
    return this.#count;
  }

  /** Elements of all of them. */
  get length(): number {
    return this.#length;
  }

  /** numpy's name of their elements. */
  get dtype(): string {
    return this.#name === "" ? "|u1" : dtypeNameOf(this.view(new ArrayBuffer(0)));
  }

  /** Lengths of the arrays from the n-th on, each with what stands before it. */
  *spans(first: number): Generator<{ readonly start: number; readonly length: number }> {
    let index = 0;
    let start = 0;
    for (let i = 0; i < this.#runs.length; i += 2) {
      const [length, times] = [this.#runs[i] as number, this.#runs[i + 1] as number];
      const skipped = Math.min(times, Math.max(0, first - index));
      for (let n = skipped; n < times; n++) yield { start: start + n * length, length };
      index += times;
      start += times * length;
    }
  }

  /** Plain bytes as arrays of this class. */
  view(plain: ArrayBuffer): TypedArray {
    const Class = (globalThis as unknown as { [name: string]: ArrayConstructor })[this.#name];
    return new (Class ?? Uint8Array)(plain) as TypedArray;
  }

  /**
   * Notes one more; gives its bytes, in memory of their own.
   *
   * @throws {ValueError} for what cannot be kept beside the others
   */
  add(value: unknown): Uint8Array {
    const name = typedArrayName(value);
    // A Buffer would come back as a plain Uint8Array.
    const isPlain = name !== undefined && Object.getPrototypeOf(value)?.constructor?.name === name;
    if (!isPlain || (this.#name !== "" && name !== this.#name)) {
      const wanted = this.#name === "" ? "typed arrays" : `${this.#name}, as before,`;
      throw new ValueError(`yield[${this.#count}]`, `only ${wanted} can be stored`);
    }
    const { length, buffer, byteOffset, byteLength } = value as TypedArray;
    this.#name = name;
    const last = this.#runs.length - 1;
    if (this.#runs[last - 1] === length) this.#runs[last] = (this.#runs[last] as number) + 1;
    else this.#runs.push(length, 1);
    this.#count++;
    this.#length += length;
    return Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength));
  }

  /** @throws {ValueError} for a returned value that cannot be stored, and for too many lengths */
  note(end?: { readonly returned: unknown }): SeriesNote {
    const runs = Float64Array.from(this.#runs);
    const noted = { name: this.#name, runs, done: end !== undefined, returned: end?.returned };
    return noteOf(noted satisfies Noted);
  }
}

/** Yields that are not committed yet. */
export class Pending {
  /** What goes with them, and with those before; `undefined` when there is nothing new. */
  note: SeriesNote | undefined;
  #pieces: Uint8Array[] = [];
  #nbytes = 0;
  #computedMs = 0;
  #committed = performance.now();

  push(piece: Uint8Array, computedMs: number): void {
    this.#pieces.push(piece);
    this.#nbytes += piece.byteLength;
    this.#computedMs += computedMs;
  }

  get isDue(): boolean {
    return this.#nbytes >= COMMIT_BYTES || performance.now() - this.#committed >= COMMIT_MS;
  }

  /** What there is, and from now on nothing. */
  take(): Increment | undefined {
    const { note } = this;
    if (note === undefined) return undefined;
    const taken = { plain: Buffer.concat(this.#pieces), durationMs: this.#computedMs, note };
    this.note = undefined;
    this.#pieces = [];
    this.#nbytes = 0;
    this.#computedMs = 0;
    this.#committed = performance.now();
    return taken;
  }
}
