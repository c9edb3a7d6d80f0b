/** What a terminal shows, as a picture: text with SGR colours becomes SVG that needs no font of its own. */
const colours = {
  30: '#484f58', 31: '#ff7b72', 32: '#3fb950', 33: '#d29922', 34: '#58a6ff', 35: '#bc8cff', 36: '#39c5cf', 37: '#b1bac4', 90: '#6e7681',
}; // prettier-ignore
const [ground, ink, dimmed] = ['#0d1117', '#e6edf3', '#8b949e'];
const [columnWidth, lineHeight, margin] = [8.4, 20, 16];

/** With spaces that no renderer runs together. */
const escape = (text) =>
  text.replaceAll(' ', '\u00a0').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The runs of one look in a line. A style that a line leaves open ends with it: mlsys closes each. */
function runsOf(line) {
  const runs = [];
  let look = {};
  let column = 0;
  for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) look = codes.split(';').map(Number).reduce(applied, look);
    else if (part !== '') {
      runs.push({ text: part, column, look });
      column += [...part].length;
    }
  }
  return runs;
}

function applied(look, code) {
  if (code === 0) return {};
  if (code === 1) return { ...look, weight: 'bold' };
  if (code === 2) return { ...look, fill: dimmed };
  if (code === 22) return { ...look, weight: undefined, fill: look.fill === dimmed ? undefined : look.fill };
  if (code === 39) return { ...look, fill: undefined };
  return code in colours ? { ...look, fill: colours[code] } : look;
}

export function drawTerminal(text) {
  const lines = text.replace(/\n+$/, '').split('\n').map(runsOf);
  const columns = Math.max(...lines.flat().map(({ column, text: run }) => column + [...run].length));
  const [width, height] = [Math.ceil(columns * columnWidth) + 2 * margin, lines.length * lineHeight + 2 * margin];
  const drawn = lines.flatMap((runs, row) =>
    runs
      .filter(({ text: run }) => run.trim() !== '')
      .map(({ text: run, column, look }) => {
        const at = `x="${(margin + column * columnWidth).toFixed(1)}" y="${margin + row * lineHeight + 14}"`;
        const length = `textLength="${([...run].length * columnWidth).toFixed(1)}"`;
        const weight = look.weight === undefined ? '' : ` font-weight="${look.weight}"`;
        const fill = look.fill === undefined ? '' : ` fill="${look.fill}"`;
        return `  <text ${at} ${length}${weight}${fill}>${escape(run)}</text>`;
      }),
  );
  const font = `font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${font} fill="${ink}">
  <rect width="100%" height="100%" rx="8" fill="${ground}"/>
${drawn.join('\n')}
</svg>
`;
}
