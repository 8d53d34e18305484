/** What stands behind the name of a subcommand, of which the first may be a bucket. */
import type { Command } from "commander";
import { isS3Url } from "../../s3/s3-url.ts";

/** `<name>` must be there, `[name]` may. */
export type Operand = readonly [usage: string, description: string];

const BUCKET = "[bucket]";

/** Declares them, behind a bucket that may stand before them. */
export function declareOperands(command: Command, operands: readonly Operand[]): void {
  command.argument(BUCKET, "s3://bucket/prefix, shared by many machines: instead of a folder");
  // Which of them must be there depends on whether the first is a bucket.
  for (const [usage, description] of operands) {
    command.argument(`[${nameOf(usage)}]`, description);
  }
  command.usage(["[options]", BUCKET, ...operands.map(([usage]) => usage)].join(" "));
}

/** What was given. */
interface Given {
  readonly bucket: string | undefined;
  readonly operands: readonly (string | undefined)[];
}

/** REQUIRES: {@link declareOperands}. @throws {CommanderError} for one that lacks, or too many */
export function givenOperands(command: Command, operands: readonly Operand[]): Given {
  const [first = ""] = command.args;
  const bucket = isS3Url(first) ? first : undefined;
  const given = bucket === undefined ? command.args : command.args.slice(1);
  if (given.length > operands.length) {
    const expected = `${operands.length} argument${operands.length === 1 ? "" : "s"}`;
    const found = `Expected ${expected} but got ${given.length}.`;
    command.error(`error: too many arguments for '${command.name()}'. ${found}`);
  }
  const lacking = operands.slice(given.length).find(([usage]) => usage.startsWith("<"));
  if (lacking !== undefined) {
    command.error(`error: missing required argument '${nameOf(lacking[0])}'`);
  }
  return { bucket, operands: operands.map((_, n) => given[n]) };
}

function nameOf(usage: string): string {
  return usage.slice(1, -1);
}
