// Links that hold a picture, text to paste, and the page in a frame.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const arrive = async ({ defer }, options, more) => {
  const site = await Site.start(process.env.PAGE_TINY, more);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

const text = async (screen, id) => ((await screen.id(id).textContent()) ?? "").trim();

/** Asks about a picture of the visitor's own; gives the screen. */
const answered = async (visitor, question, file = png()) => {
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("mine.png", file);
  await screen.ask(question);
  await screen.answered();
  return screen;
};

/** Presses a button that makes a link; gives what follows the page's address. */
const fragment = async (screen, button) => {
  await until(() => screen.id(button).isEnabled(), `the button ${button}`);
  await screen.id(button).click();
  await until(async () => (await screen.page.evaluate(() => location.hash)).length > 100, "a link in the address");
  return screen.page.evaluate(() => location.hash);
};

const findings = async (page) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const bad = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return bad.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
};

test("share/a link holds an own picture on request, and whoever opens it sees the picture", { limit: 180 }, async (t) => {
  const first = await arrive(t);
  const screen = await answered(first.visitor, "Where is the dog?", png(320, 240));
  const boxes = await screen.boxes();
  const hash = await fragment(screen, "copy-picture");
  assert(/contains your picture/.test(await text(screen, "share-note")), "the visitor is told");
  assert(hash.length < 82_100, `a link has ${hash.length} characters`);
  const colours = await screen.colours();
  await first.visitor.wellBehaved();

  const second = await arrive(t);
  const opened = await Screen.open(second.visitor, PROCESSOR + hash);
  await until(async () => (await opened.id("view").getAttribute("data-picture")) !== null, "the picture of the link");
  assertEqual((await opened.answered()).map(({ state }) => state), ["recorded", "recorded"], "the answers");
  assertEqual(await opened.boxes(), boxes, "boxes");
  assertEqual(await opened.colours(), colours, "colours of the picture: a small one is kept as it is");
  await second.visitor.wellBehaved();
});

test("share/a large own picture is made small enough for a link", { limit: 180 }, async (t) => {
  const { visitor } = await arrive(t);
  // Noise does not compress.
  const noise = await (async () => {
    const page = await visitor.open();
    const bytes = await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 900, height: 700 });
      const context = canvas.getContext("2d");
      const pixels = context.createImageData(900, 700);
      let seed = 1;
      for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : (seed = (seed * 1664525 + 1013904223) >>> 0) >>> 24;
      context.putImageData(pixels, 0, 0);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      return Array.from(new Uint8Array(await blob.arrayBuffer()));
    });
    await page.close();
    return Buffer.from(bytes);
  })();
  const screen = await answered(visitor, "Where is the dog?", noise);
  const hash = await fragment(screen, "copy-picture");
  assert(/contains a smaller copy/.test(await text(screen, "share-note")), "the visitor is told");
  assert(hash.length > 20_000 && hash.length < 82_100, `a link has ${hash.length} characters`);
  const opened = await Screen.open(visitor, PROCESSOR + hash);
  await until(async () => (await opened.id("view").getAttribute("data-picture")) !== null, "the picture of the link");
  await visitor.wellBehaved();
});

test("share/whoever has the picture of a link is compared with it", { limit: 180 }, async (t) => {
  const { visitor } = await arrive(t);
  const hash = await fragment(await answered(visitor, "Where is the dog?"), "copy-link");
  const screen = await Screen.open(visitor, PROCESSOR + hash);
  await screen.load();
  await screen.drop("other.png", png(64, 64));
  await screen.ask("Where is the dog?");
  await screen.answered();
  assert(!/Here:/.test(await text(screen, "linked-answers")), "another picture is not compared");
  await screen.drop("same.png", png());
  await screen.ask("Where is the dog?");
  await screen.answered();
  await until(async () => ((await text(screen, "linked-answers")).match(/Here: the same answer\./g) ?? []).length === 2, "both answers are the same here");
  await visitor.wellBehaved();
});

test("share/text to paste: a frame, Markdown and BibTeX, by keyboard too", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t, { permissions: ["clipboard-read", "clipboard-write"] });
  const screen = await answered(visitor, 'Is 1 < 2 "here"?');
  await until(() => screen.id("cite-button").isEnabled(), "the button");
  await screen.id("cite-button").focus();
  await screen.page.keyboard.press("Enter");
  await until(() => screen.shown("cite"), "text to paste");
  assertEqual(await screen.id("cite-button").getAttribute("aria-expanded"), "true", "what the button says");
  const hash = await screen.page.evaluate(() => location.hash);
  const frame = await screen.id("cite-html").inputValue();
  assert(frame.startsWith(`<iframe src="${site.url}?embed=1${hash}" `), () => frame.slice(0, 200));
  assert(frame.includes('title="Sightline: Is 1 &lt; 2 &quot;here&quot;?"'), () => frame.slice(-300));
  const link = `${site.url}${hash}`;
  assert((await screen.id("cite-markdown").inputValue()).endsWith(`](${link})`), "the Markdown");
  assert((await screen.id("cite-bibtex").inputValue()).includes(`\\url{${link}}`), "the BibTeX");
  await screen.id("copy-bibtex").click();
  await until(async () => (await text(screen, "cite-note")) === "Copied.", "what came of it");
  assertEqual(await screen.page.evaluate(() => navigator.clipboard.readText()), await screen.id("cite-bibtex").inputValue(), "the clipboard");
  assertEqual(await findings(screen.page), [], "findings of axe");
  await screen.shot("cite");
  await screen.id("cite-button").click();
  assertEqual(await screen.shown("cite"), false, "the text to paste after a second press");
  await visitor.wellBehaved();
});

