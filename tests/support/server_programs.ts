/** Servers that are asked about certificates: which tests need them, and what an nginx of the tests is configured with. */
import * as fs from "node:fs";
import process from "node:process";
import { makeCertificate } from "./certificates.ts";
import { execute, Unavailable } from "./programs.ts";
import { skip } from "./skip.ts";
import { withTemporaryDirectory } from "./temporary_directory.ts";

type Test = Parameters<typeof skip>[0];

/** Says which of these programs, or openssl, is not available here, each called with a harmless flag. */
export function missingProgram(programs: readonly [string, string][]): string | undefined {
  process.env["PATH"] += ":/usr/sbin:/sbin";
  for (const [program, flag] of [...programs, ["openssl", "version"]] as const) {
    try {
      execute(program, [flag]);
    } catch (error) {
      if (error instanceof Unavailable) return error.message;
      throw error;
    }
  }
  return undefined;
}

/** Runs with two certificates, where the programs and openssl are available. */
export async function withCertificates(
  t: Test,
  programs: readonly [string, string][],
  run: (directory: string, good: string, other: string) => Promise<void>,
): Promise<void> {
  const missing = missingProgram(programs);
  if (missing !== undefined) return skip(t, missing);
  await withTemporaryDirectory(async (created) => {
    const directory = fs.realpathSync(created);
    await run(directory, makeCertificate(directory, "good"), makeCertificate(directory, "other"));
  });
}

/** What every nginx of these tests has in common. */
export function nginxFrame(directory: string, servers: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = kinds.map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
  return `pid ${directory}/nginx.pid; error_log ${directory}/error.log; events {}
    http { access_log off; ${temporary} ${servers} }`;
}

/** A configuration of HAProxy with one certificate. */
export const haproxyConfiguration = (certificate: string): string =>
  `global\n  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s
frontend site\n  bind 127.0.0.1:4434 ssl crt ${certificate}\n`;
