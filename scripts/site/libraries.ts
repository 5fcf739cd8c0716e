/**
 * The libraries that make the site, installed by npm into build/tools when they are asked for, so that whoever builds no
 * site fetches none of them. The types say only what is used here.
 */
import { createRequire } from "node:module";
import { installTool } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";

export interface Token {
  type: string;
  tag: string;
  content: string;
  info: string;
  map: [number, number] | null;
  children: Token[] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

export interface Markdown {
  parse(text: string, environment: object): Token[];
  renderer: { render(tokens: Token[], options: object, environment: object): string; rules: Record<string, unknown> };
  options: object;
  use(plugin: unknown, options: object): Markdown;
}

export interface Element {
  innerHTML: string;
  readonly outerHTML: string;
  readonly id: string;
  readonly text: string;
  readonly tagName: string;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Element[];
  getAttribute(name: string): string | undefined;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
  replaceWith(html: string): void;
  set_content(html: string): void;
}

export interface Libraries {
  /** Where they are installed, for what the browser gets. */
  folder: string;
  markdown(options: object): Markdown;
  anchors: unknown;
  highlight: {
    getLanguage(name: string): unknown;
    highlight(code: string, options: { language: string }): { value: string };
  };
  parseHtml(text: string, options: object): Element;
}

export async function loadLibraries(): Promise<Libraries> {
  const folder = await installTool("site", {
    "markdown-it": VERSIONS.markdownIt,
    "markdown-it-anchor": VERSIONS.markdownItAnchor,
    "highlight.js": VERSIONS.highlight,
    "node-html-parser": VERSIONS.htmlParser,
    minisearch: VERSIONS.miniSearch,
  });
  const load = createRequire(`${folder}/package.json`);
  return {
    folder,
    markdown: load("markdown-it"),
    anchors: load("markdown-it-anchor"),
    highlight: load("highlight.js/lib/common"),
    parseHtml: load("node-html-parser").parse,
  };
}
