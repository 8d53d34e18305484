/** Names on the command line that stand for objects of S3-compatible stores: `s3://bucket/key`. */
import type { NamedObject } from "../s3/named-object.ts";
import { CliError, EXIT_FAILURE, EXIT_USAGE } from "./failure.ts";
import type { Session } from "./session.ts";

const SCHEME = "s3://";

export function isObject(name: string): boolean {
  return name.startsWith(SCHEME);
}

/**
 * The object of a name. The SDK is loaded by now and not before: it takes a tenth of a second, and not
 * everybody has it.
 */
export async function objectOf(
  name: string,
  { signal }: Pick<Session, "signal">,
): Promise<NamedObject> {
  const [bucket = "", ...rest] = name.slice(SCHEME.length).split("/");
  const key = rest.join("/");
  if (bucket === "" || key === "" || key.endsWith("/")) {
    throw new CliError(`'${name}' names no object: that is ${SCHEME}bucket/key`, EXIT_USAGE);
  }
  const { NamedObject } = await load(name);
  return new NamedObject(bucket, key, signal);
}

async function load(name: string): Promise<typeof import("../s3/named-object.ts")> {
  try {
    return await import("../s3/named-object.ts");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("@aws-sdk/")) throw cause;
    throw new CliError(
      `'${name}' takes a package that is not installed: npm install @aws-sdk/client-s3`,
      EXIT_FAILURE,
      { cause },
    );
  }
}
