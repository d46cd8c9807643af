// Do browser and program say the same? Answers by the program on the CPU, features by the goldens.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Engine } from "./engine.js";

const HERE = path.dirname(fileURLToPath(import.meta.url));
/**
 * Lines `{"id", "image", "question"}`, pictures named from the file's folder: the twenty fixed ones
 * if not said otherwise.
 */
const QUESTIONS = process.env.AGREE_QUESTIONS || path.join(HERE, "../agree/questions.jsonl");
const GOLDENS = path.join(HERE, "../../goldens/pair");

/** Cosine that features must have with the goldens'. */
export const MIN_COSINE = 0.9999;

/** The fixed questions, those with these ids only if there are any. */
export const questions = async (ids = []) => {
  const lines = (await readFile(QUESTIONS, "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  return lines.filter(({ id }) => ids.length === 0 || ids.includes(id));
};

/** What `sightline ask` answers on the CPU: `{"id model": text}`. */
export const natively = async (asked) => {
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-agree-"));
  const file = path.join(folder, "questions.jsonl");
  await writeFile(file, asked.map((row) => JSON.stringify({ ...row, image: path.join(path.dirname(QUESTIONS), row.image) })).join("\n"));
  const { stdout } = await promisify(execFile)(process.env.SIGHTLINE, ["ask", "--batch", file, "--device", "cpu"], { maxBuffer: 1 << 24 });
  await rm(folder, { recursive: true });
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  return new Map(lines.map(({ id, model, answer }) => [`${id} ${model}`, answer]));
};

/** The tensors of a safetensors file as arrays, with its metadata. */
export const safetensors = async (file) => {
  const bytes = await readFile(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.subarray(8, 8 + length).toString("utf8"));
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries)) {
    if (dtype !== "F32") continue;
    const data = bytes.subarray(8 + length + from, 8 + length + to);
    tensors.set(name, { shape, data: new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length)) });
  }
  return { metadata, tensors };
};

export const cosine = (a, b) => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
};

/**
 * The lowest cosine of features `[tokens, width]` with what the goldens keep of them: the first
 * tokens, and the mean.
 */
const compare = (values, goldens, arm, index) => {
  const first = goldens.tensors.get(`${arm}.first_tokens`);
  const mean = goldens.tensors.get(`${arm}.mean`);
  const [, count, width] = first.shape;
  let lowest = 1;
  for (let t = 0; t < count; t++) {
    const at = (index * count + t) * width;
    lowest = Math.min(lowest, cosine(values.slice(t * width, (t + 1) * width), first.data.subarray(at, at + width)));
  }
  const sum = new Float64Array(width);
  values.forEach((value, i) => (sum[i % width] += value));
  return Math.min(lowest, cosine(sum, mean.data.subarray(index * width, (index + 1) * width)));
};

/**
 * Asks the page's engine; gives rows, the lowest cosine of the features of each model, and what
 * computed.
 */
export const inTheBrowser = async (page, asked, { say = () => {}, ...options } = {}) => {
  const goldens = await safetensors(path.join(GOLDENS, "features.safetensors"));
  const images = JSON.parse(goldens.metadata.images);
  const engine = await Engine.start(page, options);
  const loaded = await engine.load();
  say(`loaded on ${loaded.machine.adapter} in ${Math.round(loaded.total_ms / 1000)} s`);
  const answers = new Map();
  const cosines = new Map();
  let [shown, number, last] = [0, 0, undefined];
  for (const { id, image, question } of asked) {
    if (image !== last) {
      last = image;
      number += 1;
      await engine.picture(number, await readFile(path.join(path.dirname(QUESTIONS), image)));
      const index = images.indexOf(path.basename(image, ".png"));
      // Other pictures than the goldens' have no features to compare with.
      for (const [model, values] of index < 0 ? [] : await engine.features()) {
        const arm = engine.ready.models.find((row) => row.id === model).encoder;
        cosines.set(model, Math.min(cosines.get(model) ?? 1, compare(values, goldens, arm, index)));
      }
    }
    for (const { model, text } of await engine.question(++shown, number, question)) answers.set(`${id} ${model}`, text);
    say(`question ${id}, ${shown} of ${asked.length}`);
  }
  await engine.end();
  return { answers, cosines: Object.fromEntries(cosines), machine: loaded.machine };
};
