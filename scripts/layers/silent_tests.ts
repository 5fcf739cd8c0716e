/**
 * Tests that pass without having tested anything. Three ways of that are refused in everything below tests/:
 *
 * - a test that returns early without a word: `return skip(t, "reason")` is counted by the test command, `return;` is
 *   not. A test that is only defined under a condition is the same.
 * - an error that is swallowed: an empty `catch`, or a handler that does nothing, without a comment that says why.
 * - a loop over what may be empty, in which something is asserted or a test is defined: what is not known to hold
 *   something goes through `notEmpty` of tests/support/tally.ts, which throws when it holds nothing.
 *
 * A comment `check-tests: allow -- REASON` on the line before permits one.
 */
import { type TS, ts } from "../toolchain/typescript.ts";
import { isNeverEmpty } from "./never_empty.ts";
import { type Project, type Violation, violation, visit } from "./project.ts";

const DEFINES = new Set(["it", "test", "describe"]);

function calledName(node: TS.Node): string | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  if (ts.isIdentifier(expression)) return expression.text;
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
}

function isTestCall(node: TS.Node): node is TS.CallExpression {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && DEFINES.has(node.expression.text);
}

function isFunction(node: TS.Node): node is TS.FunctionLikeDeclaration {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) || ts.isAccessor(node) || ts.isConstructorDeclaration(node);
}

function enclosingFunction(node: TS.Node): TS.FunctionLikeDeclaration | undefined {
  for (let at = node.parent; at !== undefined; at = at.parent) if (isFunction(at)) return at;
  return undefined;
}

/** Whether this function is the body of a test, or of a helper such as `withTemporaryDirectory` inside one. */
function isBodyOfTest(node: TS.FunctionLikeDeclaration | undefined): boolean {
  if (node === undefined || !ts.isCallExpression(node.parent)) return false;
  const name = calledName(node.parent);
  if (name === undefined) return false;
  if (name === "it" || name === "test") return isTestCall(node.parent);
  return /^with[A-Z]/.test(name) && isBodyOfTest(enclosingFunction(node));
}

function contains(node: TS.Node, wanted: (node: TS.Node) => boolean): boolean {
  return wanted(node) || (node.forEachChild((child) => contains(child, wanted) || undefined) ?? false);
}

const isAssertion = (node: TS.Node): boolean => /^assert|^equal$/.test(calledName(node) ?? "") || isTestCall(node);

/** A function that takes a value or an error and does nothing with it. */
function isNothing(node: TS.Node | undefined): boolean {
  if (node === undefined || !ts.isArrowFunction(node)) return false;
  return ts.isBlock(node.body) && node.body.statements.length === 0;
}

/** Whether a comment stands inside the node, at its end or on the line before it. */
function hasReason(node: TS.Node, text: string): boolean {
  const lines = text.split("\n");
  const { line: first } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
  const { line: last } = node.getSourceFile().getLineAndCharacterOfPosition(node.getEnd());
  return lines.slice(Math.max(0, first - 1), last + 1).some((line) => /\/\/|^\s*\*|\*\//.test(line));
}

function swallows(node: TS.Node): boolean {
  if (ts.isCatchClause(node)) return node.block.statements.length === 0;
  if (!ts.isCallExpression(node)) return false;
  const name = calledName(node);
  return (name === "catch" && isNothing(node.arguments[0])) || (name === "then" && isNothing(node.arguments[1]));
}

/** Whether somewhere in this function how many there are is asserted: `assertEquals(list.length, 3)`. */
function isCounted(node: TS.ForOfStatement): boolean {
  const { expression } = node;
  const list = ts.isCallExpression(expression) && ts.isPropertyAccessExpression(expression.expression)
    ? expression.expression.expression
    : expression;
  const text = list.getText();
  const isSize = (inner: TS.Node): boolean =>
    ts.isPropertyAccessExpression(inner) && ["length", "size"].includes(inner.name.text) &&
    inner.expression.getText() === text;
  const body = enclosingFunction(node)?.body;
  return body !== undefined &&
    contains(body, (inner) => isAssertion(inner) && !isTestCall(inner) && contains(inner, isSize));
}

function mayBeEmpty(checker: TS.TypeChecker, node: TS.ForOfStatement): boolean {
  return !isNeverEmpty(checker, node.expression) && !isCounted(node);
}

function mistake(checker: TS.TypeChecker, node: TS.Node, text: string): string | undefined {
  if (ts.isReturnStatement(node) && node.expression === undefined && isBodyOfTest(enclosingFunction(node))) {
    return 'a test that returns early says why: return skip(t, "reason")';
  }
  if (ts.isIfStatement(node) && contains(node.thenStatement, isTestCall)) {
    return "a test that is defined under a condition is not counted where it is not: skip it there";
  }
  if (swallows(node) && !hasReason(node, text)) return "an error is swallowed, and no comment says why it may be";
  if (ts.isForOfStatement(node) && contains(node.statement, isAssertion) && mayBeEmpty(checker, node)) {
    return "nothing is tested when this is empty: notEmpty(…) of tests/support/tally.ts";
  }
  return undefined;
}

/** The rule about tests. */
export function checkTests({ modules, checker }: Project): Violation[] {
  const found: Violation[] = [];
  for (const module of modules) {
    visit(module.source, (node) => {
      const message = mistake(checker, node, module.source.text);
      if (message !== undefined) found.push(...violation(module, node, message, "check-tests"));
    });
  }
  return found;
}
