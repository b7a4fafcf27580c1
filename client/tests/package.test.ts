import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const FOLDER = join(import.meta.dirname, "..");
let made = "";

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), "tidegate-package-"));
});
afterAll(() => rm(made, { recursive: true, force: true }));

test("what is packed is plain JavaScript with types, and can be imported where there is no window", async () => {
  const compiler = join(FOLDER, "node_modules/.bin/tsc");
  await run(compiler, ["-p", join(FOLDER, "tsconfig.build.json"), "--outDir", join(made, "dist")]);
  await symlink(join(FOLDER, "node_modules"), join(made, "node_modules"));
  await writeFile(join(made, "package.json"), JSON.stringify({ type: "module" }));
  const program = `
    delete globalThis.WebSocket;
    const { Connection } = await import("./dist/index.js");
    const { useLive } = await import("./dist/react.js");
    const connection = new Connection({ url: "https://desk.example/graphql" });
    const live = connection.live("{ openTickets }");
    console.log(typeof useLive, live.get().isLoading, connection.status.get());
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: made });
  expect(stdout.trim()).toBe("function true idle");
  // Types that come with it hold in a project that is as strict as may be.
  await writeFile(
    join(made, "use.ts"),
    `import { Connection, type LiveState } from "./dist/index.js";
     const connection = new Connection({ url: "https://desk.example/graphql", transport: "auto" });
     const state: LiveState<{ openTickets: number }> = connection.live<{ openTickets: number }, object>("{ openTickets }").get();
     export const open: number | undefined = state.data?.openTickets;`,
  );
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--module", "nodenext", "--target", "es2022"];
  await run(compiler, [...strict, "--lib", "es2023,dom", "--types", "", "--skipLibCheck", "use.ts"], { cwd: made });
});
