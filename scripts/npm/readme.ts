/** README's examples for Node and Bun, run as programs of somebody who installed the package. */
import { ROOT } from "../toolchain/folders.ts";

/** The code block below the paragraph that begins with the runtime's name. */
export function readmeExample(runtime: "Deno" | "Node" | "Bun"): string {
  const readme = Deno.readTextFileSync(`${ROOT}/README.md`);
  const code = new RegExp(`^\\*\\*${runtime}\\*\\*: [^]*?^\`\`\`[jt]s\\n([^]*?)^\`\`\`$`, "m").exec(readme)?.[1];
  if (code === undefined) throw new Error(`README.md has no example for ${runtime}`);
  return code;
}

/** What the examples read, and what they leave there when they have run twice. */
export const EXAMPLE_INPUT = { "input.txt": "content\n", "index.html": "<p>page</p>\n" };
export const EXAMPLE_OUTPUT: Readonly<Record<"Node" | "Bun", Record<string, RegExp>>> = {
  Node: { "state.json": /^\{\s*"starts":\s*2\s*\}\n$/, "copy.txt": /^content\n$/ },
  Bun: { "public/index.html": /^<p>page<\/p>\n$/, "visits.txt": /^(?:\d{13}\n){2}$/ },
};
