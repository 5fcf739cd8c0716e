/**
 * Looks at the site of the documents in a real browser: `deno task site:check`. Builds it, then requires of every page
 * that it loads without an error, asks for nothing from elsewhere, fits a telephone (360 px) without scrolling sideways,
 * and that each of its links and anchors leads somewhere; and of the search that it finds a symbol and a word of a
 * guide, from a server and from the folder. Prints each problem; the exit code is 1 when there is one, or no browser.
 *
 * `--screenshots=DIR` also takes pictures, narrow and wide, light and dark. `--as-is` checks what was built before.
 */
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserPage, findBrowser, startBrowser } from "./site/browser.ts";
import { serve } from "./site/serve.ts";
import { buildSite, SITE } from "./site.ts";
import { exists, listFiles } from "./toolchain/folders.ts";

const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1280, height: 900 };

/** Pages of each kind, for pictures. */
const SHOWN = [
  "index.html",
  "docs/guarantees.html",
  "docs/faq.html",
  "docs/design.html",
  "docs/command.html",
  "api/index.html",
  "api/writeFile.html",
  "api/ReplaceOptions.html",
  "api/store/index.html",
  "source/tests/lock/index.html",
];

/** What a page says of itself; runs in the browser. */
const LOOK = `({
  width: document.documentElement.scrollWidth,
  height: document.documentElement.scrollHeight,
  ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
  links: [...document.querySelectorAll("a[href], area[href]")].map((link) => link.getAttribute("href")),
  dead: [...document.images].filter((image) => image.naturalWidth === 0).map((image) => image.src),
  mute: [...document.images].filter((image) => image.alt === "").map((image) => image.src),
})`;

interface Look {
  width: number;
  height: number;
  ids: string[];
  links: string[];
  dead: string[];
  mute: string[];
}

