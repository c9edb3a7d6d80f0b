import { filesWithMarkers } from '../adapters/git/inspect.js';
import { type Check, ok, outside, place, skip } from './check.js';

export const markers: Check = {
  name: 'conflict-markers',
  title: 'conflict markers',
  run: async (facts) => {
    if (facts.root === undefined) return outside;
    const files = await filesWithMarkers(place(facts));
    if (files === undefined) return skip('not in a git repository, or git gave no answer');
    if (files.length === 0) return ok('none in tracked files');
    const shown = files.slice(0, 3).join(', ');
    const found = `in ${shown}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`;
    return { status: 'fail', found, fix: 'settle them, then git add the files' };
  },
};
