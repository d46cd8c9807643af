// A runner of a few lines: the cases of a group one after the other, each with a time limit,
// printed as `cargo test` prints them.

const cases = [];

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

const groupOf = ({ name }) => name.split("/")[0];

const matching = (filter) => cases.filter(({ name }) => name.includes(filter));

/** Groups of cases, one of whose names contains `filter`. */
export const groups = (filter) => [...new Set(matching(filter).map(groupOf))];

/** Runs the cases of a group whose name contains `filter`; gives their counts and their time. */
export const runGroup = async (group, filter) => {
  const counts = { passed: 0, failed: 0, ignored: 0 };
  const begun = Date.now();
  const chosen = matching(filter).filter((one) => groupOf(one) === group);
  for (const one of chosen) counts[await runCase(one)] += 1;
  return { ...counts, cases: chosen.length, ms: Date.now() - begun };
};

/** Runs and prints a case. Every line is written at once: other processes may write between two. */
const runCase = async (one) => {
  if (one.skip) {
    console.log(`test page::${one.name} (${one.skip}) ... ignored`);
    return "ignored";
  }
  const begun = Date.now();
  const took = () => `${seconds1(Date.now() - begun)} s`;
  try {
    const detail = await oneCase(one);
    console.log(`test page::${one.name} ... ok (${[detail, took()].filter(Boolean).join("; ")})`);
    return "passed";
  } catch (error) {
    if (error instanceof Skip) {
      console.log(`test page::${one.name} (${error.message}) ... ignored`);
      return "ignored";
    }
    const where = String(error?.stack ?? error).split("\n").slice(0, 12).join("\n    ");
    console.log(`    ${where}\ntest page::${one.name} ... FAILED (${String(error?.message ?? error).split("\n")[0]}; after ${took()})`);
    return "failed";
  }
};

/** Prints the seconds per group, and the counts; whether none failed. */
export const tell = (found, ms) => {
  const sum = (name) => found.reduce((sum, group) => sum + group[name], 0);
  for (const { group, cases, ms } of [...found].sort((a, b) => b.ms - a.ms)) {
    console.log(`    ${seconds1(ms).padStart(7)} s  ${group} (${cases})`);
  }
  const word = sum("failed") ? "FAILED" : "ok";
  console.log(`test result: ${word}. ${sum("passed")} passed; ${sum("failed")} failed; ${sum("ignored")} ignored; finished in ${(ms / 1000).toFixed(0)} s`);
  return sum("failed") === 0;
};
