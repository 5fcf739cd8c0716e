/**
 * Pages of the public symbols: what `deno doc --html` makes, moved into the site's frame. Its pages of single members
 * are left out (the page of the class or interface has all of it), its pictograms become text, its links to source files
 * lead to the site's copies, and its dark colours follow the system.
 */
import { mustExecute } from "../process.ts";
import { libraryEntries, readProject } from "../npm_manifest.ts";
import { listFiles, ROOT } from "../toolchain/folders.ts";
import { highlight } from "./highlight.ts";
import { escapeHtml, type Page } from "./layout.ts";
import type { Element, Libraries } from "./libraries.ts";
import { type Addresses, relative } from "./pages.ts";
import type { SearchEntry } from "./search_index.ts";

export const API_STYLES = "assets/api.css";

export interface Api {
  pages: Page[];
  found: SearchEntry[];
  styles: string;
}

interface GeneratedPage {
  /** Relative to what `deno doc` made, like `log/~/openLog.html`. */
  path: string;
  content: Element;
}

/** The address of a module's page: `./log` is `api/log/index.html`. */
export function moduleAddress(name: string): string {
  return `api/${name === "." ? "" : `${name.slice(2)}/`}index.html`;
}

/** The main module is `.`, which says nothing. */
export function moduleTitle(name: string): string {
  return name === "." ? "atomic-write" : name;
}

/** What `require` returns, exported under this name, is the module's default export again, and gets no page of its own. */
const COMMON_JS = "module.exports";
const isForCommonJs = (item: Element): boolean => item.querySelector("a[title]")?.getAttribute("title") === COMMON_JS;

const addressOf = (path: string): string => `api/${path.replace("~/", "")}`;
const moduleOf = (path: string): string => {
  const folder = path.replace(/(?:^|\/)(?:~\/)?[^/]*$/, "");
  return folder === "" ? "." : `./${folder}`;
};
const symbolOf = (path: string): string | undefined => path.match(/(?:^|\/)~\/([^/]+)\.html$/)?.[1];
const isMember = (path: string): boolean => symbolOf(path)?.includes(".") ?? false;

/** Where a page of `deno doc` is found on the site, with the member's anchor where the page was one's own. */
function locate(path: string, pages: ReadonlyMap<string, GeneratedPage>): string | undefined {
  if (pages.has(path)) return addressOf(path);
  const [, owner = "", member = ""] = path.match(/^(.*~\/[^./]+)\..*?([^.]+)\.html$/) ?? [];
  const page = pages.get(`${owner}.html`);
  if (page === undefined) return undefined;
  const pattern = new RegExp(`^[a-z]+_${RegExp.escape(member.toLowerCase())}(?:_0)?$`);
  const ids = page.content.querySelectorAll("[id]").map((element) => element.getAttribute("id") ?? "");
  const anchor = ids.find((id) => pattern.test(id));
  return addressOf(`${owner}.html`) + (anchor === undefined ? "" : `#${anchor}`);
}

/** Darkness as a class becomes darkness as the system's wish. */
function followSystem(css: string): string {
  return css.replaceAll(/([^{}]*:is\(\.dark \*\)[^{}]*)\{([^{}]*)\}/g, (_, list: string, rules: string) => {
    const [dark, others] = [true, false].map((wanted) =>
      list.split(",").filter((selector) => selector.includes(".dark") === wanted).join(",").replaceAll(
        ":is(.dark *)",
        "",
      )
    );
    return `${others === "" ? "" : `${others}{${rules}}`}${dark}{@media (prefers-color-scheme:dark){${rules}}}`;
  });
}

/** What each runtime needs before the usage of a page works there. */
const INSTALLATION = `<ul class="installation">${
  [
    ["Deno", `deno add jsr:${readProject().name}`],
    ["Node", `npm install ${readProject().name}`],
    ["Bun", `bun add ${readProject().name}`],
  ].map(([runtime, command]) => `<li>${runtime}: <code>${command}</code></li>`).join("")
}</ul>`;

/** The kinds of symbols in the order in which a reader looks for them; `deno doc` puts classes first, mostly errors here. */
const ORDER = ["functions", "variables", "classes", "interfaces", "type-aliases"];

/** Sorts each module's sections of a list of symbols; their ids are like `store_type-aliases`. */
function functionsFirst(content: Element): void {
  const sections = content.querySelectorAll("section.section").flatMap((element) => {
    const [, module = "", kind = ""] = element.id.match(/^([a-z]+)_(.+)$/) ?? [];
    return ORDER.includes(kind) ? [{ element, module, rank: ORDER.indexOf(kind), html: element.outerHTML }] : [];
  });
  for (const group of Map.groupBy(sections, ({ module }) => module).values()) {
    const sorted = group.toSorted((one, other) => one.rank - other.rank);
    group.forEach(({ element }, index) => element.replaceWith(sorted[index]?.html ?? ""));
  }
}

