/** What the search of the site finds; assets/search.js reads it, as a script, so that it works from a folder, too. */

export interface SearchEntry {
  title: string;
  /** The page or module it is in. */
  within: string;
  /** Relative to the site. */
  address: string;
  text: string;
}

/** The script that hands the entries to the search. */
export function searchIndex(entries: readonly SearchEntry[]): string {
  const numbered = entries.map((entry, id) => ({ id, ...entry, text: entry.text.replaceAll(/\s+/g, " ").trim() }));
  return `globalThis.searchEntries = ${JSON.stringify(numbered)};\n`;
}
