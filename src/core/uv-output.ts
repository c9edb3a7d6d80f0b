/** Lines that name one package each: hundreds of them, and none is news. */
export const isPackageLine = (line: string): boolean => /^ [-+~] \S/.test(line) || line.trim() === '';

/** The end of a program's output, where it says why it failed. */
export function lastLines(output: string, count: number): string[] {
  const lines = output.split(/\r?\n/).filter((line) => !isPackageLine(line));
  return lines.slice(-count).map((line) => line.trimEnd());
}

const checkNetwork = 'check the network, or the index that UV_INDEX and UV_DEFAULT_INDEX name';

const causes: readonly (readonly [RegExp, string])[] = [
  [
    /No interpreter found|no interpreter|python-downloads|Python downloads/i,
    'install Python 3.11 or newer, or let uv fetch one with `uv python install 3.12`',
  ],
  [
    /No space left|Disk quota|os error 28\b|os error 122\b/i,
    'make room on the disk, or move the cache with UV_CACHE_DIR',
  ],
  [/dns error|Failed to fetch|error sending request|Could not connect|network|timed out|connection/i, checkNetwork],
  [/Failed to parse|TOML parse error/i, 'mend pyproject.toml or uv.lock where the lines above point'],
  [/No solution found/i, 'change the requirements in pyproject.toml that can’t hold together'],
];

/** What a person can do about a failure of uv, where its output tells. */
export const remedyFor = (output: string): string | undefined => causes.find(([sign]) => sign.test(output))?.[1];

/** Whether what a program printed says that it could not reach a server. */
export const isNetworkFailure = (output: string): boolean => remedyFor(output) === checkNetwork;
