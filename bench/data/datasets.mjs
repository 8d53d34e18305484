/**
 * The data that is measured, by name: what makes it, from nothing but seeds and the npm package
 * vega-datasets. A dataset is one typed array, or an object of them (the columns of a table).
 */
import { createCipheriv } from "node:crypto";
import { asyncBufferFromFile, parquetRead } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { readAirports } from "../../examples/airports/airports.mjs";
import { greatCircleDistances } from "../../examples/airports/great-circle.mjs";

/** Float64 in 80 MB. */
const LENGTH = 10_000_000;
const GIBIBYTE = 2 ** 30 / 8;

export const datasets = {
  arange: () => arange(LENGTH),
  noisy: () => noisy(LENGTH),

  /** Bytes that no codec makes smaller: a cipher's stream. */
  random: () => {
    const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
    return cipher.update(Buffer.alloc(8 * LENGTH));
  },

  /** The demo's matrix: real data that compresses little. */
  airports: () => {
    const { lat, lon } = readAirports();
    return greatCircleDistances(lat, lon);
  },

  flights,

  /** 13,020 rows of 1,536 Float32 of length 1, in no particular direction. */
  embeddings: () => {
    const rows = 13_020;
    const next = generator(2);
    const values = new Float32Array(rows * 1536);
    for (let row = 0; row < rows; row++) {
      fillUnitVector(values.subarray(row * 1536, (row + 1) * 1536), next);
    }
    return values;
  },

  /** A small result. */
  embedding: () => Float32Array.from({ length: 1536 }, (_, i) => Math.sin(i * 0.01 + 0.5) * 2),

  /** 1 GiB of noise, the same in every MiB, which the chunks do not know of each other. */
  gibibyte: () => {
    const values = new Float64Array(GIBIBYTE);
    const mebibyte = GIBIBYTE / 1024;
    for (let i = 0; i < mebibyte; i++) {
      values[i] = Math.fround(Math.sin(i / 1000) + Math.sin(i * i) / 100);
    }
    for (let i = mebibyte; i < GIBIBYTE; i += mebibyte) values.copyWithin(i, 0, mebibyte);
    return values;
  },

  /** 1 GB, for the command. */
  "arange 1 GB": () => arange(125_000_000),
  "noisy 1 GB": () => noisy(125_000_000),
};

/** 0, 1, 2, …: data that compresses well. */
function arange(length) {
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = i;
  return values;
}

/**
 * The sum of sines and noise, as Float32 holds it, in Float64: a measured signal, which compresses
 * some.
 */
export function noisy(length) {
  const next = generator(1);
  const values = new Float64Array(length);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    sum += Math.sin(i / 1000) + (next() - 0.5) / 10;
    values[i] = Math.fround(sum);
  }
  return values;
}

/**
 * Three million flights as columns, 60 MB: milliseconds since 1970, minutes of delay, miles, and
 * airports as numbers in the order of their codes.
 */
async function flights() {
  const columns = await parquetColumns("flights-3m.parquet");
  const codes = [...new Set([...columns.origin, ...columns.destination])].sort();
  const numbers = new Map(codes.map((code, number) => [code, number]));
  return {
    date: Float64Array.from(columns.date, (date) => date.getTime()),
    delay: Int32Array.from(columns.delay, Number),
    distance: Int32Array.from(columns.distance, Number),
    origin: Uint16Array.from(columns.origin, (code) => numbers.get(code)),
    destination: Uint16Array.from(columns.destination, (code) => numbers.get(code)),
  };
}

async function parquetColumns(name) {
  const url = new URL(`../data/${name}`, import.meta.resolve("vega-datasets"));
  const columns = {};
  await parquetRead({
    file: await asyncBufferFromFile(url),
    compressors,
    onChunk({ columnName, columnData, rowStart }) {
      columns[columnName] ??= [];
      columnData.forEach((value, i) => {
        columns[columnName][rowStart + i] = value;
      });
    },
  });
  return columns;
}

/** Numbers from 0 to 1, by Numerical Recipes' generator. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function fillUnitVector(row, next) {
  let squares = 0;
  for (let i = 0; i < row.length; i++) {
    // The sum of four is normally distributed, nearly.
    row[i] = next() + next() + next() + next() - 2;
    squares += row[i] * row[i];
  }
  for (let i = 0; i < row.length; i++) row[i] /= Math.sqrt(squares);
}
