import { describe, expect, it } from 'vitest';
import { parseSource, withoutCredentials } from '../../../src/core/source.js';

describe('--from', () => {
  it.each([
    ['builtin', { kind: 'builtin' }],
    ['templates', { kind: 'folder', path: 'templates', ref: undefined }],
    ['../templates#v1.0', { kind: 'folder', path: '../templates', ref: 'v1.0' }],
    ['/abs/templates', { kind: 'folder', path: '/abs/templates', ref: undefined }],
    ['C:\\templates', { kind: 'folder', path: 'C:\\templates', ref: undefined }],
    ['https://example.com/a/b.git', { kind: 'git', url: 'https://example.com/a/b.git', ref: undefined }],
    ['https://example.com/a#feature/x', { kind: 'git', url: 'https://example.com/a', ref: 'feature/x' }],
    ['HTTPS://example.com/a', { kind: 'git', url: 'HTTPS://example.com/a', ref: undefined }],
    ['ssh://git@example.com:22/a', { kind: 'git', url: 'ssh://git@example.com:22/a', ref: undefined }],
    ['git@example.com:a/b.git#v2', { kind: 'git', url: 'git@example.com:a/b.git', ref: 'v2' }],
    ['file:///srv/templates', { kind: 'git', url: 'file:///srv/templates', ref: undefined }],
  ])('%s is understood', (text, expected) => {
    expect(parseSource(text)).toEqual(expected);
  });

  it.each([
    ['', /empty or begins with "-"/],
    ['--upload-pack=touch x', /begins with "-"/],
    ['-u', /begins with "-"/],
    ['ext::sh -c id', /remote helpers run programs/],
    ['fd::3', /remote helpers/],
    ['https::https://example.com', /remote helpers/],
    ['http://example.com/a', /the protocol http is not allowed/],
    ['git://example.com/a', /the protocol git is not allowed/],
    ['ftp://example.com/a', /not allowed/],
    ['ssh://-oProxyCommand=id/a', /host begins with "-"/],
    ['ssh://git@-oProxyCommand=id/a', /host begins with "-"/],
    ['a\nb', /control character/],
    ['a\0', /control character/],
    ['templates#', /no name of a tag/],
    ['templates#-x', /no name of a tag/],
    ['templates#--output=x', /no name of a tag/],
    ['templates#a b', /no name of a tag/],
    ['templates#a..b', /no name of a tag/],
    ['templates#a@{1}', /no name of a tag/],
    ['templates#HEAD~1', /no name of a tag/],
    ['templates#a:b', /no name of a tag/],
    ['templates#*', /no name of a tag/],
  ])('%j is refused', (text, reason) => {
    expect(() => parseSource(text)).toThrow(reason);
  });

  it.each(['git@-oProxyCommand=id:a', 'git@host:-oX'])('%s never reaches git', (text) => {
    expect(parseSource(text).kind).toBe('folder');
  });
});

describe('a url without credentials', () => {
  it.each([
    ['https://example.com/a', 'https://example.com/a'],
    ['https://user:hunter2@example.com/a', 'https://example.com/a'],
    ['https://hunter2@example.com/a', 'https://example.com/a'],
    ['https://user:hunter2@hunter2@example.com/a', 'https://example.com/a'],
    ['https://user:p%40ss@example.com:8443/a', 'https://example.com:8443/a'],
    ['HTTPS://user:hunter2@example.com/a', 'HTTPS://example.com/a'],
    ['https://example.com/@scope/a', 'https://example.com/@scope/a'],
    ['https://example.com/a?token=hunter2', 'https://example.com/a'],
    ['https://oauth2:hunter2@example.com/a?x=1', 'https://example.com/a'],
    // The name of an ssh account is a part of the address.
    ['ssh://git@example.com/a', 'ssh://git@example.com/a'],
    ['ssh://git:hunter2@example.com/a', 'ssh://example.com/a'],
    ['git@example.com:a/b.git', 'git@example.com:a/b.git'],
    ['file:///srv/a@b', 'file:///srv/a@b'],
  ])('of %s is %s', (url, expected) => {
    expect(withoutCredentials(url)).toBe(expected);
  });
});
