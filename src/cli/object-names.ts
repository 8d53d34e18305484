/** Names on the command line that stand for objects of S3-compatible stores: `s3://bucket/key`. */
import type { NamedObject } from "../s3/named-object.ts";
import { CliError, EXIT_USAGE } from "./failure.ts";
import type { Session } from "./session.ts";
import { withSdk } from "./with-sdk.ts";

const SCHEME = "s3://";

export function isObject(name: string): boolean {
  return name.startsWith(SCHEME);
}

/** The object of a name. @throws {CliError} for a name that is none, and without the SDK */
export async function objectOf(
  name: string,
  { signal }: Pick<Session, "signal">,
): Promise<NamedObject> {
  const [bucket = "", ...rest] = name.slice(SCHEME.length).split("/");
  const key = rest.join("/");
  if (bucket === "" || key === "" || key.endsWith("/")) {
    throw new CliError(`'${name}' names no object: that is ${SCHEME}bucket/key`, EXIT_USAGE);
  }
  const { NamedObject } = await withSdk(name, () => import("../s3/named-object.ts"));
  return new NamedObject(bucket, key, signal);
}
