/**
 * Whether an expression that a loop goes over certainly holds something, as far as the source alone tells: a literal with
 * elements, a constant that is one, the entries of such an object, or what `notEmpty` has looked at.
 */
import { type TS, ts } from "../toolchain/typescript.ts";

/** Functions whose answer is checked where it is made. */
const CHECKED = new Set(["notEmpty"]);

/** What takes nothing away. */
const KEEPS = new Set(["map", "toSorted", "sort", "reverse", "toReversed", "entries", "keys", "values"]);

function bare(node: TS.Expression): TS.Expression {
  const wraps = ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node) || ts.isAwaitExpression(node);
  return wraps ? bare(node.expression) : node;
}

/** Where a name got its only value. */
function declarationOf(checker: TS.TypeChecker, node: TS.Identifier): TS.Declaration | undefined {
  let symbol = checker.getSymbolAtLocation(node);
  if (symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.valueDeclaration;
}

function returnsOf(node: TS.FunctionLikeDeclaration): TS.Expression[] {
  if (node.body === undefined) return [];
  if (!ts.isBlock(node.body)) return [node.body];
  const found: TS.Expression[] = [];
  const look = (inner: TS.Node): void => {
    if (ts.isReturnStatement(inner) && inner.expression !== undefined) found.push(inner.expression);
    if (!ts.isFunctionLike(inner)) inner.forEachChild(look);
  };
  node.body.forEachChild(look);
  return found;
}

function isFunctionNeverEmpty(checker: TS.TypeChecker, node: TS.Declaration | undefined): boolean {
  if (node === undefined) return false;
  if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
    const value = bare(node.initializer);
    return ts.isArrowFunction(value) && isFunctionNeverEmpty(checker, value as unknown as TS.Declaration);
  }
  if (!ts.isFunctionDeclaration(node) && !ts.isArrowFunction(node)) return false;
  const returns = returnsOf(node);
  return returns.length > 0 && returns.every((each) => isNeverEmpty(checker, each));
}

function isCallNeverEmpty(checker: TS.TypeChecker, node: TS.CallExpression): boolean {
  const { expression } = node;
  const [first] = node.arguments;
  if (ts.isIdentifier(expression)) {
    return CHECKED.has(expression.text) || isFunctionNeverEmpty(checker, declarationOf(checker, expression));
  }
  if (!ts.isPropertyAccessExpression(expression)) return false;
  const method = expression.name.text;
  const on = expression.expression;
  if (ts.isIdentifier(on) && on.text === "Object") return first !== undefined && isNeverEmpty(checker, first);
  if (ts.isIdentifier(on) && on.text === "Array") {
    return method === "from" && first !== undefined && isLong(checker, first);
  }
  const isPromise = ts.isIdentifier(on) && on.text === "Promise";
  if (isPromise) return first !== undefined && isNeverEmpty(checker, first);
  // `flatMap` with a function that always answers something.
  if (method === "flatMap") {
    return isNeverEmpty(checker, on) && first !== undefined && ts.isArrowFunction(first) &&
      isFunctionNeverEmpty(checker, first as unknown as TS.Declaration);
  }
  if (method === "concat") {
    return isNeverEmpty(checker, on) || node.arguments.some((each) => isNeverEmpty(checker, each));
  }
  return KEEPS.has(method) && isNeverEmpty(checker, on);
}

/** `{ length: 40 }`, or a list. */
function isLong(checker: TS.TypeChecker, node: TS.Expression): boolean {
  const value = bare(node);
  if (!ts.isObjectLiteralExpression(value)) return isNeverEmpty(checker, value);
  const [length] = value.properties;
  if (length === undefined) return false;
  return !(ts.isPropertyAssignment(length) && ts.isNumericLiteral(length.initializer) &&
    length.initializer.text === "0");
}

/** Whether this certainly holds something. */
export function isNeverEmpty(checker: TS.TypeChecker, node: TS.Expression): boolean {
  const value = bare(node);
  if (ts.isArrayLiteralExpression(value)) {
    return value.elements.some((each) => ts.isSpreadElement(each) ? isNeverEmpty(checker, each.expression) : true);
  }
  if (ts.isObjectLiteralExpression(value)) {
    return value.properties.some((each) => ts.isSpreadAssignment(each) ? isNeverEmpty(checker, each.expression) : true);
  }
  if (ts.isStringLiteralLike(value)) return value.text !== "";
  if (ts.isConditionalExpression(value)) {
    return isNeverEmpty(checker, value.whenTrue) && isNeverEmpty(checker, value.whenFalse);
  }
  if (ts.isCallExpression(value)) return isCallNeverEmpty(checker, value);
  if (ts.isNewExpression(value)) {
    const [first] = value.arguments ?? [];
    return first !== undefined && isNeverEmpty(checker, first);
  }
  if (!ts.isIdentifier(value)) return false;
  const declaration = declarationOf(checker, value);
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return false;
  if (declaration.initializer === undefined || !ts.isVariableDeclarationList(declaration.parent)) return false;
  const isConstant = (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
  return isConstant && isNeverEmpty(checker, declaration.initializer);
}
