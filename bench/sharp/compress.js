// Compresses pictures as the shop's earlier backend did, one after the other, and reports each on a line of its own.
// Reads lines from standard input: {"source": path, "target": path, "rounds": n}. Answers: {"wall_ms", "cpu_ms", "bytes"}.
const fs = require("fs");
const readline = require("readline");
const sharp = require("sharp");

sharp.cache(false);

async function compressed(data) {
  return sharp(data)
    .rotate()
    .resize(2000, 2000, { fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: 85, progressive: true, mozjpeg: true })
    .toBuffer();
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    const data = fs.readFileSync(task.source);
    const wall_ms = [];
    const cpu_ms = [];
    let result;
    for (let round = 0; round < task.rounds; round += 1) {
      const cpu = process.cpuUsage();
      const started = process.hrtime.bigint();
      result = await compressed(data);
      wall_ms.push(Number(process.hrtime.bigint() - started) / 1e6);
      const used = process.cpuUsage(cpu);
      cpu_ms.push((used.user + used.system) / 1e3);
    }
    fs.writeFileSync(task.target, result);
    console.log(JSON.stringify({ wall_ms, cpu_ms, bytes: result.length }));
  }
}

main();
