/**
 * The pictures in docs/, drawn from what they show: `deno task pictures`. With `--check` nothing is written: the exit code
 * is 1 when a picture is not what would be drawn now.
 */
import { housePicture } from "./pictures/house.ts";
import { protocolPicture } from "./pictures/protocol.ts";
import { ROOT } from "./toolchain/folders.ts";

export const PICTURES: Readonly<Record<string, () => string>> = {
  "docs/house.svg": housePicture,
  "docs/protocol.svg": protocolPicture,
};

if (import.meta.main) {
  const stale = Object.entries(PICTURES).filter(([path, draw]) => {
    const drawn = draw();
    if (!Deno.args.includes("--check")) Deno.writeTextFileSync(`${ROOT}/${path}`, drawn);
    return Deno.readTextFileSync(`${ROOT}/${path}`) !== drawn;
  });
  for (const [path] of stale) console.log(`${path} is not what it shows: run deno task pictures`);
  if (stale.length > 0) Deno.exit(1);
}
