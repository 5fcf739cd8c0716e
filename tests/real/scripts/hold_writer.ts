/**
 * Opens a writer, writes a version, and prints "holding". Commits when a line comes in on standard input, and prints the
 * outcome as JSON. hold_writer.ts PATH WRITER [OPTIONS_AS_JSON]
 */
import process from "node:process";
import { openFileWriter } from "../../../mod.ts";
import { makeVersion } from "../../support/versions.ts";
import { outcomeOf } from "../outcome.ts";

const [path = "", name = "", options = "{}"] = process.argv.slice(2);
const writer = await openFileWriter(path, JSON.parse(options));
await writer.write(makeVersion({ writer: name, version: 1 }));
console.log("holding");
for await (const _ of process.stdin) break;
console.log(JSON.stringify(await outcomeOf(() => writer.commit())));
process.exit(0);
