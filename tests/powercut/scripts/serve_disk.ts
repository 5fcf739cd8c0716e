/**
 * Serves a file as a disk with a volatile write cache: serve_disk.ts FILE DIRECTORY. Mounts DIRECTORY, which then holds
 * `disk` for a loop device and `control`, which takes "cut SEED", "restore", "fail PLAN_AS_JSON", "mend", "remember" and
 * "renew" and is read for the disk's status; ends when DIRECTORY is unmounted.
 *
 * Everything is answered one after the other, so the moment of a cut is one between two writes.
 */
import process from "node:process";
import { FailingDisk, type FailurePlan } from "../failing_disk.ts";
import { answer } from "../fuse.ts";
import { serveFuse } from "../serve_fuse.ts";
import { survivalOf } from "../volatile_disk.ts";

const [file = "", directory = ""] = process.argv.slice(2);
const disk = new FailingDisk(file);

function command(text: string): boolean {
  const [word, rest = ""] = text.trim().split(/ (.*)/s);
  if (word === "cut") disk.cut(survivalOf(Number(rest)));
  else if (word === "restore") disk.restore();
  else if (word === "fail") disk.fail(JSON.parse(rest) as FailurePlan);
  else if (word === "mend") disk.mend();
  else if (word === "remember") disk.remember();
  else if (word === "renew") disk.renew();
  else return false;
  return true;
}

serveFuse("volatile-disk", directory, (message) => answer(message, disk, command));
disk.close();
process.exit(0);
