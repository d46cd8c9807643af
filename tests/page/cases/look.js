// What every state looks like, and whether everyone can use it: axe and screenshots in both themes
// and three widths.

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { look, lookEverywhere } from "../lib/looks.js";
import { ALL_HERE, HALFWAY, LOADED, READY, polite, pretend } from "../lib/pretend.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, test, until } from "../lib/test.js";

test("look/every state, in both themes and three widths", { limit: 300 }, async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  const screen = await Screen.open(visitor);
  await screen.ready();
  await lookEverywhere(screen, "1-first");
  await screen.load();
  await lookEverywhere(screen, "3-ready");
  await screen.drop("one.png", png(320, 240));
  await lookEverywhere(screen, "4-picture");
  await screen.ask("Where is the teapot?");
  await screen.answered();
  await lookEverywhere(screen, "6-boxes");
  await screen.dropRefused("notes.txt", Buffer.from("no picture"));
  await lookEverywhere(screen, "7-refused");
  await visitor.wellBehaved();
});

// What the front page of the repository shows: the shipped pair's own answers, on the processor.
for (const [name, picture, asked, from, options] of [
  ["desktop", "elephant", [1], "header", { colorScheme: "light", viewport: { width: 1200, height: 900 } }],
  ["phone", "stop sign", [1, 0], ".stage", { colorScheme: "dark", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }],
]) {
  test(`look/the shipped pair's answers, ${name}`, { limit: 180 }, async ({ defer }) => {
    const site = await Site.start(process.env.PAGE);
    defer(() => site.end());
    const visitor = await Visitor.arrive(site, options);
    defer(() => visitor.leave());
    const screen = await Screen.open(visitor);
    await screen.load();
    await screen.choose(picture);
    const questions = await screen.suggestions();
    for (const index of asked) {
      await screen.ask(questions[index]);
      const answers = await screen.answered(90);
      assert(answers.length === 2 && answers.every(({ state, text }) => state === "done" && text), () => JSON.stringify(answers));
    }
    await look(screen, `shipped-${name}`);
    await screen.shotOf(`front-${name}`, from, ".stage");
    await visitor.wellBehaved();
  });
}

/**
 * What an engine says when the button is pressed, in states that pass too quickly here to be looked
 * at.
 */
const PASSING = {
  "2-loading": HALFWAY,
  "2-compiling": [...ALL_HERE, { kind: "compiling", model: "language" }, { kind: "compiling", model: READY.models[0].id }],
  "8-not-loaded": [...HALFWAY, { kind: "load_failed", sentence: "A part of the models did not come (status 503). Check the connection and try again." }],
  "9-broken": [...ALL_HERE, LOADED, { kind: "broken", sentence: "The GPU was lost. Start the engine again.", remedy: "restart" }],
};

test("look/what passes quickly, in both themes and three widths", { limit: 300 }, async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  for (const [state, events] of Object.entries(PASSING)) {
    site.spoil = (wanted) => wanted.endsWith("/engine.js") && pretend([READY], events);
    const screen = await Screen.open(visitor);
    await screen.pressLoad();
    await screen.passed(state);
    await lookEverywhere(screen, state);
    await screen.page.close();
  }
  // One looks at the picture, the other one waits.
  site.spoil = (wanted) =>
    wanted.endsWith("/engine.js") && polite(`(command, post) => command.kind === "ask" && post({ kind: "looking", turn: command.turn, model: ${JSON.stringify(READY.models[0].id)} })`);
  const asking = await Screen.open(visitor);
  await asking.load();
  await asking.drop("one.png", png());
  await asking.ask("Where is the teapot?");
  await until(() => asking.shown("stop"), "the answers to begin");
  await lookEverywhere(asking, "5-answering");
  await asking.page.close();
  site.spoil = () => undefined;
  const bench = await Screen.open(visitor, `bench.html${PROCESSOR}`);
  await bench.load();
  await bench.measure();
  await lookEverywhere(bench, "10-bench");
  await visitor.wellBehaved();
});