/** The page as a part of the site; everything that only the generator's own frame needs is gone. */
function transform(libraries: Libraries, addresses: Addresses, pages: ReadonlyMap<string, GeneratedPage>) {
  return ({ path, content }: GeneratedPage): void => {
    for (const element of content.querySelectorAll("button, .topSymbols, .namespaceItemContentSubItems")) {
      element.remove();
    }
    content.querySelector(".documentNavigation h3")?.set_content("On this page");
    for (const anchor of content.querySelectorAll("a.anchor")) anchor.set_content("#");
    for (const button of content.querySelectorAll("a.sourceButton")) button.set_content("source");
    for (const element of content.querySelectorAll('[id=""]')) element.removeAttribute("id");
    for (const wide of content.querySelectorAll("pre, table")) wide.setAttribute("tabindex", "0");
    for (const title of content.querySelectorAll(".symbolTitle > div > div:first-child")) {
      title.setAttribute("role", "heading");
      title.setAttribute("aria-level", "1");
    }
    const module = moduleOf(path);
    for (const code of content.querySelectorAll("pre.highlight code")) {
      const language = code.getAttribute("class")?.replace("language-", "") ?? "";
      // The generator names a module by its folder, and the main one by a dot.
      const text = code.text.replace(
        `from "${module.replace("./", "")}";`,
        `from "${readProject().name + module.slice(1)}";`,
      );
      code.set_content(highlight(libraries, text, language));
    }
    for (const usage of content.querySelectorAll(".usageContent")) usage.set_content(usage.innerHTML + INSTALLATION);
    functionsFirst(content);
    for (const link of content.querySelectorAll("a[href]")) {
      const href = link.getAttribute("href") ?? "";
      if (href.startsWith("#") || /^https?:/.test(href)) continue;
      const { protocol, pathname, hash } = new URL(href, `generated:///${path}`);
      const target = protocol === "file:"
        ? addresses.of(decodeURIComponent(pathname).slice(ROOT.length + 1))
        : locate(decodeURIComponent(pathname).slice(1).replace(/(^|\/)$/, "$1index.html"), pages);
      if (target === undefined) throw new Error(`deno doc: ${path} links to ${href}, which is not there`);
      link.setAttribute("href", relative(addressOf(path), target.includes("#") ? target : target + hash));
    }
  };
}

/** The main module's page lists its symbols below what it says of itself, as the pages of the other modules do. */
function listEverything(pages: Map<string, GeneratedPage>): void {
  const [front, all] = [pages.get("index.html"), pages.get("all_symbols.html")];
  if (front === undefined || all === undefined) throw new Error("deno doc made no list of all symbols");
  const symbols = all.content.querySelector("section")?.innerHTML ?? "";
  front.content.querySelector(".toc")?.remove();
  const main = front.content.querySelector("main");
  main?.set_content(main.innerHTML + symbols.replace(/<div class="markdown_summary">[\s\S]*?<\/div>/, ""));
  pages.delete("all_symbols.html");
}

/** By default the library leaves what is in `pre` unparsed. */
const PARSED = { blockTextElements: { script: true, style: true } };

async function generate(libraries: Libraries, folder: string): Promise<Map<string, GeneratedPage>> {
  const entries = libraryEntries(readProject()).map(({ path }) => path);
  const args = ["doc", "--quiet", "--html", `--name=${readProject().name}`, `--output=${folder}`, ...entries];
  await mustExecute(Deno.execPath(), args, { directory: ROOT, timeout: 300_000 });
  const paths = listFiles(".", folder)
    .filter((path) => path.endsWith(".html") && !isMember(path));
  return new Map(paths.map((path) => {
    const content = libraries.parseHtml(Deno.readTextFileSync(`${folder}/${path}`), PARSED).querySelector("#content");
    if (content === null) throw new Error(`deno doc made ${path} without content`);
    return [path, { path, content }];
  }));
}

interface GeneratedSymbol {
  name: string;
  kind: { title: string }[];
  doc: string;
  url: string;
}

function searchEntries(text: string, pages: ReadonlyMap<string, GeneratedPage>): SearchEntry[] {
  const { nodes } = JSON.parse(
    text.slice(text.indexOf("{", text.indexOf("=")), text.lastIndexOf("}", text.lastIndexOf(";")) + 1),
  ) as { nodes: GeneratedSymbol[] };
  return nodes.filter(({ name }) => name !== COMMON_JS).map(({ name, kind, doc, url }) => {
    const path = new URL(url, "generated:///").pathname.slice(1);
    const address = locate(decodeURIComponent(path), pages);
    const within = `${kind.map(({ title }) => title.toLowerCase()).join(", ")} of ${moduleTitle(moduleOf(path))}`;
    if (address === undefined) throw new Error(`deno doc: the search leads to ${url}, which is not there`);
    return { title: name, within, address, text: doc };
  });
}

/** Makes all pages; a link that leads nowhere is an error. */
export async function apiPages(libraries: Libraries, addresses: Addresses): Promise<Api> {
  const folder = await Deno.makeTempDir({ prefix: "atomic-write-site-" });
  try {
    const pages = await generate(libraries, folder);
    for (const { content } of pages.values()) {
      for (const item of content.querySelectorAll(".namespaceItem")) {
        if (isForCommonJs(item)) item.remove();
      }
      for (const link of content.querySelectorAll('a[href="#namespace_module_exports"]')) link.remove();
    }
    const found = searchEntries(Deno.readTextFileSync(`${folder}/search_index.js`), pages);
    listEverything(pages);
    [...pages.values()].forEach(transform(libraries, addresses, pages));
    const styles = Deno.readTextFileSync(`${folder}/styles.css`);
    return {
      found,
      styles: followSystem(styles),
      pages: [...pages.values()].map(({ path, content }) => {
        const symbol = symbolOf(path);
        const module = moduleOf(path);
        const specifier = escapeHtml(readProject().name + module.slice(1));
        const top = symbol === undefined ? `<h1>${specifier}</h1>` : `<p class="trail">${specifier}</p>`;
        return {
          address: addressOf(path),
          title: symbol === undefined ? specifier : `${symbol}, ${specifier}`,
          // The frame has a `main` already.
          content: `${top}<div class="ddoc">${content.innerHTML.replaceAll(/(<\/?)main\b/g, "$1article")}</div>`,
          within: moduleAddress(module),
          stylesheets: [API_STYLES],
        };
      }),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
