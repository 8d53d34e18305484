/** `bloscache du s3://…`. */
import { measureBucket } from "../../tier/bucket-inventory.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { openShared } from "./open-shared.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { tableOf } from "./table.ts";
import { plural } from "./words.ts";

const COLUMNS = [
  { title: "FUNCTION" },
  { title: "RESULTS", right: true },
  { title: "FILES", right: true },
  { title: "DISK", right: true },
] as const;

export async function duShared(
  { signal }: Session,
  [url]: [string],
  options: GlobalOptions,
): Promise<void> {
  const bucket = await openShared(url, options);
  const usage = await measureBucket(bucket, signal);
  if (options.json === true) {
    await printJson({ location: bucket.url, ...usage });
    return;
  }
  const { leases, litter, total } = usage;
  const functions = usage.functions.toSorted((a, b) => b.cbytes - a.cbytes);
  const rows = functions.map(({ slug, entries, files, cbytes }) => [
    ...[printable(slug), String(entries), String(files), prettySize(cbytes)],
  ]);
  await print(
    ...tableOf(COLUMNS, rows),
    "",
    `leases  ${prettySize(leases.cbytes)}, ${plural(leases.files, "object")} of who computes what`,
    `litter  ${prettySize(litter.cbytes)}, ${plural(litter.files, "object")} of no result`,
    `total   ${prettySize(total)} in ${printable(bucket.url)}`,
  );
}
