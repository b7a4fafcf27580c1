import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EXAMPLE = join(import.meta.dirname, "../../examples/servicedesk");
const SECRET = "a secret of the tests, long enough for HS256";
const PATIENCE = 90_000;

export const PEOPLE = {
  ada: { sub: "1", email: "ada@acme.example", role: "customer", org: { team: "acme" } },
  sam: { sub: "4", email: "sam@desk.example", role: "support" },
  kim: { sub: "6", email: "kim@desk.example", role: "admin" },
} as const;
export type Name = keyof typeof PEOPLE;

/** A token of one of them, for so many seconds. */
export function token(name: Name, seconds = 3600, now = Math.floor(Date.now() / 1000)): string {
  const claims = { iat: now, exp: now + seconds, aud: "servicedesk", ...PEOPLE[name] };
  const head = [{ alg: "HS256", typ: "JWT" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return [...head, createHmac("sha256", SECRET).update(head.join(".")).digest("base64url")].join(".");
}

/** The service desk, served by the real command. It can be stopped, and comes back to the same address. */
export class Gateway {
  #folder = "";
  #port = 0;
  #process: ChildProcess | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/graphql`;
  }

  async start(): Promise<void> {
    if (this.#folder === "") {
      this.#folder = join(await mkdtemp(join(tmpdir(), "tidegate-client-")), "desk");
      const unwanted = /\.db|\.env$|\.tidegate/;
      await cp(EXAMPLE, this.#folder, { recursive: true, filter: (path) => !unwanted.test(path.slice(EXAMPLE.length)) });
    }
    const command = process.env["TIDEGATE"] ?? "tidegate";
    const made = spawn(command, ["serve", this.#folder, "--demo", "--port", String(this.#port)], {
      env: { ...process.env, JWT_SECRET: SECRET, PYTHONUNBUFFERED: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = made;
    let said = "";
    await new Promise<void>((resolve, reject) => {
      const listen = (chunk: Buffer) => {
        said += chunk.toString();
        const found = /is served at http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
        if (found === null) return;
        this.#port = Number(found[1]);
        resolve();
      };
      made.stdout.on("data", listen);
      made.stderr.on("data", listen);
      made.once("exit", () => reject(new Error(said)));
    });
  }

  async stop(): Promise<void> {
    const ending = this.#process;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGTERM");
    await ended;
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Stands before a gateway, as the networks of others do: lets no websocket through, or holds back what it sends. */
export class Between {
  readonly #target: string;
  readonly #refusing: boolean;
  readonly #sockets = new Set<Socket>();
  #held: (() => void)[] | undefined;
  #server: Server | undefined;
  refused = 0;

  constructor(target: string, { refusing = false } = {}) {
    this.#target = target;
    this.#refusing = refusing;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}/graphql`;
  }

  async start(): Promise<void> {
    const { hostname, port } = new URL(this.#target);
    this.#server = createServer((client) => {
      let server: Socket | undefined;
      let isWebSocket = false;
      client.once("data", (first) => {
        isWebSocket = /^upgrade: *websocket/im.test(first.toString("latin1"));
        if (isWebSocket && this.#refusing) {
          this.refused += 1;
          client.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
          return;
        }
        server = connect(Number(port), hostname);
        server.write(first);
        client.pipe(server);
        server.on("data", (chunk) => {
          if (isWebSocket && this.#held !== undefined) this.#held.push(() => client.write(chunk));
          else client.write(chunk);
        });
        server.on("close", () => client.destroy()).on("error", () => client.destroy());
        this.#sockets.add(server);
      });
      client.on("close", () => server?.destroy()).on("error", () => server?.destroy());
      this.#sockets.add(client);
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
  }

  /** From now on nothing comes out of the websockets. */
  hold(): void {
    this.#held = [];
  }

  get waiting(): number {
    return this.#held?.length ?? 0;
  }

  /** The oldest so many of what was held back; by default all, and nothing is held back any more. */
  release(count?: number): void {
    const held = this.#held ?? [];
    if (count === undefined) this.#held = undefined;
    for (const send of held.splice(0, count ?? held.length)) send();
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
  }
}

/** Waits for what must come. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`It never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
