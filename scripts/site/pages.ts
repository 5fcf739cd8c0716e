/**
 * What the site consists of, and where each file of the checkout is found on it. Addresses mirror the checkout: a guide
 * is `docs/faq.html`, the front page is README.md, a source file is `source/PATH.html`, a folder the list of its files.
 */
import { exists, listFiles, ROOT } from "../toolchain/folders.ts";

/** The guides in reading order. */
const GUIDES = [
  "docs/guarantees.md",
  "docs/versioned.md",
  "docs/testing.md",
  "docs/migration.md",
  "docs/faq.md",
  "docs/command.md",
  "docs/deploy_plan.md",
  "docs/formats.md",
  "docs/design.md",
  "docs/proof.md",
  "docs/proof_power_cuts.md",
  "docs/benchmarks.md",
];
const PROJECT = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/** The documents, by the heading they stand under in the navigation. */
export function documents(): Record<"Start" | "Guides" | "Project", string[]> {
  const forgotten = listFiles("docs").filter((path) => path.endsWith(".md") && !GUIDES.includes(path));
  if (forgotten.length > 0) throw new Error(`Not in the navigation of scripts/site/pages.ts: ${forgotten.join(", ")}`);
  return { Start: ["README.md"], Guides: GUIDES, Project: PROJECT };
}

/** The address of a document, relative to the site. */
export function documentAddress(path: string): string {
  return path === "README.md" ? "index.html" : path.replace(/\.md$/, ".html");
}

/** How a page at one address names another one. Both are relative to the site. */
export function relative(from: string, to: string): string {
  return "../".repeat(from.split("/").length - 1) + to;
}

/** Finds where links lead, and remembers which files of the checkout have to be on the site for them. */
export class Addresses {
  readonly sources = new Set<string>();
  readonly pictures = new Set<string>();

  /** The address of a file or folder of the checkout, `undefined` when there is no such thing. */
  of(path: string): string | undefined {
    const clean = path.replace(/\/$/, "");
    if (!exists(`${ROOT}/${clean}`)) return undefined;
    if (Object.values(documents()).flat().includes(clean)) return documentAddress(clean);
    if (clean.endsWith(".svg")) {
      this.pictures.add(clean);
      return clean;
    }
    this.sources.add(clean);
    return sourceAddress(clean);
  }

  /** A link of a document as the page of that document has it. Throws when it leads nowhere. */
  rewrite(link: string, document: string): string {
    if (/^[a-z]+:|^#/.test(link)) return link;
    const [file = "", anchor] = link.split("#");
    const address = this.of(new URL(file, `file:///${document}`).pathname.slice(1));
    if (address === undefined) throw new Error(`${document} links to ${link}, which is not there`);
    return relative(documentAddress(document), address) + (anchor === undefined ? "" : `#${anchor}`);
  }
}

/** Where a source file, or the list of a folder's files, is. */
export function sourceAddress(path: string): string {
  return `source/${path}${Deno.statSync(`${ROOT}/${path}`).isDirectory ? "/index" : ""}.html`;
}
