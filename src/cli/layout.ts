/** Text in lines and columns that fit a width. */

/** Breaks a text into lines of at most `width` characters. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width - indent.length) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line];
}

/** Two columns, or where there is no room for them, the second below the first. */
export function columns(rows: readonly (readonly [string, string])[], width: number): string[] {
  const first = Math.min(24, Math.max(...rows.map(([name]) => name.length)) + 4);
  const isNarrow = width < first + 30;
  const indent = " ".repeat(isNarrow ? 8 : first);
  return rows.flatMap(([name, help]) => {
    const lines = wrap(help, width, indent);
    const head = `  ${name}`;
    if (isNarrow || head.length > first - 2) return [head, ...lines];
    return [head + (lines[0] ?? "").slice(head.length), ...lines.slice(1)];
  });
}
