// Reads one JSON job a line from standard input: {zpl, width_mm, height_mm, dots_per_mm}.
// Answers one JSON line each: {png} in base 64, or {error}.
import { createInterface } from "node:readline";
import { ready } from "zpl-renderer-js";

const { api } = await ready;
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  let answer;
  try {
    answer = {
      png: await api.zplToBase64Async(job.zpl, job.width_mm, job.height_mm, job.dots_per_mm),
    };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
