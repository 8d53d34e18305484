/** From the command line of a process to its end. */
import type { Command } from "commander";
import { printError, settle, speakAs } from "./failure.ts";
import { spellOut } from "./spelling.ts";
import { printVersion, VersionRequest } from "./version.ts";

/** Runs a command, whose name messages begin with. Never throws: what goes wrong is printed. */
export async function runCommand(name: string, createProgram: () => Command): Promise<void> {
  speakAs(name);
  // A reader that has seen enough (`blpk cat x.blp | head`) closes the pipe. Who writes is told so;
  // without a listener the process would be as well, and crash. What is printed by the way nobody
  // waits for: when that is lost, it is told when all is done.
  process.stdout.once("error", (error) => process.once("beforeExit", () => settle(error)));
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
  try {
    const program = createProgram();
    await program.parseAsync(spellOut(program, process.argv.slice(2)), { from: "user" });
  } catch (error) {
    if (error instanceof VersionRequest) await printVersion();
    else settle(error);
  }
}

/** A program, or a subcommand: it throws instead of exiting, so that one place ends the process. */
export function configure(command: Command): Command {
  return command
    .exitOverride()
    .showHelpAfterError("(add --help for help)")
    .configureOutput({
      outputError: (text) => {
        for (const line of text.trimEnd().split("\n")) printError(line.replace(/^error: /, ""));
      },
    });
}
