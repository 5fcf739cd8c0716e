/**
 * A real browser without a window, for the check of the site: the Chromium or Chrome of this machine, driven by
 * playwright-core from npm, which brings none. The types say only what is used here.
 */
import { createRequire } from "node:module";
import { installTool } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_PROGRAM = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

export interface BrowserPage {
  on(event: "console", listen: (message: { type(): string; text(): string }) => void): void;
  on(event: "pageerror", listen: (error: Error) => void): void;
  on(event: "request", listen: (request: { url(): string }) => void): void;
  on(event: "requestfailed", listen: (request: { url(): string }) => void): void;
  goto(address: string, options?: { waitUntil: "load" }): Promise<{ status(): number } | null>;
  url(): string;
  /** Runs in the page. */
  evaluate<T>(expression: string): Promise<T>;
  fill(selector: string, text: string): Promise<void>;
  press(selector: string, key: string): Promise<void>;
  click(selector: string): Promise<void>;
  waitForURL(address: RegExp, options: { timeout: number }): Promise<void>;
  waitForSelector(selector: string, options: { timeout: number }): Promise<unknown>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  emulateMedia(media: { colorScheme: "light" | "dark" }): Promise<void>;
  screenshot(options: { path: string }): Promise<unknown>;
}

export interface Browser {
  version(): string;
  newPage(options: { viewport: { width: number; height: number } }): Promise<BrowserPage>;
  close(): Promise<void>;
}

function isProgram(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The browser's path: CHROMIUM, or the first one in PATH; `undefined` when there is none. */
export function findBrowser(): string | undefined {
  const chosen = Deno.env.get("CHROMIUM");
  if (chosen !== undefined) return isProgram(chosen) ? chosen : undefined;
  const separator = Deno.build.os === "windows" ? ";" : ":";
  const folders = (Deno.env.get("PATH") ?? "").split(separator);
  return [...PROGRAMS.flatMap((name) => folders.map((folder) => `${folder}/${name}`)), MAC_PROGRAM].find(isProgram);
}

export async function startBrowser(path: string): Promise<Browser> {
  const folder = await installTool("browser", { "playwright-core": VERSIONS.playwright });
  const { chromium } = createRequire(`${folder}/package.json`)("playwright-core");
  return await chromium.launch({ executablePath: path });
}
