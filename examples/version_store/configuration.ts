/** The configuration: read by whoever wants, changed inside its lock, so that two changes at once are both in it. */
import { readJsonFile, updateJsonFile } from "../../mod.ts";
import { type Configuration, pathsOf, type Repository } from "./repository.ts";

/** The configuration as it is now. */
export async function readConfiguration({ directory, options: { runtime } }: Repository): Promise<Configuration> {
  const path = pathsOf(directory).configuration;
  const found = await readJsonFile<Configuration>(path, runtime === undefined ? {} : { runtime });
  if (found === undefined) throw new Error(`There is no repository in ${directory}`);
  return found;
}

/** Changes some of it and leaves the rest, whatever it is: a later version may know more. */
export async function configure(
  { directory, options }: Repository,
  settings: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  await updateJsonFile<Configuration>(
    pathsOf(directory).configuration,
    (now = { version: 1, author: "nobody" }) => ({ ...now, ...settings }),
    options,
  );
}
