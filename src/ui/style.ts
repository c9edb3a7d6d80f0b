import picocolors from 'picocolors';

/** Colours of a terminal, or none: `NO_COLOR`, `FORCE_COLOR`, a dumb terminal and a pipe are respected. */
export const style = picocolors.createColors(wantsColour(process.stdout));
export const errorStyle = picocolors.createColors(wantsColour(process.stderr));

function wantsColour(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && TERM !== 'dumb';
}

/** How many columns there are to write in; outside a terminal enough for any line. */
export const columns = (): number => process.stdout.columns ?? 100;

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
