/**
 * Writes versions 1, 2, 3 … to a path: write_versions.ts PATH WRITER COUNT WAY [OPTIONS_AS_JSON]. Prints "begun N"
 * before and "done N" after each write, and at the end as JSON what was unexpected. COUNT 0: until it is killed.
 */
import * as fs from "node:fs";
import process from "node:process";
import { makeVersion } from "../../support/versions.ts";
import { ways } from "../ways.ts";

const [path = "", writer = "", count = "0", way = "", options = "{}"] = process.argv.slice(2);
const write = ways[way];
if (write === undefined) throw new Error(`There is no way ${way}`);

/** A line that is with the reader before anything else happens, even if this process is killed next. */
const tell = (text: string) => fs.writeSync(1, `${text}\n`);

for (let version = 1; version <= (Number(count) || Infinity); version++) {
  tell(`begun ${version}`);
  const result = await write(path, makeVersion({ writer, version }), JSON.parse(options));
  if (!result.changed || result.superseded) throw new Error(`unexpected: ${JSON.stringify(result)}`);
  tell(`done ${version}`);
}
