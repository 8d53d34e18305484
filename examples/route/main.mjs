/**
 * An HTTP route over an expensive function: requests for the same thing share one computation,
 * clients that hang up leave it, and it stops when the last one has.
 *
 *   node examples/route/main.mjs
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";

const memory = new Memory({ location: new URL(".cache", import.meta.url) });
memory.clear();

let [begun, stopped] = [0, 0];

/** A spectrum that takes its time. The signal does not count for the key. */
const spectrum = memory.memoize(async function spectrum(frequency, { signal }) {
  begun++;
  try {
    await sleep(300, undefined, { signal });
  } catch (error) {
    stopped++;
    throw error;
  }
  return Float32Array.from({ length: 512 }, (_, i) => Math.cos((i * frequency) / 512));
});

const server = createServer(async (request, response) => {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const frequency = Number(new URL(request.url, "http://localhost").searchParams.get("f"));
  try {
    const values = await spectrum(frequency, { signal: gone.signal });
    response.end(Buffer.from(values.buffer));
  } catch {
    response.statusCode = 500;
    response.end(); // nobody hears it if the client has gone
  }
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;

const ask = async (frequency, signal) =>
  (await (await fetch(`${url}/?f=${frequency}`, { signal })).arrayBuffer()).byteLength;

// Twenty clients at once, three of whom lose patience.
const impatient = AbortSignal.timeout(100);
const clients = Array.from({ length: 20 }, (_, n) => ask(7, n < 3 ? impatient : undefined));
const outcomes = await Promise.allSettled(clients);
const served = outcomes.filter(({ status }) => status === "fulfilled").length;
console.log(`${served} of 20 clients served by ${begun} computation`);

// The only client for another frequency hangs up: nothing goes on for nobody.
await ask(8, AbortSignal.timeout(100)).catch(() => undefined);
while (stopped === 0) await sleep(10);
console.log(`${stopped} computation stopped, ${[...memory.entries()].length} result stored`);
server.closeAllConnections();
server.close();
