/**
 * What nobody uses of a file of the package can be left out by a bundler, as the manifest says (`sideEffects: false`).
 * Bundlers believe that of whole files, but in a file that is used they keep every constant that a call makes and every
 * class with a static block. So what is at the top of a file is marked: a call as `@__PURE__`, which leaves all lines
 * where they are.
 */

/** Expressions that bundlers leave out by themselves. */
function isPlain(node) {
  switch (node?.type) {
    case undefined:
    case "Literal":
    case "Identifier":
    case "ArrowFunctionExpression":
    case "FunctionExpression":
      return true;
    case "TemplateLiteral":
      return node.expressions.every((each) => each.type === "Literal");
    case "ArrayExpression":
      return node.elements.every((each) => each === null || (each.type !== "SpreadElement" && isPlain(each)));
    case "ObjectExpression":
      return node.properties.every((each) => each.type === "Property" && !each.computed && isPlain(each.value));
    case "UnaryExpression":
      return isPlain(node.argument);
    case "BinaryExpression":
      return isPlain(node.left) && isPlain(node.right);
    default:
      return false;
  }
}

const hasStaticBlock = (node) => node.body.body.some(({ type }) => type === "StaticBlock");

/** What is to be put where, for one statement. */
function marksOf(statement) {
  const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
  if (node?.type === "ClassDeclaration" && hasStaticBlock(node)) {
    const { name } = node.id;
    return [[node.start, `const ${name} = /* @__PURE__ */ (() => { `], [node.end, ` return ${name}; })();`]];
  }
  if (node?.type !== "VariableDeclaration" || node.kind !== "const") return [];
  return node.declarations
    .filter(({ id, init }) => id.type === "Identifier" && !isPlain(init))
    .flatMap(({ init }) => [[init.start, "/* @__PURE__ */ (() => ("], [init.end, "))()"]]);
}

export const droppable = {
  name: "droppable",
  renderChunk(code) {
    const marks = this.parse(code).body.flatMap(marksOf);
    let marked = "";
    let from = 0;
    for (const [at, text] of marks) {
      marked += code.slice(from, at) + text;
      from = at;
    }
    return { code: marked + code.slice(from), map: null };
  },
};
