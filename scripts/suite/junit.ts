/**
 * Reads the JUnit reports of Deno, Node and Bun into one shape. Only the leaves count, so that one suite has the same
 * count on all three: Deno also reports the groups around them, as if they were tests.
 */
export interface TestResult {
  /** With the names of its groups, where the runtime tells them. */
  name: string;
  state: "passed" | "failed" | "skipped";
  reason: string;
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, entity: string) => {
    if (entity.startsWith("#x")) return String.fromCodePoint(parseInt(entity.slice(2), 16));
    if (entity.startsWith("#")) return String.fromCodePoint(parseInt(entity.slice(1)));
    return ENTITIES[entity] ?? whole;
  });
}

function attribute(tag: string, name: string): string {
  return decode(tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "");
}

/** A failed group whose failure is only that something inside it failed. */
const ONLY_INSIDE = /^\d+ (test steps?|subtests?) failed/;

function readCase(tag: string, body: string, groups: readonly string[]): TestResult & { inside: boolean } {
  const name = [...groups, attribute(tag, "name")].join(" > ");
  const failure = body.match(/<(?:failure|error)\b[^>]*>/)?.[0];
  const skipped = body.match(/<skipped\b[^>]*>/)?.[0];
  if (failure !== undefined) {
    const reason = attribute(failure, "message");
    return { name, state: "failed", reason, inside: ONLY_INSIDE.test(reason) };
  }
  if (skipped !== undefined) {
    const kind = attribute(skipped, "type") === "todo" ? "todo" : "no reason given";
    const message = attribute(skipped, "message").replace(/^(true|TODO)$/, "todo");
    return { name, state: "skipped", reason: message || kind, inside: false };
  }
  return { name, state: "passed", reason: "", inside: true };
}

// Values may hold ">" as it is, so attributes are matched one by one.
const ATTRIBUTES = String.raw`(?:\s+[\w:-]+="[^"]*")*\s*`;
const OPENING = new RegExp(`^<testcase${ATTRIBUTES}/?>`);
const ELEMENT = new RegExp(
  `<testcase${ATTRIBUTES}(?:/>|>([^]*?)</testcase>)|<testsuite${ATTRIBUTES}>|</testsuite>`,
  "g",
);

/** The leaves of a report, in its order. */
export function readJunit(xml: string): TestResult[] {
  const found: (TestResult & { inside: boolean })[] = [];
  const groups: string[] = [];
  const groupsAreCases = xml.includes('<testsuites name="deno test"');
  for (const [tag, body = ""] of xml.matchAll(ELEMENT)) {
    if (tag.startsWith("</")) groups.pop();
    else if (tag.startsWith("<testsuite")) groups.push(attribute(tag, "name"));
    else found.push(readCase(tag.match(OPENING)?.[0] ?? "", body, groups.filter((name) => !isFile(name))));
  }
  const names = found.map(({ name }) => name);
  return found
    .filter(({ name, inside }) => !groupsAreCases || !inside || !names.some((other) => other.startsWith(`${name} > `)))
    .map(({ name, state, reason }) => ({ name, state, reason }));
}

/** Deno and Bun wrap the tests of a file, and Deno those of its `describe`s, in a suite named after a file. */
function isFile(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name);
}
