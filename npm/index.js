// The models in a worker, as an object: opened, loaded, asked.

import { MESSAGES } from "./version.js";

/** What went wrong, as a sentence with what helps. */
export class SightlineError extends Error {
  name = "SightlineError";
}

/** Longest answer if nothing else is asked for, tokens. */
const MAX_TOKENS = 64;

export class Sightline {
  #worker;
  /** What the command that runs waits for. */
  #waiting;
  /** The last command that was given: the next one comes after it. */
  #last = Promise.resolve();
  #ready;
  #loaded;
  #pictures = 0;
  #turns = 0;
  #broken;

  /** Starts a worker and reads which models there are. Nothing of a model is fetched. */
  static async open({ bundle, device = "auto" }) {
    const made = new Sightline();
    made.#worker = new Worker(new URL("./engine.js", import.meta.url), { type: "module" });
    made.#worker.onmessage = ({ data }) => made.#hear(data);
    made.#worker.onerror = (event) => {
      event.preventDefault?.();
      made.#fail("The engine's worker did not start: its files must lie beside each other, on the page's own origin.");
    };
    const address = new URL(bundle, globalThis.document?.baseURI ?? import.meta.url).href;
    try {
      made.#ready = await made.#ask({ kind: "hello", version: MESSAGES, bundle: address, device }, ["ready"]);
    } catch (error) {
      made.close();
      throw error;
    }
    return made;
  }

  /** The models that will answer. */
  get models() {
    return this.#ready.models;
  }

  /** What computes. */
  get machine() {
    return this.#loaded?.machine ?? this.#ready.machine;
  }

  /** Bytes of all files, and how many of them this browser has already. */
  get bytes() {
    const sum = (of) => this.#ready.files.reduce((all, file) => all + Number(of(file)), 0);
    return { all: sum((file) => file.bytes), here: sum((file) => file.cached) };
  }

  /** Downloads what is missing and puts the models on the device. */
  async load({ onProgress, signal } = {}) {
    if (this.#loaded) return;
    signal?.throwIfAborted();
    const here = this.#ready.files.map((file) => Number(file.cached));
    const all = this.bytes.all;
    const heard = (event) => {
      if (event.kind === "progress") {
        here[event.file] = Number(event.downloaded) + Number(event.cached);
        onProgress?.({ step: "download", bytes: here.reduce((a, b) => a + b, 0), all });
      } else if (event.kind === "compiling") {
        onProgress?.({ step: "compile", model: event.model });
      }
    };
    const cancel = () => this.#worker.postMessage({ kind: "cancel" });
    signal?.addEventListener("abort", cancel);
    try {
      const event = await this.#ask({ kind: "load" }, ["loaded", "cancelled"], heard);
      if (event.kind === "cancelled") throw signal?.reason ?? new SightlineError("The download was ended.");
      this.#loaded = event;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Gives the picture that questions are about: a file, its bytes, or its address. */
  async picture(source) {
    const bytes = await bytesOf(source);
    const picture = this.#pictures + 1;
    const { width, height } = await this.#ask({ kind: "picture", picture, bytes }, ["picture"]);
    this.#pictures = picture;
    return { width, height };
  }

  /** Asks about the picture that was given last; gives one answer per model, in their order. */
  async ask(question, { maxTokens = MAX_TOKENS, onText, signal } = {}) {
    if (!this.#pictures) throw new SightlineError("There is no picture yet: give one with picture().");
    signal?.throwIfAborted();
    const turn = ++this.#turns;
    const answers = new Map();
    const heard = (event) => {
      if (event.turn !== turn) return;
      if (event.kind === "text") onText?.({ model: event.model, text: event.text });
      if (event.kind === "answered") answers.set(event.answer.model, event.answer);
    };
    const stop = () => this.#worker.postMessage({ kind: "stop", turn });
    signal?.addEventListener("abort", stop);
    try {
      await this.#ask({ kind: "ask", turn, picture: this.#pictures, question, max_tokens: maxTokens }, ["done"], heard);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    signal?.throwIfAborted();
    return this.models.map(({ id }) => answers.get(id)).filter(Boolean);
  }

  /** Removes what was downloaded from this browser; gives the number of bytes. */
  async forget() {
    return Number((await this.#ask({ kind: "forget" }, ["forgotten"])).bytes);
  }

  /** Ends the worker, and with it the use of the device's memory. */
  close() {
    this.#fail("The engine was closed.");
  }

  /** Sends a command after the one before; gives the event that ends it. */
  #ask(command, ends, heard = () => {}) {
    const run = () =>
      new Promise((done, fail) => {
        if (this.#broken) return fail(this.#broken);
        this.#waiting = { ends, heard, done, fail };
        this.#worker.postMessage(command);
      }).finally(() => (this.#waiting = undefined));
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }

  #hear(event) {
    if (event.kind === "broken") return this.#fail(event.sentence);
    const waiting = this.#waiting;
    if (!waiting) return;
    waiting.heard(event);
    // A question that is refused ends with `done` as well, so that its sentence is kept.
    if (event.kind === "refused") waiting.refused = new SightlineError(event.sentence);
    else if (["load_failed", "picture_refused"].includes(event.kind)) waiting.fail(new SightlineError(event.sentence));
    else if (waiting.ends.includes(event.kind)) waiting.refused ? waiting.fail(waiting.refused) : waiting.done(event);
  }

  #fail(sentence) {
    this.#broken ??= new SightlineError(sentence);
    this.#worker?.terminate();
    this.#waiting?.fail(this.#broken);
  }
}

async function bytesOf(source) {
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  const response = await fetch(source);
  if (!response.ok) throw new SightlineError(`The picture ${source} did not come: the server answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}
