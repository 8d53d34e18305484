/** What a user should know but no call should fail for: process warnings, each given once. */

/** Different warnings remembered; beyond, the oldest may be given again. */
const REMEMBERED = 1000;

const given = new Set<string>();

type Tell = (about: string, code: string, message: string) => void;

let tell: Tell = (_about, code, message) =>
  process.emitWarning(message, { type: "BloscacheWarning", code });

/** Has another thread give this one's warnings. */
export function tellWarnings(elsewhere: Tell): void {
  tell = elsewhere;
}

/**
 * Emits a `BloscacheWarning`, which Node prints to stderr unless the process listens for it.
 *
 * @param about what makes two warnings the same
 * @param code stable name of the reason
 */
export function warnOnce(about: string, code: string, message: string): void {
  const name = `${code} ${about}`;
  if (given.has(name)) return;
  if (given.size >= REMEMBERED) given.delete(given.values().next().value as string);
  given.add(name);
  tell(about, code, message);
}
