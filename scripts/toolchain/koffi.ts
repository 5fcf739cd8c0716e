/**
 * Puts koffi, by which Node calls functions of the C library, where the compiled tests find it. It comes with prebuilt
 * binaries; where npm's registry cannot be reached, Node does without it, as it does for most users.
 */
import { installTool } from "./npm.ts";
import { VERSIONS } from "./versions.ts";

/** Makes koffi importable from a folder; resolves with the reason where that cannot be, else "". */
export async function linkKoffi(out: string): Promise<string> {
  try {
    const tools = await installTool("koffi", { koffi: VERSIONS.koffi });
    Deno.mkdirSync(`${out}/node_modules`, { recursive: true });
    const temporary = `${out}/node_modules/koffi.${Deno.pid}.new`;
    Deno.symlinkSync(Deno.realPathSync(`${tools}/node_modules/koffi`), temporary, { type: "dir" });
    Deno.renameSync(temporary, `${out}/node_modules/koffi`);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
