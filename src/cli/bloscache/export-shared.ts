/** `bloscache export s3://…`: an array of a result in a bucket, as it comes. */
import type { Sink } from "../../format/endpoints.ts";
import { decodeArrayHeader } from "../../format/ndarray.ts";
import { PiecesSource } from "../../format/stream-endpoints.ts";
import { unpack } from "../../format/unpack-stream.ts";
import type { BucketObject } from "../../tier/bucket.ts";
import { blaming } from "../failure.ts";
import type { Session, Watched } from "../session.ts";
import {
  chooseArray,
  type ExportOptions,
  fill,
  formatOf,
  piecesOf,
  requireWritable,
} from "./export.ts";
import { npyHead } from "./npy.ts";
import { SharedResult } from "./shared-result.ts";

export async function exportShared(
  session: Session,
  [url, key, out]: [string, string, string],
  options: ExportOptions,
): Promise<void> {
  const format = formatOf(out, options);
  const shared = await SharedResult.choose(session, url, key, options);
  const { array, n } = chooseArray(shared.listed.key, await shared.arrays(), options);
  const { file } = array;
  await requireWritable(out, session, ...(file === undefined ? [] : [file]));
  if (file === undefined) {
    const pieces = piecesOf(await shared.value(), n, format);
    await fill(out, session, async (sink) => sink.append(pieces));
    return;
  }
  const write = format === "npy" ? writeNpy : copy;
  await blaming(file, () =>
    fill(out, session, async (sink, watched) => write(await shared.object(n), sink, watched)),
  );
}

/** The file as it is. What is written turns out to be damaged before it gets its name. */
async function copy({ body, size }: BucketObject, sink: Sink, watched: Watched): Promise<void> {
  async function* copied() {
    for await (const piece of body) {
      await sink.append([piece]);
      yield piece;
    }
  }
  await unpack(new PiecesSource(copied(), size), { append: () => undefined }, watched);
}

async function writeNpy({ body, size }: BucketObject, sink: Sink, watched: Watched): Promise<void> {
  await unpack(
    new PiecesSource(body, size),
    {
      async begin({ metadata }) {
        const { dtype, shape, order } = decodeArrayHeader(metadata);
        await sink.append([npyHead({ dtype: dtype.name, shape, order })]);
      },
      append: (pieces) => sink.append(pieces),
    },
    watched,
  );
}
