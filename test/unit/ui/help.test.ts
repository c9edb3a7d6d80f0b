import { expect, test } from 'vitest';
import { renderTopic, topics } from '../../../src/ui/help.js';

test('the topics are these', () => {
  expect(Object.keys(topics)).toEqual([
    'branches',
    'templates',
    'merging',
    'conflicts',
    'trust',
    'tasks',
    'offline',
    'contributing',
  ]);
});

test.each(Object.entries(topics))('the page about %s fits a screen', (name, topic) => {
  const lines = renderTopic(name, topic).split('\n');
  expect(lines.length).toBeGreaterThan(23);
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test.each(Object.entries(topics))('the page about %s names only topics that exist', (_, { text }) => {
  const named = [...text.matchAll(/mlsys help ([a-z]+)/g)].map((match) => match[1] ?? '');
  expect(named.filter((name) => !Object.hasOwn(topics, name))).toEqual([]);
  expect(named.length).toBeGreaterThan(0);
});
