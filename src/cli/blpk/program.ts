/** The command line: which commands, arguments and options there are. */
import { Command, Option } from "commander";
import { showStacks } from "../failure.ts";
import { configure } from "../run-command.ts";
import { createSession, type GlobalOptions, type Session } from "../session.ts";
import { VersionRequest } from "../version.ts";
import {
  bloscOptions,
  bloscpackOptions,
  globalOptions,
  metadataOption,
  parseBytes,
} from "./options.ts";

/** Carries a command out. A variadic operand is an array. */
type Run = (session: Session, operands: never, options: never) => Promise<void>;

interface Subcommand {
  readonly name: string;
  readonly alias?: string;
  readonly description: string;
  readonly operands: readonly (readonly [usage: string, description: string])[];
  readonly options: readonly Option[];
  /** Loads what carries it out, and C-Blosc with it: the number of threads is settled by then. */
  readonly load: () => Promise<Run>;
}

const json = (): Option => new Option("--json", "print JSON, for programs");
const STDIN = "'-' for stdin";
const STDOUT = "'-' for stdout";

const subcommands: readonly Subcommand[] = [
  {
    name: "compress",
    alias: "c",
    description: "compress a file",
    operands: [
      ["<in_file>", `file to compress, ${STDIN}`],
      ["[out_file]", `file to compress to, ${STDOUT} (default: in_file.blp)`],
    ],
    options: [...bloscOptions(), ...bloscpackOptions(), metadataOption()],
    load: async () => (await import("./compress.ts")).compress,
  },
  {
    name: "decompress",
    alias: "d",
    description: "decompress a file",
    operands: [
      ["<in_file>", `file to decompress, ${STDIN}`],
      ["[out_file]", `file to decompress to, ${STDOUT} (default: in_file without .blp)`],
    ],
    options: [
      new Option("-e, --no-check-extension", "take a file of any name; needs out_file"),
      new Option("-m, --metadata <file>", "write the metadata to this file, as JSON"),
    ],
    load: async () => (await import("./decompress.ts")).decompress,
  },
  {
    name: "append",
    alias: "a",
    description: "append data to a compressed file",
    operands: [
      ["<original_file>", "file to append to"],
      ["<new_file>", `file to append from, ${STDIN}`],
    ],
    options: [
      ...bloscOptions("as in original_file"),
      new Option("-e, --no-check-extension", "append to a file of any name"),
      metadataOption(),
    ],
    load: async () => (await import("./append.ts")).append,
  },
  {
    name: "info",
    alias: "i",
    description: "print what a compressed file says of itself",
    operands: [["<file>", "file to look into"]],
    options: [json()],
    load: async () => (await import("./info.ts")).info,
  },
  {
    name: "verify",
    description: "read compressed files to the end and check everything",
    operands: [["<files...>", `files to check, ${STDIN}`]],
    options: [json()],
    load: async () => (await import("./verify.ts")).verify,
  },
  {
    name: "cat",
    description: "decompress files to stdout, one after the other",
    operands: [["<files...>", `files to decompress, ${STDIN}`]],
    options: [],
    load: async () => (await import("./decompress.ts")).cat,
  },
  {
    name: "slice",
    description: "read a part of a compressed file, without reading the others",
    operands: [
      ["<in_file>", "file to read from"],
      ["<range>", "such as 10:20, -5: or 7; rows of an array, else bytes"],
      ["[out_file]", `file to write to (default: stdout)`],
    ],
    options: [new Option("--text", "print values, a row per line, instead of bytes")],
    load: async () => (await import("./slice.ts")).slice,
  },
  {
    name: "estimate",
    description: "measure ratio and speed of every codec on a sample of a file",
    operands: [["<in_file>", `file to sample, ${STDIN}`]],
    options: [
      ...bloscOptions().filter(({ long }) => /typesize|clevel|codec/.test(long ?? "")),
      new Option(
        "--sample <size>",
        "bytes to try it on, spread over the file (default: 16M)",
      ).argParser((text) => parseBytes(text, "--sample")),
      json(),
    ],
    load: async () => (await import("./estimate.ts")).estimate,
  },
];

export function createProgram(): Command {
  const program = configure(new Command("blpk"))
    .description("Compress files with C-Blosc into the Bloscpack format, and what belongs to it.")
    .enablePositionalOptions()
    .option("--version", "print the versions")
    .on("option:version", () => {
      throw new VersionRequest();
    });
  for (const option of globalOptions()) program.addOption(option);
  for (const subcommand of subcommands) program.addCommand(createSubcommand(subcommand, program));
  return program;
}

function createSubcommand(subcommand: Subcommand, program: Command): Command {
  const command = configure(new Command(subcommand.name)).description(subcommand.description);
  if (subcommand.alias !== undefined) command.alias(subcommand.alias);
  for (const [usage, description] of subcommand.operands) command.argument(usage, description);
  for (const option of [...subcommand.options, ...globalOptions()]) command.addOption(option);
  // A range may begin with a minus sign; what is no range is refused when it is read as one.
  if (subcommand.name === "slice") command.allowUnknownOption();
  return command.action(async () => {
    const globals: GlobalOptions = { ...program.opts(), ...command.opts() };
    if (globals.debug === true) showStacks();
    // The addon reads it once, when it is loaded.
    if (globals.nthreads !== undefined) {
      process.env["BLOSCACHE_NTHREADS"] = String(globals.nthreads);
    }
    const run = await subcommand.load();
    const session = createSession(globals);
    session.report.debug(`${subcommand.name} ${JSON.stringify(command.opts())}`);
    await run(session, command.processedArgs as never, command.opts() as never);
    session.report.verbose("done");
  });
}
