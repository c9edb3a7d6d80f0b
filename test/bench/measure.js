import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/**
 * @typedef {{ command: string, args: string[], cwd: string, accept?: number[] }} Step
 * @typedef {object} Contestant
 * @property {string} name
 * @property {() => Step[]} steps        What is timed, together. Called before the clock starts.
 * @property {() => void} [prepare]      Brings everything to the state before; not timed.
 * @property {() => void} [check]        Throws where the steps did not do their work; not timed.
 * @property {number} [rounds]           Fewer rounds than the others, for what takes minutes.
 * @typedef {{ name: string, median: number, fastest: number, rounds: number }} Timing  In seconds.
 */

/** The certificates are an extra 50 ms for every Node process, whoever starts it, and say nothing of the contestants. */
function childEnvironment() {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return env;
}

/** @param {Step} step */
export function runStep({ command, args, cwd, accept = [0] }) {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd,
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  if (!accept.includes(status)) throw new Error(`${command} ${args.join(' ')}\nexited with ${status}: ${stderr}`);
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * Runs the contestants in turn, round by round, so that whatever else the machine does falls on all of them alike.
 *
 * @param {Contestant[]} contestants
 * @param {number} rounds
 * @returns {Map<string, Timing>}
 */
export function compare(contestants, rounds) {
  const seconds = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, prepare, steps, check, rounds: own = rounds } of contestants) {
      if (round >= own) continue;
      prepare?.();
      const list = steps();
      const start = performance.now();
      list.forEach(runStep);
      seconds.get(name).push((performance.now() - start) / 1000);
      check?.();
    }
  }
  return new Map(
    [...seconds].map(([name, all]) => [
      name,
      { name, median: median(all), fastest: Math.min(...all), rounds: all.length },
    ]),
  );
}

/**
 * One ratio of two timings, and the figure that it should keep to.
 *
 * @param {string} what
 * @param {number} value
 * @param {{ most?: number, least?: number, unit?: string }} target
 */
export function verdict(what, value, { most, least, unit = '×' }) {
  const met = (most === undefined || value <= most) && (least === undefined || value >= least);
  return { what, value, unit, ...(most === undefined ? {} : { most }), ...(least === undefined ? {} : { least }), met };
}
