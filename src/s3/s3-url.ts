/** `s3://bucket/prefix`: a bucket, or what stands in it under a prefix. */

export interface S3Url {
  readonly bucket: string;
  /** Ends in a slash, unless it is empty. */
  readonly prefix: string;
}

const SCHEME = "s3://";

export function isS3Url(text: string): boolean {
  return text.startsWith(SCHEME);
}

/** @throws {TypeError} when it is not one */
export function parseS3Url(text: string): S3Url {
  const [bucket = "", ...rest] = isS3Url(text) ? text.slice(SCHEME.length).split("/") : [];
  if (bucket === "") throw new TypeError(`Not of the form ${SCHEME}bucket/prefix: "${text}"`);
  const prefix = rest.join("/");
  return { bucket, prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/` };
}
