// What a page's engine takes: its own memory, and the peak of the process that it runs in.

import { readFile, readdir } from "node:fs/promises";
import { assert } from "./test.js";

/**
 * Most that loading the shipped pair may take: wasm's memory, and the parts that wait outside of
 * it.
 */
export const MOST_MB = 350;

/** Whether a process is this one's, or one of its own's. Others may run cases beside. */
const isOurs = async (pid) => {
  for (let at = pid; at > 1; ) {
    if (at === process.pid) return true;
    const status = await readFile(`/proc/${at}/status`, "utf8").catch(() => "");
    at = Number(status.match(/PPid:\s+(\d+)/)?.[1] ?? 0);
  }
  return false;
};

/** Peak resident bytes of every renderer of our browsers, by process. Linux only. */
const peaks = async () => {
  const found = new Map();
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes("--type=renderer") || !(await isOurs(Number(pid)))) continue;
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    found.set(pid, 1024 * Number(status.match(/VmHWM:\s+(\d+) kB/)?.[1] ?? 0));
  }
  return found;
};

/**
 * Begins to watch; what it gives asserts that wasm took less than [`MOST_MB`], and says what was
 * taken.
 */
export const watchMemory = async () => {
  const before = await peaks();
  return async (heapMb) => {
    const after = await peaks();
    const grown = Math.max(...[...after].map(([pid, peak]) => peak - (before.get(pid) ?? 0)));
    const found = `${Math.round(heapMb)} MB of wasm, the process grew by ${Math.round(grown / 1e6)} MB at its peak`;
    assert(heapMb > 0 && heapMb < MOST_MB, () => found);
    return found;
  };
};
