/** Where file systems are mounted, from /proc/self/mountinfo: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */

/** Undoes mountinfo's escapes of blanks and backslashes. */
export const unescapeMountPoint = (text: string): string =>
  text.replace(
    /(?:\\[0-7]{3})+/g,
    (bytes) => new TextDecoder().decode(Uint8Array.from(bytes.split("\\").slice(1), (octal) => parseInt(octal, 8))),
  );

/** The real paths of all mount points. */
export function mountPointsIn(text: string): string[] {
  return text.split("\n").map((line) => line.split(" ")[4]).filter((point) => point !== undefined)
    .map(unescapeMountPoint);
}
