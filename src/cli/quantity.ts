/** Amounts, rates and spans of time as people read them. */

const scales = ["", "k", "M", "G", "T", "P"] as const;

/** `1.2 GB`: three digits, in powers of ten, as disks are sold. */
export function bytesText(bytes: number): string {
  let scale = 0;
  let amount = bytes;
  // 999.5 would be shown as 1000.
  for (; amount >= 999.5 && scale < scales.length - 1; scale++) amount /= 1000;
  const digits = scale === 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
  return `${amount.toFixed(digits)} ${scales[scale] ?? ""}B`;
}

/** `18 s`, `2 min 5 s`, `1 h 4 min`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `0.42 ms`, `17 µs`: three digits of a short time. */
export function shortTimeText(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toPrecision(3)} s`;
  if (milliseconds >= 1) return `${Number(milliseconds.toPrecision(3))} ms`;
  return `${Number((milliseconds * 1000).toPrecision(3))} µs`;
}

/** `1 file`, `3 files`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
