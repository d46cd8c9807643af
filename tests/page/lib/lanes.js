// Cases side by side: groups of cases wait in one queue, and as many processes as there are cores
// to spare take the next one. Every process has browsers and servers of its own.

import { fork } from "node:child_process";
import { availableParallelism } from "node:os";

/** More than two browsers at a time need more memory than a small machine has. */
const MOST = 2;

/** Groups that take minutes, the longest first: what begins last should not take long. */
const LONG = ["visit", "hostile", "start", "faults", "evaluate", "look", "bench", "use", "everyday", "share", "cache"];

/** Number of processes: `LANES`, or one per core. */
export const lanes = () => Number(process.env.LANES ?? Math.min(availableParallelism(), MOST));

const rank = (group) => (LONG.includes(group) ? LONG.indexOf(group) : LONG.length);

/**
 * Runs these groups in `count` processes of `script`; gives what each group gave. A process that
 * ends by itself is a failure of the group that it ran.
 */
export const runLanes = async (script, groups, filter, count) => {
  const queue = [...groups].sort((a, b) => rank(a) - rank(b));
  const found = [];
  const lane = () =>
    new Promise((done) => {
      const child = fork(script, ["--lane", filter]);
      let running;
      const next = () => {
        running = queue.shift();
        if (running) child.send(running);
        else child.disconnect();
      };
      child.on("message", (result) => {
        if (result !== "ready") found.push({ group: running, ...result });
        running = undefined;
        next();
      });
      child.on("exit", (code, signal) => {
        if (running) {
          console.log(`test page::${running}/its process ended by itself ... FAILED (${signal ?? code})`);
          found.push({ group: running, passed: 0, failed: 1, ignored: 0, cases: 0, ms: 0 });
          // What waits is not lost with it.
          if (queue.length) return lane().then(done);
        }
        done();
      });
    });
  await Promise.all(Array.from({ length: Math.min(count, queue.length) }, lane));
  return found;
};

/** In such a process: runs the groups that it is told, until there are no more. */
export const serveLane = (runGroup) =>
  new Promise((done) => {
    process.on("message", async (group) => process.send(await runGroup(group)));
    process.on("disconnect", done);
    process.send("ready");
  });
