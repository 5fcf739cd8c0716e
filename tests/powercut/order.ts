/** What a process of a workload is told to do. */
export interface WorkOrder {
  /** Where it writes: below the file system that is cut. */
  root: string;
  /** The file it reports to: not below it. */
  record: string;
  /** Its name, of letters; no two processes of a cut have the same. */
  process: string;
  /** Rows of the table of workloads, run side by side. */
  workloads: readonly string[];
  /** What the rows for comparisons save with, and how often those of them that end do so. */
  method: string;
  saves: number;
  /** The folder that the packages of others are in, "" where none is used. */
  peers: string;
  /** Whether functions of the C library may be called, where this runtime can. */
  foreignCalls: boolean;
}
