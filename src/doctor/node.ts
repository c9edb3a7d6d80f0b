import semver from 'semver';
import { type Check, ok } from './check.js';

const oldest = '20.0.0';

export const node: Check = {
  name: 'node',
  title: 'Node',
  run: () =>
    semver.lt(process.versions.node, oldest)
      ? {
          status: 'fail',
          found: `${process.versions.node}, too old`,
          fix: 'install Node 20 or newer: https://nodejs.org',
        }
      : ok(process.versions.node),
};
