/** The bucket that a command is about. */
import { isS3Url, parseS3Url } from "../../s3/s3-url.ts";
import type { Bucket } from "../../tier/bucket.ts";
import { CliError, EXIT_FAILURE, EXIT_USAGE } from "../failure.ts";
import type { GlobalOptions } from "./program.ts";

/** @param url of the form `s3://bucket/prefix` */
export async function openShared(url: string, { dir }: GlobalOptions): Promise<Bucket> {
  if (!isS3Url(url)) {
    throw new CliError(
      `'${url}' is no bucket: s3://bucket/prefix, or --dir for a folder`,
      EXIT_USAGE,
    );
  }
  if (dir !== undefined) throw new CliError("--dir is for a folder, not for a bucket", EXIT_USAGE);
  try {
    parseS3Url(url);
  } catch (error) {
    throw new CliError((error as Error).message, EXIT_USAGE, { cause: error });
  }
  const { openBucket } = await load(url);
  return openBucket(url);
}

/** The SDK is loaded here and not before: it takes a tenth of a second, and not everybody has it. */
async function load(url: string): Promise<typeof import("../../s3/open-bucket.ts")> {
  try {
    return await import("../../s3/open-bucket.ts");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("@aws-sdk/")) throw cause;
    const reason = "takes a package that is not installed: npm install @aws-sdk/client-s3";
    throw new CliError(`'${url}' ${reason}`, EXIT_FAILURE, { cause });
  }
}
