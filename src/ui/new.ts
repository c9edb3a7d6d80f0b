import { type Rendered } from '../core/project.js';
import { plural, style } from './style.js';

/** What `new` makes, for a person or, with `json`, for a program. */
export function describeNew(
  { baseline, branches, answers, manifest }: Rendered,
  target: string,
  json: boolean,
): string {
  const layers = manifest.layers.map(({ name }) => name);
  if (json) {
    const files = [...baseline].map(([path, { mode, layer, bytes }]) => ({
      path,
      mode,
      layer,
      bytes: bytes.byteLength,
    }));
    return JSON.stringify({ path: target, branches, answers, files }, null, 2);
  }
  const counts = layers.map((layer) => {
    const count = [...baseline.values()].filter((file) => file.layer === layer).length;
    return `  ${layer.padEnd(Math.max(...layers.map((name) => name.length)))}  ${plural(count, 'file')}`;
  });
  return [`${style.bold(answers.project_name as string)} in ${target}`, ...counts].join('\n');
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
