/** Renders the documents: Markdown to pages, with the anchors that GitHub gives, and what the search finds in them. */
import { ROOT } from "../toolchain/folders.ts";
import { highlight } from "./highlight.ts";
import type { Page } from "./layout.ts";
import type { Libraries, Markdown, Token } from "./libraries.ts";
import { type Addresses, documentAddress } from "./pages.ts";
import type { SearchEntry } from "./search_index.ts";
import { slug } from "./slug.ts";

/** The text of inline Markdown, without its marks. */
function plainText(token: Token | undefined): string {
  return (token?.children ?? []).map(({ type, content }) => type === "softbreak" ? " " : content).join("");
}

function renderer(libraries: Libraries): Markdown {
  const markdown = libraries.markdown({
    // The documents are the project's own; they hold comments for scripts.
    html: true,
    highlight: (code: string, language: string) => highlight(libraries, code, language),
  });
  markdown.use(libraries.anchors, {
    slugify: slug,
    permalink: (libraries.anchors as { permalink: { headerLink(options: object): unknown } }).permalink.headerLink({
      safariReaderFix: true,
    }),
  });
  // Wide tables scroll by themselves, not the page.
  markdown.renderer.rules["table_open"] = () => '<div class="wide" tabindex="0"><table>';
  markdown.renderer.rules["table_close"] = () => "</table></div>";
  return markdown;
}

/** Cells know the heading of their column: on a telephone each row is shown as a list. */
function labelCells(tokens: readonly Token[]): void {
  let headings: string[] = [];
  let column = 0;
  tokens.forEach((token, index) => {
    if (token.type === "table_open") headings = [];
    else if (token.type === "tr_open") column = 0;
    else if (token.type === "th_open") headings.push(plainText(tokens[index + 1]));
    else if (token.type === "td_open") token.attrSet("data-label", headings[column++] ?? "");
  });
}

/** Links and pictures lead to the site. */
function rewriteLinks(tokens: readonly Token[], document: string, addresses: Addresses): void {
  for (const token of tokens) {
    for (const name of ["href", "src"]) {
      const link = token.attrGet(name);
      if (link !== null) token.attrSet(name, addresses.rewrite(link, document));
    }
    rewriteLinks(token.children ?? [], document, addresses);
  }
}

export interface Guide {
  page: Page;
  found: SearchEntry[];
}

/** What a reader looks for: every heading with the text below it. */
function searchEntries(tokens: readonly Token[], title: string, address: string): SearchEntry[] {
  const entries: SearchEntry[] = [];
  tokens.forEach((token, index) => {
    if (token.type === "heading_open") {
      const heading = plainText(tokens[index + 1]);
      const anchor = token.attrGet("id") ?? "";
      entries.push({ title: heading, within: title, address: `${address}#${anchor}`, text: "" });
    } else if (token.type === "inline" || token.type === "fence") {
      const entry = entries.at(-1);
      const isHeading = tokens[index - 1]?.type === "heading_open";
      if (entry !== undefined && !isHeading) {
        entry.text += `${token.type === "fence" ? token.content : plainText(token)} `;
      }
    }
  });
  return entries;
}

/** Answers one function for all documents; a link that leads nowhere is an error. */
export function guideRenderer(libraries: Libraries, addresses: Addresses): (document: string) => Guide {
  const markdown = renderer(libraries);
  return (document) => {
    const tokens = markdown.parse(Deno.readTextFileSync(`${ROOT}/${document}`), {});
    const title = plainText(tokens[tokens.findIndex(({ type }) => type === "heading_open") + 1]);
    const address = documentAddress(document);
    const found = searchEntries(tokens, title, address);
    const sections = tokens.flatMap((token, index) =>
      token.type === "heading_open" && token.tag === "h2"
        ? [{ title: plainText(tokens[index + 1]), anchor: token.attrGet("id") ?? "" }]
        : []
    );
    rewriteLinks(tokens, document, addresses);
    labelCells(tokens);
    const content = `<article class="document">${
      markdown.renderer.render([...tokens], markdown.options, {})
    }</article>`;
    return { page: { address, title, content, sections }, found };
  };
}
