// Writes the files of a list of [path, text] below a folder: `node write-files.js <list.json> <folder>`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const [list, folder] = process.argv.slice(2);
const made = new Set();
for (const [path, text] of JSON.parse(readFileSync(list, 'utf8'))) {
  const parent = `${folder}/${path.slice(0, Math.max(0, path.lastIndexOf('/')))}`;
  if (!made.has(parent)) mkdirSync(parent, { recursive: true });
  made.add(parent);
  writeFileSync(`${folder}/${path}`, text);
}
