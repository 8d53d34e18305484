/**
 * Datasets as files, of the same bytes for every side in Node and Python: NAME.raw has the arrays
 * one behind the other, little-endian, and NAME.json says which: `[{ name, dtype, length }]`, with
 * a `name` of null when the dataset is a single array.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const arrayTypes = {
  "<f8": Float64Array,
  "<f4": Float32Array,
  "<i4": Int32Array,
  "<u2": Uint16Array,
  "|u1": Uint8Array,
};

/** The arrays of a dataset or of a result, `[name, array]`; the name of a single one is null. */
export function arraysOf(value) {
  return ArrayBuffer.isView(value) ? [[null, value]] : Object.entries(value);
}

export const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** Where the files of the run are; the harness tells its trials. */
const dataFolder = () => process.env.BLOSCACHE_BENCH_DATA;

export function writeDataset(name, value, folder = dataFolder()) {
  const columns = [];
  const file = openSync(join(folder, `${name}.raw`), "w");
  for (const [column, array] of arraysOf(value)) {
    columns.push({ name: column, dtype: dtypeOf(array), length: array.length });
    writeFileSync(file, bytesOf(array));
  }
  closeSync(file);
  // The last one, as it tells that the other is complete.
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(columns));
}

function dtypeOf(array) {
  const [dtype] = Object.entries(arrayTypes).find(([, type]) => array instanceof type);
  return dtype;
}

export const hasDataset = (name, folder) => existsSync(join(folder, `${name}.json`));

export const rawPath = (name) => join(dataFolder(), `${name}.raw`);

/**
 * A dataset, each of its arrays in memory of its own.
 * @param length as many elements of a single array, and not all of it
 */
export function readDataset(name, length) {
  const columns = JSON.parse(readFileSync(join(dataFolder(), `${name}.json`), "utf8"));
  const file = openSync(rawPath(name), "r");
  const arrays = columns.map((column) => {
    const array = new arrayTypes[column.dtype](length ?? column.length);
    fill(file, bytesOf(array));
    return [column.name, array];
  });
  closeSync(file);
  return arrays[0][0] === null ? arrays[0][1] : Object.fromEntries(arrays);
}

function fill(file, bytes) {
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(file, bytes, at, bytes.length - at, null);
    if (count === 0) throw new Error("A file of the benchmark's data is too short");
    at += count;
  }
}
