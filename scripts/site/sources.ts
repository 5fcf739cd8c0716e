/** Pages of the source files and folders that documents and symbols link to. */
import { listFiles, ROOT } from "../toolchain/folders.ts";
import { highlight } from "./highlight.ts";
import { escapeHtml, type Page } from "./layout.ts";
import type { Libraries } from "./libraries.ts";
import { type Addresses, relative, sourceAddress } from "./pages.ts";

/** A page for everything in `addresses.sources`; a folder brings the files in it. */
export function sourcePages(libraries: Libraries, addresses: Addresses): Page[] {
  const pages: Page[] = [];
  // The set grows while folders are listed, and is then visited to its end.
  for (const path of addresses.sources) {
    const address = sourceAddress(path);
    const heading = `<h1 class="path">${escapeHtml(path)}</h1>`;
    if (Deno.statSync(`${ROOT}/${path}`).isDirectory) {
      const items = listFiles(path).map((file) =>
        `<li><a href="${relative(address, addresses.of(file) ?? "")}">${
          escapeHtml(file.slice(path.length + 1))
        }</a></li>`
      );
      pages.push({ address, title: path, content: `${heading}<ul>${items.join("")}</ul>` });
    } else {
      const text = Deno.readTextFileSync(`${ROOT}/${path}`);
      const code = highlight(libraries, text, path.split(".").at(-1) ?? "");
      pages.push({ address, title: path, content: `${heading}<pre tabindex="0"><code>${code}</code></pre>` });
    }
  }
  return pages;
}
