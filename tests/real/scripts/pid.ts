/** Prints the pid of this process, as its own namespace counts. */
import process from "node:process";

console.log(process.pid);
