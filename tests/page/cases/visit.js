// What a visitor does.

import { natively, questions } from "../lib/agree.js";
import { Visitor } from "../lib/browser.js";
import { watchMemory } from "../lib/memory.js";
import { hostile, png } from "../lib/pictures.js";
import { GPU, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }, { page = process.env.PAGE_TINY, ...options } = {}) => {
  const site = await Site.start(page);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

/** Two of the twenty fixed questions, about the first picture of the gallery. */
const FIXED = ["2", "1"];

test("visit/whole, with the shipped pair on WebGPU: the program's own answers", { limit: 1500 }, async (t) => {
  const asked = await questions(FIXED);
  const native = await natively(asked);
  const { site, visitor } = await arrive(t, { page: process.env.PAGE });
  const screen = await Screen.open(visitor, GPU);
  await screen.ready();
  assertEqual(site.parts, [], "parts fetched before the button");
  const taken = await watchMemory();
  await screen.load(600);
  const heap = (await screen.facts()).match(/In the engine's memory\s*([\d.]+) MB/);
  const found = await taken(Number(heap?.[1] ?? 0));
  await screen.chooseFromGallery(0);
  assert((await screen.suggestions()).length > 0, "questions are suggested for a picture of the gallery");
  for (const [turn, id] of FIXED.entries()) {
    await screen.ask(asked.find((row) => row.id === id).question);
    const answers = await screen.answered(700);
    assertEqual(answers.length, 2, "answers");
    for (const { model, text, facts, reused } of answers) {
      assertEqual(text, native.get(`${id} ${model}`), `what ${model} answers to question ${id}`);
      assertEqual(reused, turn > 0, "whether the features were reused");
      assert(/Encoder/.test(facts) && /First token[\d.]+ m?s/.test(facts) && /Tokens\/s([\d.]+|one token)/.test(facts) && /Visual tokens196/.test(facts), () => `times are missing in: ${facts}`);
    }
    if (turn === 0) {
      assert((await screen.boxes()) > 0, "boxes are drawn");
      await screen.shot("shipped-answered");
    }
  }
  await visitor.wellBehaved();
  return found;
});

test("visit/the page stands before its engine has come", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  site.spoil = (wanted) => wanted.endsWith("sightline_web_bg.wasm") && { delay: 4000 };
  const page = await visitor.context.newPage();
  const begun = Date.now();
  await page.goto(site.url, { waitUntil: "commit" });
  await page.getByRole("heading", { level: 1 }).waitFor();
  const painted = Date.now() - begun;
  assert(painted < 3000, `the heading took ${painted} ms`);
  return `${painted} ms`;
});

test("visit/a picture is dropped, asked about, and asked about again", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  const first = await screen.answered();
  assert(first.every(({ reused }) => !reused), "nothing can be reused for a first question");
  await screen.ask("Is there a teapot in the image?");
  const second = await screen.answered();
  assert(second.every(({ reused }) => reused), "a second question reuses the features, and the page says so");
  // The order alternates, so that neither always runs on a device that the other has warmed.
  assert(first[0].model !== undefined, "an answer names its model");
  await screen.drop("two.png", png(64, 96, [10, 200, 90]));
  await screen.ask("What is this?");
  const third = await screen.answered();
  assert(third.every(({ reused }) => !reused), "another picture is looked at anew");
  assertEqual(await screen.engines(), 1, "engines started");
  await visitor.wellBehaved();
});

test("visit/a picture is pasted", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.paste("pasted.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).length, 2, "answers");
  await visitor.wellBehaved();
});

test("visit/a picture is chosen from the disk, before the models are here", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  await screen.pick("picked.png", png());
  await screen.load();
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).length, 2, "answers");
  await visitor.wellBehaved();
});

test("visit/WebGPU answers, a second question reuses what was seen, and a third is stopped", { limit: 180 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor, GPU);
  await screen.load(120);
  assert(/WebGPU/.test(await screen.facts()), "WebGPU computes");
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  const first = await screen.answered();
  assert(first.every(({ state, reused }) => state === "done" && !reused), () => JSON.stringify(first));
  await screen.ask("Is there a teapot in the image?");
  const second = await screen.answered();
  assert(second.every(({ state, reused }) => state === "done" && reused), () => JSON.stringify(second));
  await screen.ask("What is this?");
  await screen.stop();
  const third = await screen.answered();
  assert(third.some(({ stopped }) => stopped), () => `the page says that the answer was stopped: ${JSON.stringify(third)}`);
  await screen.ask("What is this?");
  const whole = await screen.answered();
  assert(whole.every(({ state }) => state === "done"), () => `the next question is answered in full: ${JSON.stringify(whole)}`);
  await visitor.wellBehaved();
});

test("visit/boxes are drawn, and a note says what the models were not trained on", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png(200, 200));
  await screen.ask("Where is the teapot?");
  await screen.answered();
  assert((await screen.boxes()) > 0, "the dense heads' boxes are drawn");
  assert(!(await screen.outsideTraining()), "a trained question has no note");
  // People's own questions are a trained kind; a command to paint is none.
  await screen.ask("Paint the Mona Lisa in oil.");
  await screen.answered();
  assert(await screen.outsideTraining(), "the note stands where a question is of no trained kind");
  await visitor.wellBehaved();
});

test("visit/files that are no picture are a sentence each, and the picture before them stays", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("good.png", png());
  for (const [name, bytes] of Object.entries(hostile())) {
    const said = await screen.dropRefused(name, bytes);
    assert(said.length > 20, () => `${name}: ${said}`);
    assert((await screen.page.title()) !== "owned", `${name} ran a script`);
  }
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).length, 2, "answers");
  await visitor.wellBehaved();
});

test("visit/an empty and an endless question are refused", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("good.png", png());
  await screen.ask("   ");
  await until(async () => (await screen.refusedQuestion()).length > 0, "a sentence at the box about an empty question");
  // What does not fit a prompt is cut where it is typed, or refused.
  await screen.ask("why ".repeat(1000));
  await until(async () => (await screen.refusedQuestion()).length > 0 || (await screen.question()).length <= 300, "an endless question is refused or cut");
  await screen.answered();
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).length, 2, "answers");
  await visitor.wellBehaved();
});

test("visit/a reload gets back the picture of the gallery, the question and its answers", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.chooseFromGallery(1);
  await screen.ask("What is this?");
  const before = await screen.answered();
  await screen.reload();
  await until(async () => (await screen.id("view").getAttribute("data-picture")) !== null, "the picture");
  const after = await screen.answered();
  assertEqual(after.map(({ text, state }) => [text, state]), before.map(({ text, state }) => [text, state]), "answers");
  assertEqual([await screen.question(), await screen.asked()], ["What is this?", "To “What is this?”"], "the question");
  await visitor.wellBehaved();
});

test("visit/everything by keyboard", { limit: 150 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  await screen.byKeyboard();
  assertEqual((await screen.answered()).length, 2, "answers");
  await visitor.wellBehaved();
});
