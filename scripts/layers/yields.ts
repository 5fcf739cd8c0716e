/**
 * A forgotten `yield*`. Calling a function that returns an `Operation` does nothing yet; only `yield*` and the drivers
 * make it happen. So an operation that is a statement of its own, a condition, awaited, yielded without the star, or
 * given back to somebody who ignores it, is a mistake — and one that the compiler does not see.
 */
import { type TS, ts } from "../toolchain/typescript.ts";
import { type Module, type Project, type Violation, violation, visit } from "./project.ts";

const OPERATIONS = new Set(["Operation", "Generator"]);

function isOperation(checker: TS.TypeChecker, type: TS.Type): boolean {
  if (type.isUnion()) return type.types.some((member) => isOperation(checker, member));
  if (OPERATIONS.has(type.aliasSymbol?.name ?? "")) return true;
  const name = type.symbol?.name;
  return name !== undefined && OPERATIONS.has(name);
}

/** The expression inside parentheses, `void`, `!` and assertions. */
function bare(node: TS.Expression): TS.Expression {
  const wraps = ts.isParenthesizedExpression(node) || ts.isVoidExpression(node) || ts.isNonNullExpression(node) ||
    ts.isAsExpression(node) || ts.isSatisfiesExpression(node);
  return wraps ? bare(node.expression) : node;
}

const ASSIGNMENTS = new Set([
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

/** An assignment is a statement too, but keeps the operation for later. */
function isKept(node: TS.Expression): boolean {
  return ts.isBinaryExpression(node) && ASSIGNMENTS.has(node.operatorToken.kind);
}

function conditionOf(node: TS.Node): TS.Expression | undefined {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return node.expression;
  if (ts.isForStatement(node) || ts.isConditionalExpression(node)) return node.condition;
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) return node.operand;
  if (!ts.isBinaryExpression(node)) return undefined;
  const { kind } = node.operatorToken;
  const decides = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;
  return decides ? node.left : undefined;
}

/** An arrow function whose result nobody looks at: `items.forEach((item) => operation(item))`. */
function ignoredResultOf(checker: TS.TypeChecker, node: TS.Node): TS.Expression | undefined {
  if (!ts.isArrowFunction(node) || ts.isBlock(node.body)) return undefined;
  const signature = checker.getContextualType(node)?.getCallSignatures()[0];
  if (signature === undefined) return undefined;
  return checker.getReturnTypeOfSignature(signature).flags & ts.TypeFlags.Void ? node.body : undefined;
}

function mistake(checker: TS.TypeChecker, node: TS.Node): [TS.Expression, string] | undefined {
  if (ts.isExpressionStatement(node)) {
    const expression = bare(node.expression);
    // What is awaited is looked at by itself.
    if (isKept(expression) || ts.isAwaitExpression(expression)) return undefined;
    return [node.expression, "the operation is never run: yield* is missing"];
  }
  if (ts.isAwaitExpression(node)) return [node.expression, "an operation cannot be awaited: run it, or yield* it"];
  if (ts.isYieldExpression(node) && node.asteriskToken === undefined && node.expression !== undefined) {
    return [node.expression, "the operation is yielded without the star"];
  }
  const condition = conditionOf(node);
  if (condition !== undefined) return [condition, "an operation is always true: yield* is missing"];
  const ignored = ignoredResultOf(checker, node);
  return ignored === undefined ? undefined : [ignored, "nobody runs the operation that is returned here"];
}

function checkModule(checker: TS.TypeChecker, module: Module): Violation[] {
  const found: Violation[] = [];
  visit(module.source, (node) => {
    const [expression, message] = mistake(checker, node) ?? [];
    if (expression === undefined || message === undefined) return;
    if (isOperation(checker, checker.getTypeAtLocation(bare(expression)))) {
      found.push(...violation(module, expression, message));
    }
  });
  return found;
}

/** The rule about operations. */
export function checkYields({ modules, checker }: Project): Violation[] {
  return modules.flatMap((module) => checkModule(checker, module));
}
