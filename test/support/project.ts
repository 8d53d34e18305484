import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BuildOptions, buildSync } from "esbuild";
import { temporaryFolder } from "./temporary.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** A result, and how many functions ran for it. */
export interface Answer {
  readonly result: unknown;
  readonly runs: number;
}

/** A package that has this library among its dependencies, and one cache in all of its processes. */
export class Project {
  readonly folder: string = temporaryFolder();

  constructor() {
    this.write("package.json", '{"name":"proof","type":"module"}');
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(root, join(this.folder, "node_modules/bloscache"), "junction");
    // Not part of any function's source, so that it may be called in all of them.
    this.write(
      "cache.js",
      `import { Memory } from "bloscache";
       export const memory = new Memory(new URL("./cache/", import.meta.url));
       export const ran = () => { globalThis.runs = (globalThis.runs ?? 0) + 1; };`,
    );
  }

  /** @returns the file's absolute path */
  write(path: string, text: string): string {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** What the last expression of `lines` is, in a process of its own. */
  async answer(...lines: string[]): Promise<Answer> {
    const result = lines.pop() ?? "";
    const print = `console.log(JSON.stringify({ result: ${result}, runs: globalThis.runs ?? 0 }))`;
    const file = this.write("main.mjs", [...lines, print].join(";\n"));
    const { stdout } = await run(process.execPath, ["--no-warnings", file], { cwd: this.folder });
    return JSON.parse(stdout) as Answer;
  }

  /** All of `entry` in one file, but for the library and the cache. */
  bundle(entry: string, out: string, options: BuildOptions): void {
    const external = ["bloscache", "./cache.js"];
    const entryPoints = [join(this.folder, entry)];
    const outfile = join(this.folder, out);
    buildSync({ entryPoints, outfile, bundle: true, format: "esm", external, ...options });
  }
}

/** The message of what `code` throws, as an expression. */
export const messageOf = (code: string): string =>
  `await (async () => { ${code} })().then(() => "nothing", ({ name, message }) => name + ": " + message)`;

/** For modules of a {@link Project}. */
export const useCache = 'import { memory, ran } from "./cache.js"';
