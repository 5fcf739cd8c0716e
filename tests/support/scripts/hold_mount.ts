/** Mounts a small file system and waits to be stopped. For the tests of `withLoopFileSystem`. */
import { withLoopFileSystem } from "../mounts.ts";

await withLoopFileSystem({ name: "hold_mount" }, { type: "ext4", size: 4 << 20 }, async () => {
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
