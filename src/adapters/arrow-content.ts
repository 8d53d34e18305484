/**
 * The content of Arrow columns as plain data that does not tell how they are chunked, sliced or
 * encoded: what stands in null slots, behind the last value, or unused in a dictionary is left out.
 */

/** As far as it is read here, from any version of `apache-arrow`. */
export interface ArrowType {
  /** As in Arrow's own format; -1 for a dictionary. */
  readonly typeId: number;
  readonly children?: readonly ArrowField[] | null;
  /** Of a dictionary: the types of its values and of what refers to them. */
  readonly dictionary?: ArrowType;
  readonly indices?: ArrowType;
  readonly typeIds?: ArrayLike<number>;
  readonly listSize?: number;
}

export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly nullable: boolean;
  readonly metadata: Map<string, string>;
}

/** One chunk of a column. Its buffers begin at its first element, but for bits. */
export interface ArrowData {
  readonly type: ArrowType;
  readonly length: number;
  /** Of the first element in buffers of bits. */
  readonly offset: number;
  /** Elements of `values` per element of the column. */
  readonly stride: number;
  readonly nullCount: number;
  readonly nullBitmap?: Uint8Array | null;
  readonly values: Uint8Array | Int32Array;
  readonly valueOffsets: ArrayLike<number | bigint>;
  readonly typeIds: Int8Array;
  readonly children: readonly ArrowData[];
  readonly dictionary?: ArrowVector;
  readonly variadicBuffers?: readonly Uint8Array[];
  slice(offset: number, length: number): ArrowData;
}

export interface ArrowVector {
  readonly type: ArrowType;
  readonly data: readonly ArrowData[];
  get(index: number): unknown;
}

type Chunks = readonly ArrowData[];

type Content = { readonly [field: string]: unknown };

/** Content of chunks that have no nulls. */
type Reader = (chunks: Chunks, type: ArrowType) => Content;

const NULL = 1;
const UNION = 14;

const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  // Int, Float, Decimal, Date, Time, Timestamp, Interval, FixedSizeBinary, Duration
  ...[2, 3, 7, 8, 9, 10, 11, 15, 18].map((id): [number, Reader] => [id, readFixed]),
  // Binary, Utf8, LargeBinary, LargeUtf8
  ...[4, 5, 19, 20].map((id): [number, Reader] => [id, readVariable]),
  [6, readBits],
  // List, Map, LargeList
  ...[12, 17, 21].map((id): [number, Reader] => [id, readLists]),
  [13, readStruct],
  [16, readFixedLists],
  // BinaryView, Utf8View
  ...[23, 24].map((id): [number, Reader] => [id, readViews]),
  [-1, readDictionary],
]);

/** @throws {TypeError} for a type that is not known */
export function columnContent(type: ArrowType, all: Chunks): Content {
  // A chunk without elements may lack buffers and children.
  const chunks = all.filter((chunk) => chunk.length > 0);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (type.typeId === NULL) return { length };
  if (type.typeId === UNION) return { length, ...readUnion(chunks, type) };
  const read = readers.get(type.typeId);
  if (read === undefined) throw new TypeError(`its type is ${String(type)}, which is not known`);
  if (!chunks.some(hasNulls)) return { length, ...read(chunks, type) };
  const valid = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i++) valid[at++] = isValid(chunk, i) ? 1 : 0;
  }
  return { length, valid, ...read(chunks.flatMap(validParts), type) };
}

function hasNulls({ nullCount, nullBitmap }: ArrowData): boolean {
  return nullCount > 0 && (nullBitmap?.length ?? 0) > 0;
}

function isValid(chunk: ArrowData, index: number): boolean {
  return !hasNulls(chunk) || bitAt(chunk.nullBitmap as Uint8Array, chunk.offset + index);
}

function bitAt(bits: Uint8Array, index: number): boolean {
  return (((bits[index >> 3] as number) >> (index & 7)) & 1) === 1;
}

/** A chunk without its nulls. */
function validParts(chunk: ArrowData): ArrowData[] {
  if (!hasNulls(chunk)) return [chunk];
  return partsWhere(chunk, (index) => isValid(chunk, index));
}

/** The runs of elements that pass, each as a chunk. */
function partsWhere(chunk: ArrowData, passes: (index: number) => boolean): ArrowData[] {
  const parts: ArrowData[] = [];
  let start = 0;
  for (let i = 0; i <= chunk.length; i++) {
    if (i < chunk.length && passes(i)) continue;
    if (i > start) parts.push(chunk.slice(start, i - start));
    start = i + 1;
  }
  return parts;
}

/** As bytes: in some versions 64-bit numbers are in pairs of 32-bit ones. */
function readFixed(chunks: Chunks): Content {
  const pieces = chunks.map(({ values, length, stride }) => {
    const used = values.subarray(0, length * stride);
    return new Uint8Array(used.buffer, used.byteOffset, used.byteLength);
  });
  return { bytes: joined(pieces) };
}

function readBits(chunks: Chunks): Content {
  const pieces = chunks.map(({ values, offset, length }) =>
    Uint8Array.from({ length }, (_, i) => (bitAt(values as Uint8Array, offset + i) ? 1 : 0)),
  );
  return { bytes: joined(pieces) };
}

