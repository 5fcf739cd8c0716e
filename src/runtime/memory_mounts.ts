/**
 * Which devices are file systems that live in memory alone (tmpfs, ramfs), as Linux's list of mounts tells. On them a
 * sync returns at once, so it need not be waited for; whether anything is durable there is another question, which
 * docs/guarantees.md answers with no.
 */
import { deviceNumbers } from "./device_number.ts";

const devices = new Map<string, boolean>();

/** Whether the text of /proc/self/mountinfo says that the device is memory: proc_pid_mountinfo(5). */
function isMemoryIn(text: string, device: string): boolean {
  const numbers = deviceNumbers(device);
  if (numbers === undefined) return false;
  const name = `${numbers.major}:${numbers.minor}`;
  return text.split("\n").some((line) => {
    // `36 35 0:25 /root /mnt options optional-fields - tmpfs source super-options`
    if (line.split(" ", 3)[2] !== name) return false;
    const type = line.slice(line.indexOf(" - ") + 3).split(" ", 1)[0];
    return type === "tmpfs" || type === "ramfs";
  });
}

/** Whether a device lives in memory; false where that cannot be read. Asked once a device. */
export function isMemoryDevice(device: string, read: (path: string) => string | undefined): boolean {
  let known = devices.get(device);
  if (known === undefined) {
    let text: string | undefined;
    try {
      text = read("/proc/self/mountinfo");
    } catch {
      // No such system, or not permitted.
    }
    known = text !== undefined && isMemoryIn(text, device);
    devices.set(device, known);
  }
  return known;
}
