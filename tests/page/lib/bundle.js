// The parts of a built page, and a page whose weights are others than those that were built.

import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const address = (part) => `/parts/${part.sha256}.part`;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** `bundle.json` of a page. */
export const bundleOf = async (folder) => JSON.parse(await readFile(path.join(folder, "bundle.json"), "utf8"));

/** The path of every part, in order. */
export const partsOf = async (folder) => (await bundleOf(folder)).files.flatMap((file) => file.parts.map(address));

/**
 * Writes the models of a page as the native program reads them: `weights` and `cache` below a
 * folder. Gives what the program has to be told.
 */
export const nativeModels = async (page, to) => {
  const { manifest, classes, files } = await bundleOf(page);
  const put = async (name, content) => {
    const file = path.join(to, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  await put("weights/manifest.json", JSON.stringify(manifest));
  for (const [name, list] of Object.entries(classes)) await put(`weights/${name}`, JSON.stringify(list));
  const language = manifest.language_models.map(({ file }) => file);
  for (const file of files) {
    const bytes = Buffer.concat(await Promise.all(file.parts.map((part) => readFile(path.join(page, address(part))))));
    await put(`${language.includes(file.name) ? "cache" : "weights"}/${file.name}`, bytes);
  }
  return { options: ["--weights", path.join(to, "weights"), "--device", "cpu"], env: { ...process.env, SIGHTLINE_CACHE: path.join(to, "cache") } };
};

/** A tensor's place in a safetensors file, by the end of its name. */
const place = (bytes, ending) => {
  const length = Number(bytes.readBigUInt64LE(0));
  const entries = Object.entries(JSON.parse(bytes.subarray(8, 8 + length).toString("utf8")));
  const found = entries.filter(([name, { dtype }]) => name.endsWith(ending) && dtype === "F32");
  if (found.length !== 1) throw new Error(`${found.length} tensors are called …${ending}`);
  return found[0][1].data_offsets.map((at) => 8 + length + at);
};

/**
 * The page's weights with one tensor of the file `name` multiplied, its hashes set right: what to
 * answer for each path.
 * @returns {Promise<Map<string, {body: string | Buffer, headers?: object}>>}
 */
export const enlarged = async (folder, name, ending, factor) => {
  const bundle = await bundleOf(folder);
  const file = bundle.files.find((file) => file.name === name);
  const bytes = Buffer.concat(await Promise.all(file.parts.map((part) => readFile(path.join(folder, address(part))))));
  const [from, to] = place(bytes, ending);
  for (let at = from; at < to; at += 4) bytes.writeFloatLE(bytes.readFloatLE(at) * factor, at);
  const answers = new Map();
  let at = 0;
  for (const part of file.parts) {
    const body = bytes.subarray(at, (at += part.bytes));
    part.sha256 = sha256(body);
    answers.set(address(part), { body });
  }
  const before = file.sha256;
  file.sha256 = sha256(bytes);
  // The manifest names it, too.
  const body = JSON.stringify(bundle).replaceAll(before, file.sha256);
  answers.set("/bundle.json", { body, headers: { "content-type": "application/json" } });
  return answers;
};
