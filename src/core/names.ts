import { createHash } from 'node:crypto';
import { MlsysError } from '../errors.js';
import { pythonKeywords, standardModules } from './python-names.js';

export interface ProjectNames {
  readonly project_name: string;
  readonly package_name: string;
}

const longest = 64;
const longestDnsName = 48;
const projectPattern = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i;
const packagePattern = /^[a-z][a-z0-9_]*$/;
const windowsDevices = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;
/** Folders at the project's root, or imports that its tests and tools rely on. */
const takenPackages = new Set([
  'tests',
  'test',
  'src',
  'conf',
  'docs',
  'data',
  'notebooks',
  'examples',
  'mlsys',
  'yaml',
  'dotenv',
]);

const short = (name: string): string => JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);

function refuse(name: string, reason: string, hint = 'for example: my-project'): never {
  throw new MlsysError('name', `${short(name)} can't be the name of a project: ${reason}`, { hint });
}

/** The name as PyPI compares it: case, `-`, `_` and `.` make no difference. */
export const normaliseDistribution = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

export function packageNameOf(projectName: string): string {
  return projectName.toLowerCase().replace(/[-.]+/g, '_');
}

/**
 * The name as hosts, images and namespaces can have it: small letters, digits and dashes, with room for an environment
 * within 63 characters. What is too long is cut, and a hash keeps it apart from other names with that beginning.
 */
export function dnsNameOf(name: string): string {
  const label = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  if (label.length <= longestDnsName) return label;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `${label.slice(0, longestDnsName - hash.length - 1).replace(/-$/, '')}-${hash}`;
}

export function checkProjectName(name: string): void {
  if (name === '') refuse(name, 'it is empty');
  if (name === '.' || name === '..') refuse(name, 'it names a folder above or this one');
  if (name.length > longest) refuse(name, `it has ${name.length} characters, at most ${longest} are allowed`);
  if (!projectPattern.test(name)) {
    refuse(name, 'only letters a-z, digits, "-", "_" and "." are allowed, with a letter or digit at both ends');
  }
  if (windowsDevices.test(name)) refuse(name, 'Windows reserves it for a device');
}

export function checkPackageName(name: string, projectName = name): void {
  const hint = 'choose another name, or give the package one of its own with --set package_name=…';
  const of = name === projectName ? '' : ` (its Python package would be ${short(name)})`;
  if (!packagePattern.test(name) || name.length > longest) {
    refuse(projectName, `a Python package starts with a letter and has only a-z, 0-9 and "_"${of}`, hint);
  }
  if (pythonKeywords.has(name)) refuse(projectName, `it is a keyword of Python${of}`, hint);
  if (standardModules.has(name)) refuse(projectName, `it would hide a module of Python's standard library${of}`, hint);
  if (takenPackages.has(name)) refuse(projectName, `the project has a folder or a tool of that name${of}`, hint);
}

/** Derives and checks both names. `packageName` is what the person asked for, if anything. */
export function projectNames(projectName: string, packageName?: string): ProjectNames {
  checkProjectName(projectName);
  const name = packageName ?? packageNameOf(projectName);
  checkPackageName(name, packageName === undefined ? projectName : name);
  return { project_name: projectName, package_name: name };
}

/** A project that depends on a distribution of its own name can't be installed. */
export function checkNameAgainstDependencies(names: ProjectNames, requirements: readonly string[]): void {
  const own = [normaliseDistribution(names.project_name), normaliseDistribution(names.package_name)];
  for (const requirement of requirements) {
    const distribution = normaliseDistribution(/^[\w.-]+/.exec(requirement)?.[0] ?? '');
    if (own.includes(distribution)) refuse(names.project_name, `the project depends on the package ${distribution}`);
  }
}
