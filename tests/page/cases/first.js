// The first paint: what is seen before any program has come, and without scripts at all.

import { readFile } from "node:fs/promises";
import path from "node:path";

import { Visitor } from "../lib/browser.js";
import { firstOf, sourcesOf } from "../lib/first.js";
import { look } from "../lib/looks.js";
import { Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

/** Bytes that may come before anything is seen, pictures apart. */
const BUDGET = 100_000;

const arrive = async ({ defer }, options) => {
  const site = await Site.start(process.env.PAGE);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

/** Runs in the page before its own code: notes what jumps, and when something was first seen. */
const watch = () => {
  window.__shift = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      const who = sources.map(({ node }) => `${node?.nodeName}#${node?.id || node?.className || ""}`);
      if (!hadRecentInput) window.__shift.push({ value, who });
    }
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    const seen = list.getEntriesByName("first-contentful-paint")[0];
    if (seen) window.__seen = seen.startTime;
  }).observe({ type: "paint", buffered: true });
};

/** What had begun to come when something was first seen. What came of it later counts as well. */
const cameBefore = () => {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const before = all.filter(({ responseStart }) => responseStart > 0 && responseStart <= window.__seen);
  return before.map(({ name, transferSize }) => ({ name: new URL(name).pathname, bytes: transferSize }));
};

/** Where two texts differ, with what stands around. */
const differ = (before, now) => {
  let at = 0;
  while (at < now.length && before[at] === now[at]) at += 1;
  return [before, now].map((text) => `…${text.slice(Math.max(at - 60, 0), at + 120)}…`).join("\n");
};

for (const [what, width, network] of [
  ["1.6 Mbit/s", 390, { latency: 150, downloadThroughput: 200_000, uploadThroughput: 90_000 }],
  ["25 Mbit/s", 1440, { latency: 20, downloadThroughput: 3_125_000, uploadThroughput: 1_000_000 }],
]) {
  test(`first/less than 100 kB come before the first paint, ${what}`, { limit: 120 }, async (t) => {
    const { visitor } = await arrive(t, { viewport: { width, height: 844 } });
    await visitor.context.addInitScript(watch);
    const page = await visitor.context.newPage();
    const client = await visitor.context.newCDPSession(page);
    await client.send("Network.enable");
    await client.send("Network.emulateNetworkConditions", { offline: false, ...network });
    await page.goto(visitor.site.url, { waitUntil: "commit" });
    const seen = await until(() => page.evaluate(() => window.__seen).catch(() => undefined), "the first paint", 30);
    // Whatever had begun is let come to its end.
    await page.waitForLoadState("load");
    const came = await page.evaluate(cameBefore);
    const isPicture = ({ name }) => /\.(png|webp|jpg|svg)$/.test(name);
    const sum = (list) => list.reduce((sum, { bytes }) => sum + bytes, 0);
    const [pictures, rest] = [came.filter(isPicture), came.filter((file) => !isPicture(file))];
    assert(rest.some(({ name, bytes }) => name.endsWith("style.css") && bytes > 1000), () => `what came: ${JSON.stringify(came)}`);
    assert(sum(rest) < BUDGET, () => `${sum(rest)} bytes: ${JSON.stringify(rest)}`);
    assertEqual(rest.filter(({ name }) => /\.(wasm|json)$/.test(name)).map(({ name }) => name), [], "programs and lists before the first paint");
    await visitor.wellBehaved();
    return `${sum(rest)} bytes before the first paint after ${seen.toFixed(0)} ms, and ${sum(pictures)} of pictures: ${rest.map(({ name }) => name.split("/").pop() || "index.html").join(", ")}`;
  });
}

test("first/what comes with the page is what its program draws", {}, async (t) => {
  const { visitor } = await arrive(t);
  const page = await readFile(path.join(process.env.PAGE, "index.html"), "utf8");
  const kept = JSON.parse(await readFile(new URL("../../../www/first.json", import.meta.url), "utf8"));
  assertEqual(kept.sources, await sourcesOf(process.env.PAGE), "what it was made from: run `cargo xtask first`");
  const drawn = await firstOf(visitor);
  for (const [id, markup] of Object.entries(drawn)) {
    assert(kept.elements[id] === markup, () => `#${id} is drawn otherwise now: run \`cargo xtask first\`\n${differ(kept.elements[id] ?? "", markup)}`);
    assert(page.includes(markup), `#${id} is not in the built page`);
  }
  await visitor.wellBehaved();
});

