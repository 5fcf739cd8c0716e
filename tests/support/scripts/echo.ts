/** Prints as JSON what it was given; ends with the status in ECHO_STATUS. For the tests of `spawnScript`. */
import process from "node:process";

let input = "";
process.stdin.setEncoding("utf8");
for await (const chunk of process.stdin) input += chunk;
console.log(JSON.stringify({
  runtime: "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node",
  args: process.argv.slice(2),
  input,
  user: process.getuid?.(),
  directory: process.cwd(),
}));
process.exitCode = Number(process.env["ECHO_STATUS"] ?? 0);
