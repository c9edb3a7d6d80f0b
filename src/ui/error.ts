import { explainSystemError, MlsysError } from '../errors.js';
import { errorStyle } from './style.js';

/** Words and exit code for whatever a command threw. What is no MlsysError is a bug, and keeps its stack. */
export function describeError(thrown: unknown): { readonly text: string; readonly exitCode: number } {
  const error = explainSystemError(thrown);
  const label = errorStyle.red(errorStyle.bold('error:'));
  if (error instanceof MlsysError) {
    const details = error.details.map((detail) => `  ${detail}`);
    const hint = error.hint === undefined ? [] : ['', `${errorStyle.cyan('hint:')} ${error.hint}`];
    return { text: [`${label} ${error.message}`, ...details, ...hint].join('\n'), exitCode: error.exitCode };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `${label} this is a bug in mlsys, please report it with the lines below\n\n${stack}`, exitCode: 2 };
}
