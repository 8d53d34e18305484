/** What a store's answers say of an object. */
import type { ObjectHead } from "../tier/bucket.ts";
import type { Dated } from "./server-time.ts";

interface HeadOutput {
  readonly ETag?: string | undefined;
  readonly ContentLength?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
}

export function headOf({ output, ageOf }: Dated<HeadOutput>): ObjectHead {
  const { ETag, ContentLength = 0, LastModified, Metadata = {} } = output;
  return {
    etag: unquoted(ETag),
    size: ContentLength,
    ageMs: ageOf(LastModified),
    metadata: Metadata,
  };
}

/** Of `bytes 0-9/1234`: how much there is in all. */
export function sizeIn(contentRange: string | undefined): number | undefined {
  const size = /\/(\d+)$/.exec(contentRange ?? "")?.[1];
  return size === undefined ? undefined : Number(size);
}

export function unquoted(etag: string | undefined): string {
  return (etag ?? "").replace(/^"|"$/g, "");
}
