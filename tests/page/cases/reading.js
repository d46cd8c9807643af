// What is read: aloud, in place, and about the page itself.

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { polite } from "../lib/pretend.js";
import { Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }, { page = process.env.PAGE_TINY, ...options } = {}) => {
  const site = await Site.start(page);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

/** Both models write a box, digit by digit. */
const DIGITS = `(command, post) => {
  if (command.kind !== "ask") return;
  const { turn } = command;
  const text = "[0.35, 0.33, 0.67, 0.71]";
  const timings = { encode_ms: 1, prefix_ms: 1, prefill_ms: 1, first_token_ms: 1, decode_ms: 1, tokens: 3, visual_tokens: 4, dense_ms: 0 };
  post({ kind: "started", turn, order: READY.models.map(({ id }) => id), outside_training: false });
  for (const { id: model } of READY.models) {
    for (const piece of text) post({ kind: "text", turn, model, text: piece });
    post({ kind: "answered", turn, answer: { model, text, boxes: [], cut: false, stopped: false, timings } });
  }
  post({ kind: "done", turn });
}`;

test("reading/a screen reader hears each answer once, whole, and whose it is", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  site.spoil = (wanted) => wanted.endsWith("/engine.js") && polite(DIGITS);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.page.evaluate(() => {
    window.__heard = [];
    const live = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest('[aria-live]:not([aria-live="off"]), [role="status"], [role="alert"]');
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const region = live(target);
        if (region?.textContent) window.__heard.push(region.textContent);
      }
    }).observe(document.querySelector("#talk"), { subtree: true, childList: true, characterData: true });
  });
  await screen.ask("Where is it?");
  await screen.answered();
  await until(() => screen.page.evaluate(() => window.__heard.length >= 2), "both answers");
  const heard = await screen.page.evaluate(() => window.__heard);
  assertEqual(heard, ["VMamba (state space): [0.35, 0.33, 0.67, 0.71]", "ViT (attention): [0.35, 0.33, 0.67, 0.71]"], "what is heard");
  await visitor.wellBehaved();
});

test("reading/a translator that wraps every text in elements of its own disturbs nothing", { limit: 90 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  await screen.page.evaluate(() => {
    const wrap = (root) => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      const texts = [];
      while (walker.nextNode()) texts.push(walker.currentNode);
      for (const text of texts.filter((text) => text.data.trim() && text.parentElement?.closest("main, body") && !text.parentElement.closest("script, style, font"))) {
        const font = document.createElement("font");
        text.replaceWith(font);
        font.append(text);
      }
    };
    wrap(document.body);
    new MutationObserver(() => wrap(document.body)).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await screen.load();
  await screen.drop("one.png", png());
  for (const question of ["What is this?", "Is there a teapot in the image?"]) {
    await screen.ask(question);
    assertEqual((await screen.answered()).map(({ state, text }) => [state, text.length > 0]), [["done", true], ["done", true]], "answers");
    assertEqual(await screen.asked(), `To “${question}”`, "the question above them");
  }
  await visitor.wellBehaved();
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
]) {
  test(`reading/nothing jumps while the page starts and loads, ${width} px`, { limit: 90 }, async (t) => {
    const { visitor } = await arrive(t, { page: process.env.PAGE, viewport: { width, height } });
    await visitor.context.addInitScript(() => {
      window.__shift = [];
      new PerformanceObserver((list) => {
        for (const { value, hadRecentInput, sources } of list.getEntries()) {
          const who = sources.map(({ node }) => `${node?.nodeName}#${node?.id || node?.className || ""}`);
          if (!hadRecentInput) window.__shift.push({ value, who });
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    const screen = await Screen.open(visitor, "");
    await screen.ready();
    await screen.load();
    const shifts = await screen.page.evaluate(() => window.__shift);
    const all = shifts.reduce((sum, { value }) => sum + value, 0);
    assert(all < 0.1, () => `layout shift ${all.toFixed(3)}: ${JSON.stringify(shifts)}`);
    await visitor.wellBehaved();
    return `layout shift ${all.toFixed(3)}`;
  });
}

test("reading/the page names the paper, and everything that is served has its terms", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  const footer = await screen.page.locator("footer").innerText();
  for (const needed of ["Do VLMs Need Vision Transformers? Evaluating State Space Models as Vision Encoders", "Shang-Jui Ray Kuo", "Paola Cascante-Bonilla", "2603.19209", "independent"]) {
    assert(footer.replace(/\s+/g, " ").includes(needed), () => `${needed} is missing in: ${footer}`);
  }
  const links = await screen.page.locator("footer a").evaluateAll((links) => links.map((link) => link.href));
  for (const link of ["https://arxiv.org/abs/2603.19209", "https://github.com/raykuo18/vlm-ssm-vision-encoders"]) assert(links.includes(link), link);
  for (const link of links.filter((link) => link.startsWith(site.url))) {
    const response = await fetch(link);
    assertEqual(response.status, 200, link);
  }
  const terms = await (await fetch(`${site.url}about/models.html`)).text();
  for (const needed of ["sightline-vit-tiny", "sightline-vmamba-tiny", "non-commercial", "SmolLM2", "Caltech-101"]) assert(terms.includes(needed), needed);
  const names = await (await fetch(`${site.url}about/names.html`)).text();
  for (const needed of ["<td>airplane</td>", "aeroplane", "<td>zebra</td>"]) assert(names.includes(needed), needed);
  const licences = await (await fetch(`${site.url}about/licences.html`)).text();
  for (const needed of ["wgpu v", "wasm-bindgen v", "serde v"]) assert(licences.includes(`<b>${needed}`), needed);
  for (const about of ["about/models.html", "about/names.html"]) {
    const page = await visitor.open(about);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert(wide <= 0, `${about}: ${wide} px wider than the window`);
  }
  await visitor.wellBehaved();
});
