/**
 * Text of others on a terminal: what would steer it, or reorder or hide what is read, is shown
 * instead.
 */

/** Control characters, line and paragraph ends, marks of direction, and what has no width. */
const STEERING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** One line: line ends are shown too. */
export function printable(text: string): string {
  return text.replace(STEERING, escaped);
}

/** Text of several lines. */
export function printableLines(text: string): string {
  return text.replace(STEERING, (character) => (character === "\n" ? "\n" : escaped(character)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
