/** The command line of `bloscache`: which commands, arguments and options there are. */
import { Command, InvalidArgumentError, Option } from "commander";
import { showStacks } from "../failure.ts";
import { configure } from "../run-command.ts";
import { createSession, type Session } from "../session.ts";
import { parseSize } from "../sizes.ts";
import { VersionRequest } from "../version.ts";
import { parseDuration } from "./durations.ts";
import { declareOperands, givenOperands, type Operand } from "./operands.ts";
import type { TailStart } from "./tail.ts";
import { listenForWarnings } from "./warnings.ts";

export interface GlobalOptions {
  /** Folder of the cache; the library's default when it is not given. */
  readonly dir?: string;
  readonly json?: true;
  readonly debug?: true;
  readonly force?: true;
}

/** Carries a command out; its options are the global ones too. */
type Run = (session: Session, operands: never, options: never) => Promise<void>;

interface Subcommand {
  readonly name: string;
  readonly description: string;
  readonly operands: readonly Operand[];
  readonly options: readonly Option[];
  readonly load: () => Promise<Run>;
  /** The same for a bucket, whose URL stands before the operands. */
  readonly loadShared?: () => Promise<Run>;
}

const KEY = "key of a result, or as many of its first digits as tell it apart";
const ID = "id of a function, or the end of one, such as its name";

const subcommands: readonly Subcommand[] = [
  {
    name: "ls",
    description: "list the stored results",
    operands: [["[id]", ID]],
    options: [
      new Option("--sort <order>", "newest, largest or slowest first, or by function").choices([
        ...["created", "size", "duration", "name"],
      ]),
      new Option("-r, --reverse", "the other way round"),
      new Option("-t, --tag <tag>", "only those with this tag"),
      new Option("-l, --long", "whole keys, ids and versions, and all arguments"),
    ],
    load: async () => (await import("./ls.ts")).ls,
    loadShared: async () => (await import("./ls-shared.ts")).lsShared,
  },
  {
    name: "du",
    description: "print what is on disk, by function and version",
    operands: [],
    options: [],
    load: async () => (await import("./du.ts")).du,
    loadShared: async () => (await import("./du-shared.ts")).duShared,
  },
  {
    name: "stats",
    description: "print how much is stored, and how much computing it stands for",
    operands: [],
    options: [],
    load: async () => (await import("./stats.ts")).stats,
  },
  {
    name: "show",
    description: "print all that is known of a result",
    operands: [["<key>", KEY]],
    options: [
      new Option("--value", "print the whole value"),
      new Option("--depth <n>", "levels of the value that are printed (default: 6)")
        .argParser(parseCount)
        .implies({ value: true }),
    ],
    load: async () => (await import("./show.ts")).show,
    loadShared: async () => (await import("./show-shared.ts")).showShared,
  },
  {
    name: "tail",
    description: "print the last items of a series, and those that are appended",
    operands: [["<key>", KEY]],
    options: [
      new Option(
        "-n, --items <n>",
        "so many, or from the n-th one on with +n (default: 10)",
      ).argParser(parseStart),
      new Option("-f, --follow", "wait for more until interrupted, and print it as it is stored"),
      new Option("--interval <time>", "how often to look for more (default: 200ms)")
        .argParser(parseTime)
        .implies({ follow: true }),
    ],
    load: async () => (await import("./tail.ts")).tail,
  },
  {
    name: "why",
    description: "tell how a call differs from others, or why it would be computed",
    operands: [
      ["<call>", "key of a result, or MODULE#EXPORT: a memoized function in a file"],
      ["[other]", "another key; of MODULE#EXPORT the arguments, as a JSON array"],
    ],
    options: [],
    load: async () => (await import("./why.ts")).why,
  },
  {
    name: "verify",
    description: "read all that is stored to its end, and check it",
    operands: [],
    options: [
      new Option("--fix", "remove what is damaged or of no result"),
      new Option(
        "--signing-key-file <file>",
        "of a bucket: what its results are signed with; a line end at the end does not count",
      ),
    ],
    load: async () => (await import("./verify.ts")).verify,
    loadShared: async () => (await import("./verify-shared.ts")).verifyShared,
  },
  {
    name: "rebuild",
    description: "find results again that a damaged index knew",
    operands: [],
    options: [],
    load: async () => (await import("./rebuild.ts")).rebuild,
  },
  {
    name: "clear",
    description: "remove all results, those of a function or with a tag, or one",
    operands: [["[id]", ID]],
    options: [
      new Option("--key <key>", `only this one: ${KEY}`),
      new Option("-t, --tag <tag>", "only those with this tag"),
      new Option("-y, --yes", "do not ask"),
    ],
    load: async () => (await import("./clear.ts")).clear,
  },
  {
    name: "gc",
    description: "remove results until the cache is within limits",
    operands: [["[bucket]", "s3://bucket/prefix, shared by many machines: instead of a folder"]],
    options: [
      new Option("--limit-bytes <size>", "what they may take on disk, such as 2G").argParser(
        parseBytes,
      ),
      new Option("--limit-items <n>", "how many there may be").argParser(parseCount),
      new Option(
        "--max-age <time>",
        "how long ago they may have been stored, such as 7d",
      ).argParser(parseTime),
      new Option(
        "--order <order>",
        "what goes first: the cheapest to compute for its size, or the least recently used (default: cost); of a bucket the oldest",
      ).choices(["cost", "lru"]),
      new Option("--dry-run", "only say what would go"),
    ],
    load: async () => (await import("./gc.ts")).gc,
  },
  {
    name: "export",
    description: "write an array of a result to a file for others",
    operands: [
      ["<key>", KEY],
      ["<out>", "file to write: .blp for Bloscpack, .npy for numpy; '-' for stdout"],
    ],
    options: [
      new Option("--format <format>", "where the name does not tell").choices(["blp", "npy"]),
      new Option("--path <path>", "which array of several, such as result.grid.data"),
      new Option("--array <n>", "the same by its number, from 0")
        .argParser(parseCount)
        .conflicts("path"),
      new Option("-f, --force", "replace an existing file; let data go to a terminal"),
    ],
    load: async () => (await import("./export.ts")).exportArray,
    loadShared: async () => (await import("./export-shared.ts")).exportShared,
  },
];

