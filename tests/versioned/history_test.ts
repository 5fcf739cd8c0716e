/** The property of every history is worth something only if it is not there in one that is broken. */
import { assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { checkMarks } from "./count_versions.ts";
import { type Change, checkHistory } from "./support.ts";

const change = (version: number, before: string, after: string): Change => ({ version, before, after, leftBehind: [] });
const good = [change(3, "12", "12a"), change(1, "", "1"), change(2, "1", "12")];

describe("the history of a versioned file", () => {
  const broken: readonly [what: string, changes: readonly Change[], final: { version: number; content: string }][] = [
    ["a version acknowledged twice", [...good, change(3, "12", "12b")], { version: 3, content: "12a" }],
    ["a change that is lost", good, { version: 3, content: "12b" }],
    ["a change that is lost to the next one", [...good, change(4, "12b", "12bc")], { version: 4, content: "12bc" }],
    ["a change that was made from an older version", [...good, change(4, "12", "12c")], { version: 4, content: "12c" }],
    ["a number that was left out", [...good, change(5, "12a", "12ac")], { version: 5, content: "12ac" }],
    ["a version that adds nothing", good, { version: 4, content: "12a" }],
    ["the newest version gone", good, { version: 2, content: "12" }],
  ];

  it("passes where it is one", () => {
    checkHistory(good, { version: 3, content: "12a" });
    checkHistory(good, { version: 4, content: "12ab" });
  });
  for (const [what, changes, final] of broken) {
    it(`does not pass with ${what}`, () => void assertThrows(() => checkHistory(changes, final)));
  }
});

describe("the marks that a storm leaves", () => {
  const marks = ["a.1", "b.1", "a.2"];
  const told = ["1 a.1", "3 a.2"];
  const broken: readonly [what: string, marks: readonly string[], version: number, told: readonly string[]][] = [
    ["one mark less than versions", marks, 4, told],
    ["a mark that is there twice", ["a.1", "b.1", "a.1"], 3, ["1 a.1"]],
    ["a mark that is lost", ["b.1", "b.2", "a.2"], 3, told],
    ["a mark in another version than it was acknowledged in", ["b.1", "a.1", "a.2"], 3, told],
    ["a mark acknowledged twice", marks, 3, [...told, "1 a.1"]],
    ["two marks of one process that nobody was notified of", ["a.1", "b.1", "b.2"], 3, ["1 a.1"]],
  ];

  it("pass where nothing is lost, and one of a process that was killed", () => checkMarks(marks, 3, told));
  for (const [what, ...given] of broken) {
    it(`do not pass with ${what}`, () => void assertThrows(() => checkMarks(...given)));
  }
});
