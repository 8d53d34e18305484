/** `blpk verify`: reads files to the end, and keeps nothing. */
import { BloscpackError, StoreError } from "../../errors.ts";
import { unpack } from "../../format/unpack-stream.ts";
import type { VerifyReport } from "../../format/verify.ts";
import { open } from "../../store/file-reader.ts";
import { isSeekable, openSource, withBytes } from "../endpoints.ts";
import { EXIT_FAILURE, printError, systemText } from "../failure.ts";
import type { Session, Watched } from "../session.ts";
import { exactSize } from "../sizes.ts";

export async function verify(
  session: Session,
  [files]: [string[]],
  { json }: { readonly json?: true },
): Promise<void> {
  for (const file of files) {
    const found = await session.watch("verifying", (watched) => check(file, session, watched));
    if (found.faults.length > 0) process.exitCode = EXIT_FAILURE;
    if (json === true) process.stdout.write(`${toJson(file, found)}\n`);
    else tell(file, found, session);
  }
}

/** A fault of the file; or, with the system's code, what kept it from being read. */
type Fault = Pick<BloscpackError, "message"> &
  Partial<Pick<BloscpackError, "section" | "offset" | "chunk" | "field">> & {
    readonly code: string;
  };

/** Of a file that cannot even be opened only the fault is known. */
type Report = Partial<Omit<VerifyReport, "faults">> & { readonly faults: readonly Fault[] };

async function check(file: string, session: Session, watched: Watched): Promise<Report> {
  try {
    const check = isSeekable(file) ? checkFile : checkStream;
    return await check(file, session, watched);
  } catch (error) {
    return { faults: [faultOf(error)] };
  }
}

/** @throws what is no matter of one file, such as a signal */
function faultOf(error: unknown): Fault {
  if (error instanceof BloscpackError) return error;
  const { code } = (error instanceof StoreError ? error.cause : error) as NodeJS.ErrnoException;
  if (error instanceof StoreError) return { code: code ?? error.code, message: error.message };
  const message = systemText(error);
  if (message === undefined || code === undefined) throw error;
  return { code, message };
}

/** Finds all faults. */
function checkFile(
  file: string,
  session: Session,
  { signal, onProgress }: Watched,
): Promise<Report> {
  return withBytes(file, session, async (source) => {
    const reader = await open(
      {
        size: source.size,
        batchBytes: source.batchBytes,
        read(position, length) {
          signal.throwIfAborted();
          onProgress({ nbytes: position, cbytes: position, nchunks: 0, size: source.size });
          return source.read(position, length);
        },
      },
      // An array whose shape does not fit its data is a fault to report, not one to end at.
      { as: "bytes" },
    );
    return reader.verify();
  });
}

/** Ends at the first fault: there is no going on in a pipe. */
async function checkStream(file: string, session: Session, watched: Watched): Promise<Report> {
  const source = await openSource(file, session);
  let cbytes = 0;
  const result = await unpack(
    source,
    { append: () => undefined },
    {
      signal: watched.signal,
      onProgress(progress) {
        cbytes = progress.cbytes;
        watched.onProgress(progress);
      },
    },
  );
  const { nchunks, nbytes } = result;
  return { nchunks, nbytes, cbytes, faults: [], warnings: [] };
}

function tell(file: string, found: Report, { report }: Session): void {
  for (const { message } of found.faults) printError(`'${file}': ${message}`);
  for (const warning of found.warnings ?? []) report.normal(`${file}: warning: ${warning}`);
  if (found.faults.length > 0) return;
  report.normal(`${file}: OK, ${found.nchunks} chunks, ${exactSize(found.nbytes ?? 0)}`);
}

function toJson(file: string, { faults, ...sizes }: Report): string {
  return JSON.stringify({
    file,
    ok: faults.length === 0,
    ...sizes,
    faults: faults.map(({ code, message, section, offset, chunk, field }) => ({
      code,
      message,
      section,
      offset,
      chunk,
      field,
    })),
  });
}