export function createProgram(): Command {
  const program = configure(new Command("bloscache"))
    .description("Look into a cache of function results, and take things out of it.")
    .enablePositionalOptions()
    .option("--version", "print the versions")
    .on("option:version", () => {
      throw new VersionRequest();
    });
  for (const option of globalOptions()) program.addOption(option);
  for (const subcommand of subcommands) program.addCommand(createSubcommand(subcommand, program));
  return program;
}

/** They may stand before the subcommand or behind it. */
function globalOptions(): Option[] {
  const group = "Global options:";
  return [
    new Option(
      "-C, --dir <dir>",
      "folder of the cache (default: BLOSCACHE_DIR, or node_modules/.cache/bloscache)",
    ).helpGroup(group),
    new Option("--json", "print JSON, for programs").helpGroup(group),
    new Option("-d, --debug", "show stack traces of errors").helpGroup(group),
  ];
}

function createSubcommand(subcommand: Subcommand, program: Command): Command {
  const command = configure(new Command(subcommand.name)).description(subcommand.description);
  if (subcommand.loadShared !== undefined) declareOperands(command, subcommand.operands);
  else for (const [usage, text] of subcommand.operands) command.argument(usage, text);
  for (const option of [...subcommand.options, ...globalOptions()]) command.addOption(option);
  return command.action(async () => {
    const options: GlobalOptions = { ...program.opts(), ...command.opts() };
    if (options.debug === true) showStacks();
    listenForWarnings();
    const { run, operands } = await loadRun(subcommand, command);
    await run(createSession(options), operands as never, options as never);
  });
}

/** What carries a command out, and what it is given. */
async function loadRun(
  { operands, load, loadShared }: Subcommand,
  command: Command,
): Promise<{ readonly run: Run; readonly operands: readonly unknown[] }> {
  if (loadShared === undefined) return { run: await load(), operands: command.processedArgs };
  const given = givenOperands(command, operands);
  if (given.bucket === undefined) return { run: await load(), operands: given.operands };
  return { run: await loadShared(), operands: [given.bucket, ...given.operands] };
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Not a whole number.");
}

function parseBytes(text: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) : parseSize(text);
  if (bytes !== undefined && bytes >= 0) return bytes;
  throw new InvalidArgumentError("Not a size such as 500M, 2G or 4096.");
}

/** As of tail(1): `10`, `+1`. */
function parseStart(text: string): TailStart {
  if (!/^\+?\d{1,15}$/.test(text)) throw new InvalidArgumentError("Not a number such as 10 or +1.");
  return text.startsWith("+") ? { first: Math.max(0, Number(text) - 1) } : { last: Number(text) };
}

function parseTime(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("Not a time such as 200ms, 1.5h or 7d.");
}
