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
  readonly add?: readonly (readonly [key: Uint8Array, addends: Float64Array])[];
}

const BEGIN = 0;
const EXPECT = 1;
const EXPECT_ABSENT = 2;
const PUT = 3;
const DELETE = 4;
const ADD = 5;

/** Kind, size of the key, size of the row, u32 each. */
const STEP_HEADER = 12;

const NOTHING = new Uint8Array();

type Step = readonly [kind: number, key: Uint8Array, row: Uint8Array];

export function encodeChanges(changes: readonly Change[]): Uint8Array {
  const steps = changes.flatMap(stepsOf);
  const size = steps.reduce(
    (sum, [, key, row]) => sum + STEP_HEADER + key.byteLength + row.byteLength,
    0,
  );
  const batch = new Uint8Array(size);
  const view = new DataView(batch.buffer);
  let at = 0;
  for (const [kind, key, row] of steps) {
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, key.byteLength, true);
    view.setUint32(at + 8, row.byteLength, true);
    batch.set(key, at + STEP_HEADER);
    batch.set(row, at + STEP_HEADER + key.byteLength);
    at += STEP_HEADER + key.byteLength + row.byteLength;
  }
  return batch;
}

function stepsOf(change: Change): Step[] {
  const steps: Step[] = [[BEGIN, NOTHING, NOTHING]];
  for (const [key, row] of change.expect ?? []) {
    steps.push(row === undefined ? [EXPECT_ABSENT, key, NOTHING] : [EXPECT, key, row]);
  }
  for (const key of change.delete ?? []) steps.push([DELETE, key, NOTHING]);
  for (const [key, row] of change.put ?? []) steps.push([PUT, key, row]);
  for (const [key, { buffer, byteOffset, byteLength }] of change.add ?? []) {
    steps.push([ADD, key, new Uint8Array(buffer, byteOffset, byteLength)]);
  }
  return steps;
}