/** Words to type, and the address that the first result has to lead to. */
const SEARCHES: [words: string, address: RegExp][] = [
  ["updateJsonFile", /\/api\/updateJsonFile\.html$/],
  ["ReplaceOptions.backup", /\/api\/ReplaceOptions\.html#property_backup$/],
  ["antivirus", /\/docs\/faq\.html#on-windows-/],
  ["retry", /\/docs\/faq\.html#on-windows-/],
  ["docker", /\/docs\/faq\.html#a-single-file-is-mounted-/],
  ["stale", /\/docs\/faq\.html#is-a-leftover-/],
  ["mode", /\/docs\/guarantees\.html#|ReplaceOptions\.html#property_mode$/],
  ["hard links", /\/docs\/faq\.html#what-happens-to-hard-links$/],
];

/** Collects what goes wrong in a page: its own errors, and requests to others than `origin`. */
function watch(page: BrowserPage, origin: string, problem: (message: string) => void): void {
  page.on("console", (message) => {
    if (message.type() === "error") problem(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problem(`error: ${error.message}`));
  page.on("requestfailed", (request) => problem(`not loaded: ${request.url()}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) {
      problem(`asks for ${request.url()}`);
    }
  });
}

async function lookAtPages(browser: Browser, origin: string, problems: string[]): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  let address = "";
  const page = await browser.newPage({ viewport: NARROW });
  watch(page, origin, (message) => problems.push(`${address}: ${message}`));
  for (address of pagesOf(SITE)) {
    await page.setViewportSize(NARROW);
    const answer = await page.goto(origin + address, { waitUntil: "load" });
    if (answer?.status() !== 200) problems.push(`${address}: status ${answer?.status()}`);
    const look = await page.evaluate<Look>(LOOK);
    looks.set(address, look);
    if (look.width > NARROW.width) problems.push(`${address}: is ${look.width} px wide at ${NARROW.width}`);
    await page.setViewportSize(WIDE);
    const { width } = await page.evaluate<Look>(LOOK);
    if (width > WIDE.width) problems.push(`${address}: is ${width} px wide at ${WIDE.width}`);
    for (const source of look.dead) problems.push(`${address}: the picture ${source} is not shown`);
    for (const source of look.mute) problems.push(`${address}: the picture ${source} has no text in its place`);
  }
  return looks;
}

const pagesOf = (folder: string): string[] => listFiles(".", folder).filter((path) => path.endsWith(".html"));

function checkLinks(looks: ReadonlyMap<string, Look>): string[] {
  const broken: string[] = [];
  for (const [address, { links }] of looks) {
    for (const link of new Set(links)) {
      if (/^(?:https?|mailto):/.test(link)) continue;
      const { protocol, pathname, hash } = new URL(link, `site:///${address}`);
      const target = decodeURIComponent(pathname).slice(1);
      const anchor = decodeURIComponent(hash.slice(1));
      const look = looks.get(target);
      if (protocol !== "site:") broken.push(`${address}: the link ${link} leads out of the site`);
      else if (look === undefined && !exists(`${SITE}/${target}`)) broken.push(`${address}: broken link ${link}`);
      else if (anchor !== "" && !look?.ids.includes(anchor)) broken.push(`${address}: broken anchor ${link}`);
    }
  }
  return broken;
}

async function trySearch(browser: Browser, origin: string, problems: string[]): Promise<void> {
  const page = await browser.newPage({ viewport: WIDE });
  watch(page, origin, (message) => problems.push(`search on ${origin}: ${message}`));
  for (const [words, wanted] of SEARCHES) {
    await page.goto(`${origin}docs/design.html`, { waitUntil: "load" });
    try {
      await page.fill("header input", words);
      await page.waitForSelector("#results a", { timeout: 10_000 });
      await page.press("header input", "Enter");
      await page.waitForURL(wanted, { timeout: 10_000 });
    } catch {
      problems.push(`search on ${origin}: "${words}" leads to ${page.url()} instead of ${wanted.source}`);
    }
  }
}

async function takePictures(browser: Browser, origin: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const colorScheme of ["light", "dark"] as const) {
    for (const viewport of [NARROW, WIDE]) {
      const page = await browser.newPage({ viewport });
      await page.emulateMedia({ colorScheme });
      for (const address of SHOWN) {
        await page.setViewportSize(viewport);
        await page.goto(origin + address, { waitUntil: "load" });
        const { height } = await page.evaluate<Look>(LOOK);
        await page.setViewportSize({ width: viewport.width, height: Math.min(height, 2400) });
        const name = `${address.replaceAll(/\W+/g, "_")}_${viewport.width}_${colorScheme}.png`;
        await page.screenshot({ path: `${folder}/${name}` });
      }
    }
  }
}

/** Every problem of the site in build/site; `pictures` is a folder for pictures of it. */
export async function checkSite(program: string, pictures?: string): Promise<string[]> {
  const problems: string[] = [];
  const browser = await startBrowser(program);
  const server = serve(SITE);
  try {
    const looks = await lookAtPages(browser, server.origin, problems);
    problems.push(...checkLinks(looks));
    await trySearch(browser, server.origin, problems);
    await trySearch(browser, `${pathToFileURL(SITE)}/`, problems);
    if (pictures !== undefined) await takePictures(browser, server.origin, pictures);
    console.log(`${looks.size} pages looked at in Chromium ${browser.version()}`);
  } finally {
    await browser.close();
    await server.stop();
  }
  return problems;
}

if (import.meta.main) {
  const program = findBrowser();
  if (program === undefined) {
    console.log("There is no Chromium or Chrome here (Debian: apt-get install chromium; CHROMIUM=PATH names one)");
    Deno.exit(1);
  }
  if (!Deno.args.includes("--as-is")) await buildSite();
  const pictures = Deno.args.find((arg) => arg.startsWith("--screenshots="))?.slice("--screenshots=".length);
  const problems = await checkSite(program, pictures);
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? "no problems" : `${problems.length} problems`);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
