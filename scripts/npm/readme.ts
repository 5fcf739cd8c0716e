/**
 * README in the npm package: its examples, which are run and type-checked as programs of somebody who installed the
 * package, and its links, which lead to the repository, since the package has none of the files they name.
 */
import { ROOT } from "../toolchain/folders.ts";

/** README's examples, in their order: the first one runs on every runtime. */
export const README_EXAMPLES = ["Usage", "Deno", "Node", "Bun"] as const;
export type ReadmeExample = typeof README_EXAMPLES[number];

/** The code block below the heading "Usage", or below the paragraph that begins with the runtime's name. */
export function readmeExample(name: ReadmeExample): string {
  const readme = Deno.readTextFileSync(`${ROOT}/README.md`);
  const before = name === "Usage" ? "## Usage$" : `\\*\\*${name}\\*\\*: `;
  const code = new RegExp(`^${before}[^]*?^\`\`\`[jt]s\\n([^]*?)^\`\`\`$`, "m").exec(readme)?.[1];
  if (code === undefined) throw new Error(`README.md has no example for ${name}`);
  return code;
}

/**
 * README as npm shows it. Links to files of the repository become absolute, those within README stay. A package that is
 * built outside of a workflow knows no repository, and keeps them as they are. Throws on a link to a file that is not
 * there.
 *
 * @param repository OWNER/NAME on GitHub.
 * @param revision The tag whose files the links show.
 */
export function npmReadme(readme: string, repository: string | undefined, revision: string): string {
  if (repository === undefined) return readme;
  const absolute = (link: string): string => {
    if (/^(?:[a-z]+:|#)/.test(link)) return link;
    const [path = ""] = link.split("#");
    const { isDirectory } = Deno.statSync(`${ROOT}/${path}`);
    // A picture has to be the file itself, not the page that shows it.
    const view = isDirectory ? "tree" : path.endsWith(".svg") ? "raw" : "blob";
    return `https://github.com/${repository}/${view}/${revision}/${link}`;
  };
  return readme
    .replaceAll(/(\]\()([^)\s]+)(\))/g, (_, before, link, after) => `${before}${absolute(link)}${after}`)
    .replaceAll(/^(\[[^\]]+\]: )(\S+)$/gm, (_, before, link) => `${before}${absolute(link)}`);
}

/** What the examples read, and what they leave there when they have run twice. */
export const EXAMPLE_INPUT = { "input.txt": "content\n", "index.html": "<p>page</p>\n" };
export const EXAMPLE_OUTPUT: Readonly<Record<"Usage" | "Node" | "Bun", Record<string, RegExp>>> = {
  Usage: {
    "settings.json": /^\{"theme":"dark"\}\n$/,
    "visits.txt": /^one more\none more\n$/,
    "report.txt": /^done\n$/,
  },
  Node: { "state.json": /^\{\s*"starts":\s*2\s*\}\n$/, "copy.txt": /^content\n$/ },
  Bun: { "public/index.html": /^<p>page<\/p>\n$/, "visits.txt": /^(?:\d{13}\n){2}$/ },
};
