import { chmodSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { base, type Changes, lines, snapshot, startLife, workTree } from '../../helpers/lifecycle.js';
import { executable, link } from '../../helpers/template.js';

describe('paths', () => {
  const odd = [
    'with space.txt',
    ' leading and trailing ',
    'ümläut/größe.txt',
    "quo'te.txt",
    'dou"ble.txt',
    '日本語.txt',
    '-dash.txt',
    ':(top)magic.txt',
    '*.txt',
    '[a].txt',
    '#hash.txt',
    '~tilde.txt',
    '!bang.txt',
    'semi;colon&.txt',
  ];
  it('merges, moves aside and aborts files with any name', async () => {
    const life = await startLife(base(Object.fromEntries(odd.map((path, i) => [path, lines({ 1: `file ${i}` })]))));
    life.edit(Object.fromEntries(odd.map((path, i) => [path, lines({ 1: `file ${i}`, 5: 'mine' })])));
    life.release(
      'v2.0.0',
      base(Object.fromEntries(odd.map((path, i) => [path, lines({ 1: `file ${i}`, 15: 'theirs' })]))),
    );
    expect((await life.mlsys('sync')).code).toBe(0);
    for (const [i, path] of odd.entries()) {
      expect(life.read(path)).toBe(lines({ 1: `file ${i}`, 5: 'mine', 15: 'theirs' }));
    }
    life.release('v3.0.0', base(Object.fromEntries(odd.map((path) => [path, 'all new\n']))));
    const before = workTree(life.project);
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain(`${odd.length} conflicts`);
    expect((await life.mlsys('sync', '--abort')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
  });

  it('leaves files of the person alone whose names hold newlines, tabs or bytes that are no UTF-8', async () => {
    const life = await startLife(base({ 'src/{{package_name}}/a.py': lines() }));
    const folder = join(life.project, 'src/my_project');
    writeFileSync(join(folder, 'new\nline.py'), 'mine\n');
    writeFileSync(join(folder, 'tab\there.py'), 'mine\n');
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/latin-`), Buffer.from([0xfc]), Buffer.from('.py')]), 'mine\n');
    life.edit({});
    writeFileSync(join(folder, 'new\nline.py'), 'edited\n');
    expect((await life.mlsys('status', '--json')).code).toBe(0);
    life.edit({});
    life.release('v2.0.0', base({ 'src/{{package_name}}/a.py': lines({ 5: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
    const before = life.git('ls-files', '-z').split('\0').length;
    expect((await life.mlsys('configure', 'project_name=other', '--no-setup')).code).toBe(0);
    expect(life.read('src/other/new\nline.py')).toBe('edited\n');
    expect(life.git('ls-files', '-z').split('\0')).toHaveLength(before);
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('works in a folder whose name holds a colon, a quote and a newline', async () => {
    const life = await startLife(base({ 'a.txt': lines() }));
    const folder = join(life.root, 'a:b "c"\nd');
    mkdirSync(folder);
    renameSync(life.project, join(folder, 'p'));
    renameSync(life.template, join(folder, 'template'));
    const moved = life.in(join(folder, 'p'));
    moved.edit({ 'a.txt': lines({ 5: 'mine' }) });
    expect((await moved.mlsys('status')).code).toBe(0);
    const dry = await moved.mlsys('configure', 'project_name=other', '--dry-run');
    expect(dry).toMatchObject({ code: 0 });
    expect((await moved.mlsys('configure', 'project_name=other', '--no-setup')).code).toBe(0);
  });

  it('renames a file that only changes its case', async () => {
    const life = await startLife(base({ 'Readme.txt': lines() }));
    life.edit({ 'Readme.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'Readme.txt': undefined, 'README.txt': lines({ 15: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.git('ls-files', 'R*')).toBe('README.txt');
    expect(life.read('README.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
  });
});

describe('kinds of files', () => {
  it('replaces a file by a folder, and a folder by a file', async () => {
    const life = await startLife(base({ thing: 'file\n', 'other/a.txt': 'a\n', 'other/b/c.txt': 'c\n' }));
    const before = workTree(life.project);
    life.release(
      'v2.0.0',
      base({
        thing: undefined,
        'thing/x.txt': 'x\n',
        'other/a.txt': undefined,
        'other/b/c.txt': undefined,
        other: 'file\n',
      }),
    );
    expect(await life.mlsys('sync', '--no-commit')).toMatchObject({ code: 0 });
    expect(life.read('thing/x.txt')).toBe('x\n');
    expect(life.read('other')).toBe('file\n');
    expect((await life.mlsys('sync', '--abort')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
  });

  it('refuses to replace a folder by a file while the folder holds files that git does not track', async () => {
    const life = await startLife(base({ '.gitignore': '*.log\n', 'other/a.txt': 'a\n' }));
    life.write({ 'other/run.log': 'precious\n' });
    life.release('v2.0.0', base({ 'other/a.txt': undefined, other: 'file\n' }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('other/run.log is in the way, and git does not track it');
    expect(life.read('other/run.log')).toBe('precious\n');
  });

  it('keeps the person’s file where the template wants a folder of its name', async () => {
    const life = await startLife(base({ 'a.txt': 'a\n' }));
    life.edit({ thing: 'mine\n' });
    life.release('v2.0.0', base({ 'thing/x.txt': 'x\n' }));
    const before = workTree(life.project);
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('one side has a file of this name, the other a folder');
    expect(life.read('thing~yours')).toBe('mine\n');
    expect(life.read('thing/x.txt')).toBe('x\n');
    expect((await life.mlsys('sync', '--abort')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
  });

  it.each([
    ['as it came', undefined],
    ['edited since', 'edited since\n'],
  ])('aborts where the conflict is in a folder that the person has a file of the name of, %s', async (_, edited) => {
    const text = 'one\ntwo\nthree\n';
    const life = await startLife(base({ 'a.txt': text }));
    life.edit({ 'a.txt': undefined, 'moved.txt': text, thing: 'mine\n' });
    life.release('v2.0.0', base({ 'a.txt': undefined, 'thing/x.txt': text }));
    const before = workTree(life.project);
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(life.git('ls-files', '--unmerged', 'thing/x.txt')).not.toBe('');
    if (edited !== undefined) life.write({ 'thing/x.txt': edited });
    const { code, err } = await life.mlsys('sync', '--abort');
    expect(code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
    expect(life.git('status', '--porcelain')).toBe('');
    const kept = /a file that changed meanwhile is kept in (.*)/.exec(err)?.[1];
    expect(kept === undefined ? undefined : readFileSync(kept, 'utf8')).toBe(edited);
  });

  it('calls it a conflict where a file that both changed is renamed to the name of an empty one', async () => {
    const life = await startLife(base({ 'a.txt': 'one\ntwo\nthree\n' }));
    life.edit({ 'a.txt': 'mine\none\ntwo\nthree\n', 'to/b.txt': '' });
    life.release('v2.0.0', base({ 'a.txt': undefined, 'to/b.txt': 'news\none\ntwo\nthree\n' }));
    expect(await life.mlsys('sync')).toMatchObject({ code: 1, err: expect.stringContaining('1 conflict') });
    expect(life.read('to/b.txt')).toMatch(/<<<<<<<.*yours.*mine.*news.*>>>>>>>/s);
    expect(life.git('ls-files', '--unmerged', 'to/b.txt')).not.toBe('');
  });

  it('keeps the person’s file where the template made a link of it', async () => {
    const life = await startLife(base({ 'a.txt': 'a\n', latest: link('a.txt') }));
    life.edit({ latest: 'mine\n' });
    life.release('v2.0.0', base({ 'b.txt': 'b\n', latest: link('b.txt') }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('! latest  conflict: the sides made two kinds of file of it');
    expect(life.read('latest')).toBe('mine\n');
    expect(life.git('ls-files', '--unmerged').split('\n')).toHaveLength(3);
    expect((await life.mlsys('sync', '--abort')).code).toBe(0);
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('merges links and executable bits', async () => {
    const life = await startLife(
      base({ 'run.sh': lines(), 'mine.sh': lines({ 1: 'x' }), l1: link('run.sh'), l2: link('run.sh') }),
    );
    chmodSync(join(life.project, 'mine.sh'), 0o755);
    life.edit({ l1: link('mine.sh') });
    life.release(
      'v2.0.0',
      base({
        'run.sh': executable(lines({ 5: 'theirs' })),
        'mine.sh': lines({ 1: 'x', 5: 'theirs' }),
        l2: link('mine.sh'),
      }),
    );
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(lstatSync(join(life.project, 'run.sh')).mode & 0o111).not.toBe(0);
    expect(lstatSync(join(life.project, 'mine.sh')).mode & 0o111).not.toBe(0);
    expect(life.read('mine.sh')).toBe(lines({ 1: 'x', 5: 'theirs' }));
    expect(['l1', 'l2'].map((path) => readlinkSync(join(life.project, path)))).toEqual(['mine.sh', 'mine.sh']);
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('leaves both versions of a binary file to choose from', async () => {
    const bytes = (text: string): string => `\0${text}\0`;
    const life = await startLife(base({ 'x.bin': bytes('first'), 'y.bin': bytes('first') }));
    life.edit({ 'x.bin': bytes('mine') });
    life.release('v2.0.0', base({ 'x.bin': bytes('theirs'), 'y.bin': bytes('theirs') }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('both sides changed it, and it is no text');
    expect(life.read('x.bin')).toBe(bytes('mine'));
    expect(life.read('y.bin')).toBe(bytes('theirs'));
    life.git('checkout', '--theirs', 'x.bin');
    expect(life.read('x.bin')).toBe(bytes('theirs'));
  });

  it('merges text that is no UTF-8 byte for byte', async () => {
    const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
    const life = await startLife(base({ 'a.txt': '' }));
    const write = (root: string, text: string): void => writeFileSync(join(root, 'a.txt'), latin(text));
    const files = join(life.template, 'templates/base/files');
    write(files, lines({ 2: 'grün' }));
    life.release('v2.0.0', {});
    await life.mlsys('sync');
    write(life.project, lines({ 2: 'grün', 5: 'blau, süß' }));
    life.edit({});
    write(files, lines({ 2: 'grün', 15: 'weiß' }));
    life.release('v3.0.0', {});
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(readFileSync(join(life.project, 'a.txt'))).toEqual(latin(lines({ 2: 'grün', 5: 'blau, süß', 15: 'weiß' })));
    write(files, lines({ 2: 'grün', 5: 'größer', 15: 'weiß' }));
    life.release('v4.0.0', {});
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(readFileSync(join(life.project, 'a.txt'), 'latin1')).toContain(
      '<<<<<<< yours\nblau, süß\n=======\ngrößer\n>>>>>>> template v4.0.0\n',
    );
    life.git('add', 'a.txt');
    expect((await life.mlsys('sync', '--continue')).err).toContain('conflict markers are left');
  });

  it('keeps Windows line ends of a file, in what merges and around conflicts', async () => {
    const crlf = (changed: Record<number, string> = {}): string => lines(changed).replaceAll('\n', '\r\n');
    const life = await startLife(base({ 'a.txt': crlf() }));
    life.edit({ 'a.txt': crlf({ 5: 'mine', 10: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': crlf({ 10: 'theirs', 15: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(life.read('a.txt').replaceAll('\r\n', '')).not.toContain('\n');
    expect(life.read('a.txt')).toContain('<<<<<<< yours\r\nmine\r\n=======\r\ntheirs\r\n>>>>>>> template v2.0.0\r\n');
  });

  it('merges files that lack their last newline, and empty ones', async () => {
    const life = await startLife(base({ 'a.txt': lines().trimEnd(), 'empty.txt': '', 'filled.txt': '' }));
    life.edit({ 'a.txt': lines({ 20: 'mine' }).trimEnd(), 'filled.txt': 'mine\n' });
    life.release(
      'v2.0.0',
      base({ 'a.txt': lines({ 20: 'theirs' }).trimEnd(), 'empty.txt': 'theirs\n', 'more.txt': '' }),
    );
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(life.read('a.txt')).toContain('line 19\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template v2.0.0\n');
    expect(life.read('empty.txt')).toBe('theirs\n');
    expect(life.read('filled.txt')).toBe('mine\n');
    expect(life.read('more.txt')).toBe('');
  });

  it('merges files of 10 MB', async () => {
    const big = (changed: Record<number, string> = {}): string =>
      lines(changed) + `${'x'.repeat(99)}\n`.repeat(100_000) + lines(changed);
    const life = await startLife(base({ 'big.txt': big(), 'big.bin': `\0${big()}` }));
    life.edit({ 'big.txt': big({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'big.txt': big({ 15: 'theirs' }), 'big.bin': `\0${big({ 15: 'theirs' })}` }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('big.txt') === big({ 5: 'mine', 15: 'theirs' })).toBe(true);
    expect(life.read('big.bin') === `\0${big({ 15: 'theirs' })}`).toBe(true);
  });

  it('leaves submodules and repositories inside the project alone', async () => {
    const life = await startLife(base({ 'src/{{package_name}}/a.py': lines(), 'b.txt': lines() }));
    life.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', life.template, 'vendor/lib');
    life.edit({});
    mkdirSync(join(life.project, 'inner'));
    life.in(join(life.project, 'inner')).git('init', '--quiet');
    life.write({ 'inner/x.txt': 'own\n', 'vendor/lib/mine.txt': 'not committed\n' });
    const before = snapshot(join(life.project, 'vendor'));
    expect((await life.mlsys('status')).code).toBe(0);
    life.release('v2.0.0', base({ 'b.txt': lines({ 5: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect((await life.mlsys('configure', 'project_name=other', '--no-setup')).code).toBe(0);
    expect(life.git('ls-files', '--stage', 'vendor/lib')).toMatch(/^160000/);
    expect(snapshot(join(life.project, 'vendor'))).toEqual(before);
    expect(life.read('inner/x.txt')).toBe('own\n');
  });
});

const list = (
  items: readonly string[],
  [open, close]: readonly [string, string],
  line: (item: string, last: boolean) => string,
): string => open + items.map((item, i) => line(item, i === items.length - 1)).join('') + close;

const lists: readonly (readonly [string, string, (items: readonly string[]) => string])[] = [
  ['TOML', 'a.toml', (items) => list(items, ['x = [\n', ']\n'], (item) => `  "${item}",\n`)],
  [
    'TOML, whose last item has no comma',
    'a.toml',
    (items) => list(items, ['x = [\n', ']\n'], (item, last) => `  "${item}"${last ? '' : ','}\n`),
  ],
  ['TOML on one line', 'a.toml', (items) => `x = [${items.map((item) => `"${item}"`).join(', ')}]\n`],
  [
    'JSON',
    'a.json',
    (items) => list(items, ['{\n  "x": [\n', '  ]\n}\n'], (item, last) => `    "${item}"${last ? '' : ','}\n`),
  ],
  ['YAML', 'a.yaml', (items) => list(items, ['x:\n', 'y: 1\n'], (item) => `  - ${item}\n`)],
  ['keys of TOML', 'a.toml', (items) => list(items, ['[x]\n', ''], (item) => `${item} = "1"\n`)],
  [
    'keys of JSON',
    'a.json',
    (items) => list(items, ['{\n', '}\n'], (item, last) => `  "${item}": "^1"${last ? '' : ','}\n`),
  ],
  ['keys of YAML', 'a.yml', (items) => list(items, ['x:\n', 'y: 1\n'], (item) => `  ${item}: 1\n`)],
];

describe.each(['\n', '\r\n'])('entries that both sides add to one list, with line ends %j', (end) => {
  it.each(lists)('all stand: %s', async (_, path, text) => {
    const write = (...items: string[]): Changes => ({ [path]: text(items).replaceAll('\n', end) });
    const life = await startLife(base(write('alpha', 'beta')));
    life.edit(write('alpha', 'beta', 'mine'));
    life.release('v2.0.0', base(write('alpha', 'beta', 'theirs', 'more')));
    expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
    expect({ [path]: life.read(path) }).toEqual(write('alpha', 'beta', 'mine', 'theirs', 'more'));
  });
});

describe('lists', () => {
  it.each([
    ['TOML', 'a.toml', (item: string) => `x = [\n  "a>=1",\n${item === '' ? '' : `  "torch${item}",\n`}]\n`],
    ['YAML', 'a.yaml', (item: string) => `x:\n  - a>=1\n${item === '' ? '' : `  - torch${item}\n`}`],
    ['JSON', 'a.json', (item: string) => `{\n  "a": "1"${item === '' ? '' : `,\n  "torch": "${item}"`}\n}\n`],
  ])('keep one package in two versions a conflict: %s', async (_, path, text) => {
    const life = await startLife(base({ [path]: text('') }));
    life.edit({ [path]: text('==2.4') });
    life.release('v2.0.0', base({ [path]: text('>=2.6') }));
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(life.read(path)).toMatch(/<<<<<<< yours\r?\n.*==2\.4.*=======\r?\n.*>=2\.6.*>>>>>>> template v2\.0\.0/s);
  });

  it('make a conflict of a key that both add to one object of a JSON file at different places', async () => {
    const text = (top: string, bottom: string): string =>
      `{\n${top}${lines().replace(/line (\d+)/g, '  "k$1": 1,')}  "z": 0${bottom}\n}\n`;
    const life = await startLife(base({ 'a.json': text('', '') }));
    life.edit({ 'a.json': text('  "new": 1,\n', '') });
    life.release('v2.0.0', base({ 'a.json': text('', ',\n  "new": 2') }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('the key "new" is there twice');
  });

  it('leave a file alone that its person broke before', async () => {
    const life = await startLife(base({ 'a.json': `{\n${lines()}}\n` }));
    life.edit({ 'a.json': `{\n${lines({ 5: 'mine' })}}\n` });
    life.release('v2.0.0', base({ 'a.json': `{\n${lines({ 15: 'theirs' })}}\n` }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('a.json')).toBe(`{\n${lines({ 5: 'mine', 15: 'theirs' })}}\n`);
  });
});
