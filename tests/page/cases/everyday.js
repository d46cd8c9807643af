// What a visitor does every day: answers before any download, pictures in groups, questions put
// together, what is true.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { READY, polite } from "../lib/pretend.js";
import { Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const arrive = async ({ defer }, { page = process.env.PAGE_TINY, ...options } = {}) => {
  const site = await Site.start(page);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

const said = async (screen, id) => ((await screen.id(id).isVisible()) ? ((await screen.id(id).textContent()) ?? "").trim() : "");

const press = (screen, id, name) => screen.id(id).getByRole("button", { name, exact: true }).click();

const findings = async (page) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
};

for (const [width, colorScheme] of [[1440, "light"], [768, "dark"], [320, "light"]]) {
  test(`everyday/answers of both models before any download, ${width} px`, { limit: 120 }, async (t) => {
    const { site, visitor } = await arrive(t, { page: process.env.PAGE, viewport: { width, height: 900 }, colorScheme });
    const recorded = JSON.parse(await readFile(path.join(process.env.PAGE, "recorded.json"), "utf8"));
    const screen = await Screen.open(visitor);
    // A picture and its answers are there by themselves.
    await until(async () => /Recorded/.test(await said(screen, "recorded-text")), "the first recorded answers");
    await screen.begun();
    assert(/cargo xtask record/.test(await said(screen, "recorded-text")), "the command that recorded them");
    assert(/Run it here \(1\d\d\.\d MB\)/.test(await said(screen, "run-here")), "what it costs to run them here");
    assertEqual(await screen.boxes(), 4, "boxes on the first picture: two of each model");
    await screen.shot(`recorded-first-${width}-${colorScheme}`);
    // Another group, another picture, another question.
    await press(screen, "groups", "Counting");
    await screen.choose("two soccer balls");
    const { questions } = recorded.pictures.find(({ id }) => id === "soccer-balls");
    for (const { question, answers } of questions) {
      await press(screen, "suggestions", question);
      await until(async () => (await screen.asked()) === `To “${question}”`, question);
      const shown = await screen.answered();
      assertEqual(
        shown.map(({ model, text, state }) => [model, text, state]),
        answers.map(({ model, text }) => [model, text, "recorded"]).sort((a, b) => b[0].localeCompare(a[0])),
        "what was recorded",
      );
      assert((await said(screen, "verdict")).length > 0, "one line compares the two");
    }
    assertEqual(site.parts, [], "parts fetched");
    const found = await findings(screen.page);
    assert(found.length === 0, () => found.join("\n"));
    const wide = await screen.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert(wide <= 0, `${wide} px wider than the window`);
    await screen.shot(`recorded-${width}-${colorScheme}`);
    await visitor.wellBehaved();
  });
}

test("everyday/what is recorded is run here with one press", { limit: 180 }, async (t) => {
  const { visitor } = await arrive(t, { page: process.env.PAGE });
  const screen = await Screen.open(visitor);
  await screen.ready();
  await screen.choose("airplane");
  await until(async () => (await screen.asked()).length > 0, "a recorded answer");
  const before = await screen.answered();
  await screen.id("run-here").click();
  await until(async () => (await screen.answered()).every(({ state }) => state === "done"), "answers of this machine", 150);
  // The same program on the same arithmetic gives the same answers.
  assertEqual((await screen.answered()).map(({ text }) => text), before.map(({ text }) => text), "answers here");
  assertEqual(await screen.shown("recorded"), false, "nothing is said to be recorded any more");
  assert(/ took .*ms|s\./.test(await said(screen, "verdict")), "times of this machine are compared");
  await visitor.wellBehaved();
});

test("everyday/every picture of every group is there, with its credit, and comes when it is seen", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const list = JSON.parse(await readFile(path.join(process.env.PAGE_TINY, "pictures.json"), "utf8"));
  assert(list.pictures.length >= 24, `${list.pictures.length} pictures`);
  const screen = await Screen.open(visitor);
  await screen.ready();
  const fetched = () => site.log.filter((entry) => /pictures\/.*\.(png|webp)$/.test(entry.path)).length;
  for (const { id, title } of list.groups) {
    await press(screen, "groups", title);
    const own = list.pictures.filter(({ group }) => group === id);
    const buttons = screen.id("gallery").getByRole("button");
    assertEqual(await buttons.count(), own.length, `pictures of the group ${title}`);
    for (const [i, picture] of own.entries()) {
      await until(() => buttons.nth(i).locator("img").evaluate((image) => image.complete && image.naturalWidth > 0), picture.file);
      assertEqual(await buttons.nth(i).locator("img").getAttribute("alt"), picture.alt, "what it is said to show");
    }
    await screen.choose(own[0].alt);
    const { text } = list.credits.find(({ id }) => id === own[0].credit);
    await until(async () => (await said(screen, "picture-credit")).includes(text), `the credit of ${own[0].file}`);
    assertEqual(await screen.suggestions(), own[0].questions, "questions that fit the picture");
  }
  for (const { text } of list.credits) assert(((await screen.id("credits").textContent()) ?? "").includes(text), `credit: ${text}`);
  await visitor.wellBehaved();
  return `${list.pictures.length} pictures, ${fetched()} requests`;
});

