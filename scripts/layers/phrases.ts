/**
 * Phrases that no reader should meet: syntax translated from another language, or a word that means something else in
 * the field. They are kept out of the documents, out of everything the code prints, throws or shows as help, and out of
 * the comments of the source, which users read in their editors.
 *
 * A phrase that is right at one place goes on a line after `// check-layers: allow -- REASON` in code; in a document
 * there is always a better one.
 */
import { ts } from "../toolchain/typescript.ts";
import { exists, listFiles } from "../toolchain/folders.ts";
import { type Module, type Project, type Violation, violation, visit } from "./project.ts";

/** What is not written, and what to write. */
const PHRASES: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\bwhoever\b/i, "anyone who …, or the program that …"],
  [
    /(?:^|[.;:|(] )[Ww]ho (?:may|can|does|locks|writes|reads|knows|names|waits|asks|adds|finds|opens|puts|tries|gets|gives|rests|comes|goes|made|removed|cannot|makes|leaves|is|has)\b/,
    "anyone who …",
  ],
  [/\bfor ever\b/i, "forever"],
  [/\b(?:is|are|was|were|be|been|not) had\b/i, "available, or obtained"],
  [/\bcannot be had\b/i, "is not supported"],
  [/\b(?:is|are|was|were|be|been|being)(?: not| never)? told\b/i, "reported, or notified"],
  [/\b(?:makes?|made) of (?:it|them)\b/i, "depends on"],
  [/\bwhat \w+(?: \w+){0,2} makes? of\b/i, "depends on"],
  [/\b(?:is|are|be|stays?|leaves?[^.;|]{0,40}) as it was\b/i, "unchanged"],
  [/\bso long and no longer\b/i, "within SECONDS"],
  [/\bso (?:long|many)\b(?! as)/i, "that long, or N"],
  [/\bstands? (?:behind|in front of|beside)\b/i, "after, before, or beside"],
  [/\bwhat the umask leaves\b/i, "666 minus the umask"],
  [/\bon his behalf\b/i, "the runtime's sandbox"],
  [/\b(?:he|his|him|himself)\b/, "the process, the user, they"],
  [/\bon the medium\b/i, "safely on disk"],
  [/\bhonestly\b/i, "Limitations"],
  [/\bis yours\b/i, "is up to you"],
  [/\bmust not undo\b/i, "must survive"],
  [/\bagain and again\b/i, "repeatedly, or keeps …ing"],
  [/\bheld up\b/i, "blocked"],
  [/\bnothing proves\b/i, "may still be running"],
  [/\bbegun\b/i, "started"],
  [/\bwithout a word\b/i, "silently"],
  [/\bbrought to (?:its|their) ends?\b/i, "completed"],
  [/\bmeanwhile\b/i, "in the meantime, or while …"],
  [/\b(?:is|are|was|were|be|been|being|not|nobody \w+) believe[ds]\b/i, "trusted"],
  [/\bstands? in\b/i, "replaces"],
  [/\bin vain\b/i, "useless, or without success"],
  [/\bto be had\b/i, "available"],
  [/\b(?:others|somebody(?: else)?) (?:was|were|are|is) (?:always )?quicker\b/i, "another program was faster"],
  [/\b(?:everybody|of all|among all) who\b/i, "every program that, or of all programs that"],
  [/\bonto the medium\b/i, "to disk"],
  [/\bin whatever (?:layout|form|way)\b/i, "however it is …ed"],
  [/\bnever done by itself\b/i, "it never runs automatically"],
  [/\bis in no directory of\b/i, "is not in PATH"],
  [/\blost unseen\b/i, "lost"],
  [/\bchanged? the value, and returned nothing\b/i, "must return the new value"],
  // The sentences that this project once had to replace, in the words that gave them away.
  [/\bcomes? as it is\b/i, "is passed through unchanged"],
  [/\bas durable as \w+ makes it\b/i, "only as durable as … guarantees"],
  [/\bafter how many of a hundred\b/i, "percentage of"],
  [/\bmore permissions add\b/i, "Optional permissions: …"],
  [/\bteaches a shell\b/i, "prints shell completions"],
  [/\bis replaced whole and stays\b/i, "replaced completely and durably, or not at all"],
  [/\bis not permitted to\./i, "permission denied"],
  [/\bis too much: all that is taken\b/i, "unexpected argument; only … is accepted"],
  [/\bwhose name begins so\b/i, 'a file that starts with "-"'],
  [/\blooking at it needs\b/i, "reading it needs --allow-read=DIR"],
  [/\bthe directory of it\b/i, "its directory"],
  [/\bfor as long as others are quicker\b/i, "may be overtaken repeatedly"],
];

