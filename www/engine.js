// The worker's script: loads the engine and hands messages through. Those that come before it is
// ready wait. A page whose engine has more to do names it behind a question mark.
const name = location.search === "?evaluate" ? "sightline_web_evaluate" : "sightline_web";
const waiting = [];
let engine;
self.onmessage = ({ data }) => (engine ? engine.command(data) : waiting.push(data));
try {
  const { default: init, Engine } = await import(`./${name}.js`);
  await init({ module_or_path: new URL(`./${name}_bg.wasm`, import.meta.url) });
  engine = new Engine((event) => self.postMessage(event));
  waiting.splice(0).forEach((command) => engine.command(command));
} catch (error) {
  const { why } = await import("./why.js");
  self.postMessage(await why("The engine", error, [`${name}.js`, `${name}_bg.wasm`]));
}
