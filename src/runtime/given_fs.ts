/**
 * `fs` as somebody else has required it, instead of the runtime's own: nothing here.
 *
 * The CommonJS file of compat has another module in this place (scripts/npm/parts.js), which requires `fs` as
 * write-file-atomic does. So a test that puts a file system in memory there (`jest.mock("fs", …)` with memfs) meets what is
 * written through compat as well, and the real disk is not touched.
 */
export const givenFs: typeof import("node:fs") | undefined = undefined;
