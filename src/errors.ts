/** What a person can act on. Anything else that is thrown is a bug in mlsys (exit code 2). */
export type ErrorCode =
  | 'usage'
  | 'name'
  | 'answer'
  | 'branch'
  | 'manifest'
  | 'template'
  | 'render'
  | 'target'
  | 'project'
  | 'lock'
  | 'git'
  | 'conflict'
  | 'network'
  | 'trust'
  | 'task'
  | 'setup'
  | 'io'
  | 'interrupted';

export interface ErrorFacts {
  /** What to do next; printed after `hint:`. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** One line per fault, where there are several. */
  readonly details?: readonly string[] | undefined;
  /** The exit code, where it isn't 1: that of a task that ran. */
  readonly exitCode?: number | undefined;
}

export class MlsysError extends Error {
  override readonly name = 'MlsysError';
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly exitCode: number;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { hint, cause, details = [], exitCode = 1 }: ErrorFacts = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
    this.details = details;
    this.exitCode = exitCode;
  }
}

const systemReasons: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is a file',
  ENAMETOOLONG: 'the path is too long',
  EMFILE: 'too many open files',
};

/** Gives the errors of the file system that a person can act on their words; passes everything else on. */
export function explainSystemError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof MlsysError) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : systemReasons[code];
  if (reason === undefined) return error;
  return new MlsysError('io', path === undefined ? reason : `${path}: ${reason}`, {
    hint: 'make room or choose another folder, then run the command again',
    cause: error,
  });
}
