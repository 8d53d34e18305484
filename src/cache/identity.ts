/** Which function this is, across processes and releases. */

import { acquireHasher, releaseHasher } from "../store/hash.ts";
import { callSite, moduleName } from "./call-site.ts";
import { writeString } from "./encode.ts";
import { fingerprint, isNative } from "./fingerprint.ts";

// biome-ignore lint/complexity/noBannedTypes: any callable at all, of any signature
type AnyFunction = Function;

export interface FunctionIdentity {
  /** Unique within a cache: the user's, or `<package>@/<module>#<name>`. */
  readonly id: string;
  /** `v:` and the user's version, or `f:` and the fingerprint; results of others are kept apart. */
  readonly version: string;
  /** What rows have instead of the version, where the source is watched but does not count. */
  readonly recorded?: string;
  /** A directory name for the function's results: `[a-z0-9_-]`, at most 48 characters. */
  readonly slug: string;
}

type CodePolicy = (typeof CODE_POLICIES)[number];

const CODE_POLICIES = ["key", "warn", "ignore"] as const;

export interface IdentityOptions {
  /** Needed for functions that are anonymous, native or bound, and where several caches share. */
  readonly id?: string | undefined;
  /**
   * Stands instead of the fingerprint of the source: results change when, and only when, it does.
   * Where names are not the source's own, in minified code, it needs an `id` beside it: nothing
   * else would tell a function from another one that gets its name in a later build.
   */
  readonly version?: string | number | undefined;
  /**
   * Whether the source of the function counts, where no `version` is given:
   * - `"key"` (default): changed code is a miss.
   * - `"warn"`: it does not; a warning tells when a result of other code is used.
   * - `"ignore"`: it does not.
   */
  readonly code?: CodePolicy | undefined;
  /**
   * What else results depend on: helper functions by their fingerprints (memoized ones by their
   * identity), strings and numbers by themselves.
   */
  readonly dependsOn?: readonly (AnyFunction | string | number)[] | undefined;
  /** What to call the function in its derived id instead of `fn.name`: `Grid.interpolate`. */
  readonly name?: string | undefined;
}

/**
 * @param site - absolute path of the module that memoizes `fn`
 * @throws {TypeError} if `fn` is anonymous and no `id` is given, or is native or bound and not both
 *   `id` and `version` are given, or if an option is of a wrong type
 */
export function identify(
  fn: AnyFunction,
  options: IdentityOptions = {},
  site?: string,
): FunctionIdentity {
  checkOptions(options);
  const { version, code = "key" } = options;
  const isTold = options.id !== undefined && (version !== undefined || code === "ignore");
  if (isNative(fn) && !isTold) {
    throw new TypeError(
      "A native or bound function shows no source: give both { id, version }, or memoize a named " +
        "function that calls it",
    );
  }
  const id = options.id ?? deriveId(options.name ?? fn.name, site ?? callSite(identify).path);
  const counting = versionOf(fn, options);
  const identity = { id, version: counting, slug: slugOf(id) };
  if (code !== "warn" || version !== undefined) return identity;
  return { ...identity, recorded: `${counting}${CODE_MARK}${fingerprint(fn)}` };
}

/** Between the version that counts and the fingerprint of the source that made the result. */
const CODE_MARK = " code:";

/** The version that counts, of one that a row has. */
export function versionThatCounts(recorded: string): string {
  return recorded.split(CODE_MARK, 1)[0] as string;
}

/** What changes when the function does, its helpers included. */
function versionOf(fn: AnyFunction, { version, code, dependsOn }: IdentityOptions): string {
  const source = () => (code === undefined || code === "key" ? `f:${fingerprint(fn)}` : "any");
  const own = version === undefined ? source() : `v:${version}`;
  const others = dependsOn === undefined || dependsOn.length === 0 ? "" : `+${combine(dependsOn)}`;
  return own + others;
}

/** Results of what the mark stands for are kept apart, as those of other versions are. */
export function withMark(identity: FunctionIdentity, mark: string): FunctionIdentity {
  const version = identity.version + mark;
  if (identity.recorded === undefined) return { ...identity, version };
  return {
    ...identity,
    version,
    recorded: version + identity.recorded.slice(identity.version.length),
  };
}

const memoized = new WeakMap<AnyFunction, string>();

/**
 * Lets `dependsOn` know a memoized function by the version of the one that it stands for: the
 * source of the wrapper is this library's, and the same for all. A method has no id before its
 * first call, so its id cannot count.
 */
export function recordVersion(
  wrapper: AnyFunction,
  fn: AnyFunction,
  options: IdentityOptions,
): void {
  if (isNative(fn) && options.version === undefined && options.code !== "ignore") return;
  memoized.set(wrapper, versionOf(fn, options));
}

function checkOptions({ id, version, code, dependsOn }: IdentityOptions): void {
  if (code !== undefined && !CODE_POLICIES.includes(code)) {
    throw new TypeError(`Option code must be "key", "warn" or "ignore": got ${String(code)}`);
  }
  if (id !== undefined && (typeof id !== "string" || id === "")) {
    throw new TypeError("id must be a string that is not empty");
  }
  const fine = typeof version === "string" ? version !== "" : Number.isFinite(version);
  if (version !== undefined && !fine) {
    throw new TypeError("version must be a finite number or a string that is not empty");
  }
  if (dependsOn !== undefined && !Array.isArray(dependsOn)) {
    throw new TypeError("dependsOn must be an array of functions, strings and numbers");
  }
}

function deriveId(name: string, site: string): string {
  if (name === "") {
    throw new TypeError(
      "An anonymous function cannot be found again: give it a name, or memoize it with { id }",
    );
  }
  return `${moduleName(site)}#${name}`;
}

/** One digest for all, in their order: each with its kind and length, so that none run together. */
function combine(dependsOn: readonly (AnyFunction | string | number)[]): string {
  const hasher = acquireHasher();
  try {
    for (const part of dependsOn) writeString(hasher, describe(part));
    return hasher.digestHex();
  } finally {
    releaseHasher(hasher);
  }
}

function describe(part: unknown): string {
  if (typeof part === "string") return `s:${part}`;
  if (typeof part === "number") return `n:${part}`;
  if (typeof part !== "function") {
    throw new TypeError("dependsOn holds something that is no function, string or number");
  }
  const version = memoized.get(part as AnyFunction);
  if (version !== undefined) return `m:${version}`;
  if (!isNative(part)) return `f:${fingerprint(part)}`;
  throw new TypeError(
    `dependsOn holds a native or bound function, ${part.name}, whose source cannot be read: ` +
      "list a version of it as a string or number instead",
  );
}

/** Letters of an id a slug keeps; its end, where the function's name is. */
const SLUG_TEXT = 39;

/**
 * The end of the id for the eye, a digest of the whole so that no two functions share a directory
 * (file systems fold case, and `a/b` and `a-b` look alike here), and never a reserved name.
 */
export function slugOf(id: string): string {
  const plain = id.toLowerCase().replace(/[^a-z0-9_]+/g, "-");
  // Of a long id whole words are kept, if there are any.
  const end = plain.slice(-SLUG_TEXT).replace(plain.length > SLUG_TEXT ? /^[^-]*-(?=.)/ : "", "");
  const text = end.replace(/^-+|-+$/g, "") || "fn";
  const hasher = acquireHasher();
  try {
    writeString(hasher, id);
    return `${text}-${hasher.digestHex().slice(0, 8)}`;
  } finally {
    releaseHasher(hasher);
  }
}