test("everyday/a question is put together from a name and a kind, synonyms too", { limit: 60 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  assert(!site.log.some(({ path }) => path === "/names.json"), "names that nobody wants are not fetched");
  await screen.id("build").locator("summary").click();
  await press(screen, "kinds", "Where is …?");
  assert(/Name a thing/.test(await said(screen, "build-note")), "what is missing");
  await screen.id("thing").focus();
  await until(async () => (await screen.page.locator("#names option").count()) > 400, "the names");
  await screen.id("thing").fill("aeroplane");
  for (const [kind, question] of [
    ["What is it?", "What is this?"],
    ["Is there …?", "Is there an airplane in the image?"],
    ["Where is …?", "Where is the airplane?"],
    ["How many …?", "How many airplanes are there?"],
  ]) {
    await press(screen, "kinds", kind);
    assertEqual(await screen.question(), question, kind);
  }
  await screen.id("other").fill("bus");
  await press(screen, "kinds", "Left or right?");
  assertEqual(await screen.question(), "Is the airplane to the left or to the right of the bus?", "two things");
  await screen.id("thing").fill("unicorn");
  await press(screen, "kinds", "Is there …?");
  assert(/not trained on that name/.test(await said(screen, "build-note")), "a name that they do not know");
  await visitor.wellBehaved();
});

/** An engine that answers with what `answers` says of each model. */
const answering = (answers) =>
  polite(`(command, post) => {
    if (command.kind !== "ask") return;
    const { turn } = command;
    for (const [model, answer] of Object.entries(${JSON.stringify(answers)})) {
      const timings = { encode_ms: 1, prefix_ms: 1, prefill_ms: 1, first_token_ms: 250, decode_ms: 50, tokens: 1, visual_tokens: 196, dense_ms: 0 };
      post({ kind: "answered", turn, answer: { model, boxes: [], box_error: null, cut: false, stopped: false, timings, ...answer } });
    }
    post({ kind: "done", turn });
  }`);

const [VMAMBA, VIT] = READY.models.map(({ id }) => id);
const box = (px) => ({ text: "[0.00, 0.00, 0.50, 0.50]", boxes: [{ source: "llm", label: null, px, score: null }] });

