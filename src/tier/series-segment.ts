/**
 * Some items of a series as an object: the Bloscpack file of a numpy array, which says under
 * `bloscache` of which `function` and `key` it is, the numbers of the items, `from` and `to`, and, if
 * somebody can go on behind it, the `note` that was committed with them.
 */
import { readHeadSync } from "../format/head.ts";
import { decodeArrayHeader } from "../format/ndarray.ts";
import { pack } from "../format/pack.ts";
import { planPackNdarray } from "../format/pack-ndarray.ts";
import { MemorySink } from "../format/sink.ts";
import { MemorySource } from "../format/source.ts";
import { unpack } from "../format/unpack.ts";
import type { Address } from "../store/address.ts";
import { fieldsOf } from "../store/description.ts";
import { describeNote, parseNote } from "../store/series-description.ts";
import type { SeriesNote } from "../store/series-row.ts";
import { itemBytesOf, type Segment } from "./series-manifest.ts";
import type { ItemKind } from "./shared-tier.ts";

/** Items, and what goes with all up to the last of them. */
export interface SegmentItems {
  readonly plain: Uint8Array;
  /** `undefined` where nobody can go on. */
  readonly note: SeriesNote | undefined;
}

type Range = Pick<Segment, "from" | "to">;

/** As series are compressed where nothing else is asked for. */
const PACKING = { cname: "lz4", clevel: 5, maxAppChunks: 0 } as const;

/** Neither deflated, as of no file of a cache, nor with room: it never changes. */
const METADATA_ARGS = { metaCodec: "None", maxMetaSize: (metaSize: number) => metaSize } as const;

export async function encodeSegment(
  address: Address,
  { dtype, itemShape }: ItemKind,
  { from, to }: Range,
  { plain, note }: SegmentItems,
): Promise<Uint8Array> {
  const said = {
    ...{ function: address.functionId, key: Buffer.from(address.row).toString("hex"), from, to },
    ...(note === undefined ? {} : { note: describeNote(note) }),
  };
  const array = { data: plain, dtype, shape: [to - from, ...itemShape] };
  const options = { ...PACKING, metadata: { bloscache: said }, metadataArgs: METADATA_ARGS };
  const sink = new MemorySink();
  await pack(planPackNdarray(array, options), sink);
  return sink.bytes();
}

/**
 * Reads a segment whose bytes are vouched for.
 *
 * @throws {BloscpackError} for what is no sound file, an `Error` for what is not this segment
 */
export async function decodeSegment(
  address: Address,
  kind: ItemKind,
  { from, to }: Range,
  bytes: Uint8Array,
): Promise<SegmentItems> {
  const source = new MemorySource(bytes);
  const head = readHeadSync(source);
  const said = fieldsOf(fieldsOf(head.metadata)["bloscache"]);
  const isOurs = said["key"] === Buffer.from(address.row).toString("hex");
  if (!isOurs || said["from"] !== from || said["to"] !== to) {
    throw new Error("it has other items");
  }
  const { dtype, shape, order } = decodeArrayHeader(head.metadata);
  const expected = JSON.stringify([kind.dtype, to - from, ...kind.itemShape]);
  if (order !== "C" || JSON.stringify([dtype.name, ...shape]) !== expected) {
    throw new Error(`it is an array ${JSON.stringify([dtype.name, ...shape])}`);
  }
  const note = "note" in said ? parseNote(said["note"]) : undefined;
  if (note === undefined && "note" in said) throw new Error("its note is none");
  const nbytes = (to - from) * itemBytesOf(kind);
  const plain = await unpack(source, head, (found) => {
    if (found !== nbytes) throw new Error(`it holds ${found} bytes, of ${nbytes}`);
  });
  return { plain: new Uint8Array(plain), note };
}
