/**
 * The site of the documents: `deno task site` makes build/site from README.md, docs/, and the doc comments of all entry
 * points. It needs npm and nothing else, can be put on any server of files, or opened from the folder. What it links to
 * is in it; `deno task site:check` looks at it in a browser.
 */
import { API_STYLES, apiPages, moduleAddress, moduleTitle } from "./site/api.ts";
import { guideRenderer } from "./site/guides.ts";
import { layout, type Navigation } from "./site/layout.ts";
import { loadLibraries } from "./site/libraries.ts";
import { Addresses, documents } from "./site/pages.ts";
import { searchIndex } from "./site/search_index.ts";
import { sourcePages } from "./site/sources.ts";
import { libraryEntries, readProject } from "./npm_manifest.ts";
import { BUILD, exists, listFiles, ROOT, writeIfChanged } from "./toolchain/folders.ts";

export const SITE = `${BUILD}/site`;

/** Makes the site anew; resolves with the number of its pages. A link that leads nowhere is an error. */
export async function buildSite(folder: string = SITE): Promise<number> {
  const libraries = await loadLibraries();
  const addresses = new Addresses();
  const lists = documents();
  const guideOf = guideRenderer(libraries, addresses);
  const guides = new Map(Object.values(lists).flat().map((path) => [path, guideOf(path)]));
  const api = await apiPages(libraries, addresses);
  const sources = sourcePages(libraries, addresses);

  const entries = (paths: readonly string[]) =>
    paths.map((path) => {
      const { address = "", title = "" } = guides.get(path)?.page ?? {};
      return { title: path === "README.md" ? "Overview" : title, address };
    });
  const modules = libraryEntries(readProject()).map(({ name }) => ({
    title: moduleTitle(name),
    address: moduleAddress(name),
  }));
  const navigation: Navigation[] = [
    { title: "Start", entries: entries(lists.Start) },
    { title: "Guides", entries: entries(lists.Guides) },
    { title: "Modules", entries: modules },
    { title: "Project", entries: entries(lists.Project) },
  ];

  if (exists(folder)) Deno.removeSync(folder, { recursive: true });
  const pages = [...[...guides.values()].map(({ page }) => page), ...api.pages, ...sources];
  for (const page of pages) writeIfChanged(`${folder}/${page.address}`, layout(page, navigation));
  for (const path of addresses.pictures) writeIfChanged(`${folder}/${path}`, Deno.readTextFileSync(`${ROOT}/${path}`));
  const found = [...[...guides.values()].flatMap(({ found }) => found), ...api.found];
  writeIfChanged(`${folder}/assets/search_index.js`, searchIndex(found));
  writeIfChanged(`${folder}/${API_STYLES}`, api.styles);
  for (const path of listFiles("scripts/site/assets")) {
    writeIfChanged(`${folder}/assets/${path.split("/").at(-1)}`, Deno.readTextFileSync(`${ROOT}/${path}`));
  }
  Deno.copyFileSync(`${libraries.folder}/node_modules/minisearch/dist/umd/index.js`, `${folder}/assets/minisearch.js`);
  return pages.length;
}

if (import.meta.main) console.log(`built ${SITE}: ${await buildSite()} pages`);
