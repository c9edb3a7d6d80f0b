import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A project template in two versions, the same for every tool. Files are text by path; `@@project_name@@` and
 * `@@package_name@@` stand for the two variables, and each tool spells them in its own way.
 *
 *     version 1    files of 2 to 4 kB in 15 folders, every fifth with variables
 *     version 2    changes every tenth, renames 2, deletes 2, adds 3
 *     the user     edits 3 files: one that stays, one that version 2 changes elsewhere, one that it changes in the same line
 *
 * @typedef {Map<string, string>} Tree
 */
export const projectName = 'bench-project';
export const packageName = 'bench_project';

const folders = 15;
const fixedFiles = new Map([['.gitignore', '.venv/\n__pycache__/\n']]);
const variable = /@@(\w+)@@/g;

/** Replaces variables by what a tool writes for them, or by their values. */
export const spell = (text, spelling) => text.replace(variable, (_, name) => spelling(name));
export const hasVariables = (text) => text.search(variable) >= 0;

/** The tree that every tool should render. */
export const rendered = (tree) => {
  const values = { project_name: projectName, package_name: packageName };
  return new Map([...tree].map(([path, text]) => [path, spell(text, (name) => values[name])]));
};

/** Numbers that look random and are the same in each run. */
function randomNumbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const words = (
  'batch model layer train feature window scale label score split cache index token weight query matrix kernel ' +
  'vector sample state value merge column shard stream'
).split(' ');

function fileLines(index) {
  const random = randomNumbers(index + 1);
  const word = () => words[random(words.length)];
  const size = 2000 + random(2000);
  const lines = isTest(index) ? ['"""Part of @@project_name@@."""', 'import @@package_name@@', ''] : [];
  for (let length = 0; length < size; length += lines.at(-1).length + 1) {
    lines.push(
      `${word()}_${random(1000)} = ${word()}(${word()}=${random(100)}, ${word()}="${word()} ${random(10000)}")`,
    );
  }
  return lines;
}

/** Tests import the package by its name, and the modules that they test do without. */
const isTest = (index) => index % 5 === 0;
const pathOf = (index, mark = '') => {
  const folder = `src/part_${String(index % folders).padStart(2, '0')}`;
  return `${folder}/${isTest(index) ? 'test' : 'module'}_${mark}${index}.py`;
};
const textOf = (lines) => `${lines.join('\n')}\n`;
const changeLine = (lines, at, text) => textOf(lines.with(at, text));

/** Which of the files meets which fate. */
function fates(count) {
  const all = Array.from({ length: count }, (_, index) => index);
  const changed = all.filter((i) => i % 10 === Math.floor(i / 10) % 10);
  const kept = all.filter((i) => !changed.includes(i));
  const [edited, renamed, renamedToo, deleted, deletedToo] = kept.filter((_, i) => i % 7 === 3);
  const [, conflicting, meeting] = changed;
  return { changed, edited, renamed: [renamed, renamedToo], deleted: [deleted, deletedToo], conflicting, meeting };
}

const added = (count) => [count, count + 1, count + 2];

/** @returns {Tree} */
export function firstVersion(count) {
  const files = Array.from({ length: count }, (_, index) => [pathOf(index), textOf(fileLines(index))]);
  return new Map([...fixedFiles, ...files]);
}

/** @returns {Tree} */
export function secondVersion(count) {
  const tree = firstVersion(count);
  const { changed, renamed, deleted } = fates(count);
  for (const index of changed) tree.set(pathOf(index), changeLine(fileLines(index), 5, 'the_template = "changed"'));
  for (const index of renamed) {
    tree.set(pathOf(index, 'renamed_'), tree.get(pathOf(index)));
    tree.delete(pathOf(index));
  }
  for (const index of deleted) tree.delete(pathOf(index));
  for (const index of added(count)) tree.set(pathOf(index), textOf(fileLines(index)));
  return tree;
}

/** What the user made of their project: the edited files, whole. @returns {Tree} */
export function userEdits(count) {
  const { edited, conflicting, meeting } = fates(count);
  const edit = (index, at) => [pathOf(index), changeLine(fileLines(index), at, `the_user = "changed ${index}"`)];
  return rendered(new Map([edit(edited, 5), edit(conflicting, 5), edit(meeting, 20)]));
}

/** What must be so in a project after an update to version 2, whichever tool did it. */
export function updateFaults(count, read) {
  const { changed, renamed, deleted, edited, meeting } = fates(count);
  const holds = (index, text) => read(pathOf(index))?.includes(text) === true;
  const checks = {
    'a change is missing': holds(changed.at(-1), 'the_template'),
    'an edit is lost': holds(edited, 'the_user') && holds(meeting, 'the_user'),
    'a merge is missing': holds(meeting, 'the_template'),
    'a file was not renamed': renamed.every((index) => read(pathOf(index, 'renamed_')) !== undefined),
    'a file was not deleted': deleted.every((index) => read(pathOf(index)) === undefined),
    'a file was not added': added(count).every((index) => read(pathOf(index)) !== undefined),
  };
  return Object.entries(checks).flatMap(([fault, fine]) => (fine ? [] : [fault]));
}

/** @param {string} folder @param {Tree} tree */
export function writeTree(folder, tree) {
  for (const [path, text] of tree) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const git = (cwd, ...args) => execFileSync('git', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });

/** A git repository with one tagged commit for each version. @param {Map<string, Tree>} versions by tag */
export function writeRepository(folder, versions) {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet');
  for (const [tag, tree] of versions) {
    for (const name of readdirSync(folder)) if (name !== '.git') rmSync(join(folder, name), { recursive: true });
    writeTree(folder, tree);
    commitAll(folder, tag);
    git(folder, 'tag', tag);
  }
}

export function commitAll(folder, message) {
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--message', message);
}
