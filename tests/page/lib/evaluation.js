// The page that evaluates, as a visitor sees it.

import { until } from "./test.js";

const text = async (locator) => ((await locator.textContent()) ?? "").trim();

export class Evaluation {
  constructor(screen) {
    this.screen = screen;
    this.page = screen.page;
  }

  id(name) {
    return this.screen.id(name);
  }

  /** Fills the form in. */
  async ask({ task = "presence-gallery", limit = "", batch = "4", models, controls = ["majority"], dense, part, parts } = {}) {
    await until(async () => (await this.id("task").locator(`option[value="${task}"]`).count()) === 1, `the task ${task}`);
    await this.id("task").selectOption(task);
    await this.id("limit").fill(limit);
    await this.id("batch").fill(batch);
    if (models) {
      for (const box of await this.id("models").locator("input").all()) await box.setChecked(models.includes(await box.inputValue()));
    }
    for (const name of ["majority", "chance", "shuffled"]) await this.id(`control-${name}`).setChecked(controls.includes(name));
    if (dense !== undefined) await this.id("dense").setChecked(dense);
    if (parts) {
      await this.page.getByText("Only a part of the questions").click();
      await this.id("part").fill(part);
      await this.id("parts").fill(parts);
    }
  }

  async start() {
    await until(() => this.id("start").isEnabled(), "the button that evaluates");
    await this.id("start").click();
  }

  /** Waits until nothing runs. */
  async ended(limit = 120) {
    await until(async () => !(await this.screen.shown("running")) && (await this.id("start").isEnabled()), "the end of the evaluation", limit);
  }

  async rows(name) {
    const rows = await this.id(name).locator("tr").all();
    return Promise.all(rows.map(async (row) => (await row.locator("th, td").allTextContents()).map((cell) => cell.trim())));
  }

  note() {
    return text(this.id("evaluate-note"));
  }

  /** Opens runs of another device; gives the sentence about all of them. */
  async agree(input, files) {
    await this.id(input).setInputFiles(files);
    await until(async () => /the same/.test(await text(this.id("agreed"))) && !(await this.screen.shown("problem")), "how far they agree");
    return text(this.id("agreed"));
  }

  /** The exported runs, as a zip file in a folder. */
  async exported(folder) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.id("export").click()]);
    const zip = `${folder}/runs.zip`;
    await download.saveAs(zip);
    return zip;
  }

  /** Number of answers that are kept, while it runs. */
  async done() {
    return Number((await text(this.id("run-text"))).match(/^(\d+) of/)?.[1] ?? 0);
  }

  /** The files of every run, by their paths. */
  files() {
    return this.page.evaluate(async () => {
      const found = {};
      const walk = async (folder, prefix) => {
        for await (const [name, handle] of folder.entries()) {
          if (handle.kind === "directory") await walk(handle, `${prefix}${name}/`);
          else if (name !== "lock") found[prefix + name] = await (await handle.getFile()).text();
        }
      };
      await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle("sightline-evaluations"), "");
      return found;
    });
  }
}
