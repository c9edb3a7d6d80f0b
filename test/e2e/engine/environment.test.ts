import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { base, type Life, lines, runCommand, startLife } from '../../helpers/lifecycle.js';
import { writeProgram } from '../../helpers/tiny-project.js';

const v1 = base({ 'a.txt': lines(), 'b.txt': lines({ 1: 'b' }), 'old/c.txt': lines({ 1: 'c' }), 'bin/run': 'run\n' });
const v2 = base({
  'a.txt': lines({ 15: 'theirs' }),
  'b.txt': lines({ 1: 'b', 10: 'theirs' }),
  'old/c.txt': undefined,
  'new/c.txt': lines({ 1: 'c', 15: 'theirs' }),
});

/** One sync with an edit, a conflict and a rename: what it leaves must not depend on whose machine it is. */
async function lifeOfEdits(gitConfig: string) {
  const life = await startLife(v1, { gitConfig });
  life.edit({
    'a.txt': lines({ 5: 'mine' }),
    'b.txt': lines({ 1: 'b', 10: 'mine' }),
    'old/c.txt': lines({ 1: 'c', 5: 'mine' }),
  });
  life.release('v2.0.0', v2);
  return life;
}

/** The environment with one more file of configuration, for mlsys and not for the git of the test. */
function configured({ root, env }: Life, config: string, who = '[user]\n\tname = Ada\n\temail = ada@example.com\n') {
  const path = join(root, 'hostile-gitconfig');
  writeFileSync(path, who + config);
  return { ...env, GIT_CONFIG_GLOBAL: path };
}

const hostile: readonly (readonly [string, string])[] = [
  ['diff.noprefix', '[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n\trenames = false\n\texternal = false\n'],
  [
    'merge.conflictStyle and merge.renames',
    '[merge]\n\trenames = false\n\trenameLimit = 1\n\tdirectoryRenames = true\n',
  ],
  ['commit.gpgSign', '[commit]\n\tgpgSign = true\n[tag]\n\tgpgSign = false\n[gpg]\n\tprogram = false\n'],
  ['core.fsmonitor and core.pager', '[core]\n\tfsmonitor = false\n\tpager = false\n\tquotePath = true\n'],
  ['color.ui and column.ui', '[color]\n\tui = always\n[column]\n\tui = always\n[core]\n\tabbrev = 40\n'],
  [
    'status and log settings',
    '[status]\n\tshort = true\n\tbranch = true\n\tshowUntrackedFiles = no\n[log]\n\tshowSignature = true\n',
  ],
  ['core.autocrlf=input', '[core]\n\tautocrlf = input\n\tsafecrlf = false\n'],
  ['core.commentChar', '[core]\n\tcommentChar = ";"\n[commit]\n\tcleanup = verbatim\n\tverbose = true\n'],
  [
    'index settings',
    '[core]\n\tuntrackedCache = true\n\tsplitIndex = true\n[index]\n\tversion = 4\n[feature]\n\tmanyFiles = true\n',
  ],
];

