// Eight states as pictures, compared with those that are kept in `snapshots`. An engine that only
// says what it is told to gives answers and times; the real one has tiny models.

import { readFile } from "node:fs/promises";

import { Visitor } from "../lib/browser.js";
import { Evaluation } from "../lib/evaluation.js";
import { png } from "../lib/pictures.js";
import { HALFWAY, READY, polite, pretend } from "../lib/pretend.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { DRAWN, cannot, compare } from "../lib/snapshots.js";
import { test, until } from "../lib/test.js";

// Half the pixels of a wide window show as well what has moved.
const WIDE = { viewport: { width: 1440, height: 1000 }, deviceScaleFactor: 0.5 };
const NARROW = { viewport: { width: 320, height: 900 }, deviceScaleFactor: 1 };

const [VMAMBA, VIT] = READY.models.map(({ id }) => id);

/** An engine that answers this, in fixed times. */
const answering = (answers) =>
  polite(`(command, post) => {
    if (command.kind !== "ask") return;
    const { turn } = command;
    for (const [model, answer] of Object.entries(${JSON.stringify(answers)})) {
      const timings = { encode_ms: 12, prefix_ms: 30, prefill_ms: 20, first_token_ms: 90, decode_ms: 60, tokens: 4, visual_tokens: 196, dense_ms: 2 };
      post({ kind: "answered", turn, answer: { model, boxes: [], box_error: null, cut: false, stopped: false, timings, ...answer } });
    }
    post({ kind: "done", turn });
  }`);

const NAMES = { [VMAMBA]: { text: "elephant" }, [VIT]: { text: "bison" } };
const box = (px) => ({ text: "[0.10, 0.10, 0.60, 0.60]", boxes: [{ source: "llm", label: "square", px, score: null }] });
// The picture of the pretended engine has 8 x 6 px.
const BOXES = { [VMAMBA]: box([0.5, 0.5, 5, 4]), [VIT]: box([1, 1, 6, 5]) };

const asked = async (screen, question) => {
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask(question);
  await screen.answered();
};

const top = (screen, selector) => screen.page.evaluate((selector) => document.querySelector(selector).scrollIntoView({ block: "start", behavior: "instant" }), selector);

const linked = async () => (await readFile(new URL("../../../crates/link/tests/v1.txt", import.meta.url), "utf8")).trim().split("\n").at(-1);

/** Name, window, theme, engine, address, and what a visitor does until the state is there. */
const STATES = [
  ["first-visit", WIDE, "light", polite("() => {}"), "", (screen) => screen.ready()],
  [
    "loading",
    NARROW,
    "dark",
    pretend([READY], HALFWAY),
    "",
    async (screen) => {
      await screen.pressLoad();
      await screen.passed("2-loading");
    },
  ],
  ["ready", WIDE, "dark", polite("() => {}"), "", (screen) => screen.load()],
  [
    "answered-names",
    NARROW,
    "light",
    answering(NAMES),
    "",
    async (screen) => {
      await asked(screen, "What animal is this?");
      await top(screen, "#talk");
    },
  ],
  ["answered-where", WIDE, "light", answering(BOXES), "", (screen) => asked(screen, "Where is the square?")],
  [
    "linked",
    WIDE,
    "dark",
    polite("() => {}"),
    "#link",
    async (screen) => {
      await screen.ready();
      await until(async () => (await screen.shown("linked")) && (await screen.page.locator("#linked-answers li").count()) > 0, "the recorded result");
    },
  ],
  [
    "evaluated",
    WIDE,
    "light",
    undefined,
    `evaluate.html${PROCESSOR}`,
    async (screen) => {
      await screen.ready();
      const evaluation = new Evaluation(screen);
      await evaluation.ask({ limit: "8" });
      await evaluation.start();
      await evaluation.ended();
      await top(screen, "#runs");
    },
  ],
  [
    "look-inside",
    NARROW,
    "dark",
    undefined,
    PROCESSOR,
    async (screen) => {
      await screen.load();
      await screen.drop("one.png", png(320, 240));
      await screen.id("look").locator("summary").click();
      await screen.id("look-kinds").locator("[data-map=attention]").click();
      await until(async () => (await screen.id("look-panes").locator("canvas").count()) === 1 && !(await screen.shown("look-stop")), "the map", 60);
      await top(screen, "#look");
    },
  ],
];

for (const [name, size, colorScheme, engine, suffix, reach] of STATES) {
  test(`snapshots/${name}, ${size.viewport.width} px, ${colorScheme}`, { limit: 120, skip: cannot }, async ({ defer }) => {
    const site = await Site.start(process.env.PAGE_TINY);
    defer(() => site.end());
    if (engine) site.spoil = (wanted) => wanted.endsWith("/engine.js") && engine;
    const visitor = await Visitor.arrive(site, { ...DRAWN, ...size, colorScheme, reducedMotion: "reduce" });
    defer(() => visitor.leave());
    const screen = await Screen.open(visitor, suffix === "#link" ? `${PROCESSOR}#${await linked()}` : suffix);
    await reach(screen);
    const found = await compare(screen.page, name);
    await visitor.wellBehaved();
    return found;
  });
}
