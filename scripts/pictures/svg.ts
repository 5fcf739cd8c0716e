/**
 * The parts that the pictures of docs/ are drawn with. A picture brings its own paper, and is light or dark as the system
 * is; it is narrow, so that its text can be read on a telephone.
 */

export const WIDTH = 400;

export interface Picture {
  title: string;
  /** The whole content in words, for who does not see it. */
  description: string;
  height: number;
  body: string[];
}

const STYLE = `
.paper { fill: #fff; stroke: #d0d6de }
.ink { fill: #1c2128 } .quiet { fill: #4f5967 } .strong { fill: #0b5cad } .new { fill: #1a6b3c }
.box { fill: #eef2f7; stroke: #8794a6 } .old-bar { fill: #8794a6 } .new-bar { fill: #2e9e5b } .line { stroke: #0b5cad }
text { font: 15px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
.code { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.bold { font-weight: 600 }
@media (prefers-color-scheme: dark) {
  .paper { fill: #14171c; stroke: #323841 }
  .ink { fill: #e3e7ed } .quiet { fill: #a9b3c1 } .strong { fill: #7cb8ff } .new { fill: #7fd6a0 }
  .box { fill: #222831; stroke: #5d6a7c } .old-bar { fill: #6c798b } .new-bar { fill: #3fb873 } .line { stroke: #7cb8ff }
}`;

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A line of text; `kind` are class names of the style above. */
export function line(x: number, y: number, kind: string, text: string, anchor: "start" | "middle" = "start"): string {
  const middle = anchor === "middle" ? ' text-anchor="middle"' : "";
  return `<text x="${x}" y="${y}" class="${kind}"${middle}>${escapeXml(text)}</text>`;
}

/** Lines of at most so many characters. */
export function wrap(text: string, characters: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= characters) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function svg({ title, description, height, body }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="description">${escapeXml(description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}
