/** A word on stderr about what no listing of results can list. */
import type { Memory } from "../../cache/memory.ts";
import { EXIT_FAILURE, speaker } from "../failure.ts";
import { plural } from "./words.ts";

/** Says how many rows are damaged, if any are; what was printed is then not all there is. */
export function tellDamage(memory: Memory): void {
  const count = memory.damagedRows();
  if (count === 0) return;
  const verb = count === 1 ? "is" : "are";
  process.stderr.write(
    `${speaker}: warning: ${plural(count, "row")} of the index ${verb} damaged: bloscache verify\n`,
  );
  process.exitCode = EXIT_FAILURE;
}
