import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, verdict } from '../measure.js';
import { copier } from '../peers/copier.js';
import { floor } from '../peers/floor.js';
import { mlsys, mlsysStep } from '../peers/mlsys.js';
import { firstVersion, projectName, rendered, writeTree } from '../trees.js';
import { readText } from '../workplace.js';

const branchesFolder = fileURLToPath(new URL('../../../branches', import.meta.url));

function targets(size) {
  if (size > 2000) return { copier: {}, floor: {} };
  return size >= 2000 ? { copier: { least: 8 }, floor: { most: 0.9 } } : { copier: { least: 5 }, floor: { most: 1.2 } };
}

/**
 * `mlsys new --no-setup`, its commit included, against copier and against writing the files and committing them. All start
 * from a plain folder on this machine.
 */
export function* newSection({ workplace, sizes, rounds, slowRounds }) {
  const medians = new Map();
  for (const size of sizes) {
    const section = measureSize({ workplace, size, rounds, slowRounds });
    medians.set(size, section.timings[0].median);
    yield section;
  }
  yield measureBranches({ workplace, rounds });
  if (medians.size > 1) yield growth(medians);
}

function measureSize({ workplace, size, rounds, slowRounds }) {
  const tree = firstVersion(size);
  const contestants = [mlsys, floor, copier].map((tool) => {
    const template = workplace.folder('new', tool.name, 'template');
    writeTree(template, tool.template(tool === floor ? rendered(tree) : tree));
    // All of them write to one place: how fast a file system makes files depends on where.
    const target = join(workplace.folder('new', 'out'), projectName);
    return {
      name: tool.name,
      rounds: tool === copier ? slowRounds(size) : rounds,
      prepare: () => void workplace.freshTarget('new', 'out'),
      steps: () => tool.create({ template, target }),
      check: () => requireProject(target, rendered(tree), tool.name),
    };
  });
  const timings = compare(contestants, rounds);
  workplace.clear('new');
  const [mine, least, peer] = ['mlsys', 'floor', 'copier'].map((name) => timings.get(name).median);
  return {
    name: `new-${size}`,
    title: `New: ${size} files, with git init and a commit`,
    timings: [...timings.values()],
    verdicts: [
      verdict('copier / mlsys', peer / mine, targets(size).copier),
      verdict('mlsys / floor', mine / least, targets(size).floor),
    ],
  };
}

/** A contestant that leaves work undone must not look fast. */
function requireProject(target, tree, name) {
  if (!existsSync(join(target, '.git'))) throw new Error(`${name} made no repository`);
  for (const [path, text] of tree) {
    if (readText(join(target, path)) !== text) throw new Error(`${name} did not render ${path} as the others do`);
  }
}

function measureBranches({ workplace, rounds }) {
  const out = workplace.folder('branches');
  const contestants = readdirSync(branchesFolder).map((branch) => ({
    name: branch,
    prepare: () => void workplace.freshTarget('branches'),
    steps: () => [mlsysStep(out, ['new', projectName, '--branch', branch, '--yes', '--no-setup'])],
  }));
  const timings = [...compare(contestants, rounds).values()];
  workplace.clear('branches');
  const largest = Math.max(...timings.map((timing) => timing.median));
  return {
    name: 'new-branches',
    title: 'New: the branches that mlsys brings',
    timings,
    verdicts: [verdict('the slowest of them', largest, { most: 0.4, unit: 's' })],
  };
}

/** Whether twice the files take twice the time. */
export function growth(medians, name = 'new') {
  const sizes = [...medians.keys()].sort((a, b) => a - b);
  const verdicts = sizes.slice(1).map((size, i) => {
    const growthOfTime = medians.get(size) / medians.get(sizes[i]);
    return verdict(`${sizes[i]} to ${size} files: time grows by`, growthOfTime, { most: (1.3 * size) / sizes[i] });
  });
  return { name: `${name}-growth`, title: `Growth of ${name} with the number of files`, timings: [], verdicts };
}
