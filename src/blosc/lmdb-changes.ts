/** Changes to an LMDB file, and how they are handed to the addon (`StepKind` in native/lmdb_env.h). */

/** What is changed together, or not at all. */
export interface Change {
  /** Rows that have to be as they were seen, byte by byte; `undefined`: there was none. */
  readonly expect?: readonly (readonly [key: Uint8Array, row: Uint8Array | undefined])[];
  /** Rows to store, or to replace. */
  readonly put?: readonly (readonly [key: Uint8Array, row: Uint8Array])[];
  /** Rows to remove, where they are there. */
  readonly delete?: readonly Uint8Array[];
  /** Numbers to add to those of a row, eight at most; a row that is not there is all zeros. */
  readonly add?: readonly (readonly [key: Uint8Array, addends: readonly number[]])[];
}

const BEGIN = 0;
const EXPECT = 1;
const EXPECT_ABSENT = 2;
const PUT = 3;
const DELETE = 4;
const ADD = 5;

/** Kind, size of the key, size of the row, u32 each. */
const STEP_HEADER = 12;

/** What is kept for the next batch, at most, bytes. */
const LARGEST_KEPT = 2 * 1024 * 1024;

const NOTHING = new Uint8Array();

/** The steps of one batch after another, in memory that is used again. */
class Steps {
  #bytes = new Uint8Array(64 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  begin(): void {
    this.#end = 0;
  }

  add(kind: number, key: Uint8Array, row: Uint8Array): void {
    const rowAt = this.#addKey(kind, key, row.byteLength);
    this.#bytes.set(row, rowAt);
  }

  addNumbers(kind: number, key: Uint8Array, numbers: readonly number[]): void {
    let at = this.#addKey(kind, key, 8 * numbers.length);
    for (const number of numbers) {
      this.#view.setFloat64(at, number, true);
      at += 8;
    }
  }

  /** Adds a step but for its row; where that goes. */
  #addKey(kind: number, key: Uint8Array, rowSize: number): number {
    const at = this.#end;
    const keyAt = at + STEP_HEADER;
    const rowAt = keyAt + key.byteLength;
    this.#end = rowAt + rowSize;
    if (this.#end > this.#bytes.byteLength) this.#grow(this.#end);
    this.#view.setUint32(at, kind, true);
    this.#view.setUint32(at + 4, key.byteLength, true);
    this.#view.setUint32(at + 8, rowSize, true);
    this.#bytes.set(key, keyAt);
    return rowAt;
  }

  /** All of them, valid until the next batch. */
  take(): Uint8Array {
    const batch = this.#bytes.subarray(0, this.#end);
    this.begin();
    if (batch.buffer.byteLength > LARGEST_KEPT) this.#grow(0);
    return batch;
  }

  #grow(needed: number): void {
    const before = this.#bytes;
    this.#bytes = new Uint8Array(Math.max(64 * 1024, 2 * needed));
    if (needed > 0) this.#bytes.set(before);
    this.#view = new DataView(this.#bytes.buffer);
  }
}

const steps = new Steps();

/** @returns valid until the next call */
export function encodeChanges(changes: readonly Change[]): Uint8Array {
  steps.begin();
  for (const change of changes) addSteps(change);
  return steps.take();
}

function addSteps(change: Change): void {
  steps.add(BEGIN, NOTHING, NOTHING);
  for (const [key, row] of change.expect ?? []) {
    steps.add(row === undefined ? EXPECT_ABSENT : EXPECT, key, row ?? NOTHING);
  }
  for (const key of change.delete ?? []) steps.add(DELETE, key, NOTHING);
  for (const [key, row] of change.put ?? []) steps.add(PUT, key, row);
  for (const [key, addends] of change.add ?? []) steps.addNumbers(ADD, key, addends);
}
