/**
 * Above the seam, code asks what a runtime can do and never which one it is: no identifier and no text there names a
 * runtime or an operating system. Comments may.
 */
import { type TS, ts } from "../toolchain/typescript.ts";
import { isAboveSeam } from "./floors.ts";
import { type Project, type Violation, violation, visit } from "./project.ts";

const NAMES = new Set(["deno", "node", "bun", "linux", "darwin", "macos", "windows", "win32"]);

/** The words of `camelCase`, `snake_case` and text, in lower case. */
function words(text: string): string[] {
  const separated = text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  // As it stands, too: "macOS" is one word.
  return [...`${separated} ${text}`.matchAll(/[A-Za-z]+(?:32)?/g)].map(([word]) => word.toLowerCase());
}

function textOf(node: TS.Node): string | undefined {
  if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) return node.text;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) return node.text;
  if (ts.isRegularExpressionLiteral(node)) return node.text;
  return undefined;
}

/** The rule about names. */
export function checkNames(project: Project): Violation[] {
  const found: Violation[] = [];
  for (const module of project.modules) {
    if (module.part === undefined || !isAboveSeam(module.part)) continue;
    visit(module.source, (node) => {
      const name = words(textOf(node) ?? "").find((word) => NAMES.has(word));
      if (name !== undefined) found.push(...violation(module, node, `"${name}" is named above the seam`));
    });
  }
  return found;
}
