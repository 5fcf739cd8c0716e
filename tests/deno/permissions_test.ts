/**
 * Permission to read and write a directory is enough for everything in it; each further one only adds. What is denied is
 * an error that names what could not be done, and never a prompt.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { spawnScript } from "../support/spawn.ts";

const script = "tests/deno/scripts/least_privilege.ts";

async function use(directory: string, permissions: string[], what?: string): Promise<string> {
  const args = what === undefined ? [directory] : [directory, what];
  const { code, stdout, stderr } = await spawnScript(script, args, { permissions }).status;
  assertEquals([code, stderr], [0, ""], stderr + stdout);
  assert(!/allow|prompt|\[y\/n/i.test(stdout) || what !== undefined, stdout);
  return stdout;
}

const expected = `write: "full"
write again: true
write at once: "full"
write the same: false
create only: false
make directories: "full"
backups: 1
restore: true
copy: 1
remove: true
stream: 8
lock: "flock"
lock at once: ["flock",null,true]
update: 4
sweep: []
compat: undefined
transaction: [true,[]]
store: 4
log: 1
`;

const more: Record<string, string[]> = {
  "nothing else": [],
  "--allow-sys": ["--allow-sys"],
  "--allow-ffi": ["--allow-ffi"],
  "--allow-run": ["--allow-run"],
  "--allow-env": ["--allow-env"],
};

for (const [name, further] of Object.entries(more)) {
  test(`reading and writing the directory and ${name}: every feature works, with the same outcome`, () =>
    withTemporaryDirectory(async (directory) => {
      const output = await use(directory, [`--allow-read=${directory}`, `--allow-write=${directory}`, ...further]);
      assertEquals(output, expected);
    }));
}

const denials: [string, (directory: string) => string[], string][] = [
  ["no permission at all", () => [], "write"],
  ["only reading", (directory) => [`--allow-read=${directory}`], "write"],
  ["only writing", (directory) => [`--allow-write=${directory}`], "write"],
  ["another directory", (directory) => [`--allow-read=${directory}/x`, `--allow-write=${directory}/x`], "write"],
  ["no permission at all", () => [], "lock"],
  ["only reading", (directory) => [`--allow-read=${directory}`], "lock"],
  ["only reading", (directory) => [`--allow-read=${directory}`], "transaction"],
  ["only reading", (directory) => [`--allow-read=${directory}`], "store"],
  ["only reading", (directory) => [`--allow-read=${directory}`], "log"],
];

for (const [name, permissions, what] of denials) {
  test(`${what} with ${name}: an error that names the flag to add, for this directory and no other, and says that nothing changed`, () =>
    withTemporaryDirectory(async (directory) => {
      const error = JSON.parse(await use(directory, permissions(directory), what));
      assertEquals([error.code, error.targetState], ["ENOTCAPABLE", "unchanged"], JSON.stringify(error));
      const [, granted = error.message] = / needs --allow-(?:read|write)=([^ "]+) \(/.exec(error.message) ?? [];
      assert(granted === directory || granted.startsWith(`${directory}/`), granted);
      assertEquals([...Deno.readDirSync(directory)], []);
    }));
}
