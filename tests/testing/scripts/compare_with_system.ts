/** Compares the simulated file system with the real one as whoever runs this: DIRECTORY SEEDS LENGTH. */
import process from "node:process";
import { compareWithSystem } from "../compare_with_system.ts";

const [directory = "", seeds, length] = process.argv.slice(2);
console.log(compareWithSystem(directory, Number(seeds), Number(length)));
