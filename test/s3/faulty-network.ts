/**
 * A network between a client and a store of S3, whose faults are switched on and off while it runs.
 * It passes bytes on as they are, and knows of HTTP only where a request begins: with the first bytes
 * of the client after an answer, as there is one request at a time on a connection.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

const SLOW_DOWN = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>`;

export class FaultyNetwork {
  /** What a client is to be given instead of the store's own. */
  readonly endpoint: string;
  /** What every request waits before it is passed on: the time to the store and back. */
  latencyMs = 0;
  /** The connection is reset after so many bytes of an answer, its headers among them. */
  resetAfterBytes: number = Number.POSITIVE_INFINITY;
  /** The part of requests, from 0 to 1, which the store carries out and whose answer is lost. */
  loseResponses = 0;
  /** The part of requests which are answered by 503 SlowDown, and never reach the store. */
  answer503 = 0;
  /** Nothing is passed on any more: connections are refused, and those that stand are reset. */
  #isDown = false;
  /** Requests so far, those that faults befell among them; and bytes of answers passed on. */
  requests = 0;
  answeredBytes = 0;
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #random: number;

  private constructor(server: Server, target: URL, port: number, seed: number) {
    this.#server = server;
    this.#target = target;
    this.#random = seed;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  /** @param seed of the chance by which requests are chosen for faults */
  static async before(endpoint: string, seed = 1): Promise<FaultyNetwork> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const network = new FaultyNetwork(server, new URL(endpoint), port, seed);
    server.on("connection", (client) => network.#join(client));
    return network;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  set isDown(down: boolean) {
    this.#isDown = down;
    if (down) for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    this.#keep(client);
    if (this.#isDown) {
      client.resetAndDestroy();
      return;
    }
    const store = connect(Number(this.#target.port), this.#target.hostname);
    this.#keep(store);
    new Connection(this, client, store);
    client.on("close", () => store.destroy());
    store.on("close", () => client.destroySoon());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** True for one of 1 / `part` calls: a linear congruential generator, so that runs are alike. */
  happens(part: number): boolean {
    if (part === 0) return false;
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32 < part;
  }
}

/** Both ends of a connection, and what becomes of the request under way on it. */
class Connection {
  readonly #network: FaultyNetwork;
  readonly #client: Socket;
  readonly #store: Socket;
  #isAnswered = true;
  #fate: "pass" | "lose" | "refuse" = "pass";
  #bytes = 0;

  constructor(network: FaultyNetwork, client: Socket, store: Socket) {
    this.#network = network;
    this.#client = client;
    this.#store = store;
    client.on("data", (bytes) => this.#ask(bytes));
    store.on("data", (bytes) => this.#answer(bytes));
  }

  #ask(bytes: Buffer): void {
    if (this.#isAnswered) this.#begin();
    if (this.#fate === "refuse") return;
    this.#pass(bytes, this.#client, this.#store);
  }

  #begin(): void {
    const network = this.#network;
    network.requests++;
    this.#isAnswered = false;
    this.#bytes = 0;
    this.#fate = "pass";
    if (network.happens(network.answer503)) this.#refuse();
    else if (network.happens(network.loseResponses)) this.#fate = "lose";
    if (network.latencyMs === 0) return;
    this.#client.pause();
    this.#store.cork();
    setTimeout(() => {
      this.#store.uncork();
      this.#client.resume();
    }, network.latencyMs);
  }

  #refuse(): void {
    this.#fate = "refuse";
    const length = `Content-Length: ${SLOW_DOWN.length}`;
    const head = `HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\n${length}`;
    this.#client.end(`${head}\r\nConnection: close\r\n\r\n${SLOW_DOWN}`);
  }

  #answer(bytes: Buffer): void {
    // "100 Continue" asks for the body of a request that goes on.
    if (bytes.subarray(0, 12).toString("latin1") === "HTTP/1.1 100") {
      this.#pass(bytes, this.#store, this.#client);
      return;
    }
    this.#isAnswered = true;
    const left = this.#fate === "lose" ? 0 : this.#network.resetAfterBytes - this.#bytes;
    const passed = bytes.subarray(0, Math.min(left, bytes.byteLength));
    this.#bytes += passed.byteLength;
    this.#network.answeredBytes += passed.byteLength;
    if (passed.byteLength === bytes.byteLength) this.#pass(bytes, this.#store, this.#client);
    // What has been written has to be out before, or the reset would overtake it.
    else this.#client.write(passed, () => this.#client.resetAndDestroy());
  }

  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    if (to.write(bytes)) return;
    from.pause();
    to.once("drain", () => from.resume());
  }
}
