#!/usr/bin/env node
import { createProgram } from "./blpk/program.ts";
import { settle } from "./failure.ts";
/** The command `blpk`; `docs/blpk.md` describes it. */
import { spellOut } from "./spelling.ts";
import { printVersion, VersionRequest } from "./version.ts";

// A reader that has seen enough (`blpk cat x.blp | head`) closes the pipe. Who writes is told so;
// without a listener the process would be as well, and crash. What is printed by the way nobody
// waits for: when that is lost, it is told when all is done.
process.stdout.once("error", (error) => process.once("beforeExit", () => settle(error)));
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

try {
  const program = createProgram();
  const args = spellOut(program, process.argv.slice(2));
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  if (error instanceof VersionRequest) await printVersion();
  else settle(error);
}