test("share/the page in a frame: a picture, two answers, no engine", { limit: 240 }, async (t) => {
  const { defer } = t;
  const whole = await arrive(t);
  const screen = await Screen.open(whole.visitor);
  await screen.load();
  await screen.chooseFromGallery(1);
  await screen.ask("Where is the dog?");
  const answers = await screen.answered();
  const boxes = await screen.boxes();
  const hash = await fragment(screen, "copy-link");

  // A page of someone else's, with frames of the narrowest and of the usual width.
  const host = createServer((request, response) => {
    const frames = [360, 720].map((width) => `<iframe src="${site.url}?embed=1${hash}" title="result" width="${width}" height="560"></iframe>`);
    response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><title>paper</title>${request.url === "/" ? frames.join("") : ""}`);
  });
  await new Promise((done) => host.listen(0, "127.0.0.1", done));
  defer(() => host.close());
  const origin = `http://127.0.0.1:${host.address().port}`;
  const { site, visitor } = await arrive(t, {}, ["--frame-ancestors", origin]);
  for (const colorScheme of ["light", "dark"]) {
    const page = await visitor.context.newPage();
    await page.emulateMedia({ colorScheme });
    await page.goto(origin);
    for (const frame of page.frames().slice(1)) {
      await until(async () => (await frame.locator("#embed-view").getAttribute("data-boxes")) !== null, "the picture");
      assertEqual((await frame.locator("#embed-answers .text").allTextContents()).map((said) => said.trim()), answers.map(({ text }) => text), "answers");
      assertEqual(Number(await frame.locator("#embed-view").getAttribute("data-boxes")), boxes, "boxes");
      assertEqual(await frame.locator("#embed-asked").textContent(), "“Where is the dog?”", "the question");
      assertEqual(await frame.locator("#embed-open").getAttribute("href"), `${site.url}${hash}`, "the link to the whole page");
      const wide = await frame.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert(wide <= 0, `${wide} px wider than the frame`);
      assertEqual(await frame.locator("header:visible, main:visible, footer:visible").count(), 0, "other parts of the page");
      assertEqual(await findings(frame), [], "findings of axe");
    }
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/embed-${colorScheme}.png` });
    await page.close();
  }
  const fetched = site.log.map((entry) => entry.path);
  assertEqual(fetched.filter((path) => /sightline_web|engine\.js|parts|sw\.js/.test(path)), [], "what a frame fetched of engine and models");
  visitor.foreign = visitor.foreign.filter((url) => !url.startsWith(origin));
  await visitor.wellBehaved();

  // A damaged link gets a sentence there, too, and a page that was not named shows nothing.
  const alone = await Screen.open(visitor, `?embed=1${hash.slice(0, -6)}`);
  await until(async () => /holds no result/.test(await text(alone, "embed-note")), "a sentence");
  assertEqual(await alone.id("embed-answers").locator("article").count(), 0, "answers of a damaged link");
  await visitor.wellBehaved();
  const other = await arrive(t);
  const refused = await other.visitor.context.newPage();
  await refused.setContent(`<iframe src="${other.site.url}?embed=1${hash}"></iframe>`);
  await until(() => other.visitor.errors.some((line) => /frame-ancestors/.test(line)), "the refusal");
});

test("share/right to left, forced colours and twice the size", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t, { forcedColors: "active", viewport: { width: 640, height: 450 }, reducedMotion: "reduce" });
  const screen = await answered(visitor, "هل يوجد كلب في الصورة؟");
  const hash = await fragment(screen, "copy-link");
  const framed = await Screen.open(visitor, `?embed=1${hash}`);
  await until(async () => (await text(framed, "embed-asked")).includes("كلب"), "the question");
  assertEqual(await framed.page.evaluate(() => getComputedStyle(document.querySelector("#embed-asked")).direction), "rtl", "direction of the question");
  await framed.page.evaluate(() => (document.documentElement.style.zoom = "2"));
  const wide = await framed.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert(wide <= 0, `${wide} px wider than the window`);
  await framed.shot("embed-rtl-forced");
  await visitor.wellBehaved();
});
