/**
 * Python literals, as far as numpy writes them into metadata: lists, tuples, strings, whole
 * numbers, None, True and False. Text is read, never evaluated.
 */

export type Literal = null | boolean | number | string | readonly Literal[] | Tuple;

/** A Python tuple; a list is an array. */
export interface Tuple {
  readonly tuple: readonly Literal[];
}

export function isTuple(literal: Literal): literal is Tuple {
  return typeof literal === "object" && literal !== null && "tuple" in literal;
}

/** Characters; a structure of ten thousand fields takes a quarter of it. */
const MAX_LENGTH = 2 ** 20;

/** Brackets within brackets, as the parser recurses; Python's own limit is 200. */
export const MAX_DEPTH = 64;

/**
 * Reads one literal.
 *
 * @throws {SyntaxError} with the position, for anything else, and for more than a MiB of text or
 *   {@link MAX_DEPTH} levels
 */
export function parseLiteral(text: string): Literal {
  return new Parser(text).parse();
}

const BLANKS = /[ \t\r\n]*/y;
const INTEGER = /-?(?:0+|[1-9]\d*)(?![\w.])/y;
const WORD = /(?:None|True|False)(?!\w)/y;
const WORDS: { readonly [word: string]: Literal } = { None: null, True: true, False: false };
// What Python's source code allows inside quotes: anything on the same line but NUL.
const UNQUOTED = { "'": /[^'\\\r\n\0]*/y, '"': /[^"\\\r\n\0]*/y };
const ESCAPE =
  /\\(?:([\\'"abfnrtv])|([0-7]{1,3})|x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8}))/y;
const SIMPLE_ESCAPES: { readonly [letter: string]: string } = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.length > MAX_LENGTH) this.#fail(`a literal has at most ${MAX_LENGTH} characters`);
  }

  parse(): Literal {
    const value = this.#value(0);
    if (this.#peek() !== undefined) this.#fail("the literal ends, more text follows");
    return value;
  }

  #value(depth: number): Literal {
    if (depth > MAX_DEPTH) this.#fail(`brackets are nested more than ${MAX_DEPTH} levels deep`);
    const first = this.#peek();
    if (first === "[") return this.#items("]", depth).items;
    if (first === "(") {
      const { items, commas } = this.#items(")", depth);
      // Brackets around one value group it; the comma is what makes a tuple.
      return items.length === 1 && commas === 0 ? (items[0] as Literal) : { tuple: items };
    }
    if (first === "'" || first === '"') return this.#string(first);
    const integer = this.#take(INTEGER);
    if (integer !== undefined) return this.#integer(integer[0]);
    const word = this.#take(WORD);
    if (word !== undefined) return WORDS[word[0]] as Literal;
    return this.#fail("expected a list, tuple, string, whole number, None, True or False");
  }

  #items(close: string, depth: number): { items: Literal[]; commas: number } {
    const items: Literal[] = [];
    let commas = 0;
    this.#at++;
    while (this.#peek() !== close) {
      if (items.length > commas) this.#fail(`expected "," or "${close}"`);
      items.push(this.#value(depth + 1));
      if (this.#peek() === ",") {
        commas++;
        this.#at++;
      }
    }
    this.#at++;
    return { items, commas };
  }

  #string(quote: "'" | '"'): string {
    let value = "";
    this.#at++;
    for (;;) {
      value += this.#take(UNQUOTED[quote])?.[0] ?? "";
      const next = this.#text[this.#at];
      if (next === "\\") {
        value += this.#escape();
      } else if (next === quote) {
        this.#at++;
        return value;
      } else {
        this.#fail(`expected ${quote} to close the string`);
      }
    }
  }

  #escape(): string {
    const start = this.#at;
    const [, letter, octal, ...hexes] = this.#take(ESCAPE) ?? this.#fail("unknown escape");
    if (letter !== undefined) return SIMPLE_ESCAPES[letter] ?? letter;
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const code = Number.parseInt(hexes.find((hex) => hex !== undefined) as string, 16);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    this.#at = start;
    return this.#fail("no character has this code");
  }

  #integer(digits: string): number {
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) this.#fail("the number before is too large");
    return value + 0; // not -0, which Python does not have
  }

  /** The next character that is no blank; `undefined` at the end. */
  #peek(): string | undefined {
    this.#take(BLANKS);
    return this.#text[this.#at];
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  #fail(reason: string): never {
    throw new SyntaxError(`${reason}, at character ${this.#at}`);
  }
}

/** The literal as Python's `repr` spells it. */
export function formatLiteral(literal: Literal): string {
  if (literal === null) return "None";
  if (typeof literal === "boolean") return literal ? "True" : "False";
  if (typeof literal === "number") return String(literal);
  if (typeof literal === "string") return formatString(literal);
  if (!isTuple(literal)) return `[${literal.map(formatLiteral).join(", ")}]`;
  const items = literal.tuple.map(formatLiteral);
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
}

const NAMED: { readonly [character: string]: string } = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function formatString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // Python escapes what is not printable: category "other", and separators but the blank.
  const escaped = text.replace(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, (character) => {
    if (character === "\\" || character === quote) return `\\${character}`;
    if (character === "'" || character === '"') return character;
    return NAMED[character] ?? escapeCode(character.codePointAt(0) as number);
  });
  return quote + escaped + quote;
}

function escapeCode(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
