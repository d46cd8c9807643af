// Results as links: copied, opened, and compared with what this machine says.

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { Screen, PROCESSOR } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  return { site, visitor };
};

const text = async (screen, id) => ((await screen.id(id).textContent()) ?? "").trim();

/** Presses the button; gives the fragment, with its #. */
const copied = async (screen) => {
  await until(() => screen.id("copy-link").isEnabled(), "the button that copies a link");
  await screen.id("copy-link").click();
  await until(async () => (await text(screen, "share-note")).length > 0, "what came of the link");
  return screen.page.evaluate(() => location.hash);
};

test("links/a result is copied, opened by another visitor, and asked again there", { limit: 180 }, async (t) => {
  const first = await arrive(t);
  const screen = await Screen.open(first.visitor);
  assertEqual(await screen.id("copy-link").isEnabled(), false, "a link before there is anything to link to");
  await screen.load();
  await screen.chooseFromGallery(2);
  await screen.ask("Where is the elephant?");
  const answers = await screen.answered();
  const hash = await copied(screen);
  assert(/^#[A-Za-z0-9_-]{100,2000}$/.test(hash), () => `the address holds no link: ${hash}`);
  await first.visitor.wellBehaved();

  const second = await arrive(t);
  const opened = await Screen.open(second.visitor, PROCESSOR + hash);
  await until(async () => (await opened.shown("linked")) && /elephant/.test(await text(opened, "linked-asked")), "the recorded result");
  await until(async () => (await opened.id("view").getAttribute("data-picture")) !== null, "its picture");
  const recorded = await opened.answered();
  assertEqual(recorded.map(({ model, text, state }) => [model, text, state]), answers.map(({ model, text }) => [model, text, "recorded"]), "what is shown of the link");
  assertEqual(second.site.parts, [], "parts fetched for a link");
  await opened.shot("link-opened");
  await opened.load();
  assertEqual(await opened.question(), "Where is the elephant?", "the question of the link");
  await opened.id("send").click();
  await opened.answered();
  await until(async () => ((await text(opened, "linked-answers")).match(/Here: the same answer\./g) ?? []).length === 2, "both answers are the same here");
  await opened.shot("link-compared");
  await second.visitor.wellBehaved();
});

test("links/an own picture stays here: the link holds its hash", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("secret.png", png());
  await screen.ask("What is this?");
  await screen.answered();
  const hash = await copied(screen);
  assert(/does not hold your picture/.test(await text(screen, "share-note")), "the visitor is told");
  // A link that is opened where the page is open shows itself.
  await screen.page.evaluate((hash) => (location.hash = hash.slice(0, -4)), hash);
  await until(async () => /holds no result/.test(await screen.notices()), "a sentence about a link that was cut off");
  await screen.page.evaluate((hash) => (location.hash = hash), hash);
  await until(async () => (await screen.shown("linked")) && /not in the link/.test(await text(screen, "linked-note")), "what is missing");
  await visitor.wellBehaved();
});

test("links/hostile fragments get a sentence and do nothing", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  for (const fragment of ["#AQAA", "#<img src=x onerror=alert(1)>", "#javascript:alert(1)", `#${"A".repeat(90_000)}`, "#%00", "#AgAA"]) {
    const screen = await Screen.open(visitor, PROCESSOR + fragment);
    await until(async () => /holds no result/.test(await screen.notices()), `a sentence about ${fragment.slice(0, 40)}`);
    assertEqual(await screen.shown("linked"), false, "a result is shown");
    await screen.page.close();
  }
  // Parts of the page are no links.
  const screen = await Screen.open(visitor, `${PROCESSOR}#about`);
  await screen.ready();
  assertEqual(await screen.notices(), "", "a notice about a part of the page");
  assertEqual(site.parts, [], "parts fetched");
  await visitor.wellBehaved();
});
