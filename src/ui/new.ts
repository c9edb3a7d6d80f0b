import { type Rendered } from '../core/project.js';
import { togetherIn } from '../core/together.js';
import { plural, style } from './style.js';

/** What `new` makes, for a person or, with `json`, for a program. */
export function describeNew(rendered: Rendered, target: string, json: boolean): string {
  const { baseline, branches, answers, manifest } = rendered;
  const layers = manifest.layers.map(({ name }) => name);
  const together = togetherIn(rendered.layers, { answers, branches }).map((part) => ({
    branches: part.branches,
    summary: part.summary,
  }));
  if (json) {
    const files = [...baseline].map(([path, { mode, layer, bytes }]) => ({
      path,
      mode,
      layer,
      bytes: bytes.byteLength,
    }));
    return JSON.stringify({ path: target, branches, answers, together, files }, null, 2);
  }
  const counts = layers.map((layer) => {
    const count = [...baseline.values()].filter((file) => file.layer === layer).length;
    return `  ${layer.padEnd(Math.max(...layers.map((name) => name.length)))}  ${plural(count, 'file')}`;
  });
  const shared = together
    .filter(({ summary }) => summary !== '')
    .map((part) => `  ${part.branches.join(' + ')}: ${part.summary}`);
  const title = `${style.bold(answers.project_name as string)} in ${target}`;
  return [title, ...counts, ...(shared.length === 0 ? [] : ['', 'Together:', ...shared])].join('\n');
}

export function nextSteps({ manifest }: Rendered, folder: string, isSetUp: boolean): string {
  const has = (task: string): boolean => manifest.tasks.some(({ name }) => name === task);
  const steps = [
    ...(folder === '' ? [] : [`cd ${/^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", `'\\''`)}'`}`]),
    ...(isSetUp ? [] : ['mlsys setup            # make the Python environment']),
    ...(has('demo') ? ['mlsys run demo         # see it work'] : []),
    ...(has('test') ? ['mlsys run test         # run the tests'] : []),
    'mlsys run              # list every task',
    'mlsys doctor           # check the machine and the project',
  ];
  return ['', 'Next:', ...steps.map((step) => `  ${step}`)].join('\n');
}
