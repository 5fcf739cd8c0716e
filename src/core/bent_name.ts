/**
 * Names that Windows takes for something else than a file by exactly that name: it drops their end, opens a device, or a
 * second stream of another file. https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
import { type PathStyle, rootOf } from "./path.ts";

/** Names of devices, with whatever extension; before it, spaces do not count. */
const device = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
/** The colon would name a stream. */
const forbidden = /[\p{Cc}<>:"|?*]/u;

/** Whether some system opens a device by this name. */
export const isDeviceName = (name: string): boolean => device.test(name);

/** Why no file on Windows has exactly this name; undefined where one can have it. */
function whyBentName(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return undefined;
  if (forbidden.test(name)) return 'a name has a control character or one of < > : " | ? *';
  if (/[. ]$/.test(name)) return "a name ends in a dot or a space, which would be dropped";
  return isDeviceName(name) ? "a name is that of a device" : undefined;
}

/** The same of every name in an absolute path; where paths are written in another style, every name is its own. */
export function whyBent(path: string, style: PathStyle): string | undefined {
  if (style !== "windows") return undefined;
  for (const name of path.slice(rootOf(path, style).length).split(/[\\/]+/)) {
    const why = whyBentName(name);
    if (why !== undefined) return why;
  }
  return undefined;
}
