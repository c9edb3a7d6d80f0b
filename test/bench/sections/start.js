import { tmpdir } from 'node:os';
import { compare, verdict } from '../measure.js';
import { mlsysStep } from '../peers/mlsys.js';

const cwd = tmpdir();

/** What starting mlsys costs on top of starting Node. */
export function* startSection() {
  const contestants = [
    { name: 'node -e 0', steps: () => [{ command: process.execPath, args: ['-e', '0'], cwd }] },
    { name: 'mlsys --version', steps: () => [mlsysStep(cwd, ['--version'])] },
    { name: 'mlsys --help', steps: () => [mlsysStep(cwd, ['--help'])] },
  ];
  const timings = compare(contestants, 21);
  const ratio = timings.get('mlsys --version').median / timings.get('node -e 0').median;
  yield {
    name: 'start',
    title: 'Start: mlsys --version against an empty Node',
    timings: [...timings.values()],
    verdicts: [verdict('--version / node -e 0', ratio, { most: 1.6 })],
  };
}
