// The page as a visitor sees it: every id and label that a case relies on stands here.

import { mkdir } from "node:fs/promises";
import path from "node:path";

import { assert, until } from "./test.js";

/**
 * Computes in milliseconds what software WebGPU needs half a minute to compile: for whatever is not
 * about the GPU.
 */
export const PROCESSOR = "?device=cpu";

/** WebGPU also where it is only software, as here. */
export const GPU = "?device=gpu";

const text = async (locator) => ((await locator.textContent()) ?? "").trim();

export class Screen {
  /** Opens the page; on the processor unless WebGPU is what a case is about. */
  static async open(visitor, suffix = PROCESSOR) {
    const screen = new Screen();
    screen.visitor = visitor;
    screen.workers = 0;
    const page = await visitor.context.newPage();
    screen.page = page;
    page.on("worker", () => (screen.workers += 1));
    await page.goto(visitor.site.url + suffix, { waitUntil: "load" });
    return screen;
  }

  /** A page that is open already. */
  static of(page) {
    return Object.assign(new Screen(), { page });
  }

  id(name) {
    return this.page.locator(`#${name}`);
  }

  async shown(name) {
    return this.id(name).isVisible();
  }

  /** Waits until the engine has said what is here and what is missing. */
  async ready(limit = 30) {
    await until(() => this.id("load").isEnabled(), "the button that loads the models", limit);
  }

  /** Waits until the program has drawn what came with the page. */
  async begun() {
    await until(async () => (await this.id("view").getAttribute("data-picture")) === "0", "the picture to begin with");
  }

  /** Everything that is said about the machine and the files. */
  facts() {
    return text(this.id("setup"));
  }

  /** The sentence about why it is not as fast as it could be, if it is seen. */
  async why() {
    return (await this.shown("why")) ? text(this.id("why")) : "";
  }

  notices() {
    return text(this.id("notices"));
  }

  async pressLoad() {
    await this.ready();
    await this.id("load").click();
  }

  /** Waits for the bars. */
  async loading() {
    await until(async () => (await this.id("files").getAttribute("data-state")) === "loading", "a bar for every file");
  }

  async loaded(limit = 90) {
    await until(async () => {
      const said = (await this.shown("problem")) && (await text(this.id("problem-text")));
      assert(!said, () => `loading failed: ${said}`);
      return /^Ready after/.test(await text(this.id("step")));
    }, "the models", limit);
  }

  async load(limit = 90) {
    await this.pressLoad();
    // A problem of an earlier try goes when this one succeeds.
    await until(async () => /^Ready after/.test(await text(this.id("step"))), "the models", limit);
  }

  /** Waits for the sentence beside a problem, and gives it. */
  async failed(limit = 30) {
    await until(() => this.shown("problem"), "a sentence about the problem", limit);
    return text(this.id("problem-text"));
  }

  broken() {
    return this.failed(60);
  }

  async restart() {
    await this.id("problem-button").click();
    await until(async () => !(await this.shown("problem")), "the engine's new start");
  }

  async reload() {
    await this.page.reload({ waitUntil: "load" });
  }

