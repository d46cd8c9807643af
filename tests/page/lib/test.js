// A runner of a few lines: cases one after the other, each with a time limit, printed as `cargo
// test` prints them.

const cases = [];
/** Seconds per group of cases: what a suite of minutes is spent on. */
const spent = new Map();

/**
 * Registers a case.
 * @param {string} name `group/what happens`
 * @param {{limit?: number, skip?: string | false}} options limit in seconds; a reason why it cannot
 * run here
 * @param {(t: {defer: (end: () => unknown) => void}) => Promise<unknown>} run
 */
export const test = (name, options, run) => cases.push({ name, limit: 60, ...options, run });

/** Fails with a sentence. */
export const assert = (truth, sentence) => {
  if (!truth) throw new Error(typeof sentence === "function" ? sentence() : sentence);
};

/** Why a case cannot run here, where only the case itself can find out. */
class Skip extends Error {}

/** Ends a case as skipped. */
export const skip = (why) => {
  throw new Skip(why);
};

export const assertEqual = (found, expected, what) =>
  assert(JSON.stringify(found) === JSON.stringify(expected), () => `${what}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);

export const seconds = (n) => n * 1000;

const seconds1 = (ms) => (ms / 1000).toFixed(1);

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits until `look` gives something true, and gives it. */
export const until = async (look, what, limit = 30) => {
  const end = Date.now() + seconds(limit);
  for (;;) {
    const found = await look();
    if (found) return found;
    assert(Date.now() < end, `waited ${limit} s in vain: ${what}`);
    await sleep(50);
  }
};

const oneCase = async ({ run, limit }) => {
  const ends = [];
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not done after ${limit} s`)), seconds(limit));
  });
  try {
    return await Promise.race([run({ defer: (end) => ends.push(end) }), late]);
  } finally {
    clearTimeout(timer);
    for (const end of ends.reverse()) await Promise.resolve(end()).catch(() => {});
  }
};

/** Runs every case whose name contains `filter`; whether none failed. */
export const runAll = async (filter) => {
  const counts = { passed: 0, failed: 0, ignored: 0 };
  const started = Date.now();
  for (const one of cases.filter(({ name }) => name.includes(filter))) {
    const begun = Date.now();
    const took = () => `${seconds1(Date.now() - begun)} s`;
    const group = one.name.split("/")[0];
    if (one.skip) {
      counts.ignored += 1;
      console.log(`test page::${one.name} (${one.skip}) ... ignored`);
      continue;
    }
    try {
      const detail = await oneCase(one);
      counts.passed += 1;
      console.log(`test page::${one.name} ... ok (${[detail, took()].filter(Boolean).join("; ")})`);
    } catch (error) {
      if (error instanceof Skip) {
        counts.ignored += 1;
        console.log(`test page::${one.name} (${error.message}) ... ignored`);
        continue;
      }
      counts.failed += 1;
      console.log(`    ${String(error?.stack ?? error).split("\n").slice(0, 12).join("\n    ")}`);
      console.log(`test page::${one.name} ... FAILED (${String(error?.message ?? error).split("\n")[0]}; after ${took()})`);
    } finally {
      const before = spent.get(group) ?? { cases: 0, ms: 0 };
      spent.set(group, { cases: before.cases + 1, ms: before.ms + Date.now() - begun });
    }
  }
  for (const [group, { cases, ms }] of [...spent].sort(([, a], [, b]) => b.ms - a.ms)) {
    console.log(`    ${seconds1(ms).padStart(7)} s  ${group} (${cases})`);
  }
  const word = counts.failed ? "FAILED" : "ok";
  console.log(
    `test result: ${word}. ${counts.passed} passed; ${counts.failed} failed; ${counts.ignored} ignored; ` +
      `finished in ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
  return counts.failed === 0;
};
