import { describe, expect, test } from "vitest";
import { fingerprint, isNative } from "../../src/cache/fingerprint.ts";

/** A function whose source is `source`, as it is written. */
function made(source: string): object {
  return new Function(`return (${source})`)() as object;
}
const print = (source: string) => fingerprint(made(source));

describe("layout does not count", () => {
  const plain = print("function f(a, b) { const c = a + b; return c * 2; }");
  test.each([
    "function f(a,b){const c=a+b;return c*2;}",
    "function f(\n  a,\n  b\n) {\n  const c = a\n    + b;\n  return c * 2;\n}",
    "function f(a, b) { // sum\n const c = a + b; /* twice */ return c * 2; }",
    "function f(a, b) {\r\n\tconst c = a + b;\r\n\treturn c * 2;\r\n}",
    "function f(a, b) { const c = a + b; return /* twice */ c * 2; }",
  ])("%j", (source) => {
    expect(print(source)).toBe(plain);
  });
});

describe("all else does", () => {
  test.each([
    ["(a) => a + 1", "(a) => a + 2"],
    ["(a) => a", "(b) => b"],
    ["() => 'a b'", "() => 'ab'"],
    ["() => 'x // y'", "() => 'x '"],
    ["() => `a\n  b`", "() => `a\n b`"],
    ["() => /a b/", "() => /a  b/"],
    ["(a) => typeof a", "(a) => typeofa"],
    ["(a, b) => a + +b", "(a, b) => a ++ + b"],
    ["function f() {}", "function* f() {}"],
    ["() => {}", "async () => {}"],
  ])("%j, %j", (left, right) => {
    expect(print(left)).not.toBe(print(right));
  });
});

describe("a line break counts where it changes the meaning", () => {
  test.each([
    ["(x) => { return\nx }", "(x) => { return x }"],
    ["(x) => { return /*\n*/ x }", "(x) => { return x }"],
    ["(a, b) => { a\n++b }", "(a, b) => { a++\nb }"],
    ["(async, f) => { async\nfunction g() {} }", "(async, f) => { async function g() {} }"],
    ["() => { l: for (;;) { break\nl } }", "() => { l: for (;;) { break l } }"],
  ])("%j, %j", (left, right) => {
    expect(print(left)).not.toBe(print(right));
  });
  test("but not before the end of the statement", () => {
    expect(print("() => { return\n}")).toBe(print("() => { return }"));
    expect(print("() => { return\n; }")).toBe(print("() => { return; }"));
  });
});

test("it is stable", () => {
  expect(print("(a) => a + 1")).toBe("f007dd33ae8245ca942aa90b8b89b9d2");
});

describe("functions without source", () => {
  const named = function named() {};
  test.each([
    ["native", Math.max],
    ["bound", named.bind(null)],
    ["bound method", [].slice.bind([])],
    ["behind a Proxy", new Proxy(named, {})],
  ])("%s", (_name, fn) => {
    expect(isNative(fn)).toBe(true);
    expect(() => fingerprint(fn)).toThrow(TypeError);
  });
  test("a function that speaks of native code is not one", () => {
    expect(isNative(made("() => '{ [native code] }'"))).toBe(false);
  });
});
