import { Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../context.js';
import { builtinSource } from '../core/source.js';

/** Runs a command and keeps its exit code. */
export type Call = (run: () => Promise<number>) => Promise<void>;

/** What the commands of one part of mlsys are hung on. */
export interface Wiring {
  readonly program: Command;
  readonly ctx: Context;
  readonly call: Call;
}

const collect = (value: string, former: readonly string[]): string[] => [...former, value];

export const repeatable = (flags: string, help: string): Option =>
  new Option(flags, help).argParser(collect).default([], 'none');
export const json = (): Option => new Option('--json', 'print data for a program');
export const answers = (): Option => repeatable('--set <name=value>', 'the answer to a question; may be repeated');
export const from = (): Option =>
  new Option('--from <source>', 'template: a folder or git url, with #ref if wanted').default(builtinSource);
export const trust = (): Option =>
  new Option('--trust', 'let a template that is not the built-in one run set-up and tasks').default(false);
