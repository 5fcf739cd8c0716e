/**
 * What one write asks the kernel about the files it concerns, on Linux, by strace; system_calls_test.ts holds every
 * runtime to it. `a` is the target, `TEMP` its temporary file, `BACKUP` an earlier version, `.` their directory.
 *
 * The synchronous and the asynchronous function make the same calls, and Deno, Node and Bun the same ones but for
 * `onDeno`. (Deno's
 * asynchronous calls work on a duplicate of the descriptor: those pairs of fcntl and close are left out.)
 */
import type { RuntimeName } from "../support/spawn.ts";

const common = {
  "create": `
    open directory .
    fstat .
    lstat a ENOENT
    create TEMP 0666
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    fsync TEMP
    close TEMP
    stat .
    lstat a ENOENT
    rename TEMP a
    fsync .
    close .`,

  "overwrite": `
    open directory .
    fstat .
    lstat a
    create TEMP 0644
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    fsync TEMP
    close TEMP
    stat .
    lstat a
    rename TEMP a
    fsync .
    close .`,

  "create only": `
    open directory .
    fstat .
    lstat a ENOENT
    create TEMP 0666
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    fsync TEMP
    close TEMP
    stat .
    link TEMP a
    fsync .
    unlink TEMP
    close .`,

  "overwrite a secret": `
    open directory .
    fstat .
    lstat a
    create TEMP 0600
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    fsync TEMP
    close TEMP
    stat .
    lstat a
    rename TEMP a
    fsync .
    close .`,

  "overwrite with a mode that the umask would narrow": `
    open directory .
    fstat .
    lstat a
    create TEMP 0666
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    fchmod TEMP 0666
    fsync TEMP
    close TEMP
    stat .
    lstat a
    rename TEMP a
    fsync .
    close .`,

  "overwrite a file of another user": `
    open directory .
    fstat .
    lstat a
    create TEMP 0600
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    fchown TEMP 65534:65534
    fstat TEMP
    fchmod TEMP 0644
    fsync TEMP
    close TEMP
    stat .
    lstat a
    rename TEMP a
    fsync .
    close .`,

  "overwrite, only atomic": `
    stat .
    lstat a
    create TEMP 0644
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    close TEMP
    stat .
    lstat a
    rename TEMP a`,

  "overwrite with a backup": `
    open directory .
    fstat .
    lstat a
    create TEMP 0644
    flock TEMP LOCK_EX|LOCK_NB
    write TEMP 11
    fstat TEMP
    fsync TEMP
    lstat a
    open directory .
    fstat .
    getdents64 .
    close .
    link a BACKUP
    open BACKUP
    fstat BACKUP
    fsync BACKUP
    close BACKUP
    fsync .
    close TEMP
    stat .
    lstat a
    rename TEMP a
    fsync .
    lstat a
    open directory .
    fstat .
    getdents64 .
    close .
    lstat BACKUP
    close .`,

  "nothing to change": `
    open directory .
    fstat .
    lstat a
    open a
    fstat a
    read a 11
    read a 0
    close a
    open a
    fstat a
    fsync a
    close a
    fsync .
    close .`,
};

/** FsFile tells no descriptor: a second one is opened for fchown and fchmod, and proven to be the same file. */
const onDeno: Partial<typeof common> = {
  "overwrite with a mode that the umask would narrow": common["overwrite with a mode that the umask would narrow"]
    .replace("    fchmod TEMP", "    open TEMP\n    fstat TEMP\n    fstat TEMP\n    fchmod TEMP")
    .replace("    close TEMP", "    close TEMP\n    close TEMP"),
  "overwrite a file of another user": common["overwrite a file of another user"]
    .replace("    fchown TEMP", "    open TEMP\n    fstat TEMP\n    fstat TEMP\n    fchown TEMP")
    .replace("    close TEMP", "    close TEMP\n    close TEMP"),
  // Deno.remove takes empty directories, too, so the adapter looks first; and then Deno itself does.
  "create only": common["create only"].replace("    unlink TEMP", "    lstat TEMP\n    lstat TEMP\n    unlink TEMP"),
  // Deno opens without O_NOFOLLOW and O_NONBLOCK, so it looks first.
  "overwrite with a backup": common["overwrite with a backup"].replace(
    "    open BACKUP",
    "    lstat BACKUP\n    open BACKUP",
  ),
  "nothing to change": common["nothing to change"].replaceAll("    open a", "    lstat a\n    open a"),
};

/** Bun reads a directory without asking for its status. */
const onBun: Partial<typeof common> = {
  "overwrite with a backup": common["overwrite with a backup"]
    .replaceAll("    fstat .\n    getdents64 .", "    getdents64 ."),
};

/** The calls of one case on one runtime. */
export function golden(name: keyof typeof common, runtime: RuntimeName): string[] {
  const own = runtime === "deno" ? onDeno : runtime === "bun" ? onBun : {};
  return (own[name] ?? common[name]).trim().split(/\n\s*/);
}

/** The cases. */
export const cases = Object.keys(common) as (keyof typeof common)[];
