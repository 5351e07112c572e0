// sharp as a program of bench.codec_programs, which says how it is spoken to: node sharp_codec.mjs [plain]. With `plain`,
// Huffman tables are libjpeg's, as they are on all other sides; sharp's own default is to optimize them.
import { createRequire } from "node:module";
import { join } from "node:path";

const sharp = createRequire(join(process.env.NODE_TOOLS, "x.js"))("sharp");
sharp.concurrency(1);
const options = { quality: 50, optimiseCoding: process.argv[2] !== "plain" };

async function answer(data) {
  const started = process.hrtime.bigint();
  const made = await sharp(data).jpeg(options).toBuffer();
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  process.stdout.write(JSON.stringify({ seconds, bytes: made.length }) + "\n");
  process.stdout.write(made);
}

let waiting = Buffer.alloc(0);
let wanted = null;
for await (const part of process.stdin) {
  waiting = Buffer.concat([waiting, part]);
  const end = waiting.indexOf("\n");
  if (wanted === null && end >= 0) {
    wanted = JSON.parse(waiting.subarray(0, end)).bytes;
    waiting = waiting.subarray(end + 1);
  }
  if (wanted !== null && waiting.length >= wanted) {
    await answer(waiting.subarray(0, wanted));
    waiting = waiting.subarray(wanted);
    wanted = null;
  }
}
