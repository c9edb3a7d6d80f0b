// Measures the built mlsys against its peers: `npm run bench -- [--only start|new|sync] [--sizes 150,2000] [--json]`.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ensurePeers } from './peers/environment.js';
import { newSection } from './sections/new.js';
import { startSection } from './sections/start.js';
import { syncSection } from './sections/sync.js';
import { describeSection } from './table.js';
import { makeWorkplace } from './workplace.js';

const sections = { start: startSection, new: newSection, sync: syncSection };

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: Object.keys(sections) },
    sizes: { type: 'string', default: '150,2000,10000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const unknown = flags.only.find((name) => !Object.hasOwn(sections, name));
if (unknown !== undefined)
  throw new Error(`there is no section ${unknown}: choose ${Object.keys(sections).join(', ')}`);

const rounds = Number(flags.rounds);
const log = (text) => console.error(text);
const say = flags.json ? log : (text) => console.log(text);
const machine = {
  cores: cpus().length,
  platform: process.platform,
  node: process.version,
  git: execFileSync('git', ['--version'], { encoding: 'utf8' }).trim().replace('git version ', ''),
};
say(`${machine.cores} cores, ${machine.platform}, node ${machine.node}, git ${machine.git}\n`);

if (flags.only.some((name) => name !== 'start')) ensurePeers(log);
const workplace = makeWorkplace();
const measured = [];
try {
  const options = {
    workplace,
    rounds,
    sizes: flags.sizes.split(',').map(Number),
    // The peers take minutes at 10,000 files, where one look is enough.
    slowRounds: (size) => (size >= 10_000 ? 1 : rounds),
  };
  for (const name of flags.only) {
    for (const section of sections[name](options)) {
      measured.push(section);
      say(describeSection(section));
    }
  }
} finally {
  workplace.remove();
}
if (flags.json) console.log(JSON.stringify({ machine, sections: measured }, null, 2));
