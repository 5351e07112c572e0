// `node sharp_loop.mjs` in the folder of its packages: the script one writes with sharp: fetch, compress, put, eight at a time.
//
// Reads {"endpoint", "access_key", "secret_key", "bucket", "prefix", "urls"} as JSON, prints the seconds of the loop.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const require = createRequire(`${process.cwd()}/`);
const sharp = require("sharp");
const { Client } = require("minio");

const AT_ONCE = 8;

const task = JSON.parse(readFileSync(0, "utf8"));
const [endPoint, port] = task.endpoint.split(":");
const store = new Client({
  endPoint,
  port: Number(port),
  useSSL: false,
  accessKey: task.access_key,
  secretKey: task.secret_key,
});

async function compress(number, url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const picture = Buffer.from(await answer.arrayBuffer());
  const compressed = await sharp(picture).jpeg({ quality: 50 }).toBuffer();
  const headers = { "Content-Type": "image/jpeg" };
  await store.putObject(task.bucket, `${task.prefix}${number}.jpg`, compressed, compressed.length, headers);
}

const waiting = task.urls.entries();
async function worker() {
  for (const [number, url] of waiting) await compress(number, url);
}

const started = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, worker));
console.log((performance.now() - started) / 1000);
