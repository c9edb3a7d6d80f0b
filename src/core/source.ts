import { MlsysError } from '../errors.js';

/** Where a template comes from, as a person wrote it. */
export type SourceSpec =
  | { readonly kind: 'builtin' }
  | { readonly kind: 'folder'; readonly path: string; readonly ref: string | undefined }
  | { readonly kind: 'git'; readonly url: string; readonly ref: string | undefined };

export const builtinSource = 'builtin';
/** The version of a folder with changes that are not committed: it can be another tree every time. */
export const workingTree = 'working tree';

const allowed = 'https://…, ssh://…, git@host:path, file://… or a folder';

/** Reads `--from <folder | git url>[#ref]`. Only https, ssh and file are let through to git. */
export function parseSource(text: string): SourceSpec {
  if (text === builtinSource) return { kind: 'builtin' };
  const refuse = (reason: string): MlsysError =>
    new MlsysError('template', `${JSON.stringify(text.slice(0, 100))} can't be a template: ${reason}`, {
      hint: `use ${allowed}`,
    });
  if (text === '' || text.startsWith('-')) throw refuse('it is empty or begins with "-"');
  if (/\p{Cc}/u.test(text)) throw refuse('it has a control character');
  const at = text.indexOf('#');
  const location = at < 0 ? text : text.slice(0, at);
  const ref = at < 0 ? undefined : text.slice(at + 1);
  if (ref !== undefined) checkRef(ref);
  if (/^[\w+.-]+::/.test(location)) throw refuse('git’s remote helpers run programs');
  const protocol = /^([a-z][a-z0-9+.-]*):\/\//i.exec(location)?.[1]?.toLowerCase();
  if (protocol !== undefined) {
    if (!['https', 'ssh', 'file'].includes(protocol)) throw refuse(`the protocol ${protocol} is not allowed`);
    if (/^[a-z+]+:\/\/([^/@]*@)?-/i.test(location)) throw refuse('its host begins with "-"');
    return { kind: 'git', url: location, ref };
  }
  if (/^[\w.-]+@[\w][\w.-]*:(?!-)/.test(location)) return { kind: 'git', url: location, ref };
  return { kind: 'folder', path: location, ref };
}

export function checkRef(ref: string): void {
  if (ref === '' || ref.startsWith('-') || /[\s~^:?*[\\]|\.\.|@\{|\p{Cc}/u.test(ref)) {
    throw new MlsysError('template', `${JSON.stringify(ref.slice(0, 60))} is no name of a tag, branch or commit`);
  }
}

/** The url as the lock keeps it: without a name, a password, or a query, which may hold a token. */
export function withoutCredentials(url: string): string {
  return url
    .replace(/^(https:\/\/[^?]*)\?.*$/i, '$1')
    .replace(/^([a-z]+:\/\/)[^/]*@/i, (all, scheme: string) =>
      scheme.toLowerCase() === 'ssh://' && !all.includes(':', 6) ? all : scheme,
    );
}

/** An address for people to read: without who logs in and without a query; nothing if it can't be told apart from them. */
export function addressToShow(address: string): string | undefined {
  if (!/[@?#]/.test(address)) return address;
  if (!address.includes('://') || !URL.canParse(address)) return undefined;
  const { protocol, host, pathname, search, hash } = new URL(address);
  // An "@" that is left may end a password with a "/", "?" or "#" in it.
  return /@|%40/i.test(pathname + search + hash) ? undefined : `${protocol}//${host}${pathname}`;
}
