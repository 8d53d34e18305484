/** The client of the SDK: the user's own, or one that is made as S3-compatible stores need it. */
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

/** A client of the SDK, or what one is made from; credentials come from the SDK's chain of places. */
export type ClientOption = S3Client | S3ClientConfig;

/** How long to wait for a connection, and for more bytes on one, ms. */
const CONNECT_MS = 2_000;
const SILENCE_MS = 10_000;
/** How long a request of few bytes may take, ms. */
const REQUEST_MS = 20_000;
/** What a line carries at least, bytes per ms: more bytes take longer. */
const SLOWEST = 64;
const ATTEMPTS = 4;

/**
 * @param option of a client that was made elsewhere nothing is changed
 * @throws {TypeError} for anything else
 */
export function clientOf(option: ClientOption = {}): S3Client {
  if (isClient(option)) return option;
  if (typeof option !== "object" || option === null) {
    throw new TypeError(`Option client must be an S3Client or its options: got ${String(option)}`);
  }
  const endpoint = option.endpoint ?? endpointOfEnvironment();
  const client = new S3Client({
    maxAttempts: ATTEMPTS,
    // Stores other than Amazon's know buckets by path, and no region but must be signed for one.
    ...(endpoint === undefined ? {} : { forcePathStyle: true, region: regionOfEnvironment() }),
    // Ceph refuses the trailers in which the SDK else sends its checksums; we send and check our own.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // With it the SDK opens a connection for every part, and waits before each.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      requestTimeout: REQUEST_MS,
      throwOnRequestTimeout: true,
    },
    ...option,
  });
  madeHere.add(client);
  return client;
}

const madeHere = new WeakSet<S3Client>();

/**
 * How to send a request of `nbytes`: what ends it, and how long it may take. A client that is not ours
 * has its own limits.
 */
export function sendingOf(
  client: S3Client,
  nbytes: number,
  signal?: AbortSignal,
): { abortSignal?: AbortSignal; requestTimeout?: number } {
  return {
    ...(signal === undefined ? {} : { abortSignal: signal }),
    ...(madeHere.has(client) ? { requestTimeout: requestMs(nbytes) } : {}),
  };
}

/** How long a request of many bytes may take, ms. */
function requestMs(nbytes: number): number {
  return REQUEST_MS + Math.ceil(nbytes / SLOWEST);
}

function isClient(option: unknown): option is S3Client {
  // By what it can do: there may be two copies of the SDK.
  return typeof (option as Partial<S3Client> | null)?.send === "function";
}

function endpointOfEnvironment(): string | undefined {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  return AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined;
}

function regionOfEnvironment(): string {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return AWS_REGION || AWS_DEFAULT_REGION || "us-east-1";
}
