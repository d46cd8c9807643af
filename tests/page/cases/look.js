// What every state looks like, and whether everyone can use it: axe in both themes, screenshots in
// three widths.

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { look } from "../lib/looks.js";
import { ALL_HERE, HALFWAY, LOADED, READY, pretend } from "../lib/pretend.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, test } from "../lib/test.js";

for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 768, 1440]) {
    test(`look/every state, ${colorScheme}, ${width} px`, { limit: 180 }, async ({ defer }) => {
      const site = await Site.start(process.env.PAGE_TINY);
      defer(() => site.end());
      const visitor = await Visitor.arrive(site, { colorScheme, viewport: { width, height: 900 }, reducedMotion: width === 320 ? "reduce" : "no-preference" });
      defer(() => visitor.leave());
      const at = (state) => `${state}-${colorScheme}-${width}`;
      const screen = await Screen.open(visitor);
      await screen.ready();
      await look(screen, at("1-first"));
      await screen.load();
      await look(screen, at("3-ready"));
      await screen.drop("one.png", png(320, 240));
      await look(screen, at("4-picture"));
      await screen.ask("Where is the teapot?");
      await look(screen, at("5-answering"));
      await screen.answered();
      await look(screen, at("6-boxes"));
      await screen.dropRefused("notes.txt", Buffer.from("no picture"));
      await look(screen, at("7-refused"));
      await visitor.wellBehaved();
    });
  }
}

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

for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 768, 1440]) {
    test(`look/what passes quickly, ${colorScheme}, ${width} px`, { limit: 120 }, async ({ defer }) => {
      const site = await Site.start(process.env.PAGE_TINY);
      defer(() => site.end());
      const visitor = await Visitor.arrive(site, { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" });
      defer(() => visitor.leave());
      for (const [state, events] of Object.entries(PASSING)) {
        site.spoil = (wanted) => wanted.endsWith("/engine.js") && pretend([READY], events);
        const screen = await Screen.open(visitor);
        await screen.pressLoad();
        await screen.passed(state);
        await look(screen, `${state}-${colorScheme}-${width}`);
        await screen.page.close();
      }
      site.spoil = () => undefined;
      const bench = await Screen.open(visitor, `bench.html${PROCESSOR}`);
      await bench.load();
      await bench.measure();
      await look(bench, `10-bench-${colorScheme}-${width}`);
      await visitor.wellBehaved();
    });
  }
}
