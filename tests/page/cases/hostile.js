// Fragments that someone made to do harm: thousands of them, and none does anything.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const COUNT = 10_000;
/** How many are opened as addresses of their own. */
const NAVIGATIONS = 200;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const arrive = async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  return { site, visitor };
};

/** Texts that would do something if they became markup, an address or a script. */
const HOSTILE = [
  "<img src=x onerror=\"window.__broken.push('ran')\">",
  "<script>window.__broken.push('ran')</script>",
  "\"><svg onload=window.__broken.push('ran')>",
  "javascript:window.__broken.push('ran')",
  "https://example.org/a.png",
  "//example.org/a.png",
  "../../../etc/passwd",
  "{{constructor.constructor('return this')()}}",
  "</textarea><iframe src=https://example.org>",
];

/** Links whose every text is one of these, made by the page's own codec: those that it refuses are none. */
const sound = (page) =>
  page.evaluate(async (hostile) => {
    const links = await import("./sightline_link_web.js");
    await links.default();
    const made = [];
    for (const text of hostile) {
      for (const f of [{ g: "elephant-image_0002" }, { g: text }, { h: "0".repeat(64) }, { h: text }]) {
        for (const m of ["sightline-vit-tiny", text]) {
          const shared = { p: { f, w: [30, 20] }, q: text, s: { n: 64 }, d: text, a: [{ m, w: "a".repeat(64), t: text, b: [{ l: text.slice(0, 60), x: [0, 0, 9, 9] }] }] };
          try {
            made.push(links.encode(shared));
          } catch {}
        }
      }
    }
    return made;
  }, HOSTILE);

/** The same in every run. */
const random = (seed) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

const mutated = (seeds, count) => {
  const next = random(7);
  const below = (n) => Math.floor(next() * n);
  return Array.from({ length: count }, (_, i) => {
    const chars = [...seeds[i % seeds.length]];
    for (let n = below(4); n > 0; n--) {
      const at = below(chars.length);
      const what = below(4);
      if (what === 0) chars[at] = LETTERS[below(64)];
      else if (what === 1) chars.splice(at, 1 + below(8));
      else if (what === 2) chars.splice(at, 0, ...chars.slice(below(chars.length)).slice(0, below(12)));
      else chars.push(..."<'\"%00&;=".slice(below(8)));
    }
    return chars.join("");
  });
};

/** What stands in the document: the number of elements by name, and every attribute that could load or run. */
const census = (page) =>
  page.evaluate(() => {
    const names = {};
    const live = new Set();
    for (const element of document.querySelectorAll("*")) {
      // A picture of the gallery brings the page's own questions: buttons with a text.
      const own = element.matches("#suggestions > button") && element.childElementCount === 0;
      if (!own) names[element.localName] = (names[element.localName] ?? 0) + 1;
      for (const { name, value } of element.attributes) {
        if (/^on|^(src|href|srcdoc|action|data|style)$/.test(name)) live.add(`${element.localName} ${name} ${value}`);
      }
    }
    return { names, live: [...live].sort() };
  });

/** Elements that a result may add, all of them with nothing but text. */
const TEXT = ["li", "b", "span", "p", "div", "dt", "dd"];

