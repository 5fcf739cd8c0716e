/** A mounted ForgetfulFileSystem (tests/support/forgetful_fuse.ts), for one test. Needs Linux, root and /dev/fuse. */
import { assert } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { execute } from "../support/programs.ts";
import { skip } from "../support/skip.ts";
import { spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

type Test = Parameters<typeof skip>[0];

export interface Forgetful {
  readonly directory: string;
  /** The next such call reports EIO, after it was carried out or instead of it. */
  lose(call: "rename" | "link" | "unlink" | "flush", when: "after" | "before"): void;
  /** How many bytes are really behind each name. */
  truth(): Record<string, number>;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));

/** Runs `body` on such a file system; skips where it cannot be mounted. */
export async function withForgetful(t: Test, body: (mounted: Forgetful) => void | Promise<void>): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return skip(t, "needs Linux and root");
  if (!fs.existsSync("/dev/fuse")) return skip(t, "needs /dev/fuse");
  await withTemporaryDirectory(async (directory) => {
    const { child, status } = spawnScript("tests/real/scripts/serve_forgetful.ts", [directory]);
    try {
      const control = join(directory, ".lose");
      for (let looks = 0; !fs.existsSync(control) && looks < 3000; looks++) await pause();
      assert(fs.existsSync(control), "the file system is not there");
      await body({
        directory,
        lose: (call, when) => fs.writeFileSync(control, `${call} ${when}`),
        truth: () => {
          const lines = fs.readFileSync(join(directory, ".truth"), "utf8").split("\n").filter((line) => line !== "");
          return Object.fromEntries(lines.map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[2])]));
        },
      });
    } finally {
      if (execute("umount", [directory]).code !== 0) execute("umount", ["--lazy", directory]);
      child.kill("SIGKILL");
      await status;
    }
  });
}
