/** `bloscache verify`. */
import type { CacheReport, Finding } from "../../cache/verify.ts";
import { EXIT_FAILURE } from "../failure.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { openCache } from "./open-cache.ts";
import { Output, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { plural, shortId, shortKey } from "./words.ts";

export async function verify(
  session: Session,
  _operands: [],
  options: GlobalOptions,
): Promise<void> {
  const { memory, location } = openCache(options);
  const report = await session.watch("verifying", ({ signal, onProgress }) =>
    memory.verify({
      signal,
      onProgress: ({ cbytes, size }) => onProgress({ nbytes: cbytes, cbytes, nchunks: 0, size }),
    }),
  );
  const harm = report.findings.filter(({ kind }) => kind !== "litter");
  if (harm.length > 0) process.exitCode = EXIT_FAILURE;
  if (options.json === true) await printJson({ location, ok: harm.length === 0, ...report });
  else await tell(report, harm.length);
}

async function tell(
  { entries, files, cbytes, unclaimed, findings }: CacheReport,
  harm: number,
): Promise<void> {
  const output = new Output();
  for (const finding of findings) await output.line(describe(finding));
  const checked = `${plural(entries, "result")}, ${plural(files, "file")}, ${prettySize(cbytes)}`;
  const litter = findings.length - harm;
  const rest = litter === 0 ? "" : `; ${plural(litter, "file")} of no result`;
  await output.line(`${harm === 0 ? "OK" : plural(harm, "fault")}: ${checked}${rest}`);
  if (unclaimed > 0) {
    const what = `${plural(unclaimed, "file")} younger than an hour that no result speaks of`;
    await output.line(`${what}: being stored now, or of a lost index`);
  }
  await output.end();
}

function describe({ kind, key, id, text, file }: Finding): string {
  const whose = [
    ...(key === undefined ? [] : [shortKey(key)]),
    ...(id === undefined ? [] : [shortId(id)]),
  ];
  const where = file === undefined ? [] : [printable(file)];
  return [kind.padEnd(10), ...whose, ...where, printable(text)].join("  ");
}