  /** Waits until the service worker keeps the page. */
  async keptForLater() {
    await until(
      () => this.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state === "activated" && (await caches.has("sightline-page"))),
      "the service worker",
    );
  }

  async engines() {
    return this.workers;
  }

  /** Drops a file on the page. */
  async give(kind, name, bytes) {
    await this.page.evaluate(
      ({ kind, name, base64 }) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
        const event =
          kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector("#drop").dispatchEvent(event);
      },
      { kind, name, base64: Buffer.from(bytes).toString("base64") },
    );
  }

  /** Does something that changes the picture, and waits until it has. */
  async changing(work) {
    const before = await this.id("view").getAttribute("data-picture");
    await work();
    await until(async () => {
      assert(!(await text(this.id("picture-note"))), "the picture was refused");
      return (await this.id("view").getAttribute("data-picture")) !== before;
    }, "the picture");
  }

  drop(name, bytes) {
    return this.changing(() => this.give("drop", name, bytes));
  }

  paste(name, bytes) {
    return this.changing(() => this.give("paste", name, bytes));
  }

  pick(name, bytes) {
    return this.changing(() => this.id("file").setInputFiles({ name, mimeType: "image/png", buffer: Buffer.from(bytes) }));
  }

  chooseFromGallery(index = 0) {
    return this.changing(() => this.id("gallery").getByRole("button").nth(index).click());
  }

  /** Chooses a picture of the gallery by what it shows. */
  choose(name) {
    return this.changing(() => this.id("gallery").getByRole("button", { name, exact: true }).click());
  }

  /** Drops a file that is refused; gives the sentence. */
  async dropRefused(name, bytes) {
    await this.page.evaluate(() => (document.querySelector("#picture-note").textContent = ""));
    await this.give("drop", name, bytes);
    await until(async () => (await this.refused()).length > 0, `a sentence about ${name}`);
    return this.refused();
  }

  refused() {
    return text(this.id("picture-note"));
  }

  /** What is wrong with the question. */
  async refusedQuestion() {
    return text(this.id("question-note"));
  }

  /** Colours of the canvas at a grid of points. */
  colours() {
    return this.page.evaluate(() => {
      const view = document.querySelector("#view");
      // A copy: reading a canvas often makes browsers draw on it in another way.
      const canvas = Object.assign(document.createElement("canvas"), { width: view.width, height: view.height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(view, 0, 0);
      const at = (i, n) => Math.floor(((i + 0.5) / 12) * n);
      return Array.from({ length: 144 }, (_, i) => context.getImageData(at(i % 12, canvas.width), at(Math.floor(i / 12), canvas.height), 1, 1).data.join());
    });
  }

  /** The question that the answers belong to. */
  async asked() {
    return (await this.shown("asked")) ? text(this.id("asked")) : "";
  }

  /** What the models have said so far. */
  texts() {
    return this.page.locator(".pane .text").allTextContents();
  }

  async suggestions() {
    return this.id("suggestions").getByRole("button").allTextContents();
  }

  question() {
    return this.id("question").inputValue();
  }

  async ask(question) {
    await this.page.getByLabel("Your question").fill(question);
    await until(() => this.id("send").isEnabled(), "the button that asks");
    await this.id("send").click();
  }

  async stop() {
    await this.id("stop").click();
  }

  /** Waits until both have answered. */
  async answered(limit = 60) {
    const panes = this.page.locator(".pane");
    await until(async () => (await panes.count()) > 0 && !(await this.shown("stop")), "the answers", limit);
    const found = [];
    for (const pane of await panes.all()) {
      found.push({
        model: await pane.getAttribute("data-model"),
        state: await pane.getAttribute("data-state"),
        stopped: (await pane.getAttribute("data-state")) === "stopped",
        reused: (await pane.getAttribute("data-reused")) === "true",
        // By the letter: of a box, people are told the place.
        text: ((await pane.getAttribute("data-answer")) ?? "").trim(),
        facts: await text(pane.locator("dl")),
      });
    }
    return found;
  }

  async boxes() {
    return Number(await this.id("view").getAttribute("data-boxes"));
  }

  outsideTraining() {
    return this.shown("outside");
  }

  /** Waits until a state that a pretended engine stops in is there. */
  async passed(state) {
    if (/loading/.test(state)) await until(async () => /downloaded/.test(await text(this.id("bar-text-1"))), "a file's progress");
    else if (/compiling/.test(state)) await until(async () => /^Compiling 2 of 3/.test(await text(this.id("step"))), "the compiling step");
    else await this.failed();
  }

  /** Measures on `bench.html`; gives the table's rows as texts by their column's heading. */
  async measure(limit = 120) {
    await this.id("measure").click();
    await until(async () => (await this.id("rows").locator("tr").count()) > 0, "the measurements", limit);
    return this.rows("rows");
  }

  /** A table's rows, as texts by their column's heading. */
  async rows(body) {
    const found = [];
    for (const row of await this.id(body).locator("tr").all()) {
      const cells = await row.locator("td").all();
      const entries = await Promise.all(cells.map(async (cell) => [await cell.getAttribute("data-label"), await text(cell)]));
      found.push({ Model: await text(row.locator("th")), ...Object.fromEntries(entries) });
    }
    return found;
  }

  /** The whole visit without a pointer: loads, picks a picture of the gallery, types a question. */
  async byKeyboard() {
    const { keyboard } = this.page;
    const reach = async (what) => {
      for (let i = 0; i < 60; i++) {
        const there = await this.page.evaluate((what) => document.activeElement?.matches(what), what);
        if (there) {
          const outline = await this.page.evaluate(() => {
            const style = getComputedStyle(document.activeElement);
            return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
          });
          assert(outline, `the focus cannot be seen on ${what}`);
          return;
        }
        await keyboard.press("Tab");
      }
      throw new Error(`${what} is not reached by Tab`);
    };
    await reach("#load");
    await keyboard.press("Enter");
    await until(async () => /^Ready after/.test(await text(this.id("step"))), "the models", 90);
    await this.changing(async () => {
      await reach("#gallery button");
      await keyboard.press("Space");
    });
    await reach("#question");
    await keyboard.type("What is this?");
    await keyboard.press("Enter");
    await until(async () => (await this.shown("stop")) || (await this.answered()).every(({ state }) => state === "done"), "answering");
  }

  /** A picture for people. */
  async shot(name) {
    await mkdir(process.env.SCREENSHOTS, { recursive: true });
    await this.#top();
    await this.page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  /** What stays in the window while the page is scrolled belongs to its own place in a picture. */
  #top() {
    return this.page.evaluate(() => scrollTo(0, 0));
  }

  /** A picture of the part of the page between two elements, both included. */
  async shotOf(name, first, last) {
    await this.#top();
    const clip = await this.page.evaluate(
      ([first, last]) => {
        const margin = 16;
        const top = Math.max(document.querySelector(first).getBoundingClientRect().top + scrollY - margin, 0);
        const bottom = document.querySelector(last).getBoundingClientRect().bottom + scrollY + margin;
        return { x: 0, y: top, width: document.documentElement.clientWidth, height: bottom - top };
      },
      [first, last],
    );
    await this.page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true, clip });
  }

  /** A visit through a driver that has no locators: Firefox's. Gives the answers. */
  static async plainVisit(page, picture, question) {
    // The driver's own waiting would be refused by the page's policy.
    const wait = (look) => until(() => page.evaluate(look), String(look), 90);
    await wait(() => !document.querySelector("#load").disabled);
    await page.evaluate(() => document.querySelector("#load").click());
    await wait(() => document.querySelector("#step").textContent.startsWith("Ready after"));
    await page.evaluate((base64) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], "one.png"));
      document.querySelector("#drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, Buffer.from(picture).toString("base64"));
    await wait(() => document.querySelector("#view").dataset.picture);
    await page.evaluate((question) => {
      document.querySelector("#question").value = question;
      document.querySelector("#send").click();
    }, question);
    await wait(() => [...document.querySelectorAll(".pane")].every((pane) => pane.dataset.state === "done"));
    return page.evaluate(() => [...document.querySelectorAll(".pane .text")].map((text) => text.textContent));
  }
}
