/** Serves a file system that loses answers at DIRECTORY until it is unmounted: serve_forgetful.ts DIRECTORY. */
import process from "node:process";
import { serveFuse } from "../../powercut/serve_fuse.ts";
import { ForgetfulFileSystem } from "../../support/forgetful_fuse.ts";

const [directory = ""] = process.argv.slice(2);
const served = new ForgetfulFileSystem();
serveFuse("forgetful", directory, (message) => served.answer(message));
process.exit(0);
