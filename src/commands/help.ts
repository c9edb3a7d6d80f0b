import type { Context } from '../context.js';
import type { CommandSpec } from '../core/command-spec.js';
import { didYouMean } from '../core/nearest.js';
import { MlsysError } from '../errors.js';
import { renderTopic, topics } from '../ui/help.js';
import { manPage } from '../ui/man.js';

/** `showCommand` shows the help of the command that words name, and says whether there is one. */
export async function helpCommand(
  ctx: Context,
  words: readonly string[],
  showCommand: (words: readonly string[]) => boolean,
): Promise<number> {
  const [word = ''] = words;
  const topic = words.length === 1 && Object.hasOwn(topics, word) ? topics[word] : undefined;
  if (topic !== undefined) ctx.print(renderTopic(word, topic));
  else if (!showCommand(words)) {
    throw new MlsysError('usage', `there is no command or topic ${JSON.stringify(words.join(' ').slice(0, 60))}`, {
      hint: didYouMean(word, Object.keys(topics), '`mlsys help` lists the commands, and the topics are'),
    });
  }
  return 0;
}

/** Prints the man page that the package carries. */
export async function manCommand(ctx: Context, spec: CommandSpec): Promise<number> {
  ctx.print(manPage(spec, ctx.version));
  return 0;
}
