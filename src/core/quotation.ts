/**
 * Names and messages as they may be shown: a file name must not drive a terminal, nor look like another one, nor like
 * two lines. Ordinary names stay as they are, so that a script can use what is printed.
 */

/** Control characters of both kinds, marks that turn the direction of text, and what ends a line. */
const driving = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
/** The same but for what lays out a message of several lines. */
const drivingInText = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The same everywhere in a text. */
const drivingInLine = new RegExp(driving, "gu");

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A line for a terminal: what would drive it is written as an escape. */
export function shownText(text: string): string {
  return text.replace(drivingInText, escaped);
}

/** One line of a terminal that is overwritten: nothing in it moves the cursor, not even to the next line. */
export function shownLine(text: string): string {
  return text.replace(drivingInLine, escaped);
}

/** A file name within a message: in quotation marks, with escapes for what would drive a terminal. */
export function quoted(name: string): string {
  return shownText(JSON.stringify(name));
}

/** Words of which one is to be chosen, as a sentence names them: "a, b, or c". */
export function anyOf(words: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format(words);
}

/** A file name in a table: unchanged, or as a JSON string where it has characters that would drive a terminal. */
export function shownName(name: string): string {
  return driving.test(name) ? quoted(name) : name;
}
