// What is fetched, what is not fetched again, and what happens when it is not what it should be.

import { readFile } from "node:fs/promises";
import path from "node:path";

import { Visitor } from "../lib/browser.js";
import { bundleOf, partsOf } from "../lib/bundle.js";
import { png } from "../lib/pictures.js";
import { GPU, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

/** A visitor before the small models. */
const arrive = async ({ defer }, options) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

test("cache/nothing of a model is fetched before the button", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor, GPU);
  await screen.ready();
  assertEqual(site.parts, [], "parts fetched before anyone asked for them");
  const facts = await screen.facts();
  assert(/32-bit|f32/i.test(facts), () => `the arithmetic is missing in: ${facts}`);
  assert(/swiftshader/i.test(facts), () => `the adapter is missing in: ${facts}`);
  assert(/\d (MB|kB)/.test(facts), () => `sizes are missing in: ${facts}`);
  await visitor.wellBehaved();
});

test("cache/a second visit fetches no part again, and no module", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.keptForLater();
  assertEqual([...site.parts].sort(), (await partsOf(site.folder)).sort(), "parts fetched at the first visit, each once");
  site.log.length = 0;
  await screen.reload();
  await screen.ready();
  assert(/All .* are in this browser already/.test(await screen.facts()), "the page says that everything is here");
  await screen.load();
  assertEqual(site.parts, [], "parts fetched again");
  const again = site.log.filter((entry) => entry.status !== 304 && /\.(wasm|js|css)$/.test(entry.path)).map((entry) => entry.path);
  assertEqual(again, [], "files of the page sent again: the server should only have confirmed them");
  await visitor.wellBehaved();
});

test("cache/without a network the second visit still answers", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.keptForLater();
  await site.stop();
  await visitor.context.setOffline(true);
  visitor.expect(/ERR_INTERNET_DISCONNECTED|Failed to load resource|ERR_CONNECTION_REFUSED/);
  await screen.reload();
  await screen.load();
  await screen.drop("picture.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).map(({ state }) => state), ["done", "done"], "answers without a network");
  await screen.chooseFromGallery(1);
  await visitor.wellBehaved();
});

test("cache/a damaged part is refused and fetched again", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const [first] = await partsOf(site.folder);
  const good = await readFile(path.join(site.folder, first));
  const bad = Buffer.from(good);
  bad[bad.length >> 1] ^= 1;
  site.spoil = (wanted, log) => wanted === first && log.filter((entry) => entry.path === first).length === 1 && { body: bad };
  const screen = await Screen.open(visitor);
  await screen.load();
  assertEqual(site.parts.filter((name) => name === first).length, 2, "times the damaged part was fetched");
  await until(async () => /fetched once more/.test(await screen.notices()), "the page says that it fetched the part again");
  await visitor.wellBehaved();
});

test("cache/a part that stays damaged is a sentence with a remedy", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const [first] = await partsOf(site.folder);
  site.spoil = (wanted) => wanted === first && { body: Buffer.alloc(10) };
  const screen = await Screen.open(visitor);
  await screen.pressLoad();
  const said = await screen.failed();
  assert(/build it again/.test(said), () => `no remedy in: ${said}`);
  // Whoever keeps the page has mended it: the same button goes on, and keeps what had arrived.
  site.spoil = () => undefined;
  await screen.load();
  await visitor.wellBehaved();
});

test("cache/a part that does not come can be tried again", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const all = await partsOf(site.folder);
  visitor.expect(/Failed to load resource/);
  site.spoil = (wanted) => wanted === all.at(-1) && { status: 503 };
  const screen = await Screen.open(visitor);
  await screen.pressLoad();
  const said = await screen.failed();
  assert(/503/.test(said) && /try again/i.test(said), () => `no remedy in: ${said}`);
  site.spoil = () => undefined;
  site.log.length = 0;
  await screen.load();
  assertEqual(site.parts, [all.at(-1)], "parts fetched at the second try");
  await visitor.wellBehaved();
});

test("cache/a copy that was damaged in the browser is removed and fetched again", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  const [first] = await partsOf(site.folder);
  await screen.page.evaluate(async (hash) => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getDirectoryHandle("sightline-parts")).getFileHandle(hash);
    const { size } = await file.getFile();
    const writable = await file.createWritable();
    await writable.write(new Uint8Array(size));
    await writable.close();
  }, path.basename(first, ".part"));
  site.log.length = 0;
  await screen.reload();
  await screen.load();
  assertEqual(site.parts, [first], "parts fetched at the second visit");
  await until(async () => /damaged/.test(await screen.notices()), "the page says that its copy was damaged");
  await visitor.wellBehaved();
});

test("cache/a list of files that makes no sense is a sentence with a remedy", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const good = await bundleOf(site.folder);
  const cases = {
    "no JSON": "{",
    "another version": JSON.stringify({ ...good, version: 99 }),
    "a part that is too large": JSON.stringify({ ...good, files: good.files.map((file) => ({ ...file, parts: [{ bytes: 1e12, sha256: file.parts[0].sha256 }] })) }),
    "a name that leaves its folder": JSON.stringify({ ...good, files: good.files.map((file) => ({ ...file, parts: file.parts.map((part) => ({ ...part, sha256: "../../etc/passwd" })) })) }),
    "a file that is missing": JSON.stringify({ ...good, files: good.files.slice(1) }),
  };
  for (const [what, body] of Object.entries(cases)) {
    site.spoil = (wanted) => wanted.endsWith("/bundle.json") && { body, headers: { "content-type": "application/json" } };
    const screen = await Screen.open(visitor);
    const said = await screen.failed();
    assert(/reload|build/i.test(said), () => `${what}: no remedy in: ${said}`);
    assertEqual(site.parts, [], `${what}: parts fetched`);
    await screen.page.close();
  }
  await visitor.wellBehaved();
});

test("cache/downloads that are removed leave the models that are loaded", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.id("forget").click();
  await until(async () => /removed from this browser/.test(await screen.notices()), "the page says so");
  await screen.drop("picture.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).map(({ state }) => state), ["done", "done"], "answers");
  site.log.length = 0;
  await screen.reload();
  await screen.load();
  assertEqual([...site.parts].sort(), (await partsOf(site.folder)).sort(), "parts fetched at the next visit");
  await visitor.wellBehaved();
});

test("cache/a full disk is said, and the models work all the same", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  const session = await visitor.context.newCDPSession(screen.page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(site.url).origin, quotaSize: 1 });
  await screen.load();
  await until(async () => /no more room/.test(await screen.notices()), "the page says that there is no room");
  await screen.drop("picture.png", png());
  await screen.ask("What is this?");
  await screen.answered();
  await visitor.wellBehaved();
});

test("cache/two tabs load and answer side by side", { limit: 180 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const [one, two] = [await Screen.open(visitor), await Screen.open(visitor)];
  await Promise.all([one.load(), two.load()]);
  assertEqual([...site.parts].sort(), (await partsOf(site.folder)).sort(), "parts fetched by both together, each once");
  for (const screen of [one, two]) await screen.drop("picture.png", png());
  await Promise.all([one.ask("What is this?"), two.ask("Is there a teapot in the image?")]);
  await Promise.all([one.answered(), two.answered()]);
  await visitor.wellBehaved();
});
