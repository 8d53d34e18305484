import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatLiteral, type Literal, parseLiteral } from "../../src/format/python-literal.ts";

describe("what numpy writes is read", () => {
  it.each<[string, Literal]>([
    ["'<f8'", "<f8"],
    ['"it\'s"', "it's"],
    ["0", 0],
    ["-12", -12],
    ["None", null],
    ["True", true],
    ["False", false],
    ["[]", []],
    ["()", { tuple: [] }],
    ["(4,)", { tuple: [4] }],
    ["(4)", 4],
    ["(2, 3)", { tuple: [2, 3] }],
    ["[('a', '<i4'), ('b', '>f8', (2, 3))]", [tuple("a", "<i4"), tuple("b", ">f8", tuple(2, 3))]],
    [" [ 1 ,\n2 , ] ", [1, 2]],
    [String.raw`'\\ \' \" \a\b\f\n\r\t\v'`, "\\ ' \" \x07\b\f\n\r\t\v"],
    [String.raw`'\x41\101\0é\U0001F600'`, "AA\0é😀"],
  ])("%s", (text, literal) => {
    expect(parseLiteral(text)).toEqual(literal);
  });
});

function tuple(...items: Literal[]): Literal {
  return { tuple: items };
}

describe("what is no literal is refused, with its position", () => {
  it.each([
    ["", 0],
    ["'abc", 4],
    ["'a\nb'", 2],
    ["'a\0b'", 2],
    [String.raw`'\q'`, 1],
    [String.raw`'\x4'`, 1],
    [String.raw`'\U00110000'`, 1],
    ["[1, 2", 5],
    ["[1 2]", 3],
    ["[,]", 1],
    ["(1, ,)", 4],
    ["[1)", 2],
    ["'a' 'b'", 4],
    ["1.5", 0],
    ["1e3", 0],
    ["012", 0],
    ["1_000", 0],
    ["9007199254740993", 16],
    ["b'a'", 0],
    ["u'a'", 0],
    ["{'names': ['a']}", 0],
    ["None1", 0],
    ["none", 0],
    ["__import__('os')", 0],
    ["[1] + [2]", 4],
  ])("%j", (text, position) => {
    expect(() => parseLiteral(text)).toThrow(SyntaxError);
    expect(() => parseLiteral(text)).toThrow(new RegExp(`at character ${position}$`));
  });

  it("has limits on depth and length", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(formatLiteral(parseLiteral(nested(65)))).toBe(nested(65));
    expect(() => parseLiteral(nested(66))).toThrow(/levels deep, at character 65$/);
    expect(() => parseLiteral("(".repeat(100_000))).toThrow(/levels deep/);
    expect(parseLiteral(`'${"x".repeat(2 ** 20 - 2)}'`)).toHaveLength(2 ** 20 - 2);
    expect(() => parseLiteral(`'${"x".repeat(2 ** 20 - 1)}'`)).toThrow(/at most 1048576/);
  });

  it("refuses any other text with a SyntaxError", () => {
    const text = fc.string({
      unit: fc.constantFrom(..."[](),'\"\\ xu01-aTN\n\0é😀"),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (source) => {
        try {
          expect(parseLiteral(formatLiteral(parseLiteral(source)))).toEqual(parseLiteral(source));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe("formatLiteral", () => {
  it.each([
    ["it's", `"it's"`],
    [`"`, `'"'`],
    [`'"`, String.raw`'\'"'`],
    ["\\\n\x7f\u00a0\u2028\ud800", String.raw`'\\\n\x7f\xa0\u2028\ud800'`],
    ["é 日本 😀", "'é 日本 😀'"],
  ])("spells %j as Python's repr does", (text, repr) => {
    expect(formatLiteral(text)).toBe(repr);
  });

  it("spells whatever is read again", () => {
    const { literal } = fc.letrec<{ literal: Literal }>((tie) => ({
      literal: fc.oneof(
        { maxDepth: 5 },
        fc.string({ unit: "binary" }),
        fc.maxSafeInteger().map((n) => n + 0),
        fc.constantFrom<Literal>(null, true, false),
        fc.array(tie("literal")),
        fc.array(tie("literal")).map((items): Literal => ({ tuple: items })),
      ),
    }));
    fc.assert(
      fc.property(literal, (value) => {
        expect(parseLiteral(formatLiteral(value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });
});
