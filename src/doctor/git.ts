import semver from 'semver';
import { gitVersion } from '../adapters/git/inspect.js';
import { type Check, ok, place } from './check.js';

/** The first git whose merge-tree writes trees. */
const oldest = '2.38.0';

export const git: Check = {
  name: 'git',
  title: 'git',
  run: async (facts) => {
    const version = await gitVersion(place(facts));
    const fix = 'install git 2.38 or newer: https://git-scm.com/downloads';
    if (version === undefined) return { status: 'fail', found: 'missing, or it does not run', fix };
    return semver.lt(semver.coerce(version) ?? '0.0.0', oldest)
      ? { status: 'fail', found: `${version}, too old`, fix }
      : ok(version);
  },
};