/** What may stay in a comment and in the tests: no message to a user, and no word for people. */
const FINE_IN_COMMENTS = /\b(?:begun|as it was|is yours|held up|again and again|so many)\b/i;

/** The documents of the root. */
const DOCUMENTS = ["README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"];

/** What is wrong with a text, with the place of each phrase in it. */
function phrasesIn(text: string): { index: number; message: string }[] {
  return PHRASES.flatMap(([phrase, instead]) => {
    const match = phrase.exec(text);
    return match === null ? [] : [{ index: match.index, message: `"${match[0].trim()}": better ${instead}` }];
  });
}

/** The rule about documents, line by line: a phrase across two lines is not seen. */
export function checkDocuments(root: string): Violation[] {
  const paths = [...DOCUMENTS, ...exists(`${root}/docs`) ? listFiles("docs", root) : []]
    .filter((path) => path.endsWith(".md") && exists(`${root}/${path}`));
  return paths.flatMap((path) => {
    // Not what a program printed or a file holds.
    const text = Deno.readTextFileSync(`${root}/${path}`)
      .replaceAll(/^```[\s\S]*?^```$/gm, (block) => block.replaceAll(/[^\n]/g, ""));
    return text.split("\n").flatMap((line, at) =>
      phrasesIn(line).map(({ message }): Violation => ({ path, line: at + 1, message, severity: "error" }))
    );
  });
}

/** The comments of a file, line by line. */
function checkComments({ path, source }: Module): Violation[] {
  return source.text.split("\n").flatMap((line, at) => {
    const comment = /^\s*(?:\*|\/\*\*|\/\/)\s?(.*)$/.exec(line)?.[1];
    return comment === undefined ? [] : phrasesIn(comment)
      .filter(({ message }) => !FINE_IN_COMMENTS.test(message))
      .map(({ message }): Violation => ({ path, line: at + 1, message, severity: "error" }));
  });
}

/** The texts of a file: what it prints, throws and shows, and the names of tests. */
function checkTexts(module: Module): Violation[] {
  const found: Violation[] = [];
  visit(module.source, (node) => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node);
    // A single word is data.
    if (!isText || !node.text.includes(" ")) return;
    for (const { message } of phrasesIn(node.text)) found.push(...violation(module, node, message));
  });
  return found;
}

/** The rule about the code: messages, help and comments. */
export function checkPhrases(project: Project): Violation[] {
  return project.modules.flatMap((module) => [...checkTexts(module), ...checkComments(module)]);
}

/** The rule about mutants: the sentences that say what is wrong in each, which a run prints, too. */
export function checkMutants(root: string): Violation[] {
  return listFiles("scripts/mutants", root).flatMap((path) =>
    Deno.readTextFileSync(`${root}/${path}`).split("\n").flatMap((line, at) => {
      const sentence = /^\s*(?:name|promise|survives): "(.*)",$/.exec(line)?.[1];
      const wrong = sentence === undefined ? [] : [...phrasesIn(sentence), ...phrasesIn(`: ${sentence}`)];
      return wrong.slice(0, 1).map(({ message }): Violation => ({ path, line: at + 1, message, severity: "error" }));
    })
  );
}

/** The rule about tests: their names, which a run prints. */
export function checkTitles({ modules }: Project): Violation[] {
  return modules.filter(({ path }) => !path.startsWith("tests/deno/check_layers")).flatMap(checkTexts)
    .filter(({ message }) => !FINE_IN_COMMENTS.test(message));
}