describe('a person’s own git configuration', () => {
  it.each(hostile)('changes nothing of a sync: %s', async (_, config) => {
    const life = await lifeOfEdits('');
    const ctx = { ...life.ctx, env: configured(life, config) };
    const { code, err } = await runCommand(ctx, ['sync']);
    expect({ code, err }).toMatchObject({ code: 1 });
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
    expect(life.read('new/c.txt')).toBe(lines({ 1: 'c', 5: 'mine', 15: 'theirs' }));
    expect(life.read('b.txt')).toContain('<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template v2.0.0\n');
    life.write({ 'b.txt': lines({ 1: 'b', 10: 'both' }) });
    life.git('add', 'b.txt');
    expect((await runCommand(ctx, ['sync', '--continue'])).code).toBe(0);
    expect(life.git('log', '-1', '--format=%B')).not.toContain('Conflicts');
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('shows the base in conflicts for those who want merge.conflictStyle=diff3', async () => {
    const life = await lifeOfEdits('[merge]\n\tconflictStyle = diff3\n');
    await life.mlsys('sync');
    expect(life.read('b.txt')).toContain(
      '<<<<<<< yours\nmine\n||||||| template v1.0.0\nline 10\n=======\ntheirs\n>>>>>>> template v2.0.0\n',
    );
  });

  it('keeps Windows line ends in the work tree with core.autocrlf=true, and none in the repository', async () => {
    const life = await startLife(v1, { gitConfig: '[core]\n\tautocrlf = true\n' });
    const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
    expect(life.read('a.txt')).toBe(crlf(lines()));
    expect(JSON.parse((await life.mlsys('status', '--json')).out).files).not.toContainEqual(
      expect.objectContaining({ state: 'edited' }),
    );
    life.edit({ 'a.txt': crlf(lines({ 5: 'mine' })) });
    life.release('v2.0.0', v2);
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('a.txt')).toBe(crlf(lines({ 5: 'mine', 15: 'theirs' })));
    expect(life.git('ls-files', '--eol', 'a.txt')).toContain('i/lf');
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('runs no hook of the person, and fails with none', async () => {
    const life = await lifeOfEdits('');
    for (const name of [
      'pre-commit',
      'commit-msg',
      'post-checkout',
      'post-merge',
      'reference-transaction',
      'post-index-change',
    ]) {
      writeProgram(join(life.project, '.git/hooks'), name, `echo ${name} >> ${life.root}/hooks-ran\nexit 1`);
    }
    expect((await life.mlsys('sync', '--abort')).code).toBe(1);
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
    expect((await life.mlsys('sync', '--abort')).code).toBe(0);
    expect(life.in(life.root).exists('hooks-ran')).toBe(false);
  });
});

describe('a person’s environment', () => {
  it('does not lead to another repository, an editor or a pager', async () => {
    const life = await lifeOfEdits('');
    const env = {
      ...life.env,
      GIT_DIR: join(life.template, '.git'),
      GIT_WORK_TREE: life.template,
      GIT_INDEX_FILE: join(life.root, 'other-index'),
      GIT_OBJECT_DIRECTORY: join(life.root, 'objects'),
      GIT_EDITOR: 'false',
      EDITOR: 'false',
      VISUAL: 'false',
      PAGER: 'false',
      GIT_PAGER: 'false',
      GIT_EXTERNAL_DIFF: 'false',
      GIT_TRACE: '1',
      GIT_LITERAL_PATHSPECS: '1',
      GIT_DEFAULT_HASH: 'sha256',
      LC_ALL: 'de_DE.UTF-8',
      LANGUAGE: 'de',
    };
    const template = life.templateGit('rev-parse', 'HEAD');
    const { code } = await runCommand({ ...life.ctx, env }, ['sync']);
    expect(code).toBe(1);
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
    expect(life.templateGit('status', '--porcelain')).toBe('');
    expect(life.templateGit('rev-parse', 'HEAD')).toBe(template);
  });

  it('works for a person that git does not know', async () => {
    const life = await lifeOfEdits('');
    const env = configured(life, '[user]\n\tuseConfigOnly = true\n', '');
    expect((await runCommand({ ...life.ctx, env }, ['sync'])).code).toBe(1);
    life.write({ 'b.txt': 'settled\n' });
    life.git('add', 'b.txt');
    expect((await runCommand({ ...life.ctx, env }, ['sync', '--continue'])).code).toBe(0);
    expect(life.git('log', '-1', '--format=%an')).toBe('mlsys');
  });

  it('names what to install where git is too old to merge trees', async () => {
    const life = await lifeOfEdits('');
    const bin = join(life.root, 'bin');
    const refuse = 'case "$*" in *merge-tree*) echo "usage: git merge-tree" >&2; exit 129;; esac';
    writeProgram(bin, 'git', `${refuse}\nPATH=\${PATH#*:} exec git "$@"`);
    const { code, err } = await runCommand({ ...life.ctx, env: { ...life.env, PATH: `${bin}:${life.env.PATH}` } }, [
      'sync',
    ]);
    expect(code).toBe(1);
    expect(err).toContain('install git 2.38 or newer');
    expect(life.git('status', '--porcelain')).toBe('');
  });
});

describe('a person’s ways to a server', () => {
  it('stand in their environment, and do not keep a template from being cloned', async () => {
    const own = {
      GIT_ASKPASS: 'true',
      SSH_ASKPASS: 'true',
      GIT_SSH_COMMAND: 'ssh -v',
      GIT_SSH: 'ssh',
      GIT_TEMPLATE_DIR: '',
    };
    const life = await startLife(v1, { byUrl: true, env: { ...own, GIT_CONFIG_SYSTEM: '/dev/null' } });
    life.release('v2.0.0', v2);
    expect((await life.mlsys('sync')).code).toBe(0);
  });
});
