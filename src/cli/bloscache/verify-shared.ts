/** `bloscache verify s3://…`. */
import fs from "node:fs";
import { type BucketFinding, type BucketReport, checkBucket } from "../../tier/bucket-check.ts";
import { Seal } from "../../tier/seal.ts";
import { CliError, EXIT_FAILURE } from "../failure.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { openShared, readingIn } from "./open-shared.ts";
import { Output, printJson } from "./output.ts";
import { describe, type VerifyOptions } from "./verify.ts";
import { plural } from "./words.ts";

export async function verifyShared(
  session: Session,
  [url]: [string],
  options: VerifyOptions,
): Promise<void> {
  const { fix = false, signingKeyFile, json = false } = options;
  const bucket = await openShared(url, options);
  const seal = sealBy(signingKeyFile);
  const heard = new Findings(json);
  const report = await session.watch("verifying", ({ onProgress }) =>
    checkBucket(bucket, {
      ...{ ...readingIn(session), seal, fix, onFinding: (finding) => heard.add(finding) },
      onProgress: (cbytes) => onProgress({ nbytes: cbytes, cbytes, nchunks: 0, size: undefined }),
    }),
  );
  if (!heard.ok) process.exitCode = EXIT_FAILURE;
  if (json) {
    const { ok, findings } = heard;
    await printJson({ location: bucket.url, ok, ...report, findings });
  } else await heard.end(report);
}

/** @throws {CliError} for a file that cannot be read, or holds no key */
function sealBy(file: string | undefined): Seal {
  if (file === undefined) return new Seal();
  const bytes = fs.readFileSync(file);
  const isText = bytes.at(-1) === 0x0a;
  const end = isText ? bytes.byteLength - (bytes.at(-2) === 0x0d ? 2 : 1) : bytes.byteLength;
  try {
    return new Seal(bytes.subarray(0, end));
  } catch (cause) {
    const { message } = cause as Error;
    throw new CliError(`'${file}': ${message}`, EXIT_FAILURE, { cause });
  }
}

/** What is wrong: printed as it is found, or kept for one document. */
class Findings {
  readonly findings: BucketFinding[] = [];
  ok = true;
  readonly #keeps: boolean;
  readonly #output = new Output();
  #harm = 0;
  #litter = 0;

  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  async add(finding: BucketFinding): Promise<void> {
    const { kind, isFixed } = finding;
    if (kind === "litter") this.#litter++;
    else {
      this.#harm++;
      if (!isFixed) this.ok = false;
    }
    if (this.#keeps) this.findings.push(finding);
    else await this.#output.line(describe(finding));
  }

  async end({ entries, files, cbytes, unclaimed, unproved }: BucketReport): Promise<void> {
    const checked = `${plural(entries, "result")}, ${plural(files, "object")}, ${prettySize(cbytes)}`;
    const litter = this.#litter;
    const rest = litter === 0 ? "" : `; ${plural(litter, "object")} of no result`;
    const output = this.#output;
    await output.line(
      `${this.#harm === 0 ? "OK" : plural(this.#harm, "fault")}: ${checked}${rest}`,
    );
    if (unclaimed > 0) {
      const objects = plural(unclaimed, "object");
      await output.line(`${objects} younger than a day that no result speaks of: being sent now`);
    }
    if (unproved > 0) {
      const results = plural(unproved, "signed result");
      await output.line(`${results} whose signature was not checked: give --signing-key-file`);
    }
    await output.end();
  }
}
