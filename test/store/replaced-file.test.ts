// Files that take the place of others, and links to them.
import fs, {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  packBytesToFile,
  packBytesToFileSync,
  packFile,
  unpackBytesFromFileSync,
} from "../../src/format.ts";
import { temporaryFolder } from "../support/temporary.ts";

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
const plain = join(temporaryFolder(), "plain");
writeFileSync(plain, bytes);

const writers = [
  ["packBytesToFileSync", async (path: string) => packBytesToFileSync(path, bytes)],
  ["packBytesToFile", (path: string) => packBytesToFile(path, bytes)],
  ["packFile", (path: string) => packFile(plain, path)],
] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

describe.skipIf(process.platform === "win32").each(writers)("%s", (_name, write) => {
  it.each([0o600, 0o444, 0o666, 0o750])(
    "keeps the permissions of what it replaces: %o",
    async (mode) => {
      const path = join(temporaryFolder(), "file.blp");
      writeFileSync(path, "old");
      chmodSync(path, mode);
      await write(path);
      expect(statSync(path).mode & 0o777).toBe(mode);
      expect(unpackBytesFromFileSync(path).bytes).toEqual(bytes);
    },
  );

  it("gives a new file those of the umask", async () => {
    const path = join(temporaryFolder(), "file.blp");
    await write(path);
    expect(statSync(path).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it.runIf(process.getuid?.() === 0)("keeps owner and group, or gives no more away", async () => {
    const path = join(temporaryFolder(), "file.blp");
    writeFileSync(path, "old");
    chownSync(path, 4321, 1234);
    chmodSync(path, 0o664);
    await write(path);
    expect(statSync(path)).toMatchObject({ uid: 4321, gid: 1234, mode: 0o100664 });
    vi.spyOn(fs, "fchownSync").mockImplementation(() => {
      throw new Error("EPERM");
    });
    await write(path);
    expect(statSync(path)).toMatchObject({ uid: 0, gid: 0, mode: 0o100644 });
  });

  it("follows links, also to what is not there", async () => {
    const folder = temporaryFolder();
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    const [first, second] = [join(folder, "first.blp"), join(folder, "second.blp")];
    symlinkSync("second.blp", first);
    symlinkSync("elsewhere/file.blp", second);
    for (let n = 0; n < 2; n++) {
      await write(first);
      expect([first, second].every((path) => lstatSync(path).isSymbolicLink())).toBe(true);
      expect(readdirSync(elsewhere)).toEqual(["file.blp"]);
      expect(unpackBytesFromFileSync(first).bytes).toEqual(bytes);
      writeFileSync(first, "old");
      expect(readFileSync(join(elsewhere, "file.blp"), "utf8")).toBe("old");
    }
    expect(readdirSync(folder).sort()).toEqual(["elsewhere", "first.blp", "second.blp"]);
  });

  it("does not follow links for ever", async () => {
    const path = join(temporaryFolder(), "file.blp");
    symlinkSync("file.blp", path);
    await expect(write(path)).rejects.toThrow("ELOOP");
  });
});
