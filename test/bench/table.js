/** Rows of text as lines, the first column to the left and the others to the right. */
function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   '))
    .map((line) => `  ${line}`.trimEnd());
}

const figure = (value) => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3);

const short = (value) => String(Number(value.toFixed(1)));

function target({ most, least, unit }) {
  if (most !== undefined) return `at most ${short(most)} ${unit}`;
  return least === undefined ? '' : `at least ${short(least)} ${unit}`;
}

function standing({ most, least, met }) {
  if (most === undefined && least === undefined) return '';
  return met ? 'met' : 'missed';
}

/** A section's figures as a person reads them. */
export function describeSection({ title, timings, verdicts }) {
  const lines = [title, ''];
  if (timings.length > 0) {
    const head = ['', 'median s', 'fastest s', 'runs'];
    const rows = timings.map((t) => [t.name, figure(t.median), figure(t.fastest), String(t.rounds)]);
    lines.push(...align([head, ...rows]), '');
  }
  if (verdicts.length > 0) {
    lines.push(...align(verdicts.map((v) => [v.what, `${figure(v.value)} ${v.unit}`, target(v), standing(v)])), '');
  }
  return lines.join('\n');
}
