/** Paths as text, in the posix and in the windows way of writing them; no disk is looked at. */
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  absolutePath,
  baseName,
  directoryName,
  endsAsDirectory,
  isAbsolute,
  joinPath,
  type PathStyle,
  rootOf,
  withoutTrailingSeparators,
} from "../../src/core/path.ts";
import { notEmpty } from "../support/tally.ts";

type Row = [path: string, root: string, directory: string, base: string];

const posix: Row[] = [
  ["/", "/", "/", ""],
  ["/a", "/", "/", "a"],
  ["/a/b", "/", "/a", "b"],
  ["/a/b/", "/", "/a", "b"],
  ["/a//b", "/", "/a", "b"],
  ["//a", "/", "/", "a"],
  ["/a/..", "/", "/a", ".."],
  ["/a\\b/c:d", "/", "/a\\b", "c:d"],
  ["/-rf", "/", "/", "-rf"],
  ["/ä/日本", "/", "/ä", "日本"],
  ["/a b/c\nd", "/", "/a b", "c\nd"],
];

const windows: Row[] = [
  ["C:\\", "C:\\", "C:\\", ""],
  ["C:\\a", "C:\\", "C:\\", "a"],
  ["C:\\a\\b", "C:\\", "C:\\a", "b"],
  ["C:/a/b", "C:/", "C:/a", "b"],
  ["C:\\a\\b\\", "C:\\", "C:\\a", "b"],
  ["\\\\server\\share\\a", "\\\\server\\share\\", "\\\\server\\share\\", "a"],
  ["\\\\server\\share\\a\\b", "\\\\server\\share\\", "\\\\server\\share\\a", "b"],
];

for (const [style, rows] of [["posix", posix], ["windows", windows]] as const) {
  for (const [path, root, directory, base] of notEmpty(rows)) {
    test(`rootOf, directoryName and baseName take ${JSON.stringify(path)} apart (${style})`, () => {
      assertEquals(
        { root: rootOf(path, style), directory: directoryName(path, style), base: baseName(path, style) },
        { root, directory, base },
      );
    });
  }
}

for (
  const [path, style, expected] of [
    ["/a", "posix", true],
    ["a", "posix", false],
    ["C:\\a", "posix", false],
    ["\\a", "posix", false],
    ["C:\\a", "windows", true],
    ["C:a", "windows", false],
    ["\\a", "windows", false],
    ["\\\\server\\share", "windows", true],
    ["\\\\server", "windows", false],
  ] as [string, PathStyle, boolean][]
) {
  test(`isAbsolute says ${expected} of ${JSON.stringify(path)} (${style})`, () => {
    assertEquals(isAbsolute(path, style), expected);
  });
}

for (
  const [path, style, expected] of [
    ["a", "posix", false],
    ["a/", "posix", true],
    ["a//", "posix", true],
    ["a/.", "posix", true],
    ["a/..", "posix", true],
    [".", "posix", true],
    ["..", "posix", true],
    ["/", "posix", true],
    ["a/...", "posix", false],
    ["a/.b", "posix", false],
    ["a/b..", "posix", false],
    ["a\\", "posix", false],
    ["a\\", "windows", true],
    ["a/", "windows", true],
  ] as [string, PathStyle, boolean][]
) {
  test(`endsAsDirectory says ${expected} of ${JSON.stringify(path)} (${style})`, () => {
    assertEquals(endsAsDirectory(path, style), expected);
  });
}

for (
  const [path, style, expected] of [
    ["/a/b//", "posix", "/a/b"],
    ["//", "posix", "/"],
    ["/a\\", "posix", "/a\\"],
    ["C:\\a\\", "windows", "C:\\a"],
    ["C:\\a/\\", "windows", "C:\\a"],
    ["C:\\", "windows", "C:\\"],
  ] as [string, PathStyle, string][]
) {
  test(`withoutTrailingSeparators makes ${JSON.stringify(path)} ${JSON.stringify(expected)} (${style})`, () => {
    assertEquals(withoutTrailingSeparators(path, style), expected);
  });
}

for (
  const [directory, name, style, expected] of [
    ["/a", "b", "posix", "/a/b"],
    ["/", "b", "posix", "/b"],
    ["/a/", "b", "posix", "/a/b"],
    ["C:\\", "b", "windows", "C:\\b"],
    ["C:\\a", "b", "windows", "C:\\a\\b"],
    ["C:/a/", "b", "windows", "C:/a/b"],
  ] as [string, string, PathStyle, string][]
) {
  test(`joinPath puts ${JSON.stringify(name)} into ${JSON.stringify(directory)} (${style})`, () => {
    assertEquals(joinPath(directory, name, style), expected);
  });
}

for (
  const [path, from, physical, expected] of [
    ["a", "/home/u", true, "/home/u/a"],
    ["./a", "/home/u", true, "/home/u/a"],
    ["a//b/./c", "/home/u", true, "/home/u/a/b/c"],
    ["../a", "/home/u", true, "/home/a"],
    ["../../../../a", "/home/u", true, "/a"],
    ["../a", "/home/u", false, "/home/u/../a"],
    ["a/../b", "/home/u", true, "/home/u/a/../b"],
    ["../a/../b", "/home/u", true, "/home/a/../b"],
    ["/x/../y", "/home/u", true, "/x/../y"],
    ["/x//y/", "/home/u", true, "/x/y"],
    ["-rf", "/", true, "/-rf"],
    [".", "/home/u", true, "/home/u"],
    ["a\\b", "/home/u", true, "/home/u/a\\b"],
  ] as [string, string, boolean, string][]
) {
  const how = physical ? "" : ", where .. may go through a symlink";
  test(`absolutePath sees ${JSON.stringify(path)} from ${from} as ${expected}${how}`, () => {
    assertEquals(absolutePath(path, from, "posix", physical), expected);
  });
}

for (
  const [path, expected] of [
    ["a", "C:\\home\\u\\a"],
    ["..\\a", "C:\\home\\a"],
    ["../a", "C:\\home\\a"],
    ["\\a", "C:\\a"],
    ["/a/b", "C:\\a\\b"],
    ["D:\\a\\\\b", "D:\\a\\b"],
    ["\\\\server\\share\\a", "\\\\server\\share\\a"],
  ] as const
) {
  test(`absolutePath sees ${JSON.stringify(path)} from C:\\home\\u as ${expected}`, () => {
    assertEquals(absolutePath(path, "C:\\home\\u", "windows", true), expected);
  });
}

test("absolutePath refuses a path relative to a drive's own working directory", () => {
  assertThrows(() => absolutePath("C:a", "C:\\", "windows", true), TypeError, "drive");
});
