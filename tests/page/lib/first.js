// What the page's program draws of the picture to begin with, as markup that needs no program.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { Screen } from "./screen.js";
import { until } from "./test.js";

/** Elements that `www/index.html` marks with `<!-- first: ID -->`. */
const ELEMENTS = ["view", "legend", "picture-credit", "groups", "gallery", "before", "suggestions", "asked", "recorded", "panes", "verdict", "judge"];

/** Elements that are nothing but buttons: nobody answers them before the program runs. */
const INERT = ["groups", "gallery", "suggestions", "judge"];

/** SHA-256 of what the answers are of, and of the lists that they come from. */
export const sourcesOf = async (folder) => {
  const sha256 = async (name) => createHash("sha256").update(await readFile(path.join(folder, name))).digest("hex");
  return { "recorded.json": await sha256("recorded.json"), "pictures.json": await sha256("pictures.json") };
};

/**
 * Runs in the page before its own code: writes down as SVG what is drawn on the canvas of that id.
 */
const draw = () => {
  const kept = (window.__drawn = []);
  const { prototype } = CanvasRenderingContext2D;
  const round = (value) => Math.round(value * 10) / 10;
  // A browser gives a colour with its alpha back as rgba(…).
  const paint = (name, colour) => {
    const [, r, g, b, a] = /^rgba\((\d+), (\d+), (\d+), ([\d.]+)\)$/.exec(colour) ?? [];
    return a ? `${name}="rgb(${r} ${g} ${b})" ${name}-opacity="${Math.round(a * 100) / 100}"` : `${name}="${colour}"`;
  };
  const rect = (x, y, width, height, more) => `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${more}/>`;
  const note = (name, as) => {
    const original = prototype[name];
    prototype[name] = function (...given) {
      if (this.canvas.id === "view") as(this, ...given);
      return original.apply(this, given);
    };
  };
  note("drawImage", () => kept.splice(0));
  note("fillRect", (context, ...place) => kept.push(rect(...place, paint("fill", context.fillStyle))));
  note("strokeRect", (context, ...place) => {
    const dashes = context.getLineDash().map(round);
    const dashed = dashes.length ? ` stroke-dasharray="${dashes.join(" ")}"` : "";
    kept.push(rect(...place, `fill="none" ${paint("stroke", context.strokeStyle)} stroke-width="${round(context.lineWidth)}"${dashed}`));
  });
  note("fillText", (context, text, x, y) => {
    const size = parseFloat(/([\d.]+)px/.exec(context.font)[1]);
    const length = `textLength="${round(context.measureText(text).width)}" lengthAdjust="spacingAndGlyphs"`;
    const plain = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    kept.push(`<text x="${round(x)}" y="${round(y)}" font-size="${round(size)}" font-weight="600" fill="${context.fillStyle}" ${length}>${plain}</text>`);
  });
};

/** The markup of every element, by its id. */
export const firstOf = async (visitor) => {
  await visitor.context.addInitScript(draw);
  const screen = await Screen.open(visitor);
  await screen.begun();
  await until(async () => (await screen.id("gallery").getByRole("button").count()) > 0, "the gallery");
  return screen.page.evaluate(
    async ({ names, inert }) => {
      const file = document.querySelector('#gallery [aria-pressed="true"] img').getAttribute("src");
      const view = document.querySelector("#view");
      const label = view.getAttribute("aria-label");
      const [width, height] = [view.width, view.height];
      const picture =
        `<svg id="first" data-first role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}">` +
        `<image href="${file}" width="${width}" height="${height}"/>${window.__drawn.join("")}</svg>`;
      const found = {};
      for (const id of names) {
        const copy = document.getElementById(id).cloneNode(true);
        copy.setAttribute("data-first", "");
        if (inert.includes(id)) copy.setAttribute("inert", "");
        else for (const control of copy.querySelectorAll("button, input, select, textarea")) ["data-first", "inert"].forEach((name) => control.setAttribute(name, ""));
        for (const name of ["data-picture", "data-boxes"]) copy.removeAttribute(name);
        found[id] = copy.outerHTML.replaceAll("\n", " ").replaceAll('=""', "");
      }
      found.view = picture + found.view;
      return found;
    },
    { names: ELEMENTS, inert: INERT },
  );
};
