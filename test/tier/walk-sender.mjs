/**
 * A walk that is extended on a machine with a shared tier, to be killed on the way.
 *
 *   node walk-sender.mjs LOCATION FOLDER LENGTH
 */
import { Memory } from "bloscache";
import { folderTier } from "bloscache/tier";
import { walkOn } from "../series/walk.mjs";

const [, , location, folder, length] = process.argv;
// Who was killed has left its lease, which is waited for in other tests.
const memory = new Memory({ location, shared: folderTier({ folder }), waitMs: 0 });
await walkOn(memory, 100).extend("a", { length: Number(length) });
await memory[Symbol.asyncDispose]();
