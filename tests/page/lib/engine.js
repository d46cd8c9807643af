// The page's own engine, driven through its messages: for comparisons, where the page itself would
// only be in the way.

import { assert } from "./test.js";

/** The messages' version, as `crates/messages` has it. */
const VERSION = Number(process.env.MESSAGES_VERSION);

export class Engine {
  /** Starts `engine.js` in a worker of its own, in a page that is open. */
  static async start(page, { device = "auto" } = {}) {
    const engine = new Engine();
    engine.page = page;
    await page.evaluate(() => {
      const events = [];
      const worker = new Worker(new URL("engine.js", location.href), { type: "module" });
      let heard = () => {};
      worker.onmessage = ({ data }) => {
        // Pixels are nobody's business here, and large.
        if (data?.preview) data.preview = undefined;
        events.push(data);
        heard();
      };
      worker.onerror = (event) => {
        events.push({ kind: "broken", sentence: `the worker failed: ${event.message}` });
        heard();
      };
      window.__engine = {
        worker,
        /** The first event of one of these kinds that nobody took, and everything before it. */
        next: async (kinds) => {
          for (;;) {
            const at = events.findIndex((event) => kinds.includes(event.kind));
            if (at >= 0) return events.splice(0, at + 1);
            await new Promise((done) => (heard = done));
          }
        },
      };
    });
    engine.ready = (await engine.ask({ kind: "hello", version: VERSION, bundle: new URL("bundle.json", page.url()).href, device }, ["ready"])).at(-1);
    return engine;
  }

  /**
   * Sends a command and waits for one of `kinds`; gives all events up to it. A refusal is an error.
   */
  async ask(command, kinds) {
    const events = await this.page.evaluate(
      async ({ command, kinds }) => {
        if (command.bytes) command.bytes = Uint8Array.from(atob(command.bytes), (c) => c.charCodeAt(0));
        window.__engine.worker.postMessage(command);
        return window.__engine.next(kinds);
      },
      { command, kinds: [...kinds, "broken", "load_failed", "picture_refused", "refused"] },
    );
    const last = events.at(-1);
    assert(kinds.includes(last.kind), () => `${command.kind}: ${last.kind}: ${last.sentence}`);
    return events;
  }

  async load() {
    return (await this.ask({ kind: "load" }, ["loaded"])).at(-1);
  }

  async picture(number, bytes) {
    return (await this.ask({ kind: "picture", picture: number, bytes: Buffer.from(bytes).toString("base64") }, ["picture"])).at(-1);
  }

  /** The answers of all models. */
  async question(turn, picture, question, maxTokens = 64) {
    const events = await this.ask({ kind: "ask", turn, picture, question, max_tokens: maxTokens }, ["done"]);
    return events.filter((event) => event.kind === "answered").map((event) => event.answer);
  }

  /** Features of the last picture by model id. */
  async features() {
    const all = new Map();
    while (all.size < this.ready.models.length) {
      const command = all.size ? { kind: "stop", turn: 0 } : { kind: "features" };
      const { model, values } = (await this.ask(command, ["features"])).at(-1);
      all.set(model, values);
    }
    return all;
  }

  async measure(runs) {
    return (await this.ask({ kind: "measure", runs }, ["measured"])).at(-1);
  }

  async end() {
    await this.page.evaluate(() => window.__engine.worker.terminate());
  }
}
