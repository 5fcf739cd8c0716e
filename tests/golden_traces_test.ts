/** What writeFile asks of the machine, call by call, from both drivers: tests/golden/*.txt. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  copyFile,
  copyFileSync,
  removeFile,
  removeFileSync,
  restoreBackup,
  restoreBackupSync,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { type MemoryOptions, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { assertGolden } from "./support/golden.ts";

type Calls = { both: (synchronous: boolean, runtime: Runtime) => unknown; machine?: MemoryOptions };

const write = (options: WriteFileSyncOptions = {}, path = "/data/file"): Calls["both"] => (synchronous, runtime) =>
  synchronous
    ? writeFileSync(path, "hello", { ...options, runtime })
    : writeFile(path, "hello", { ...options, runtime });

const directory = { kind: "directory" } as const;
const empty: MemoryOptions = { files: { "/data": directory } };
const old: MemoryOptions = { files: { "/data/file": { content: "old", mode: 0o640 } } };
const same: MemoryOptions = { files: { "/data/file": { content: "hello", mode: 0o644 } } };

const golden: [name: string, title: string, Calls][] = [
  ["write_file_new", 'writeFile("data/file", "hello") where there is no such file', { machine: empty, both: write() }],
  ["write_file_overwrite", "the same over a file of mode 0640, which it keeps", { machine: old, both: write() }],
  ["write_file_exact_mode", "with mode 0666, exact in spite of the umask", {
    machine: old,
    both: write({ mode: 0o666 }),
  }],
  ["write_file_owner", "as root, over a file of user 1000: owner first, then mode", {
    machine: { ...old, user: 0, files: { "/data/file": { content: "old", mode: 0o640, user: 1000, group: 1000 } } },
    both: write(),
  }],
  ["write_file_create_only", 'with ifExists: "fail": published by a link, which replaces nothing', {
    machine: empty,
    both: write({ ifExists: "fail" }),
  }],
  ["write_file_backup", "with backup: 2", { machine: old, both: write({ backup: 2 }) }],
  ["write_file_backup_copy", "with backup: 2, where files cannot be linked", {
    machine: { ...old, disk: { hardLinks: false } },
    both: write({ backup: 2 }),
  }],
  ["write_file_skip_if_equal", "with skipIfEqual and mode 0600, over the same content of mode 0644", {
    machine: same,
    both: write({ skipIfEqual: true, mode: 0o600 }),
  }],
  ["write_file_create_directories", "with createDirectories, two of which are missing", {
    machine: empty,
    both: write({ createDirectories: true }, "/data/new/deep/file"),
  }],
  ["write_file_symlink", "through a symlink", {
    machine: { files: { ...old.files, "/data/link": { symlink: "file" } } },
    both: write({}, "/data/link"),
  }],
  ["write_file_durability_file", 'with durability: "file": no directory is opened or synced', {
    machine: old,
    both: write({ durability: "file" }),
  }],
  ["write_file_durability_none", 'with durability: "none": only atomic', {
    machine: old,
    both: write({ durability: "none" }),
  }],
  ["write_file_without_locks", "where the kernel has no locks", {
    machine: { ...old, capabilities: { fileLock: "none" } },
    both: write(),
  }],
  ["copy_file", 'copyFile("data/file", "data/copy")', {
    machine: old,
    both: (synchronous, runtime) =>
      synchronous
        ? copyFileSync("/data/file", "/data/copy", { runtime })
        : copyFile("/data/file", "/data/copy", { runtime }),
  }],
  ["remove_file", 'removeFile("data/file")', {
    machine: old,
    both: (synchronous, runtime) =>
      synchronous ? removeFileSync("/data/file", { runtime }) : removeFile("/data/file", { runtime }),
  }],
  ["restore_backup", 'restoreBackup("data/file")', {
    machine: {
      files: {
        "/data/file": "newer",
        "/data/.file.20251231T120000000Z.bak": { content: "old", mode: 0o640 },
      },
    },
    both: (synchronous, runtime) =>
      synchronous
        ? restoreBackupSync("/data/file", undefined, { runtime })
        : restoreBackup("/data/file", undefined, { runtime }),
  }],
];

for (const [name, title, { both, machine }] of golden) {
  test(`golden trace ${name}: ${title}`, async () => {
    const traces: string[][] = [];
    for (const synchronous of [true, false]) {
      const { runtime, trace } = traceRuntime(memoryRuntime(machine), { base: "/" });
      await both(synchronous, runtime);
      traces.push(trace);
    }
    assertEquals(traces[0], traces[1], "both drivers do the same");
    assertGolden(name, title, traces[0] ?? []);
  });
}
