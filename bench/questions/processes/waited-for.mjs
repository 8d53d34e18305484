/** The process that others wait for: calls the function with each number that it reads. */
import { createInterface } from "node:readline";
import { functionOf } from "../waiter.mjs";

const [kind, location] = process.argv.slice(2);
const compute = functionOf(kind, location);
for await (const line of createInterface(process.stdin)) await compute(Number(line));
