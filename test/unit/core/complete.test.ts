import { expect, test } from 'vitest';
import type { CommandSpec } from '../../../src/core/command-spec.js';
import { completeWords } from '../../../src/core/complete.js';

const command = (name: string, given: Partial<CommandSpec> = {}): CommandSpec => ({
  name,
  usage: name,
  summary: `Help of ${name}`,
  description: '',
  hidden: false,
  passesOptions: false,
  options: [],
  arguments: [],
  commands: [],
  ...given,
});
const option = (names: readonly string[], value?: string) => ({ flags: '', names, help: '', value });
const argument = (name: string, variadic = false, choices: readonly string[] = []) => ({
  name,
  help: '',
  variadic,
  choices,
});

const root = command('mlsys', {
  options: [option(['-V', '--version'])],
  commands: [
    command('new', {
      arguments: [argument('path')],
      options: [option(['-b', '--branch'], 'branch'), option(['--yes']), option(['--json'])],
    }),
    command('run', {
      arguments: [argument('task'), argument('args', true)],
      options: [option(['--all'])],
      passesOptions: true,
    }),
    command('add', { arguments: [argument('branch', true)] }),
    command('completion', { arguments: [argument('shell', false, ['bash', 'zsh'])] }),
    command('template', {
      commands: [command('test', { arguments: [argument('branch')] }), command('tidy')],
    }),
    command('__complete', { hidden: true }),
  ],
});

test.each<[string, string[], string | undefined]>([
  ['', ['new', 'run', 'add', 'completion', 'template'], 'task'],
  ['n', ['new'], 'task'],
  ['__', [], 'task'],
  ['--', ['--version'], undefined],
  ['new ', [], 'path'],
  ['new --', ['--branch', '--yes', '--json'], undefined],
  ['new x --y', ['--yes'], undefined],
  ['new --branch ', [], 'branch'],
  ['new -b ', [], 'branch'],
  ['new -b main ', [], 'path'],
  ['new --yes ', [], 'path'],
  ['new x ', [], undefined],
  ['new -- --', [], 'path'],
  ['add one two ', [], 'branch'],
  ['run ', [], 'task'],
  ['run --', ['--all'], undefined],
  ['run train --', [], undefined],
  ['run train --seed ', [], 'args'],
  ['train ', [], 'args'],
  ['train --', [], undefined],
  ['completion ', ['bash', 'zsh'], 'shell'],
  ['completion z', ['zsh'], 'shell'],
  ['template t', ['test', 'tidy'], undefined],
  ['template test ', [], 'branch'],
  ['template tidy ', [], undefined],
])('after `mlsys %s` come %j and %s', (line, words, value) => {
  const found = completeWords(root, line.split(' '));
  expect({ words: found.words.map(({ word }) => word), value: found.value }).toEqual({ words, value });
});

test('the command that is typed is known', () => {
  expect(completeWords(root, ['template', 'test', '']).path).toEqual(['template', 'test']);
});
