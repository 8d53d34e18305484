/** Options objects: a misspelt name must not pass for a default. */

/**
 * @param what what takes the options, for the message
 * @throws {TypeError} for a value that is no object, or has a key that is not in `known`
 */
export function checkOptionNames(options: object, known: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Options of ${what} must be an object: got ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new TypeError(`Unknown option "${name}" of ${what}: known are ${known.join(", ")}`);
  }
}
