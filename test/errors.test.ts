import {
  BloscacheError,
  BloscpackError,
  CodecError,
  KeyError,
  StoreError,
  ValueError,
} from "bloscache";
import { expect, it } from "vitest";

it.each([BloscpackError, CodecError, KeyError, StoreError, ValueError])(
  "$name is a BloscacheError",
  (leaf) => {
    expect(leaf.prototype).toBeInstanceOf(BloscacheError);
  },
);

it("an error says what and where", () => {
  const fault = { section: "chunk", chunk: 3, offset: 99, field: "cbytes" } as const;
  const error = new BloscpackError("BAD_CHUNK_HEADER", "found 2", fault);
  expect(error).toMatchObject({ name: "BloscpackError", code: "BAD_CHUNK_HEADER", ...fault });
  expect(error.message).toBe('BAD_CHUNK_HEADER in chunk 3 field "cbytes" at byte 99: found 2');
  expect(new KeyError("args[0].when", "it is a Promise").message).toContain("args[0].when");
  expect(new ValueError("result.fn", "it is a function").code).toBe("UNSTORABLE_RESULT");
  const cause = Object.assign(new Error("no space"), { code: "ENOSPC" });
  expect(new StoreError("write", "f.blp", cause)).toMatchObject({
    code: "STORE_FAILED",
    operation: "write",
    location: "f.blp",
    cause,
  });
});
