/** Markdown as `deno fmt` writes it: what is made by a script is compared with pages that were formatted. */
import { mustExecute } from "./process.ts";

export async function formatted(text: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".md" });
  try {
    await Deno.writeTextFile(file, text);
    await mustExecute(Deno.execPath(), ["fmt", "--quiet", "--line-width", "120", file], { timeout: 60_000 });
    return await Deno.readTextFile(file);
  } finally {
    await Deno.remove(file);
  }
}
