import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, runStep, verdict } from '../measure.js';
import { copier } from '../peers/copier.js';
import { cruft } from '../peers/cruft.js';
import { tool as program } from '../peers/environment.js';
import { mlsys, mlsysStep } from '../peers/mlsys.js';
import {
  commitAll,
  firstVersion,
  secondVersion,
  updateFaults,
  userEdits,
  writeRepository,
  writeTree,
} from '../trees.js';
import { copyProject, readText } from '../workplace.js';
import { growth } from './new.js';

const peakProgram = fileURLToPath(new URL('../peers/peak.py', import.meta.url));
const ignoredFiles = 50_000;

function targets(size) {
  if (size >= 10_000) return { copier: { least: 40 }, cruft: {} };
  if (size >= 2000) return { copier: { least: 25 }, cruft: { least: 8 } };
  return { copier: { least: 8 }, cruft: { least: 2.5 } };
}

/** `mlsys sync` with edits and one conflict, against `copier update` and `cruft update` on the same trees and edits. */
export function* syncSection({ workplace, sizes, rounds, slowRounds }) {
  const medians = new Map();
  for (const size of sizes) {
    for (const section of measureSize({ workplace, size, rounds, slowRounds })) {
      if (section.name === `sync-${size}`) medians.set(size, section.timings[0].median);
      yield section;
    }
    workplace.clear('sync');
  }
  if (medians.size > 1) yield growth(medians, 'sync');
}

function* measureSize({ workplace, size, rounds, slowRounds }) {
  const projects = new Map([mlsys, copier, cruft].map((tool) => [tool, startProject(workplace, tool, size)]));
  const contestants = [...projects].map(([tool, { edited }]) => {
    const project = join(dirname(edited), 'copy');
    return {
      name: tool.name,
      rounds: tool === mlsys ? rounds : slowRounds(size),
      prepare: () => copyProject(edited, project, refreshIndex),
      steps: () => tool.update({ project, ref: 'v2.0.0' }),
      check: () => requireUpdate(tool.name, size, project),
    };
  });
  const timings = compare(contestants, rounds);
  const [mine, ...peers] = [...timings.values()];
  const limits = targets(size);
  const verdicts = peers.map(({ name, median }) => verdict(`${name} / mlsys`, median / mine.median, limits[name]));
  if (size < 2000) verdicts.push(verdict('mlsys sync', mine.median, { most: 0.4, unit: 's' }));
  const { edited } = projects.get(mlsys);
  verdicts.push(memory(edited, size));
  yield {
    name: `sync-${size}`,
    title: `Sync: ${size} files, 3 edited, one conflict`,
    timings: [...timings.values()],
    verdicts,
  };
  yield measureNothing({ workplace, size, rounds, ...projects.get(mlsys) });
  if (size < 2000) yield measureIgnored({ edited, rounds });
}

/** A template with two versions, and a project that was made from the first and then edited. */
function startProject(workplace, tool, size) {
  const template = workplace.folder('sync', tool.name, 'template');
  const versions = new Map([
    ['v1.0.0', tool.template(firstVersion(size))],
    ['v2.0.0', tool.template(secondVersion(size))],
  ]);
  writeRepository(template, versions);
  const edited = workplace.freshTarget('sync', tool.name);
  tool.create({ template, ref: 'v1.0.0', target: edited }).forEach(runStep);
  writeTree(edited, userEdits(size));
  commitAll(edited, 'Edit');
  return { template, edited };
}

/** A copied file has a new inode, which git must look at once: not in the time of the contestants. */
const refreshIndex = (project) =>
  void spawnSync('git', ['update-index', '-q', '--refresh'], { cwd: project, stdio: 'ignore' });

function requireUpdate(name, size, project) {
  const faults = updateFaults(size, (path) => readText(join(project, path)));
  if (faults.length > 0) throw new Error(`${name} did not update the project: ${faults.join(', ')}`);
}

function memory(edited, size) {
  const project = join(dirname(edited), 'copy');
  copyProject(edited, project, refreshIndex);
  const [{ command, args, cwd }] = mlsys.update({ project, ref: 'v2.0.0' });
  const printed = execFileSync(program('python'), [peakProgram, command, ...args], { cwd, encoding: 'utf8' });
  const [, bytes] = printed.trim().split(' ').map(Number);
  const limit = size >= 10_000 ? { most: 300 } : {};
  return verdict('memory of mlsys or git, the larger', bytes / 1e6, { ...limit, unit: 'MB' });
}

/** A project that is at the newest version, its edits aside. */
function measureNothing({ workplace, size, rounds, template }) {
  const project = workplace.freshTarget('sync', 'current');
  mlsys.create({ template, ref: 'v2.0.0', target: project }).forEach(runStep);
  const contestants = [
    { name: 'sync', steps: () => [mlsysStep(project, ['sync'])] },
    { name: 'sync --check', steps: () => [mlsysStep(project, ['sync', '--check'])] },
  ];
  const timings = [...compare(contestants, rounds).values()];
  const limit = size < 2000 ? { most: 0.2 } : {};
  return {
    name: `sync-nothing-${size}`,
    title: `Sync: ${size} files, nothing to do`,
    timings,
    verdicts: timings.map(({ name, median }) => verdict(name, median, { ...limit, unit: 's' })),
  };
}

/** What a Python environment in the project adds, which git is told to ignore. */
function measureIgnored({ edited, rounds }) {
  const parent = dirname(edited);
  const project = join(parent, 'copy');
  const environment = join(parent, 'environment');
  fillEnvironment(environment);
  const contestant = (name, before, after) => ({
    name,
    prepare: () => {
      copyProject(edited, project, refreshIndex);
      before();
    },
    steps: () => mlsys.update({ project, ref: 'v2.0.0' }),
    check: after,
  });
  const nothing = () => undefined;
  const timings = compare(
    [
      contestant('without', nothing, nothing),
      contestant(
        'with',
        () => renameSync(environment, join(project, '.venv')),
        () => renameSync(join(project, '.venv'), environment),
      ),
    ],
    2 * rounds + 1,
  );
  const ratio = timings.get('with').median / timings.get('without').median;
  return {
    name: 'sync-ignored',
    title: `Sync: a .venv of ${ignoredFiles} files in the project`,
    timings: [...timings.values()],
    verdicts: [verdict('with / without', ratio, { most: 1.1 })],
  };
}

function fillEnvironment(folder) {
  const perFolder = 250;
  for (let at = 0; at < ignoredFiles; at += perFolder) {
    const package_ = join(folder, 'lib', `package_${at}`);
    mkdirSync(package_, { recursive: true });
    for (let i = 0; i < perFolder; i++) writeFileSync(join(package_, `module_${i}.py`), '');
  }
}
