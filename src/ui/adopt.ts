import type { Adoption } from '../engine/adopt.js';
import { errorStyle as style, plural } from './style.js';

export function adoptionJson({ lock, fit, restored }: Adoption, dryRun: boolean): string {
  const { template, branches, answers } = lock;
  const { identical, edited, missing, share } = fit;
  return JSON.stringify(
    {
      dryRun,
      template,
      branches,
      answers,
      restored,
      identical,
      edited,
      missing,
      share: Math.round(share * 1000) / 1000,
    },
    null,
    2,
  );
}

/** What the nearest template has in common with the project. */
export function nearestWords({ lock, fit }: Adoption): string {
  const { template, branches } = lock;
  const facts = [`${plural(fit.identical, 'file')} the same`, `${fit.edited} edited`, `${fit.missing} missing`];
  const layers = ['main', ...branches].join(' + ');
  return `nearest: ${template.source} ${template.version}, ${layers}: ${facts.join(', ')} (${Math.floor(fit.share * 100)} %)`;
}

export function describeAdoption(adoption: Adoption, dryRun: boolean): string {
  const { lock, restored } = adoption;
  const { project_name, package_name, ...answers } = lock.answers;
  const rows = [
    ...(restored === undefined ? [] : [`the lock of commit ${restored.slice(0, 12)} is the project’s last one`]),
    nearestWords(adoption),
    style.dim(`project ${project_name}, package ${package_name}`),
    ...Object.entries(answers).map(([name, value]) => style.dim(`${name}: ${value}`)),
    '',
  ];
  if (dryRun) return [...rows, 'nothing was written; this would commit the lock'].join('\n');
  return [
    ...rows,
    `${style.green('done:')} the lock is committed; what differs from the template counts as your edits`,
    '',
    'Next:',
    '  mlsys status           # which files differ',
    '  mlsys sync --dry-run   # what an update would bring',
  ].join('\n');
}
