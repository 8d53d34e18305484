/** `bloscache rebuild`. */
import type { UnusedFile } from "../../store/rebuilding.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { openToMend } from "./open-cache.ts";
import { Output, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { plural } from "./words.ts";

export async function rebuild(
  session: Session,
  _operands: [],
  options: GlobalOptions,
): Promise<void> {
  const { memory, location } = openToMend(options);
  const rebuilt = await session.watch("rebuilding", ({ signal, onProgress }) =>
    memory.rebuild({
      signal,
      onProgress: ({ cbytes }) =>
        onProgress({ nbytes: cbytes, cbytes, nchunks: 0, size: undefined }),
    }),
  );
  if (options.json === true) {
    await printJson({ location, ...rebuilt });
    return;
  }
  const { results, files, cbytes, unused } = rebuilt;
  const output = new Output();
  for (const file of unused) await output.line(describe(file));
  const found = `${plural(results, "result")}, ${plural(files, "file")}, ${prettySize(cbytes)}`;
  const rest = unused.length === 0 ? "" : `; ${plural(unused.length, "file")} of no result`;
  await output.line(`found ${found}${rest}`);
  await output.end();
}

function describe({ file, text }: UnusedFile): string {
  return `not used  ${printable(file)}  ${printable(text)}`;
}
