/** Sweeps a directory and prints the result as JSON: sweep_once.ts DIRECTORY [OPTIONS_AS_JSON] */
import process from "node:process";
import { sweep } from "../../../mod.ts";

const [directory = "", options = "{}"] = process.argv.slice(2);
console.log(JSON.stringify(await sweep(directory, JSON.parse(options))));
