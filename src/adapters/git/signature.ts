import { MlsysError } from '../../errors.js';
import { type GitCall, runGit } from './run.js';

const setting = 'mlsys.requireSignedTemplates';

/**
 * Where the person's git configuration asks for it, refuses a commit that does not carry a signature that git accepts:
 * of a key in their keyring, or in `gpg.ssh.allowedSignersFile`.
 */
export async function requireSignature(call: GitCall, commit: string, where: string): Promise<void> {
  const wanted = await runGit(['config', '--type=bool', '--get', setting], { ...call, accept: [1] });
  if (wanted.stdout.toString().trim() !== 'true') return;
  const { exitCode, stderr } = await runGit(['verify-commit', commit], { ...call, accept: [1, 128] });
  if (exitCode === 0) return;
  const said = stderr.split('\n').filter((line) => line.trim() !== '');
  throw new MlsysError('trust', `${where} at ${commit.slice(0, 12)} has no signature that git accepts`, {
    details: said.slice(0, 3),
    hint: `add the key of its author to those that you trust; ${setting} in your git configuration asks for this`,
  });
}