function readVariable(chunks: Chunks): Content {
  const pieces = chunks.map((chunk) => {
    const [start, end] = extent(chunk);
    return (chunk.values as Uint8Array | undefined)?.subarray(start, end) ?? new Uint8Array();
  });
  return { lengths: lengthsOf(chunks), bytes: joined(pieces as Uint8Array[]) };
}

function readLists(chunks: Chunks, type: ArrowType): Content {
  const items = chunks.map((chunk) => {
    const [start, end] = extent(chunk);
    return childOf(chunk, 0).slice(start, end - start);
  });
  return { lengths: lengthsOf(chunks), items: columnContent(fieldOf(type, 0).type, items) };
}

/** From where to where the elements of a chunk lie in what they are parts of. */
function extent({ valueOffsets, length }: ArrowData): [number, number] {
  return length === 0 ? [0, 0] : [Number(valueOffsets[0]), Number(valueOffsets[length])];
}

function lengthsOf(chunks: Chunks): Float64Array {
  const lengths = new Float64Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const { valueOffsets, length } of chunks) {
    for (let i = 0; i < length; i++) {
      lengths[at++] = Number(valueOffsets[i + 1]) - Number(valueOffsets[i]);
    }
  }
  return lengths;
}

function readFixedLists(chunks: Chunks, type: ArrowType): Content {
  const size = type.listSize as number;
  const items = chunks.map((chunk) => childOf(chunk, 0).slice(0, chunk.length * size));
  return { items: columnContent(fieldOf(type, 0).type, items) };
}

function readStruct(chunks: Chunks, type: ArrowType): Content {
  const fields = (type.children ?? []).map((field, i) =>
    columnContent(
      field.type,
      chunks.map((chunk) => childOf(chunk, i).slice(0, chunk.length)),
    ),
  );
  return { fields };
}

/** Each element says in 16 bytes how long it is, and has its bytes there if they are 12 or less. */
function readViews(chunks: Chunks): Content {
  const pieces: Uint8Array[] = [];
  for (const { values, length, variadicBuffers = [] } of chunks) {
    const { buffer, byteOffset } = values;
    for (let at = byteOffset; at < byteOffset + 16 * length; at += 16) {
      const view = new DataView(buffer, at, 16);
      const size = view.getInt32(0, true);
      const outside = variadicBuffers[view.getInt32(8, true)];
      const start = view.getInt32(12, true);
      const inside = new Uint8Array(buffer, at + 4, Math.min(size, 12));
      pieces.push(size <= 12 ? inside : (outside as Uint8Array).subarray(start, start + size));
    }
  }
  return { lengths: Float64Array.from(pieces, (piece) => piece.length), bytes: joined(pieces) };
}

/** Which child each element is of, and of each child the elements that are. */
function readUnion(chunks: Chunks, type: ArrowType): Content {
  const ids = joined(
    chunks.map(({ typeIds, length }) => Uint8Array.from(typeIds.subarray(0, length))),
  );
  const fields = (type.children ?? []).map((field, child) => {
    const id = type.typeIds?.[child];
    const parts = chunks.flatMap((chunk) => {
      if (chunk.valueOffsets === undefined) {
        return partsWhere(
          childOf(chunk, child).slice(0, chunk.length),
          (i) => chunk.typeIds[i] === id,
        );
      }
      const own = Array.from({ length: chunk.length }, (_, i) => i).filter(
        (i) => chunk.typeIds[i] === id,
      );
      return own.map((i) => childOf(chunk, child).slice(Number(chunk.valueOffsets[i]), 1));
    });
    return columnContent(field.type, parts);
  });
  return { ids, fields };
}

/** Ints and strings, which are equal when they are the same in JavaScript. */
const COMPARABLE: readonly number[] = [2, 5, 20, 24];

/**
 * The values in the order in which they first occur, and for each element the number of its value;
 * all values in a row where JavaScript cannot tell which are equal.
 */
function readDictionary(chunks: Chunks, type: ArrowType): Content {
  const valueType = type.dictionary as ArrowType;
  const entries = chunks.flatMap(entriesOf);
  if (!COMPARABLE.includes(valueType.typeId)) {
    return { items: columnContent(valueType, entries.map(entryData)) };
  }
  const numbers = new Map<unknown, number>();
  const firsts: Entry[] = [];
  const codes = Uint32Array.from(entries, (entry) => {
    const value = entry.dictionary.get(entry.index);
    const known = numbers.get(value);
    if (known !== undefined) return known;
    numbers.set(value, firsts.length);
    return firsts.push(entry) - 1;
  });
  return { codes, items: columnContent(valueType, firsts.map(entryData)) };
}

interface Entry {
  readonly dictionary: ArrowVector;
  readonly index: number;
}

function entriesOf({ dictionary, values, length }: ArrowData): Entry[] {
  const known = dictionary as ArrowVector;
  return Array.from({ length }, (_, i) => ({ dictionary: known, index: Number(values[i]) }));
}

function entryData({ dictionary, index }: Entry): ArrowData {
  let rest = index;
  for (const chunk of dictionary.data) {
    if (rest < chunk.length) return chunk.slice(rest, 1);
    rest -= chunk.length;
  }
  throw new RangeError(`it refers to value ${index} of its dictionary, which has fewer`);
}

function childOf({ children }: ArrowData, index: number): ArrowData {
  return children[index] as ArrowData;
}

function fieldOf({ children }: ArrowType, index: number): ArrowField {
  return children?.[index] as ArrowField;
}

/** The one piece itself, where there is one. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