test("everyday/places are said in words, and the true box is drawn with keys, mouse and finger", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t, { hasTouch: true });
  // The picture has 8 x 6 px.
  site.spoil = (wanted) => wanted.endsWith("/engine.js") && answering({ [VMAMBA]: box([0, 0, 4, 3]), [VIT]: box([4, 3, 8, 6]) });
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("Where is it?");
  await screen.answered();
  assertEqual(await screen.texts(), ["Left, top", "Right, bottom"], "the places");
  assert(/^Different places: .* 0\.00 \(IoU\)\. VMamba took 300 ms, ViT 300 ms\.$/.test(await said(screen, "verdict")), await said(screen, "verdict"));
  // By keys: the frame begins in the middle, is moved to a corner and made as large as the first
  // box.
  await screen.id("draw-truth").focus();
  await screen.page.keyboard.press("Enter");
  await until(() => screen.shown("frame"), "the frame");
  for (let i = 0; i < 20; i++) for (const key of ["ArrowLeft", "ArrowUp"]) await screen.page.keyboard.press(key);
  await screen.shot("true-box");
  await screen.page.keyboard.press("Enter");
  assertEqual(await said(screen, "judged"), "VMamba: right, IoU 1.00; ViT: wrong, IoU 0.00", "by keys");
  const place = await screen.id("view").boundingBox();
  const at = (x, y) => [place.x + x * place.width, place.y + y * place.height];
  // By mouse: the right half below.
  await screen.id("draw-truth").click();
  await screen.page.mouse.move(...at(0.5, 0.5));
  await screen.page.mouse.down();
  await screen.page.mouse.move(...at(0.8, 0.8));
  await screen.page.mouse.move(...at(0.999, 0.999));
  await screen.page.mouse.up();
  await until(async () => /VMamba: wrong, IoU 0.00; ViT: right, IoU (0\.9|1\.0)/.test(await said(screen, "judged")), "by mouse");
  assert(/In this visit: VMamba 0 of 1 right/.test(await said(screen, "tally")), "a turn counts once");
  // Given up, nothing changes.
  await screen.id("draw-truth").click();
  await screen.page.keyboard.press("Escape");
  await until(async () => !(await screen.shown("frame")), "the frame to go");
  const found = await findings(screen.page);
  assert(found.length === 0, () => found.join("\n"));
  await visitor.wellBehaved();
});

test("everyday/the true answer is picked, and a visit is counted; what was seen is asked about", { limit: 60 }, async (t) => {
  const { site, visitor } = await arrive(t);
  site.spoil = (wanted) => wanted.endsWith("/engine.js") && answering({ [VMAMBA]: { text: "cat" }, [VIT]: { text: "dog" } });
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  await screen.answered();
  assert(/^They differ: VMamba says “cat”, ViT says “dog”\./.test(await said(screen, "verdict")), await said(screen, "verdict"));
  assertEqual(
    await screen.suggestions(),
    ["Is there a cat in the image?", "Is there a dog in the image?", "Where is the cat?", "What color is the cat?", "What is this?"],
    "the models' own guess",
  );
  await press(screen, "truths", "cat");
  assertEqual(await said(screen, "judged"), "VMamba: right; ViT: wrong", "who was right");
  await screen.ask("And now?");
  await screen.answered();
  await until(async () => (await said(screen, "judged")) === "", "nothing is judged yet");
  await press(screen, "truths", "None of these");
  assertEqual(await said(screen, "tally"), "In this visit: VMamba 1 of 2 right; ViT 0 of 2 right.", "the tally");
  await visitor.wellBehaved();
});

test("everyday/questions of before come back with their pictures, are copied and saved", { limit: 90 }, async (t) => {
  const { visitor } = await arrive(t, { permissions: ["clipboard-read", "clipboard-write"] });
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("mine.png", png());
  await screen.ask("What is this?");
  const first = await screen.answered();
  await screen.choose("pizza on a table");
  await screen.ask("Where is the pizza?");
  await screen.answered();
  await screen.id("history").locator("summary").click();
  assertEqual(await said(screen, "history-title"), "Asked so far (2)", "both questions");
  await screen.changing(() => press(screen, "past", "mine.png: What is this?"));
  assertEqual(await screen.question(), "What is this?", "its question");
  assertEqual((await screen.answered()).map(({ text }) => text), first.map(({ text }) => text), "its answers");
  await screen.ask("What is this?");
  await screen.answered();
  assertEqual(await said(screen, "history-title"), "Asked so far (3)", "it was asked again");
  await screen.id("copy-history").click();
  await until(async () => (await said(screen, "history-note")) === "Copied.", "the copy");
  const copied = await screen.page.evaluate(() => navigator.clipboard.readText());
  assert(copied.includes("pizza on a table: Where is the pizza?") && copied.includes("ViT"), () => copied);
  const download = screen.page.waitForEvent("download");
  await screen.id("save-history").click();
  const saved = JSON.parse(await readFile(await (await download).path(), "utf8"));
  assertEqual(saved.map(({ turn }) => turn.question), ["What is this?", "Where is the pizza?", "What is this?"], "what was saved");
  const found = await findings(screen.page);
  assert(found.length === 0, () => found.join("\n"));
  await screen.shot("history");
  await visitor.wellBehaved();
});
