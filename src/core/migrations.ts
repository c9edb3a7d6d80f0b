import semver from 'semver';
import type { Manifest } from '../schema/manifest.js';

export interface MigrationNote {
  readonly layer: string;
  readonly version: string;
  readonly note: string;
}

type Migration = Manifest['migrations'][number] & { readonly layer: string };

/** The migrations between two versions of a template, oldest first. Versions that are no semantic versions have none. */
export function migrationsBetween(manifests: readonly Manifest[], from: string, to: string): Migration[] {
  const [first, last] = [releaseOf(from), releaseOf(to)];
  if (first === null || last === null) return [];
  return manifests
    .flatMap((manifest) => manifest.migrations.map((migration) => ({ ...migration, layer: manifest.name })))
    .filter(({ version }) => semver.gt(version, first) && semver.lte(version, last))
    .sort((a, b) => semver.compare(a.version, b.version));
}

/** The release that a version is, or stands on. A commit's own name may look like a number, and is none. */
const releaseOf = (version: string): semver.SemVer | null =>
  semver.valid(version) === null ? null : semver.coerce(version);

/** New paths by old ones, through all migrations in order. */
export function renamesOf(migrations: readonly Migration[], render: (path: string) => string): Map<string, string> {
  const moves = new Map<string, string>();
  for (const { renames } of migrations) {
    for (const rename of renames) {
      const [from, to] = [render(rename.from), render(rename.to)];
      const first = [...moves].find(([, target]) => target === from)?.[0] ?? from;
      moves.set(first, to);
    }
  }
  return moves;
}

export const notesOf = (migrations: readonly Migration[]): MigrationNote[] =>
  migrations.flatMap(({ layer, version, note }) => (note === undefined ? [] : [{ layer, version, note }]));
