/** The one place where errors of the SDK become ours. */
import { StoreError } from "../errors.ts";

/** What the SDK's errors tell, as far as we look. */
interface ServiceError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The HTTP status that an error stands for; `undefined` when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return (error as ServiceError | undefined)?.$metadata?.httpStatusCode;
}

export function isAbsent(error: unknown): boolean {
  const { name } = error as ServiceError;
  return name === "NoSuchKey" || (name !== "NoSuchBucket" && statusOf(error) === 404);
}

/** Whether the same request may well succeed later: the store is busy, or nothing was heard of it. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return isOfConnection(error);
  return status >= 500 || status === 408 || status === 429;
}

/** Whether the connection failed, not what was sent over it. */
function isOfConnection(error: unknown): boolean {
  const { name, code } = error as ServiceError;
  return name === "TimeoutError" || (typeof code === "string" && /^E[A-Z]+$/.test(code));
}

/**
 * The SDK's own error is not handed on: it refers to the request, whose headers are signed with the
 * user's credentials, and whoever logs errors whole would log these.
 *
 * @throws the reason of `signal`, if that was the cause
 */
export function storeError(
  operation: string,
  url: string,
  error: unknown,
  signal?: AbortSignal,
): StoreError {
  signal?.throwIfAborted();
  if (error instanceof StoreError) return error;
  const { name, message, code } = error as ServiceError;
  const status = statusOf(error);
  const text = [name, message].filter(isTelling).join(": ");
  const cause = new Error(status === undefined ? text : `${text} (HTTP ${status})`);
  return new StoreError(operation, url, Object.assign(cause, { code: code ?? name, status }));
}

function isTelling(text: unknown): text is string {
  return typeof text === "string" && text !== "" && text !== "Error" && text !== "UnknownError";
}
