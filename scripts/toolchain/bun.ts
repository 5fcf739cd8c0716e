/**
 * Gets Bun from npm. The package `bun` is a shell around one package for each platform, filled by an install script;
 * asking for the platform's own package needs no script and downloads one binary instead of all that might fit.
 */
import { exists } from "./folders.ts";
import { installTool } from "./npm.ts";
import { VERSIONS } from "./versions.ts";
import { execute } from "../process.ts";

const SYSTEMS: Record<string, string> = { linux: "linux", darwin: "darwin", windows: "windows" };
const ARCHITECTURES: Record<string, string> = { x86_64: "x64", aarch64: "aarch64" };

/** The platform's packages, best first: builds for older processors run everywhere but more slowly. */
function candidates(): string[] {
  const platform = `@oven/bun-${SYSTEMS[Deno.build.os]}-${ARCHITECTURES[Deno.build.arch]}`;
  const musl = Deno.build.os === "linux" && exists("/etc/alpine-release") ? "-musl" : "";
  const names = [`${platform}${musl}`];
  if (Deno.build.arch === "x86_64") names.push(`${platform}${musl}-baseline`);
  return names;
}

/** Installs Bun if need be; resolves with its command and version, throws when it cannot be had. */
export async function prepareBun(): Promise<{ command: string; version: string }> {
  const problems: string[] = [];
  for (const name of candidates()) {
    try {
      const folder = await installTool(name.replace("@oven/", ""), { [name]: VERSIONS.bun });
      const command = `${folder}/node_modules/${name}/bin/bun${Deno.build.os === "windows" ? ".exe" : ""}`;
      const { code, output } = await execute(command, ["--version"], { timeout: 30_000 });
      if (code === 0) return { command, version: output.trim() };
      problems.push(`${name} ended with status ${code}: ${output.trim()}`);
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`Bun cannot be had from npm.\n${problems.join("\n")}`);
}
