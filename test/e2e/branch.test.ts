import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { workplace } from '../helpers/cli.js';
import { packageRoot } from '../helpers/context.js';
import { makeRepository } from '../helpers/repository.js';
import { sampleTemplate, writeTree } from '../helpers/template.js';

const place = workplace();
let template = '';
beforeAll(() => {
  template = place.folder('template');
  writeTree(template, sampleTemplate);
});

const branch = (...args: string[]) => place.mlsys(['branch', ...args]);

describe('branch list', () => {
  it('names the base and every branch of mlsys, with its aliases', async () => {
    const { exitCode, stdout, stderr } = await branch('list', '--json');
    const rows = JSON.parse(stdout) as { name: string; aliases: string[]; title: string; summary: string }[];
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(rows.map(({ name }) => name)).toEqual(['main', ...readdirSync(join(packageRoot, 'branches')).sort()]);
    expect(rows.find(({ name }) => name === 'llm-finetuning')?.aliases).toContain('llm-finetuning-system');
  });

  it('shows those of another template, in a folder or in git', async () => {
    const shown = /^main +A project\nforest +Trees\n +also forest-system\nmeadow +Flowers$/;
    expect((await branch('list', '--from', template)).stdout).toMatch(shown);
    const { url } = makeRepository(place.folder(), sampleTemplate);
    expect((await branch('list', '--from', `${url}#main`)).stdout).toMatch(shown);
  });

  it('says what is wrong with one that can’t be read', async () => {
    const { exitCode, stdout, stderr } = await branch('list', '--from', place.folder());
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/is no template/),
    });
  });
});

describe('branch show', () => {
  it('says what a branch asks, needs and brings', async () => {
    const { exitCode, stdout } = await branch('show', 'main', '--from', template);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Base \(main\)\nA project\n/);
    expect(stdout).toMatch(
      /Asks\n {2}description +string, default "A project"\. One line\n {2}api +boolean, default false/,
    );
    expect(stdout).toMatch(/Tasks\n {2}test +Run the tests/);
    expect(stdout).toMatch(/8 files in templates\/base\/files$/);
  });

  it('shows the same to a program, by an alias too', async () => {
    const { stdout } = await branch('show', 'forest-system', '--from', template, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'forest',
      tasks: { demo: { help: 'Show it' } },
      files: ['src/{{package_name}}/forest/__init__.py'],
    });
  });

  it('says what branches bring to each other, whichever of them is asked about', async () => {
    expect((await branch('show', 'agentic')).stdout).toMatch(
      /\nWith chalk\n {2}Agents read features .*\n {2}tools +feature_checker, feature_reader\n {2}page /,
    );
    const { together } = JSON.parse((await branch('show', 'chalk', '--json')).stdout) as { together: object[] };
    expect(together[0]).toMatchObject({ branches: ['agentic', 'chalk'], from: 'chalk' });
  });

  it('suggests the right name', async () => {
    const { exitCode, stderr } = await branch('show', 'forrest', '--from', template);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('hint: did you mean forest?'),
    });
  });
});

describe('branch lint', () => {
  it('finds no fault in the templates of mlsys', async () => {
    const { exitCode, stdout, stderr } = await branch('lint', packageRoot);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: 'no fault found' });
  });

  it('lists every fault at once, with file and line', async () => {
    const broken = place.folder();
    writeTree(broken, {
      ...sampleTemplate,
      'branches/forest/files/run.sh': '',
      'branches/forest/files/a.hbs': '\n{{nmae}}\n',
      'branches/meadow/branch.yaml': 'name: meadow\ntitle: Meadow\nsummary: Flowers\ntaks: {}\n',
    });
    const { exitCode, stdout, stderr } = await branch('lint', broken);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '3 faults' });
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^branches\/forest\/files\/a.hbs:2: no answer is named nmae/),
      expect.stringMatching(/^branches\/forest\/files\/run.sh:1: templates\/base has a file of this path already/),
      expect.stringMatching(/^branches\/meadow\/branch.yaml:4: unknown key taks, did you mean tasks\?/),
    ]);
    const json = await branch('lint', broken, '--json');
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject([{ file: 'branches/forest/files/a.hbs', line: 2 }, {}, {}]);
  });

  it('checks the folder that one stands in', async () => {
    const { exitCode, stderr } = await place.mlsys(['branch', 'lint'], { cwd: template });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'no fault found' });
  });

  it.each(['nowhere', '.'])('is refused where %s is no template', async (path) => {
    const { exitCode } = await place.mlsys(['branch', 'lint', path], { cwd: place.folder() });
    expect(exitCode).toBe(1);
  });
});
