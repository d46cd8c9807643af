// `sightline serve` behind a proxy that writes down every request and can spoil answers; and a
// plain static host.

import { spawn } from "node:child_process";
import { createServer, request as httpRequest } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";

const listen = (server) =>
  new Promise((done, fail) => {
    server.on("error", fail);
    server.listen(0, "127.0.0.1", () => done(server.address().port));
  });

const close = (server) => {
  server.closeAllConnections?.();
  return new Promise((done) => server.close(done));
};

/** Starts `sightline serve` on a free port; gives the port and how to end it. */
const startSightline = (folder, more) =>
  new Promise((done, fail) => {
    const child = spawn(process.env.SIGHTLINE, ["serve", "--port", "0", "--page", folder, ...more], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const heard = (data) => {
      said += data;
      const port = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1];
      if (port) done({ port: Number(port), end: () => child.kill() });
    };
    child.stdout.on("data", heard);
    child.stderr.on("data", heard);
    child.on("error", fail);
    child.on("exit", (code) => fail(new Error(`sightline serve ended with ${code}: ${said}`)));
  });

/**
 * A served page. `log` has every request's path; `spoil(path)` may give what to answer instead:
 * `status`, `headers` and `body`; after a `delay` in ms; nothing at all with `hang`; of the body
 * only the `first` bytes, and then silence, or the end of the connection with `cut`.
 */
export class Site {
  static async start(folder, more = []) {
    const site = new Site();
    site.folder = folder;
    site.log = [];
    site.spoil = () => undefined;
    site.upstream = await startSightline(folder, more);
    site.server = createServer((request, response) => site.#answer(request, response));
    site.port = await listen(site.server);
    site.url = `http://127.0.0.1:${site.port}/`;
    return site;
  }

  /** Paths of parts that were sent, in order. */
  get parts() {
    return this.log.filter((entry) => entry.path.includes("/parts/")).map((entry) => entry.path);
  }

  /** Ends serving without ending the log: what comes now finds nobody. */
  async stop() {
    if (this.server) await close(this.server);
    this.server = undefined;
  }

  async end() {
    await this.stop();
    this.upstream.end();
  }

  async #answer(request, response) {
    const entry = { path: request.url.split("?")[0], status: 0 };
    this.log.push(entry);
    const spoilt = await this.spoil(entry.path, this.log);
    if (spoilt) {
      if (spoilt.hang) return;
      if (spoilt.delay) await new Promise((done) => setTimeout(done, spoilt.delay));
      if (spoilt.status || spoilt.body) {
        entry.status = spoilt.status ?? 200;
        response.writeHead(entry.status, { "content-type": "application/octet-stream", ...spoilt.headers });
        if (spoilt.first === undefined) return response.end(spoilt.body ?? "");
        response.write(spoilt.body.subarray(0, spoilt.first));
        if (spoilt.cut) setTimeout(() => response.destroy(), 200);
        return;
      }
    }
    const onward = httpRequest({ host: "127.0.0.1", port: this.upstream.port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      entry.status = answer.statusCode;
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }
}

const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", wasm: "application/wasm", json: "application/json", webmanifest: "application/manifest+json", svg: "image/svg+xml", jpg: "image/jpeg", png: "image/png", webp: "image/webp" };

/**
 * A plain host that sends files below `prefix` and no header but their type. `log` has every
 * request's path.
 */
export const startPlainHost = async (folder, prefix) => {
  const log = [];
  const server = createServer(async (request, response) => {
    const wanted = decodeURIComponent(request.url.split("?")[0]);
    log.push(wanted);
    const rest = wanted.startsWith(prefix) ? wanted.slice(prefix.length) || "index.html" : undefined;
    if (rest === undefined || rest.includes("..")) return response.writeHead(404).end();
    try {
      const body = await readFile(path.join(folder, rest));
      response.writeHead(200, { "content-type": TYPES[rest.split(".").pop()] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}${prefix}`, log, end: () => close(server) };
};
