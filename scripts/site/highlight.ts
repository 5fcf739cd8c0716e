/** Colours code as HTML, at build time: the site's pages need no script for it. */
import { escapeHtml } from "./layout.ts";
import type { Libraries } from "./libraries.ts";

const LANGUAGES: Readonly<Record<string, string>> = {
  sh: "bash",
  console: "shell",
  ts: "typescript",
  js: "javascript",
};

/** `language` is that of a fenced block, or a file's extension. What is not known stays plain. */
export function highlight({ highlight }: Libraries, code: string, language: string): string {
  const name = LANGUAGES[language] ?? language;
  return highlight.getLanguage(name) === undefined
    ? escapeHtml(code)
    : highlight.highlight(code, { language: name }).value;
}
