/** `bloscache verify`. */
import type { CacheReport, Finding } from "../../cache/verify.ts";
import { CliError, EXIT_FAILURE, EXIT_USAGE } from "../failure.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { openCache, openToMend } from "./open-cache.ts";
import { Output, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { plural, shortId, shortKey } from "./words.ts";

export interface VerifyOptions extends GlobalOptions {
  readonly fix?: true;
  /** Of buckets. */
  readonly signingKeyFile?: string;
}

export async function verify(
  session: Session,
  _operands: [],
  options: VerifyOptions,
): Promise<void> {
  const { fix = false, signingKeyFile } = options;
  if (signingKeyFile !== undefined) {
    throw new CliError(
      "--signing-key-file is for buckets: in a folder nothing is signed",
      EXIT_USAGE,
    );
  }
  const { memory, location } = fix ? openToMend(options) : openCache(options);
  const report = await session.watch("verifying", ({ signal, onProgress }) =>
    memory.verify({
      ...{ fix, signal },
      onProgress: ({ cbytes, size }) => onProgress({ nbytes: cbytes, cbytes, nchunks: 0, size }),
    }),
  );
  const harm = report.findings.filter(({ kind }) => kind !== "litter");
  const ok = harm.every(({ isFixed }) => isFixed);
  if (!ok) process.exitCode = EXIT_FAILURE;
  if (options.json === true) await printJson({ location, ok, ...report });
  else await tell(report, harm.length);
}

async function tell(
  { entries, files, cbytes, unclaimed, hasLostIndex, findings }: CacheReport,
  harm: number,
): Promise<void> {
  const output = new Output();
  for (const finding of findings) await output.line(describe(finding));
  const checked = `${plural(entries, "result")}, ${plural(files, "file")}, ${prettySize(cbytes)}`;
  const litter = findings.length - harm;
  const rest = litter === 0 ? "" : `; ${plural(litter, "file")} of no result`;
  await output.line(`${harm === 0 ? "OK" : plural(harm, "fault")}: ${checked}${rest}`);
  if (unclaimed > 0) await output.line(describeUnclaimed(unclaimed, hasLostIndex));
  await output.end();
}

function describeUnclaimed(count: number, isLost: boolean): string {
  const files = plural(count, "file");
  if (isLost) return `${files} that no result speaks of: of a lost index, see bloscache rebuild`;
  return `${files} younger than an hour that no result speaks of: being stored now, or of a lost index`;
}

/** One line. */
export function describe({ kind, key, id, text, file, isFixed }: Finding): string {
  const whose = [
    ...(key === undefined ? [] : [shortKey(key)]),
    ...(id === undefined ? [] : [shortId(id)]),
  ];
  const where = file === undefined ? [] : [printable(file)];
  const fixed = isFixed ? ["Removed."] : [];
  return [kind.padEnd(10), ...whose, ...where, printable(text), ...fixed].join("  ");
}
