import { describe, expect, it } from 'vitest';
import { parseRendered } from '../../../src/core/parse.js';

describe('a rendered file', () => {
  it.each([
    ['pyproject.toml', '[a]\nb = 1\n'],
    ['a/compose.yaml', 'a: 1\n'],
    ['.github/workflows/ci.yml', 'on: push\n---\nb: 2\n'],
    ['a.json', '{"a": [1]}'],
    ['notebooks/a.ipynb', '{"cells": []}'],
    ['uv.lock', 'version = 1\n'],
    ['a.py', 'this is not looked at {'],
    ['Makefile', '\tneither is this'],
    ['json', 'nor this'],
  ])('%s parses', (path, text) => {
    expect(parseRendered(path, text)).toBeUndefined();
  });

  it.each([
    ['pyproject.toml', 'a = "x', /^TOML: /],
    ['pyproject.toml', 'a = 1\na = 2\n', /^TOML: /],
    ['a.yaml', 'a: [', /^YAML: /],
    ['a.yml', 'a: 1\na: 2\n', /^YAML: /],
    ['a.yml', 'fine: 1\n---\na: "', /^YAML: /],
    ['a.json', '{"a": 1,}', /^JSON: /],
    ['a.ipynb', '', /^JSON: /],
  ])('%s with %j does not, and the reason is one line', (path, text, expected) => {
    expect(parseRendered(path, text)).toMatch(expected);
    expect(parseRendered(path, text)).not.toContain('\n');
  });
});
