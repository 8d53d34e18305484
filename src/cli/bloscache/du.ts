/** `bloscache du`. */
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { tellDamage } from "./damage.ts";
import { openCache } from "./open-cache.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { tableOf } from "./table.ts";
import { plural, shortId, shortVersion } from "./words.ts";

const COLUMNS = [
  { title: "FUNCTION" },
  { title: "VERSION" },
  { title: "RESULTS", right: true },
  { title: "PLAIN", right: true },
  { title: "FILES", right: true },
  { title: "DISK", right: true },
] as const;

export async function du(
  { signal }: Session,
  _operands: [],
  options: GlobalOptions,
): Promise<void> {
  const { memory, location } = openCache(options);
  const usage = await memory.usage({ signal });
  tellDamage(memory);
  if (options.json === true) {
    await printJson({ location, ...usage });
    return;
  }
  const versions = usage.versions.toSorted((a, b) => b.cbytes - a.cbytes || b.nbytes - a.nbytes);
  const rows = versions.map(({ id, version, entries, nbytes, files, cbytes }) => [
    ...[shortId(id), shortVersion(version), String(entries)],
    ...[prettySize(nbytes), String(files), prettySize(cbytes)],
  ]);
  const { litter } = usage;
  await print(
    ...tableOf(COLUMNS, rows),
    "",
    `index   ${prettySize(usage.index)}`,
    `litter  ${prettySize(litter.cbytes)}, ${plural(litter.files, "file")} of no result`,
    `total   ${prettySize(usage.total)} in ${printable(location)}`,
  );
}
