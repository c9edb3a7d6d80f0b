/** Whether a Python fits `requires-python`; `undefined` where the text says it in a way that is not known here. */
export function fitsPython(version: string, specifiers: string): boolean | undefined {
  const clauses = specifiers.split(',').map((clause) => clause.trim());
  const answers = clauses.filter((clause) => clause !== '').map((clause) => fitsClause(numbersOf(version), clause));
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

const numbersOf = (version: string): number[] => version.split('.').map(Number);

/** One of the clauses that `,` joins; releases only, as Pythons in use are. */
function fitsClause(version: readonly number[], clause: string): boolean | undefined {
  const match = /^(>=|<=|==|!=|~=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?$/.exec(clause);
  if (match === null) return undefined;
  const [, operator, text = '', star] = match;
  const wanted = numbersOf(text);
  const order = compare(version, wanted);
  const isPart = compare(version.slice(0, wanted.length), wanted) === 0;
  switch (operator) {
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '~=':
      return order >= 0 && compare(version.slice(0, wanted.length - 1), wanted.slice(0, -1)) === 0;
    default:
      return (star === undefined ? order === 0 : isPart) === (operator === '==');
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
