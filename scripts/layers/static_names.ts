/**
 * A trap of the compiler: in a class with a `#private` method, a static initialiser that names its own class is compiled,
 * for targets below ESNext, to an alias that has no value yet, and the module throws when it is loaded.
 * `new this(…)` means the same and works. See https://github.com/microsoft/TypeScript/issues/56292.
 */
import { type TS, ts } from "../toolchain/typescript.ts";
import { type Module, type Project, type Violation, violation, visit } from "./project.ts";

function hasPrivateMethod(node: TS.ClassLikeDeclaration): boolean {
  return node.members.some((member) => {
    const runs = ts.isMethodDeclaration(member) || ts.isAccessor(member);
    return runs && ts.isPrivateIdentifier(member.name);
  });
}

function isStaticField(node: TS.ClassElement): node is TS.PropertyDeclaration {
  const isStatic = (modifier: TS.ModifierLike) => modifier.kind === ts.SyntaxKind.StaticKeyword;
  return ts.isPropertyDeclaration(node) && (node.modifiers?.some(isStatic) ?? false);
}

function checkClass(module: Module, node: TS.ClassLikeDeclaration): Violation[] {
  const found: Violation[] = [];
  for (const member of node.members) {
    const body = isStaticField(member)
      ? member.initializer
      : ts.isClassStaticBlockDeclaration(member)
      ? member
      : undefined;
    if (body === undefined) continue;
    visit(body, (inner) => {
      if (!ts.isIdentifier(inner) || inner.text !== node.name?.text) return;
      found.push(...violation(module, inner, `say \`this\` instead of ${inner.text}: compiled, it has no value yet`));
    });
  }
  return found;
}

/** The rule about static initialisers. */
export function checkStaticNames({ modules }: Project): Violation[] {
  return modules.flatMap((module) => {
    const found: Violation[] = [];
    visit(module.source, (node) => {
      if (ts.isClassLike(node) && hasPrivateMethod(node)) found.push(...checkClass(module, node));
    });
    return found;
  });
}
