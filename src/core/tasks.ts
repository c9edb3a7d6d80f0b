import { MlsysError } from '../errors.js';
import type { Manifest } from '../schema/manifest.js';
import { baseName } from './layer.js';

export interface Task {
  readonly name: string;
  readonly layer: string;
  readonly help: string;
  /** Lines to run one after the other; empty where the task is made of steps. */
  readonly command: readonly string[];
  readonly steps: readonly string[];
  readonly needs: Manifest['tasks'][string]['needs'];
  /** Whether it is `<task>-<layer>` where the plain name means the same. */
  readonly alias: boolean;
  /** The names to choose from, where the plain name could mean several. */
  readonly ambiguous: readonly string[];
}

/** The one plain name that runs each branch's own in turn instead of being an error. */
const runsEach = 'demo';

/**
 * Resolves task names over the layers. Each task is there as `<task>-<layer>`; the plain name is the branch's before the
 * base's, and that of a branch before those it extends.
 */
export function resolveTasks(manifests: readonly Manifest[], render: (text: string, where: string) => string): Task[] {
  const declared = new Map<string, Manifest[]>();
  for (const manifest of manifests) {
    for (const name of Object.keys(manifest.tasks)) declared.set(name, [...(declared.get(name) ?? []), manifest]);
  }
  const tasks: Task[] = [];
  const below = extendedBy(manifests);
  for (const [name, owners] of declared) {
    const own = (manifest: Manifest, taskName: string, alias: boolean): Task => {
      const { command = [], steps = [], help, needs } = manifest.tasks[name] as Manifest['tasks'][string];
      const lines = (typeof command === 'string' ? [command] : command).map((text) =>
        render(text, `task ${name} of ${manifest.name}`),
      );
      return { name: taskName, layer: manifest.name, help, command: lines, steps, needs, alias, ambiguous: [] };
    };
    const chosen = topmost(owners, below);
    const qualified = owners.map((m) => own(m, `${name}-${m.name}`, chosen.length === 1 && chosen[0] === m));
    tasks.push(...qualified);
    const [only] = chosen;
    if (chosen.length === 1 && only !== undefined) tasks.push(own(only, name, false));
    else tasks.push(severalOwners(name, chosen));
  }
  const seen = new Map<string, Task>();
  for (const task of tasks) {
    const twin = seen.get(task.name);
    if (twin !== undefined) {
      throw new MlsysError(
        'manifest',
        `the task ${task.name} of ${task.layer} has the full name of one of ${twin.layer}`,
      );
    }
    seen.set(task.name, task);
  }
  return tasks.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The owners that no other owner extends; branches before the base. */
function topmost(owners: readonly Manifest[], below: (manifest: Manifest) => ReadonlySet<Manifest>): Manifest[] {
  const branches = owners.filter((m) => m.name !== baseName);
  const candidates = branches.length > 0 ? branches : owners;
  return candidates.filter((m) => !candidates.some((other) => below(other).has(m)));
}

/** The branches that one stands on, at any depth and by any of their names. */
function extendedBy(manifests: readonly Manifest[]): (manifest: Manifest) => ReadonlySet<Manifest> {
  const byName = new Map(manifests.flatMap((m) => [m.name, ...m.aliases].map((name) => [name, m] as const)));
  return (manifest) => {
    const found = new Set<Manifest>();
    const visit = ({ extends: lower }: Manifest): void => {
      for (const name of lower) {
        const next = byName.get(name);
        if (next === undefined || found.has(next)) continue;
        found.add(next);
        visit(next);
      }
    };
    visit(manifest);
    return found;
  };
}

function severalOwners(name: string, owners: readonly Manifest[]): Task {
  const names = owners.map((m) => `${name}-${m.name}`);
  const base = { name, layer: baseName, command: [], needs: { gpu: false, services: [], extras: [] }, alias: false };
  return name === runsEach
    ? { ...base, help: `Run ${names.join(', then ')}`, steps: names, ambiguous: [] }
    : { ...base, help: `One of ${names.join(', ')}`, steps: [], ambiguous: names };
}
