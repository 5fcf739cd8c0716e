/** The one frame that every page of the site has: search and navigation around its content. */
import { relative } from "./pages.ts";

export interface NavigationEntry {
  title: string;
  /** Relative to the site. */
  address: string;
}

export interface Navigation {
  title: string;
  entries: NavigationEntry[];
}

export interface Page {
  /** Relative to the site. */
  address: string;
  title: string;
  content: string;
  /** Headings of the page that the navigation shows below it. */
  sections?: { title: string; anchor: string }[];
  /** Which entry of the navigation is marked when it is not the page itself. */
  within?: string;
  stylesheets?: string[];
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function navigationList(page: Page, { title, entries }: Navigation): string {
  const items = entries.map((entry) => {
    const current = entry.address === page.address ? ' aria-current="page"' : "";
    const marked = entry.address === (page.within ?? page.address);
    const sections = marked && page.sections && page.sections.length > 1
      ? `<ul>${
        page.sections.map(({ title, anchor }) => `<li><a href="#${anchor}">${escapeHtml(title)}</a></li>`).join("")
      }</ul>`
      : "";
    const link = `<a href="${relative(page.address, entry.address)}"${current}>${escapeHtml(entry.title)}</a>`;
    return `<li${marked ? ' class="marked"' : ""}>${link}${sections}</li>`;
  });
  return `<h2>${title}</h2><ul>${items.join("")}</ul>`;
}

/** The whole page. */
export function layout(page: Page, navigation: readonly Navigation[]): string {
  const here = (address: string) => relative(page.address, address);
  const stylesheets = [...page.stylesheets ?? [], "assets/site.css"];
  const title = page.address === "index.html" ? page.title : `${page.title} · atomic-write`;
  return `<!DOCTYPE html>
<html lang="en" data-root="${here("")}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
${stylesheets.map((address) => `<link rel="stylesheet" href="${here(address)}">`).join("\n")}
<script src="${here("assets/search.js")}" defer></script>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header>
<a class="home" href="${here("index.html")}">atomic-write</a>
<div class="search" role="search" hidden>
<input type="search" placeholder="Search ( / )" aria-label="Search guides and symbols" autocomplete="off"
 role="combobox" aria-expanded="false" aria-controls="results">
<ul id="results" role="listbox" aria-label="Found" hidden></ul>
</div>
</header>
<div class="body">
<nav aria-label="Pages">
<input type="checkbox" id="menu"><label for="menu">All pages</label>
<div class="lists">
${navigation.map((list) => navigationList(page, list)).join("\n")}
</div>
</nav>
<main id="content">
${page.content}
</main>
</div>
</body>
</html>
`;
}