test("hostile/ten thousand fragments become nothing but text", { limit: 600 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const maker = await visitor.open(PROCESSOR);
  const seeds = await sound(maker);
  assert(seeds.length >= 15, `only ${seeds.length} links could be made`);
  await maker.close();
  const screen = await Screen.open(visitor);
  await screen.ready();
  await until(async () => (await screen.id("gallery").locator("img").count()) > 3, "the gallery");
  const before = await census(screen.page);
  const fragments = [...seeds, ...mutated(seeds, COUNT - seeds.length)];
  site.log.length = 0;
  let opened = 0;
  for (let from = 0; from < fragments.length; from += 500) {
    opened += await screen.page.evaluate(async (fragments) => {
      const linked = document.querySelector("#linked");
      let opened = 0;
      for (const fragment of fragments) {
        history.replaceState(null, "", `#${fragment}`);
        window.dispatchEvent(new HashChangeEvent("hashchange"));
        // The module is here: what it reads is shown in a task or two.
        await new Promise((done) => setTimeout(done));
        opened += Number(!linked.hidden);
      }
      return opened;
    }, fragments.slice(from, from + 500));
    const now = await census(screen.page);
    const more = Object.keys(now.names).filter((name) => now.names[name] !== before.names[name] && !TEXT.includes(name));
    assertEqual(more.map((name) => `${name}: ${before.names[name]} ${now.names[name]}`), [], "elements that appeared");
    assertEqual(now.live.filter((line) => !before.live.includes(line)), [], "attributes that appeared");
  }
  assert(opened > 100, `only ${opened} of them were shown as results`);
  const asked = [...new Set(site.log.map((entry) => entry.path))];
  // The service worker keeps the page meanwhile: what its list names is no fragment's doing.
  const kept = await readFile(join(process.env.PAGE_TINY, "kept.js"), "utf8");
  const own = (path) => ["/", "/sw.js", "/kept.js"].includes(path) || kept.includes(JSON.stringify(path.slice(1)));
  assertEqual(asked.filter((path) => !/^\/pictures\/[A-Za-z0-9_.-]+$/.test(path) && !own(path)), [], "files that were asked for");
  // A picture of the gallery that is none is asked for, and is not there.
  visitor.expect(/404/);
  await visitor.wellBehaved();
  assertEqual(await screen.page.evaluate(() => window.__broken), [], "what ran");
  return `${opened} of ${fragments.length} shown`;
});

test("hostile/hundreds of damaged addresses are opened, each gets its sentence", { limit: 600 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const maker = await visitor.open(PROCESSOR);
  const seeds = await sound(maker);
  await maker.close();
  visitor.expect(/404/);
  const page = await visitor.context.newPage();
  for (const [i, fragment] of mutated(seeds, NAVIGATIONS).entries()) {
    // A frame's page starts no engine, so that hundreds are opened in a minute. Every tenth is a
    // whole one.
    await page.goto("about:blank");
    await page.goto(`${site.url}${i % 10 ? "?embed=1" : PROCESSOR}#${fragment}`, { waitUntil: "commit" });
    const told = i % 10 ? "#embed-note:not(:empty)" : "#linked:not([hidden]), #notices li";
    await page.locator(told).first().waitFor({ state: "attached", timeout: 30_000 });
    assertEqual(await page.evaluate(() => document.querySelectorAll("iframe, object, embed, svg, form:not(#ask)").length), 0, "elements that appeared");
  }
  assertEqual(site.parts, [], "parts fetched");
  await visitor.wellBehaved();
});

test("hostile/no text can become markup or a script: the browser itself refuses it", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  await screen.answered();
  await visitor.wellBehaved();
  visitor.expect(/TrustedHTML|TrustedScript|trusted-types|Trusted Type|Content Security Policy/i);
  const refused = await screen.page.evaluate(() => {
    const tries = {
      innerHTML: () => (document.createElement("p").innerHTML = "<b>x</b>"),
      insertAdjacentHTML: () => document.body.insertAdjacentHTML("beforeend", "<b>x</b>"),
      write: () => document.write("<b>x</b>"),
      script: () => (document.createElement("script").src = "page.js"),
      worker: () => new Worker("page.js"),
      elsewhere: () => new Worker("https://example.org/engine.js"),
      policy: () => trustedTypes.createPolicy("mine", {}),
    };
    return Object.entries(tries).filter(([, attempt]) => {
      try {
        attempt();
        return false;
      } catch {
        return true;
      }
    }).map(([name]) => name);
  });
  assertEqual(refused, ["innerHTML", "insertAdjacentHTML", "write", "script", "worker", "elsewhere", "policy"], "what is refused");
});
