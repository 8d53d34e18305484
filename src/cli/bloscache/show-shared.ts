/** `bloscache show s3://…`. */
import type { StoredArray } from "../../cache/stored-arrays.ts";
import { messageOf } from "../../errors.ts";
import { openSource } from "../../format/reader.ts";
import { readInfoFrom } from "../../store/file-info.ts";
import type { Session } from "../session.ts";
import { type ArrayFacts, describeFile } from "./array-facts.ts";
import { infoOf, listedInfo } from "./shared-entries.ts";
import { SharedResult } from "./shared-result.ts";
import { inspected, printShown, type ShowOptions } from "./show.ts";

export async function showShared(
  session: Session,
  [url, key]: [string, string],
  options: ShowOptions,
): Promise<void> {
  const shared = await SharedResult.choose(session, url, key, options);
  const { bucket, listed, result } = shared;
  const arrays: ArrayFacts[] = [];
  for (const [n, array] of (await shared.arrays()).entries()) {
    arrays.push(await describe(shared, array, n, session.signal));
  }
  const { slug, ...info } = infoOf(listedInfo(bucket, listed), result);
  const isShown = options.value === true || shared.isInline;
  const value = isShown ? inspected(await shared.value(), options) : undefined;
  const needs = await shared.needs();
  await printShown({ info, needs, arrays, value, isSigned: result.isSigned }, options);
}

/** Never throws for the object: what is wrong with it is among the facts. */
async function describe(
  shared: SharedResult,
  array: StoredArray,
  n: number,
  signal: AbortSignal,
): Promise<ArrayFacts> {
  if (array.file === undefined) return array;
  try {
    const source = await shared.source(n);
    return await describeFile(array, {
      info: () => readInfoFrom(source),
      open: (options) => openSource(source, options ?? {}, () => undefined),
    });
  } catch (error) {
    signal.throwIfAborted();
    return { ...array, fault: messageOf(error) };
  }
}
