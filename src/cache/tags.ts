/** Tags: names under which results of any functions are forgotten together. */

/** The same for all calls, or of each by its arguments. */
export type TagsOption<Args extends readonly unknown[] = readonly never[]> =
  | readonly string[]
  | ((...args: Args) => readonly string[]);

/**
 * The tags of each call.
 *
 * @throws {TypeError} for an option of the wrong type; when called, for tags that are no strings,
 *   and what the user's function throws
 */
export function tagsOf(
  option: TagsOption<never> | undefined,
): (args: readonly unknown[]) => readonly string[] {
  if (option === undefined) return () => NO_TAGS;
  if (typeof option === "function") {
    const ask = option as (...args: readonly unknown[]) => readonly string[];
    return (args) => checkTags(ask(...args), "What option tags returned");
  }
  const tags = checkTags(option, "Option tags");
  return () => tags;
}

const NO_TAGS: readonly string[] = [];

function checkTags(tags: unknown, what: string): readonly string[] {
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string" && tag !== "")) {
    return [...new Set(tags as string[])];
  }
  throw new TypeError(`${what} must be an array of strings that are not empty`);
}

/** As a row keeps them. */
export function encodeTags(tags: readonly string[]): string {
  return tags.length === 0 ? "" : JSON.stringify(tags);
}

/** @param text what {@link encodeTags} made */
export function decodeTags(text: string): readonly string[] {
  return text === "" ? NO_TAGS : (JSON.parse(text) as string[]);
}
