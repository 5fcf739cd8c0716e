/**
 * Writes once and prints as JSON how that ended: act.ts WAY PATH SIZE [OPTIONS_AS_JSON]. Run by tests with limits, as
 * other users and in other namespaces.
 */
import process from "node:process";
import { outcomeOf } from "../outcome.ts";
import { content, ways } from "../ways.ts";

const [way = "", path = "", size = "0", options = "{}"] = process.argv.slice(2);
const write = ways[way];
if (write === undefined) throw new Error(`There is no way ${way}`);
console.log(JSON.stringify(await outcomeOf(() => write(path, content(Number(size), 7), JSON.parse(options)))));
