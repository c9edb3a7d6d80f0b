import { resolve } from 'node:path';
import { findProjectRoot, openProject, readProjectManifest } from '../adapters/project.js';
import { isCached, loadTemplate } from '../adapters/source.js';
import { findTemplateFolder } from '../adapters/template-folder.js';
import { folderStore } from '../adapters/template-store.js';
import type { Context } from '../context.js';
import type { CommandSpec } from '../core/command-spec.js';
import { type Candidate, completeWords } from '../core/complete.js';
import { baseName } from '../core/layer.js';
import { builtinSource, parseSource } from '../core/source.js';
import { branchesFolder } from '../core/store.js';
import { shownTasks } from '../core/task-plan.js';
import { completionScripts } from '../ui/completion.js';
import { topics } from '../ui/help.js';

export async function completionCommand(ctx: Context, shell: string): Promise<number> {
  ctx.print(completionScripts[shell] ?? '');
  return 0;
}

/** Prints what the last word could become. A shell asks at each press of Tab: it is quick, goes to no server, and never fails. */
export async function completeCommand(ctx: Context, root: CommandSpec, words: readonly string[]): Promise<number> {
  const { words: known, value, path } = completeWords(root, words);
  const current = words.at(-1) ?? '';
  const looked = await lookUp(ctx, root, { value, path, words }).catch(() => []);
  const found = [...known, ...looked.filter(({ word }) => word.startsWith(current))];
  const unique = new Map(found.map((candidate) => [candidate.word, candidate.help]));
  const lines = [...unique].map(([word, help]) => (help === '' ? word : `${word}\t${help}`));
  if (lines.length > 0) ctx.print(lines.join('\n'));
  return 0;
}

interface Place {
  readonly value: string | undefined;
  readonly path: readonly string[];
  readonly words: readonly string[];
}

async function lookUp(ctx: Context, root: CommandSpec, { value = '', path, words }: Place): Promise<Candidate[]> {
  if (value.endsWith('branch')) return branchesFor(ctx, path, words);
  if (value === 'task') return tasksOf(ctx);
  if (value !== 'topic') return [];
  const commands = root.commands.filter(({ hidden }) => !hidden);
  return [
    ...Object.entries(topics).map(([word, { summary }]) => ({ word, help: summary })),
    ...commands.map(({ name, summary }) => ({ word: name, help: summary })),
  ];
}

async function tasksOf(ctx: Context): Promise<Candidate[]> {
  const root = findProjectRoot(ctx.cwd);
  if (root === undefined) return [];
  return shownTasks(readProjectManifest(root).tasks).map(({ name, help }) => ({ word: name, help }));
}

/** The branches that a command can mean: those of the project's template, of the template worked in, or of the built-in one. */
async function branchesFor(ctx: Context, path: readonly string[], words: readonly string[]): Promise<Candidate[]> {
  const named = words[words.indexOf('--from') + 1];
  if (words.includes('--from') && named !== undefined) return branchesOf(ctx, named, ctx.cwd);
  const [first = '', second = ''] = path;
  if (['switch', 'add', 'remove'].includes(first)) {
    const { root, lock } = openProject(ctx.cwd);
    if (first === 'remove') return plain(lock.branches);
    const all = await branchesOf(ctx, lock.template.source, root, lock.template.commit);
    const more = all.filter(({ word }) => first === 'switch' || ![baseName, ...lock.branches].includes(word));
    return more;
  }
  const worked = ['create', 'test', 'dev', 'diff'].includes(second) ? findTemplateFolder(ctx.cwd) : undefined;
  return branchesOf(ctx, worked ?? builtinSource, ctx.cwd);
}

async function branchesOf(ctx: Context, source: string, base: string, commit?: string): Promise<Candidate[]> {
  const spec = parseSource(source);
  if (spec.kind !== 'git') {
    const folder = spec.kind === 'builtin' ? ctx.packageRoot : resolve(base, spec.path);
    return plain([baseName, ...folderStore(folder).folders(branchesFolder).sort()]);
  }
  if (!isCached(ctx, spec.url)) return [];
  const options = { projectRoot: base, base, commit, refresh: false };
  const { template } = await loadTemplate(ctx, source, options);
  return plain([baseName, ...template.branches.keys()]);
}

const plain = (names: readonly string[]): Candidate[] => names.map((word) => ({ word, help: '' }));
