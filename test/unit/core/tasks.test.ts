import { describe, expect, it } from 'vitest';
import { resolveTasks } from '../../../src/core/tasks.js';
import { manifestOf } from '../../helpers/template.js';

type Given = Parameters<typeof manifestOf>[0];
const task = (command = 'python -V') => ({ command, help: `Runs ${command}` });
const main = (...names: string[]) =>
  manifestOf({ tasks: Object.fromEntries(names.map((name) => [name, task('base')])) });
const branch = (name: string, tasks: readonly string[], more: Given = {}) =>
  manifestOf({ name, tasks: Object.fromEntries(tasks.map((t) => [t, task(name)])), ...more });

const resolve = (...manifests: Parameters<typeof resolveTasks>[0]) =>
  new Map(resolveTasks(manifests, (text) => text).map((t) => [t.name, t]));
/** What a name runs: its layer, its steps, or the names it could mean. */
const meaning = (tasks: ReturnType<typeof resolve>) =>
  Object.fromEntries(
    [...tasks].map(([name, { layer, steps, ambiguous }]) => [
      name,
      ambiguous.length > 0 ? `one of ${ambiguous.join(', ')}` : steps.length > 0 ? steps.join(' then ') : layer,
    ]),
  );

describe('the name of a task', () => {
  it('is there plainly and with its layer', () => {
    expect(meaning(resolve(main('test')))).toEqual({ test: 'main', 'test-main': 'main' });
  });

  it('is the branch’s before the base’s', () => {
    expect(meaning(resolve(main('train'), branch('llm', ['train'])))).toEqual({
      train: 'llm',
      'train-llm': 'llm',
      'train-main': 'main',
    });
  });

  it('is nobody’s where two branches have it', () => {
    const tasks = resolve(main('train'), branch('agentic', ['train']), branch('llm', ['train']));
    expect(meaning(tasks)).toEqual({
      train: 'one of train-agentic, train-llm',
      'train-agentic': 'agentic',
      'train-llm': 'llm',
      'train-main': 'main',
    });
    expect(tasks.get('train')?.command).toEqual([]);
  });

  it('is each in turn where it is demo', () => {
    const tasks = resolve(main('demo'), branch('agentic', ['demo']), branch('llm', ['demo']));
    expect(meaning(tasks).demo).toBe('demo-agentic then demo-llm');
  });

  it('is the one demo of a project with one branch, and the base’s without', () => {
    expect(meaning(resolve(main('demo'), branch('llm', ['demo']))).demo).toBe('llm');
    expect(meaning(resolve(main('demo'))).demo).toBe('main');
  });

  it('is that of a branch before the one it extends', () => {
    const tasks = resolve(main(), branch('forest', ['train']), branch('meadow', ['train'], { extends: ['forest'] }));
    expect(meaning(tasks).train).toBe('meadow');
  });

  it('is that of a branch before all below it, also where one between has none', () => {
    const tasks = resolve(
      main(),
      branch('forest', ['train']),
      branch('meadow', [], { extends: ['forest'] }),
      branch('pond', ['train'], { extends: ['meadow'] }),
    );
    expect(meaning(tasks).train).toBe('pond');
  });

  it('is that of a branch before one it extends by its alias', () => {
    const tasks = resolve(
      main(),
      branch('forest', ['train'], { aliases: ['woods'] }),
      branch('meadow', ['train'], { extends: ['woods'] }),
    );
    expect(meaning(tasks).train).toBe('meadow');
  });

  it('can’t be the full name of another', () => {
    expect(() => resolve(main('train'), branch('llm', ['train-main']))).toThrow(/train-main of llm|train-main of main/);
  });
});

describe('a task', () => {
  it('has its lines rendered', () => {
    const base = manifestOf({ tasks: { a: { command: ['one {{x}}', 'two'], help: 'A' } } });
    const [resolved] = resolveTasks([base], (text, where) => text.replace('{{x}}', where));
    expect(resolved?.command).toEqual(['one task a of main', 'two']);
  });

  it('keeps its steps, and is listed by name', () => {
    const base = manifestOf({
      tasks: { zeta: task(), all: { steps: ['zeta', 'beta'], help: 'All' }, beta: task() },
    });
    const names = resolveTasks([base], (text) => text).map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(resolve(base).get('all')).toMatchObject({ command: [], steps: ['zeta', 'beta'] });
  });

  it('says which of its names means the same as the plain one', () => {
    const tasks = resolve(main('train'), branch('llm', ['train']));
    expect([...tasks.values()].filter(({ alias }) => alias).map(({ name }) => name)).toEqual(['train-llm']);
  });
});
