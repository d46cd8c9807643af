// <sightline-ask>: a picture, a question, and the answer of each model.

import { Sightline } from "./index.js";

const STYLE = `
  :host { display: block; max-width: 40rem; font: 1rem/1.5 system-ui, sans-serif; }
  [hidden] { display: none !important; }
  canvas { display: block; max-width: 100%; border-radius: 0.5rem; }
  form { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0.6rem 0; }
  label { flex: 1 0 100%; }
  input { flex: 1 1 12rem; min-width: 0; padding: 0.45rem 0.6rem; font: inherit; }
  button { padding: 0.45rem 0.9rem; font: inherit; }
  dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 12rem), 1fr)); gap: 0.6rem; margin: 0; }
  dl > div { padding: 0.5rem 0.8rem; border-inline-start: 4px solid var(--colour); overflow-wrap: anywhere; }
  dt { font-weight: 600; }
  dd { margin: 0; }
`;

/** Colours and dashes of the models, in their order: colour is not needed to tell them apart. */
const LOOKS = [
  ["#0a6fd6", []],
  ["#d96a00", [12, 7]],
  ["#1f8a4c", [4, 6]],
];

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

export class SightlineAsk extends HTMLElement {
  static observedAttributes = ["src", "question"];
  #parts;
  #models;
  #image;

  connectedCallback() {
    if (!this.#parts) this.#build();
    this.#show();
  }

  disconnectedCallback() {
    this.#models?.close();
    this.#models = undefined;
    if (this.#parts) this.#parts.button.textContent = this.#parts.loadLabel;
  }

  attributeChangedCallback(name) {
    if (!this.#parts) return;
    if (name === "src") this.#show();
    else this.#parts.input.value = this.getAttribute("question") ?? "";
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    // A sheet of its own needs no exception of a page's policy.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const canvas = make("canvas", { role: "img", "aria-label": "The picture asked about", hidden: "" });
    const input = make("input", { id: "question", type: "text", maxlength: "300", autocomplete: "off" });
    input.value = this.getAttribute("question") ?? "";
    const loadLabel = "Load the models and ask";
    const button = make("button", { type: "submit" }, loadLabel);
    const form = make("form", {}, make("label", { for: "question" }, "Your question"), input, button);
    const note = make("p", { role: "status" });
    const answers = make("dl");
    root.append(canvas, form, note, answers);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#parts = { canvas, input, button, note, answers, loadLabel };
  }

  async #show() {
    const { canvas, note, answers } = this.#parts;
    const src = this.getAttribute("src");
    answers.replaceChildren();
    canvas.hidden = true;
    this.#image = undefined;
    if (!src) return;
    const image = new Image();
    image.src = src;
    try {
      await image.decode();
    } catch {
      note.textContent = "The picture did not come.";
      return;
    }
    if (this.getAttribute("src") !== src) return;
    this.#image = image;
    this.#draw([]);
  }

  #draw(answers) {
    const { canvas } = this.#parts;
    const scale = Math.min(1, 1024 / Math.max(this.#image.naturalWidth, this.#image.naturalHeight));
    canvas.width = Math.max(1, this.#image.naturalWidth * scale);
    canvas.height = Math.max(1, this.#image.naturalHeight * scale);
    canvas.hidden = false;
    const context = canvas.getContext("2d");
    context.drawImage(this.#image, 0, 0, canvas.width, canvas.height);
    const unit = Math.max(2, Math.max(canvas.width, canvas.height) / 180);
    let boxes = 0;
    answers.forEach((answer, place) => {
      const [colour, dash] = LOOKS[place % LOOKS.length];
      for (const { px } of answer.boxes.filter((found) => found.px)) {
        boxes += 1;
        const [x1, y1, x2, y2] = px.map((side) => side * scale);
        context.setLineDash(dash);
        for (const [stroke, width] of [["#000a", unit * 1.9], [colour, unit]]) {
          context.strokeStyle = stroke;
          context.lineWidth = width;
          context.strokeRect(x1, y1, x2 - x1, y2 - y1);
        }
      }
    });
    canvas.dataset.boxes = boxes;
    canvas.setAttribute("aria-label", boxes ? `The picture asked about, with ${boxes} boxes` : "The picture asked about");
  }

  async #ask() {
    const { input, button, note, answers } = this.#parts;
    const question = input.value.trim();
    if (!question) {
      note.textContent = "Write a question first.";
      return;
    }
    button.disabled = true;
    answers.replaceChildren();
    try {
      if (!this.#models) await this.#open();
      note.textContent = "Answering…";
      await this.#models.picture(new URL(this.getAttribute("src") ?? "", document.baseURI));
      const found = await this.#models.ask(question);
      const title = (id) => this.#models.models.find((model) => model.id === id)?.name ?? id;
      answers.replaceChildren(
        ...found.map(({ model, text }, place) => {
          const row = make("div", {}, make("dt", {}, title(model)), make("dd", { dir: "auto" }, text));
          row.style.setProperty("--colour", LOOKS[place % LOOKS.length][0]);
          return row;
        }),
      );
      if (this.#image) this.#draw(found);
      note.textContent = "";
      this.dispatchEvent(new CustomEvent("answered", { detail: found, bubbles: true, composed: true }));
    } catch (error) {
      note.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  }

  async #open() {
    const { button, note } = this.#parts;
    const models = await Sightline.open({ bundle: this.getAttribute("bundle") ?? "bundle.json", device: this.getAttribute("device") ?? "auto" });
    this.#models = models;
    const onProgress = (progress) => {
      const percent = progress.step === "download" ? Math.floor((100 * progress.bytes) / progress.all) : undefined;
      note.textContent = percent === undefined ? `Preparing ${progress.model}…` : `Downloading: ${percent} % of ${Math.ceil(progress.all / 1e6)} MB`;
    };
    try {
      await models.load({ onProgress });
    } catch (error) {
      models.close();
      this.#models = undefined;
      throw error;
    }
    button.textContent = "Ask";
  }
}

if (!customElements.get("sightline-ask")) customElements.define("sightline-ask", SightlineAsk);