for (const [width, colorScheme] of [[1440, "light"], [768, "dark"], [320, "light"]]) {
  test(`first/without scripts there is something to read and nothing to press, ${width} px`, {}, async (t) => {
    const { visitor } = await arrive(t, { javaScriptEnabled: false, viewport: { width, height: 900 }, colorScheme });
    const page = await visitor.open();
    const said = (await page.locator("body").innerText()).replace(/\s+/g, " ");
    for (const words of ["Do vision language models need vision transformers?", "Where is the elephant?", "VMamba (state space)", "ViT (attention)", "IoU", "needs JavaScript"]) {
      assert(said.includes(words), () => `${words} is missing: ${said}`);
    }
    assert((await page.locator("#first").boundingBox()).height > 100, "the picture is seen");
    const open = await page.locator("button, input, select, textarea, summary").evaluateAll((all) => all.filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]")).map((one) => one.id || one.textContent));
    assertEqual(open, [], "what could be pressed for nothing");
    await Screen.of(page).shot(`first-no-script-${width}-${colorScheme}`);
    await visitor.wellBehaved();
  });
}

for (const [width, colorScheme] of [[1440, "dark"], [768, "light"], [320, "dark"]]) {
  test(`first/the program takes over and nothing jumps, ${width} px`, {}, async (t) => {
    const { site, visitor } = await arrive(t, { viewport: { width, height: 900 }, colorScheme });
    await visitor.context.addInitScript(watch);
    let go;
    const wait = new Promise((done) => (go = done));
    site.spoil = async (wanted) => {
      if (wanted === "/sightline_page_bg.wasm") await wait;
    };
    const screen = await Screen.open(visitor, "");
    await until(async () => (await screen.id("first").boundingBox())?.height > 100, "the picture that came with the page");
    const place = () =>
      screen.page.evaluate(() => {
        const { top } = document.querySelector(".stage").getBoundingClientRect();
        return ["view", "gallery", "panes", "verdict", "share"].map((id) => {
          const { x, y, width, height } = document.getElementById(id).getBoundingClientRect();
          return `${id} ${[x, y - top, width, height].map(Math.round).join(" ")}`;
        });
      });
    const before = await place();
    await look(screen, `first-before-program-${width}-${colorScheme}`);
    go();
    await screen.begun();
    await until(async () => (await screen.page.locator("[data-first], [inert]").count()) === 0, "the program to answer every button");
    assertEqual(await place(), before, "places of the picture, the gallery and the answers");
    await screen.shot(`first-after-program-${width}-${colorScheme}`);
    const shifts = await screen.page.evaluate(() => window.__shift);
    const all = shifts.reduce((sum, { value }) => sum + value, 0);
    assert(all < 0.1, () => `layout shift ${all.toFixed(3)}: ${JSON.stringify(shifts)}`);
    await visitor.wellBehaved();
    return `layout shift ${all.toFixed(3)}`;
  });
}

test("first/a link that holds nothing leaves nothing hidden, whatever the engine does", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  visitor.expect(/404|Failed to load/);
  site.spoil = (wanted) => wanted === "/sightline_web_bg.wasm" && { status: 404 };
  const screen = await Screen.open(visitor, `#${"A".repeat(200)}`);
  await screen.failed();
  await until(async () => (await screen.id("gallery").getByRole("button").count()) > 0, "the gallery");
  assertEqual(await screen.page.locator("[data-first], [inert]").count(), 0, "parts that nobody draws");
  await visitor.wellBehaved();
});

test("first/a link and a reload begin with their own", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.begun();
  await screen.choose("airplane");
  await until(async () => /airplane/.test(await screen.asked()), "its recorded answer");
  const asked = await screen.asked();
  // The program does not come: nothing of the elephant may be seen.
  site.spoil = (wanted) => (wanted === "/sightline_page.js" ? { delay: 1500 } : undefined);
  await screen.page.reload({ waitUntil: "commit" });
  await until(async () => (await screen.id("groups").count()) === 1, "the page");
  assertEqual(await screen.page.locator("[data-first]:visible").count(), 0, "parts of what the page begins with");
  await until(async () => (await screen.asked()) === asked, "what was there before the reload");
  await visitor.wellBehaved();
});
